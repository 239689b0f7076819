"""Sign-flip permutation of paired gains: without an effect, a unit's gain has either sign with the same chance."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from workflow.scripts.statistics.ratios import Array

Alternative = Literal["two-sided", "greater", "less"]
TOLERANCE = 1e-12
"""Relative: means that differ by rounding count as equal."""

BLOCK = 4_000_000
"""Signs that are held at once."""


@dataclass(frozen=True)
class PermutationTest:
    """What a permutation test found.

    Attributes:
        statistic: the observed one.
        p: share of permutations at least as extreme, the observed one among them.
        permutations: how many were looked at.
        exact: whether these were all there are.
        smallest: the smallest p that this test can have.
    """

    statistic: float
    p: float
    permutations: int
    exact: bool
    smallest: float


def sign_flip(
    gains: npt.ArrayLike,
    rng: np.random.Generator,
    units: npt.ArrayLike | None = None,
    permutations: int = 10_000,
    alternative: Alternative = "two-sided",
) -> PermutationTest:
    """Test whether gains are symmetric around 0, by their mean.

    All 2^n patterns of signs are looked at if there are no more than `permutations`; else so many are drawn, and p is
    (1 + as extreme) / (1 + drawn) (Phipson and Smyth 2010). What is exchangeable decides over what it says: n seeds
    speak for further seeds, languages (or families, in `units`) for further languages. Of 3 seeds the smallest
    two-sided p is 0.25.

    Args:
        gains: paired differences, (n,).
        rng: source of the signs.
        units: of each gain; those of one unit (a family, a seed) change their sign together.
        permutations: how many at most.
        alternative: of what is extreme.

    Raises:
        ValueError: no gains, not finite, units that do not fit.
    """
    values = np.asarray(gains, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all() or permutations < 1:
        raise ValueError("expected a list of finite gains and at least one permutation")
    codes = np.arange(len(values)) if units is None else np.unique(np.asarray(units), return_inverse=True)[1]
    if codes.shape != values.shape:
        raise ValueError(f"{values.shape} gains have {codes.shape} units")
    sums = np.bincount(codes, weights=values) / len(values)
    exact = len(sums) < 63 and 2 ** len(sums) <= permutations
    total = 2 ** len(sums) if exact else permutations
    observed, extreme, step = float(sums.sum()), 0, max(1, BLOCK // len(sums))
    slack = TOLERANCE * float(np.abs(sums).sum())
    for start in range(0, total, step):
        rows = np.arange(start, min(start + step, total))
        flips = rows[:, None] >> np.arange(len(sums)) & 1 if exact else rng.integers(0, 2, (len(rows), len(sums)))
        extreme += _extreme((1.0 - 2.0 * flips) @ sums, observed, slack, alternative)
    p = extreme / total if exact else (1 + extreme) / (1 + total)
    sides = 2 if alternative == "two-sided" else 1
    smallest = max(sides / 2 ** min(len(sums), 1000), 1 / total if exact else 1 / (1 + total))
    return PermutationTest(observed, p, total, exact, smallest)


def _extreme(means: Array, observed: float, slack: float, alternative: Alternative) -> int:
    if alternative == "greater":
        return int((means >= observed - slack).sum())
    if alternative == "less":
        return int((means <= observed + slack).sum())
    return int((np.abs(means) >= abs(observed) - slack).sum())
