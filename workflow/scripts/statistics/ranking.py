"""How well a similarity of tasks predicts their gains: rankings of sources, and matrices of pairs of tasks."""

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from workflow.scripts.statistics.permutation import TOLERANCE, PermutationTest
from workflow.scripts.statistics.ratios import Array

Correlation = Literal["spearman", "pearson"]


def ndcg(relevance: npt.ArrayLike, predicted: npt.ArrayLike, k: int | None = None) -> float:
    """Return the discounted cumulative gain of the predicted order over that of the best order, 0 to 1.

    DCG = Σ relevance / log2(rank + 1). Sources predicted alike share their places. Source: Järvelin and Kekäläinen
    (2002); scikit-learn's `ndcg_score` gives the same.

    Args:
        relevance: (sources,), not negative, for example scores of the target.
        predicted: (sources,), higher is better.
        k: places that count; None: all.

    Raises:
        ValueError: negative or no relevance, shapes that do not fit, k below 1.
    """
    true, guess = _pair(relevance, predicted)
    if (true < 0).any() or not true.any() or (k is not None and k < 1):
        raise ValueError("relevance must not be negative, nor 0 everywhere, and k at least 1")
    discount = 1 / np.log2(np.arange(len(true)) + 2.0)
    discount[len(true) if k is None else k :] = 0
    _, groups, counts = np.unique(-guess, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    shared = np.add.reduceat(discount, ends - counts) / counts
    return float((true * shared[groups]).sum() / (np.sort(true)[::-1] * discount).sum())


def regret_at_k(gains: npt.ArrayLike, predicted: npt.ArrayLike, k: int) -> float:
    """Return the points that the best of the k sources predicted highest falls behind the best of all.

    Of sources predicted alike, the first ones are taken. Source: Poth et al. (2021), there relative to the best score.

    Raises:
        ValueError: shapes that do not fit, k not from 1 to the number of sources.
    """
    true, guess = _pair(gains, predicted)
    if not 1 <= k <= len(true):
        raise ValueError(f"k must lie between 1 and {len(true)}, got {k}")
    return float(true.max() - true[np.argsort(-guess, kind="stable")[:k]].max())


def spearman(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return the correlation of the ranks, ties sharing theirs; nan where one side is constant."""
    one, other = _pair(first, second)
    return _correlate(stats.rankdata(one), stats.rankdata(other))


def kendall(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return Kendall's τ-b; nan where one side is constant."""
    one, other = _pair(first, second)
    return float(stats.kendalltau(one, other).statistic)


def double_centred(matrix: npt.ArrayLike) -> Array:
    """Return the matrix (sources, targets) without the means of its rows and columns.

    What is left is what a source has for this target alone, not that it is good for all.

    Raises:
        ValueError: not a finite matrix.
    """
    values = np.asarray(matrix, dtype=np.float64)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise ValueError(f"expected a matrix of finite values, got {values.shape}")
    centred = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    return np.asarray(centred, dtype=np.float64)


def double_centred_correlation(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Return the correlation of two matrices (sources, targets) without the means of rows and columns.

    nan where nothing is left of one of them.
    """
    return _correlate(double_centred(first).ravel(), double_centred(second).ravel())


def qap_test(
    similarity: npt.ArrayLike,
    gains: npt.ArrayLike,
    rng: np.random.Generator,
    permutations: int = 10_000,
    *,
    same_tasks: bool = False,
    centred: bool = False,
    kind: Correlation = "pearson",
) -> PermutationTest:
    """Test (two-sided) whether two matrices of pairs of tasks correlate, by permuting the tasks of one of them.

    Pairs that share a task are not independent; tasks are what is exchangeable. p is (1 + as extreme) / (1 + drawn).
    Source: Hubert and Schultz (1976); Mantel (1967).

    Args:
        similarity: (sources, targets).
        gains: (sources, targets).
        rng: source of the permutations.
        permutations: how many.
        same_tasks: sources and targets are the same tasks: one permutation for both, the diagonal is left out.
        centred: take out the means of rows and columns first (not with `same_tasks`).
        kind: of correlation.

    Raises:
        ValueError: shapes that do not fit, constant matrices, centred and same_tasks together.
    """
    one, other = (np.asarray(matrix, dtype=np.float64) for matrix in (similarity, gains))
    if one.ndim != 2 or one.shape != other.shape or permutations < 1 or (same_tasks and one.shape[0] != one.shape[1]):
        raise ValueError(f"matrices of {one.shape} and {other.shape} do not fit")
    if centred and same_tasks:
        raise ValueError("matrices without a diagonal cannot be centred")
    one, other = (double_centred(one), double_centred(other)) if centred else (one, other)
    kept = ~np.eye(len(one), dtype=bool) if same_tasks else np.ones(one.shape, dtype=bool)
    if kind == "spearman":
        one, other = _ranked(one, kept), _ranked(other, kept)
    observed = _correlate(one[kept], other[kept])
    if not np.isfinite(observed):
        raise ValueError("a constant matrix correlates with nothing")
    extreme = 0
    for _ in range(permutations):
        rows = rng.permutation(len(one))
        columns = rows if same_tasks else rng.permutation(one.shape[1])
        extreme += abs(_correlate(one[np.ix_(rows, columns)][kept], other[kept])) >= abs(observed) - TOLERANCE
    smallest = 1 / (1 + permutations)
    return PermutationTest(observed, (1 + extreme) / (1 + permutations), permutations, exact=False, smallest=smallest)


def _ranked(matrix: Array, kept: npt.NDArray[np.bool_]) -> Array:
    found = np.zeros_like(matrix)
    found[kept] = stats.rankdata(matrix[kept])
    return found


def _correlate(one: Array, other: Array) -> float:
    first, second = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((first**2).sum() * (second**2).sum()))
    tiny = TOLERANCE * max(1.0, float(np.abs(one).max() * np.abs(other).max())) * len(one)
    return float(first @ second) / scale if scale > tiny else float("nan")


def _pair(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Array, Array]:
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.ndim != 1 or one.shape != other.shape or len(one) < 2:
        raise ValueError(f"expected two lists of one length, at least 2, got {one.shape} and {other.shape}")
    if not np.isfinite(one).all() or not np.isfinite(other).all():
        raise ValueError("values must be finite")
    return one, other
