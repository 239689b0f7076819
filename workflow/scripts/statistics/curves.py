"""Learning curves: how a gain grows with the duration of training (or data), where it peaks, whether it declines.

    constant                y = c
    saturating_exponential  y = c + a (1 − exp(−D / τ))
    saturating_power        y = c + a (1 − (1 + D / τ)^−½)
    rise_and_fall           y = c + a (1 − exp(−D / τ₁)) − b (1 − exp(−D / τ₂)),  τ₁ < τ₂,  a, b ≥ 0

For given times τ each is linear in the rest, so times are searched on a grid, refined, and the rest is solved for
(variable projection: Golub and Pereyra 1973). Curves are chosen by the corrected Akaike criterion.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from workflow.scripts.statistics.ratios import Array

Curve = Literal["constant", "saturating_exponential", "saturating_power", "rise_and_fall"]
GRID = 24
"""Values of each time that are tried first."""


@dataclass(frozen=True)
class Fit:
    """A fitted curve.

    Attributes:
        curve: which.
        coefficients: c, a, b as far as the curve has them.
        times: τ of the curve.
        residual: sum of squares.
        aicc: corrected Akaike criterion, lower is better; infinite with too few points.
        largest: the longest duration that was measured.
    """

    curve: Curve
    coefficients: tuple[float, ...]
    times: tuple[float, ...]
    residual: float
    aicc: float
    largest: float

    def at(self, durations: npt.ArrayLike) -> Array:
        """Return the curve's values, of the shape of the durations."""
        points = np.asarray(durations, dtype=np.float64)
        columns = _BASES[self.curve][0](points.ravel(), self.times)
        return np.asarray(columns @ np.array(self.coefficients), dtype=np.float64).reshape(points.shape)

    def best_duration(self) -> float:
        """Return D*, the duration with the highest value among those from 0 to the longest measured one."""
        grid = self._grid()
        return float(grid[self.at(grid).argmax()])

    def sufficient_duration(self, fraction: float = 0.9) -> float:
        """Return the first duration with `fraction` of the largest rise above D = 0; 0 if there is none.

        Raises:
            ValueError: the fraction does not lie in (0, 1].
        """
        if not 0 < fraction <= 1:
            raise ValueError(f"the fraction must lie in (0, 1], got {fraction}")
        grid = self._grid()
        rise = self.at(grid) - self.at(0.0)
        return float(grid[(rise >= fraction * rise.max()).argmax()]) if rise.max() > 0 else 0.0

    def _grid(self) -> Array:
        return np.concatenate([[0.0], np.geomspace(self.largest / 1e4, self.largest, 4000)])


def _rise(durations: Array, time: float) -> Array:
    return -np.expm1(-durations / time)


_BASES: Mapping[str, tuple[Callable[[Array, tuple[float, ...]], Array], int]] = {
    "constant": (lambda d, _: np.ones((len(d), 1)), 0),
    "saturating_exponential": (lambda d, t: np.stack([np.ones_like(d), _rise(d, t[0])], 1), 1),
    "saturating_power": (lambda d, t: np.stack([np.ones_like(d), 1 - (1 + d / t[0]) ** -0.5], 1), 1),
    "rise_and_fall": (lambda d, t: np.stack([np.ones_like(d), _rise(d, t[0]), -_rise(d, t[1])], 1), 2),
}
"""Columns of each curve at durations, and how many times it has."""


def aicc(residual: float, points: int, parameters: int) -> float:
    """Return n log(RSS / n) + 2k + 2k (k + 1) / (n − k − 1), k with the variance; Hurvich and Tsai (1989).

    Infinite where n ≤ k + 1: such a curve cannot be chosen.
    """
    k = parameters + 1
    if points <= k + 1:
        return float("inf")
    fitted = points * np.log(max(residual, np.finfo(float).tiny) / points)
    return float(fitted + 2 * k + 2 * k * (k + 1) / (points - k - 1))


def fit_curve(durations: npt.ArrayLike, values: npt.ArrayLike, curve: Curve) -> Fit:
    """Fit one curve by least squares.

    Args:
        durations: (points,), 0 or more, at least two different ones.
        values: (points,).
        curve: which.

    Raises:
        ValueError: shapes that do not fit, durations or values that cannot be.
    """
    x, y = _checked(durations, values)
    basis, count = _BASES[curve]
    positive = x[x > 0]
    grid = np.geomspace(positive.min() / 4, positive.max() * 4, GRID)

    def solve(times: tuple[float, ...]) -> tuple[Array, float]:
        columns = basis(x, times)
        if curve == "rise_and_fall":
            return _signed(columns, y)
        found = np.asarray(np.linalg.lstsq(columns, y, rcond=None)[0], dtype=np.float64)
        return found, float(((y - columns @ found) ** 2).sum())

    def cost(logs: Array) -> float:
        times = tuple(np.exp(np.clip(logs, np.log(grid[0]), np.log(grid[-1]))))
        return solve(times)[1] if all(np.diff(times) > 0) else float("inf")

    starts = [times for times in product(grid, repeat=count) if all(np.diff(times) > 0)]
    best = min(starts, key=lambda times: solve(times)[1])
    if count:
        refined = optimize.minimize(cost, np.log(best), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-12})
        if refined.fun <= cost(np.log(best)):
            best = tuple(np.exp(np.clip(refined.x, np.log(grid[0]), np.log(grid[-1]))))
    coefficients, residual = solve(best)
    criterion = aicc(residual, len(x), len(coefficients) + count)
    times = tuple(float(time) for time in best)
    return Fit(curve, tuple(float(c) for c in coefficients), times, residual, criterion, float(x.max()))


def _signed(columns: Array, y: Array) -> tuple[Array, float]:
    """Return least squares, and their sum, with neither coefficient but the first negative."""
    found = []
    for kept in ([0, 1, 2], [0, 1], [0, 2], [0]):
        coefficients = np.zeros(3)
        coefficients[kept] = np.linalg.lstsq(columns[:, kept], y, rcond=None)[0]
        if (coefficients[1:] >= 0).all():
            found.append((coefficients, float(((y - columns @ coefficients) ** 2).sum())))
            if len(kept) == 3:
                break
    return min(found, key=lambda pair: pair[1])


def choose_curve(durations: npt.ArrayLike, values: npt.ArrayLike) -> list[Fit]:
    """Return all curves' fits, the one with the lowest AICc first; arguments and errors are those of `fit_curve`."""
    curves: tuple[Curve, ...] = ("constant", "saturating_exponential", "saturating_power", "rise_and_fall")
    return sorted((fit_curve(durations, values, curve) for curve in curves), key=lambda fit: fit.aicc)


@dataclass(frozen=True)
class TwoLines:
    """Slopes per unit of x before and after a break, with one-sided p of a rise before and of a decline after.

    `declines`: both p are below the level, the curve rises, then falls.
    """

    break_at: float
    slope_before: float
    slope_after: float
    p_rise: float
    p_decline: float
    declines: bool


def two_lines(x: npt.ArrayLike, values: npt.ArrayLike, break_at: float, level: float = 0.05) -> TwoLines:
    """Test whether values rise before a break and decline after it, with separate lines on either side.

    A negative quadratic term shows no decline: a curve that flattens has one too. Source: Simonsohn (2018). The break
    must not be picked to make the slopes significant: take it from other data or declare it. Standard errors are HC3.

    Args:
        x: (points,), for example log2 of the duration.
        values: (points,).
        break_at: on the scale of x; that point belongs to the line before it.
        level: of each of the two tests.

    Raises:
        ValueError: fewer than three points or two different x on either side of the break.
    """
    points, y = np.asarray(x, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if points.ndim != 1 or points.shape != y.shape or not np.isfinite([points, y]).all():
        raise ValueError(f"expected two lists of finite numbers of one length, got {points.shape} and {y.shape}")
    sides = [points <= break_at, points > break_at]
    if any(side.sum() < 3 or np.ptp(points[side]) == 0 for side in sides):
        raise ValueError(f"three points are needed on either side of {break_at}")
    (rise, t_rise, before), (fall, t_fall, after) = (_slope(points[side], y[side]) for side in sides)
    p_rise, p_decline = float(stats.t.sf(t_rise, before)), float(stats.t.cdf(t_fall, after))
    return TwoLines(break_at, rise, fall, p_rise, p_decline, max(p_rise, p_decline) < level)


def _slope(x: Array, y: Array) -> tuple[float, float, int]:
    """Return slope, t value by HC3 and degrees of freedom."""
    design = np.stack([np.ones_like(x), x], axis=1)
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ y
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    rest = (y - design @ beta) / np.maximum(1 - leverage, 1e-6)
    error = float(np.sqrt((inverse @ (design.T * rest**2) @ design @ inverse)[1, 1]))
    slope = float(beta[1])
    return slope, slope / error if error > 0 else float(np.copysign(np.inf, slope)) if slope else 0.0, len(x) - 2


def _checked(durations: npt.ArrayLike, values: npt.ArrayLike) -> tuple[Array, Array]:
    x, y = np.asarray(durations, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or not np.isfinite(x).all() or not np.isfinite(y).all():
        raise ValueError(f"expected two lists of finite numbers of one length, got {x.shape} and {y.shape}")
    if (x < 0).any() or len(np.unique(x)) < 2:
        raise ValueError("durations must not be negative, and at least two of them differ")
    return x, y
