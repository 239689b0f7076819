"""The multi-bootstrap: seeds, examples and languages drawn again together, the same draws for all arms.

What cannot be written as a mean (the best of several sources, a fitted curve, a rank) gets its interval from here.
Seeds are drawn once for all languages, because one model is scored in all; examples of each language once for all arms
and seeds (crossed), or anew for each seed (nested); parallel languages share the draws of their examples. Of few seeds
the spread is too small: a mean of S drawn out of S has (S − 1) / S of the variance, and no t quantile.
`stretched_interval` puts that right, `percentile_interval` does not.

Source: Sellam et al. (2022), "The MultiBERTs", section 4; Owen (2007), "The pigeonhole bootstrap"; Hesterberg (2015).
"""

from dataclasses import dataclass, replace

import numpy as np

from workflow.scripts.statistics.intervals import Interval, Languages
from workflow.scripts.statistics.ratios import Array, Measurements, divide

BLOCK = 2_000_000
"""Weights of examples that are held at once."""


@dataclass(frozen=True)
class Replicates:
    """Scores of drawn-again data.

    Attributes:
        scores: mean over the drawn seeds, (replicates, arms, languages).
        weights: how often each language was drawn, (replicates, languages); 1 where languages are fixed.
    """

    scores: Array
    weights: Array

    def macro(self) -> Array:
        """Return the mean over the drawn languages, (replicates, arms)."""
        total = np.einsum("ral,rl->ra", self.scores, self.weights)
        return np.asarray(total / self.weights.sum(axis=1)[:, None], dtype=np.float64)


def draw_counts(rng: np.random.Generator, rows: int, size: int) -> Array:
    """Return how often each of `size` things occurs in `size` draws, (rows, size)."""
    drawn = rng.integers(0, size, (rows, size)) + np.arange(rows)[:, None] * size
    return np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size).astype(np.float64)


def replicate(
    measured: Measurements,
    rng: np.random.Generator,
    replicates: int = 2000,
    languages: Languages = "fixed",
    *,
    nested: bool = False,
) -> Replicates:
    """Return the scores of all arms on data drawn again.

    Args:
        measured: counts of all arms.
        rng: source of the draws.
        replicates: how many.
        languages: whether languages (whole families, if there are any) are drawn too.
        nested: examples are drawn anew for each seed.

    Raises:
        ValueError: no replicates; random languages of fewer than two families.
    """
    if replicates < 1:
        raise ValueError(f"replicates must be 1 or more, got {replicates}")
    weights = _language_weights(measured, rng, replicates, languages)
    drawn_seeds = draw_counts(rng, replicates, measured.seeds) / measured.seeds
    shared = int(rng.integers(2**63))
    found = np.empty((replicates, measured.arms, len(measured.languages)))
    for i, (top, bottom) in enumerate(zip(measured.numerators, measured.denominators, strict=True)):
        own = np.random.default_rng(shared if measured.parallel else [shared, i])
        found[:, :, i] = _one_language(top, bottom, drawn_seeds, own, nested=nested)
    return Replicates(found, weights)


def _language_weights(measured: Measurements, rng: np.random.Generator, rows: int, languages: Languages) -> Array:
    if languages == "fixed":
        return np.ones((rows, len(measured.languages)))
    clusters = measured.clusters()
    families = int(clusters.max()) + 1
    if families < 2:
        raise ValueError("random languages need two languages or families")
    return draw_counts(rng, rows, families)[:, clusters]


def _one_language(top: Array, bottom: Array, seeds: Array, rng: np.random.Generator, *, nested: bool) -> Array:
    """Return the mean score over the drawn seeds, (replicates, arms); `seeds` are their weights."""
    arms, count, examples = top.shape
    counted = bool((bottom == 1).all())
    parts = [top] if counted else [top, bottom]
    flat = np.ascontiguousarray(np.concatenate([part.reshape(-1, examples) for part in parts]).T)
    found = np.empty((len(seeds), arms))
    step = max(1, BLOCK // (examples * (count if nested else 1)))
    for start in range(0, len(seeds), step):
        rows = len(seeds[start : start + step])
        if nested:
            drawn = draw_counts(rng, rows * count, examples).reshape(rows, count, examples)
            sums = np.einsum("rse,epas->rpas", drawn, flat.reshape(examples, len(parts), arms, count), optimize=True)
        else:
            sums = (draw_counts(rng, rows, examples) @ flat).reshape(rows, len(parts), arms, count)
        below = np.full_like(sums[:, 0], examples) if counted else sums[:, 1]
        found[start : start + rows] = np.einsum("ras,rs->ra", divide(sums[:, 0], below), seeds[start : start + rows])
    return found


def percentile_interval(estimate: float, drawn: Array, confidence: float = 0.95) -> tuple[float, float]:
    """Return the percentiles of the replicates (replicates,) that enclose `confidence` of them.

    The estimate is not used, but must be finite as they are.

    Raises:
        ValueError: something is not finite.
    """
    if not np.isfinite(estimate) or not np.isfinite(drawn).all():
        raise ValueError("the estimate and its replicates must be finite")
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def stretched_interval(interval: Interval, drawn: Array) -> Interval:
    """Return the percentile interval of the replicates, stretched to the width of the t interval of the same gain.

    Keeps the skewness that the replicates show and the coverage that few seeds allow (after Hesterberg 2015, section
    6, "expanded percentile interval").

    Args:
        interval: of `gain_interval`.
        drawn: replicates of the same gain, (replicates,).

    Raises:
        ValueError: something is not finite.
    """
    low, high = percentile_interval(interval.estimate, drawn, interval.confidence)
    if high == low:
        return interval
    factor = (interval.high - interval.low) / (high - low)
    middle = float(np.median(drawn))
    return replace(
        interval,
        low=interval.estimate + factor * (low - middle),
        high=interval.estimate + factor * (high - middle),
    )
