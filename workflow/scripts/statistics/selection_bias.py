"""What the best of several sources is worth once chance is taken out of having been the best (winner's curse)."""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

from workflow.scripts.statistics.ratios import Array


@dataclass(frozen=True)
class Selected:
    """The best source, naively and corrected.

    Attributes:
        best: index of the source with the highest mean.
        naive: its mean gain, which selection has raised.
        corrected: without what selection adds.
        frequencies: how often each source was selected, (sources,), sum 1.
    """

    best: int
    naive: float
    corrected: float
    frequencies: Array

    @property
    def bias(self) -> float:
        """What selection adds, in points."""
        return self.naive - self.corrected


def split_selection(
    gains: npt.ArrayLike, rng: np.random.Generator, selected_by: npt.ArrayLike | None = None, splits: int = 1000
) -> Selected:
    """Select on one half of the seeds, look at the gain in the others; the mean over all splits (or `splits` of them).

    Takes out the luck with seeds. Of an odd number of them selection gets the smaller half, and half the seeds choose
    a little worse than all of them, which errs to the safe side. The luck with examples stays, as all seeds have the
    same: give `selected_by` other examples (English dev), or use `optimism`.

    Args:
        gains: (sources, seeds).
        rng: source of the splits, if there are too many.
        selected_by: what to select by, (sources, seeds), for example gains on English dev; None: the gains.
        splits: how many at most.

    Raises:
        ValueError: fewer than two seeds, shapes that do not fit, values that are not finite.
    """
    values = _checked(gains, 2)
    keys = values if selected_by is None else _checked(selected_by, 2)
    seeds = values.shape[1]
    if keys.shape != values.shape or seeds < 2 or splits < 1:
        raise ValueError(f"expected two seeds and gains of one shape, got {values.shape} and {keys.shape}")
    half = seeds // 2
    if comb(seeds, half) <= splits:
        chosen = np.zeros((comb(seeds, half), seeds), dtype=bool)
        for row, members in enumerate(combinations(range(seeds), half)):
            chosen[row, list(members)] = True
    else:
        chosen = np.argsort(rng.random((splits, seeds)), axis=1) < half
    winners = (chosen @ keys.T).argmax(axis=1)
    outcome = ((~chosen) @ values.T)[np.arange(len(winners)), winners] / (seeds - half)
    best = int(values.mean(axis=1).argmax())
    return Selected(best, float(values[best].mean()), float(outcome.mean()), _shares(winners, len(values)))


def optimism(gains: npt.ArrayLike, drawn: npt.ArrayLike, seeds: int | None = None) -> Selected:
    """Subtract what the best replicate exceeds its own source's gain by, on average over the replicates.

    Takes out the luck with seeds and with examples. The replicates' sources lie as far apart as the measured ones,
    which is further than the true ones; so of sources that are equally good a part of the bias stays (figures:
    docs/statistics.md). One seed drawn again is the same seed: only the luck with examples is corrected then. Source:
    Efron and Tibshirani (1993), section 17.6.

    Args:
        gains: of each source, (sources,).
        drawn: replicates of them, all sources drawn together, (replicates, sources).
        seeds: how many were drawn from; deviations are stretched by √(seeds / (seeds − 1)), as S out of S spread less.

    Raises:
        ValueError: shapes that do not fit, values that are not finite.
    """
    values, replicates = _checked(gains, 1), _checked(drawn, 2)
    if replicates.shape[1:] != values.shape:
        raise ValueError(f"{values.shape} gains have replicates of {replicates.shape}")
    factor = np.sqrt(seeds / (seeds - 1)) if seeds is not None and seeds > 1 else 1.0
    deviations = factor * (replicates - values)
    winners = (values + deviations).argmax(axis=1)
    excess = float(deviations[np.arange(len(winners)), winners].mean())
    best = int(values.argmax())
    return Selected(best, float(values[best]), float(values[best]) - excess, _shares(winners, len(values)))


def _shares(winners: npt.NDArray[np.intp], sources: int) -> Array:
    return np.asarray(np.bincount(winners, minlength=sources) / len(winners), dtype=np.float64)


def _checked(values: npt.ArrayLike, dimensions: int) -> Array:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != dimensions or 0 in found.shape or not np.isfinite(found).all():
        raise ValueError(f"expected {dimensions} dimensions of finite values, got {found.shape}")
    return found
