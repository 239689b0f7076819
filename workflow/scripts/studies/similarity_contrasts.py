"""Similarities beside gains: pure functions of matrices of pairs, sources (I) by targets (T).

What counts is what a pair has beyond its source and its target: both matrices are taken without the means of rows and
columns. This removes the noise of the baseline (shared by a column) and of an intermediate run (shared by a row), too.
"""

from collections.abc import Mapping
from math import comb

import numpy as np
import numpy.typing as npt

from workflow.scripts.statistics.intervals import Component, Interval, t_interval
from workflow.scripts.statistics.ranking import double_centred, ndcg, qap_test, regret_at_k, spearman
from workflow.scripts.statistics.ratios import Array

FEWEST_LEFT = 1e-9
"""Spread of a similarity, relative to its size, below which it does not differ between pairs."""


def budget_slopes(gains: npt.ArrayLike, budgets: npt.ArrayLike) -> Array:
    """Return the slope of the gain on log2 of the budget by least squares, in points per doubling.

    Args:
        gains: (…, budgets).
        budgets: (budgets,), in any unit.

    Raises:
        ValueError: shapes that do not fit, fewer than two budgets, one that is not positive.
    """
    values, amounts = np.asarray(gains, dtype=np.float64), np.asarray(budgets, dtype=np.float64)
    if values.shape[-1:] != amounts.shape or len(np.unique(amounts)) < 2 or (amounts <= 0).any():
        raise ValueError(f"expected gains (…, budgets) of two budgets or more, got {values.shape} and {amounts}")
    x = np.log2(amounts) - np.log2(amounts).mean()
    return np.asarray(values @ x / (x @ x), dtype=np.float64)


def standardised(similarity: npt.ArrayLike) -> Array:
    """Return a similarity (I, T) without the means of rows and columns, with mean square 1.

    Raises:
        ValueError: nothing is left, as of one that is the same for all targets.
    """
    values = np.asarray(similarity, dtype=np.float64)
    centred = double_centred(values)
    size = float(np.sqrt((centred**2).mean()))
    if size <= FEWEST_LEFT * max(1.0, float(np.abs(values).max())):
        raise ValueError("a similarity without differences between pairs predicts none")
    return np.asarray(centred / size, dtype=np.float64)


def pair_effect(
    similarity: npt.ArrayLike,
    values: npt.ArrayLike,
    rng: np.random.Generator,
    permutations: int = 5000,
    confidence: float = 0.95,
) -> Interval:
    """Return by how much the values of pairs grow with a standard deviation of their similarity.

    The interval takes what is left over as independent between pairs (degrees of freedom (I − 1)(T − 1) − 1); p comes
    from permuting tasks (QAP), which does not. What they do on simulated studies: docs/study-similarity.md.

    Args:
        similarity: (I, T).
        values: (I, T): gains, or their slopes on the budget.
        rng: source of the permutations.
        permutations: how many.
        confidence: share of such intervals that hold the truth.

    Raises:
        ValueError: fewer than three sources or targets, a similarity without differences between pairs.
    """
    z, y = standardised(similarity), double_centred(values)
    sources, targets = y.shape
    if z.shape != y.shape or min(y.shape) < 3:
        raise ValueError(f"expected matrices of three sources and targets at least, got {z.shape} and {y.shape}")
    inner = float((z**2).sum())
    slope = float((z * y).sum()) / inner
    degrees = (sources - 1) * (targets - 1) - 1
    variance = float(((y - slope * z) ** 2).sum()) / degrees / inner
    found = t_interval(slope, [Component(variance, degrees)], confidence, ("pairs of tasks",))
    if not (y**2).sum():
        return found
    p = qap_test(similarity, values, rng, permutations, centred=True).p
    return Interval(
        found.estimate, found.low, found.high, found.standard_error, float(degrees), p, confidence, ("pairs of tasks",)
    )


def ranking_quality(similarity: npt.ArrayLike, gains: npt.ArrayLike) -> dict[str, float]:
    """Return how well a similarity orders the sources of each target, means over the targets.

    `ndcg` with a source's gain over the worst one's as relevance, `regret_1` and `regret_3` in points, `spearman` (over
    the targets where it is defined), and `double_centred`, the correlation without the means of rows and columns.

    Args:
        similarity: (I, T).
        gains: (I, T).
    """
    one, other = np.asarray(similarity, dtype=np.float64), np.asarray(gains, dtype=np.float64)
    columns = list(zip(one.T, other.T, strict=True))
    ranks = [value for guess, true in columns if np.isfinite(value := spearman(guess, true))]
    inner = double_centred(one), double_centred(other)
    size = float(np.sqrt((inner[0] ** 2).sum() * (inner[1] ** 2).sum()))
    tiny = FEWEST_LEFT * max(1.0, float(np.abs(one).max()) * float(np.abs(other).max()))
    return {
        "ndcg": float(np.mean([ndcg(_relevance(true), guess) for guess, true in columns])),
        "regret_1": float(np.mean([regret_at_k(true, guess, 1) for guess, true in columns])),
        "regret_3": float(np.mean([regret_at_k(true, guess, min(3, len(true))) for guess, true in columns])),
        "spearman": float(np.mean(ranks)) if ranks else float("nan"),
        "double_centred": float((inner[0] * inner[1]).sum()) / size if size > tiny else float("nan"),
    }


def elsewhere(gains: npt.ArrayLike) -> Array:
    """Return the mean gain of each source on the other targets, (I, T): what a baseline without similarity goes by.

    Args:
        gains: (I, T), of two targets or more.
    """
    values = np.asarray(gains, dtype=np.float64)
    return np.asarray((values.sum(axis=1, keepdims=True) - values) / (values.shape[1] - 1))


def random_quality(gains: npt.ArrayLike) -> dict[str, float]:
    """Return what a random order of the sources is expected to reach; fields as `ranking_quality`."""
    values = np.asarray(gains, dtype=np.float64)
    return {
        "ndcg": float(np.mean([ndcg(_relevance(true), np.zeros(len(true))) for true in values.T])),
        "regret_1": float(np.mean([random_regret(true, 1) for true in values.T])),
        "regret_3": float(np.mean([random_regret(true, min(3, len(true))) for true in values.T])),
        "spearman": 0.0,
        "double_centred": 0.0,
    }


def random_regret(gains: npt.ArrayLike, k: int) -> float:
    """Return the points that the best of k sources drawn at random is expected to fall behind the best of all.

    The j-th smallest of n is the best of k drawn with chance C(j − 1, k − 1) / C(n, k).

    Raises:
        ValueError: k not from 1 to the number of sources.
    """
    values = np.sort(np.asarray(gains, dtype=np.float64))
    if not 1 <= k <= len(values):
        raise ValueError(f"k must lie between 1 and {len(values)}, got {k}")
    chances = [comb(place, k - 1) / comb(len(values), k) for place in range(len(values))]
    return float(values[-1] - values @ chances)


def defined(measures: Mapping[str, Array], targets: list[str]) -> list[str]:
    """Return the targets for which all of several similarities (I, T) are defined."""
    known = np.all([np.isfinite(values).all(axis=0) for values in measures.values()], axis=0)
    return [target for target, whole in zip(targets, known, strict=True) if whole]


def _relevance(gains: Array) -> Array:
    """Return gains over the worst one; where all are equal, 1 each."""
    found = gains - gains.min()
    return found if found.any() else np.ones_like(found)
