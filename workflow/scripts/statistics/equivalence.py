"""Equivalence: whether an effect is shown to be too small to matter (which no effect found is not)."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from workflow.scripts.statistics.intervals import Interval


@dataclass(frozen=True)
class Equivalence:
    """What two one-sided tests found.

    Attributes:
        p: the larger of both; below the level: the effect lies between the bounds.
        p_low: of an effect at or below the lower bound.
        p_high: of an effect at or above the upper bound.
        equivalent: whether p is below the level.
    """

    p: float
    p_low: float
    p_high: float
    equivalent: bool


def tost(interval: Interval, low: float, high: float, level: float = 0.05) -> Equivalence:
    """Test that the effect lies between `low` and `high` points, by two one-sided t tests.

    The same as asking whether the 1 − 2 × level interval lies between them. Source: Schuirmann (1987).

    Raises:
        ValueError: `low` is not below `high`, or the level not between 0 and 0.5.
    """
    if not low < high or not 0 < level < 0.5:
        raise ValueError(f"expected low < high and 0 < level < 0.5, got {low}, {high}, {level}")
    estimate, error = interval.estimate, interval.standard_error
    if error == 0:
        p_low, p_high = float(estimate <= low), float(estimate >= high)
    else:
        degrees = interval.degrees if np.isfinite(interval.degrees) else 1e12
        p_low = float(stats.t.sf((estimate - low) / error, degrees))
        p_high = float(stats.t.cdf((estimate - high) / error, degrees))
    p = max(p_low, p_high)
    return Equivalence(p, p_low, p_high, p < level)
