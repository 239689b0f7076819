"""Scaling laws of a score in amounts of data and parameters, exchange rates, and examples that a training saves.

power law   100 − score = E + A N^−a + B D^−b       (Hoffmann et al. 2022, approach 3: Huber loss on logarithms)
log law     score = c + e_D log2 D + e_N log2 N     (after Isik et al. 2024, for metrics)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from workflow.scripts.statistics.curves import aicc
from workflow.scripts.statistics.ratios import Array

EXPONENTS = (0.1, 0.3, 0.8)
"""Exponents that the search of a power law starts with."""

HUBER = 1e-3
"""Residual of a logarithm up to which it counts squared (Hoffmann et al. 2022, appendix D.3)."""


@dataclass(frozen=True)
class Law:
    """A fitted law.

    Attributes:
        name: `power` or `log`.
        coefficients: by name.
        residual: sum of squares of the scores.
        aicc: corrected Akaike criterion; infinite with too few points.
    """

    name: str
    coefficients: dict[str, float]
    residual: float
    aicc: float

    def at(self, data: npt.ArrayLike, parameters: npt.ArrayLike) -> Array:
        """Return the scores that the law gives."""
        d, n, c = np.asarray(data, dtype=np.float64), np.asarray(parameters, dtype=np.float64), self.coefficients
        if self.name == "log":
            return np.asarray(c["c"] + c["e_D"] * np.log2(d) + c["e_N"] * np.log2(n), dtype=np.float64)
        return np.asarray(100 - c["E"] - c["A"] * n ** -c["a"] - c["B"] * d ** -c["b"], dtype=np.float64)


def log_law(data: npt.ArrayLike, parameters: npt.ArrayLike, score: npt.ArrayLike) -> Law:
    """Fit the log law by least squares; a slope in what does not vary is 0.

    Args:
        data: examples, (points,).
        parameters: of the models, (points,).
        score: 0 to 100, (points,).

    Raises:
        ValueError: shapes that do not fit, amounts that are not positive.
    """
    d, n, y = _checked(data, parameters, score)
    columns = [np.ones_like(d), np.log2(d) - np.log2(d).mean(), np.log2(n) - np.log2(n).mean()]
    found = np.linalg.lstsq(np.stack(columns, axis=1), y, rcond=None)[0]
    constant = found[0] - found[1] * np.log2(d).mean() - found[2] * np.log2(n).mean()
    coefficients = {"c": float(constant), "e_D": float(found[1]), "e_N": float(found[2])}
    law = Law("log", coefficients, 0.0, 0.0)
    residual = float(((y - law.at(d, n)) ** 2).sum())
    return Law("log", coefficients, residual, aicc(residual, len(y), 3))


def power_law(data: npt.ArrayLike, parameters: npt.ArrayLike, score: npt.ArrayLike) -> Law:
    """Fit the power law from several starts; arguments and errors are those of `log_law`."""
    d, n, y = _checked(data, parameters, score)
    error = np.maximum(100 - y, 1e-3)
    # amounts relative to their geometric means, else A and B differ from E by orders of magnitude
    x, z = np.log(d) - np.log(d).mean(), np.log(n) - np.log(n).mean()

    def predicted(theta: Array) -> Array:
        e, a_scale, b_scale, a, b = theta
        return np.asarray(np.exp(e) + np.exp(a_scale - np.exp(a) * z) + np.exp(b_scale - np.exp(b) * x))

    def residuals(theta: Array) -> Array:
        return np.asarray(np.log(np.maximum(predicted(theta), 1e-9)) - np.log(error))

    level = float(np.log(error.mean()))
    bounds = ([-10, -10, -10, np.log(1e-3), np.log(1e-3)], [np.log(100), 10, 10, np.log(5), np.log(5)])
    starts = [[level - 0.7, level - 1.4, level - 1.4, *np.log(pair)] for pair in product(EXPONENTS, repeat=2)]
    fits = [
        optimize.least_squares(residuals, start, bounds=bounds, loss="huber", f_scale=HUBER, max_nfev=400)
        for start in starts
    ]
    theta = min(fits, key=lambda fit: float(fit.cost)).x
    a, b = float(np.exp(theta[3])), float(np.exp(theta[4]))
    coefficients = {
        "E": float(np.exp(theta[0])),
        "A": float(np.exp(theta[1] + a * np.log(n).mean())),
        "B": float(np.exp(theta[2] + b * np.log(d).mean())),
        "a": a,
        "b": b,
    }
    residual = float(((100 - predicted(theta) - y) ** 2).sum())
    return Law("power", coefficients, residual, aicc(residual, len(y), 5))


def fieller(
    top: float, bottom: float, top_variance: float, bottom_variance: float, covariance: float, degrees: float
) -> tuple[float, float]:
    """Return the 95 % interval of top / bottom; both ends infinite where the bottom cannot be told from 0.

    Source: Fieller (1954).
    """
    t = float(stats.t.ppf(0.975, degrees))
    a = bottom**2 - t**2 * bottom_variance
    if a <= 0:
        return -np.inf, np.inf
    b = -2 * (top * bottom - t**2 * covariance)
    c = top**2 - t**2 * top_variance
    root = np.sqrt(max(0.0, b**2 - 4 * a * c))
    return float((-b - root) / (2 * a)), float((-b + root) / (2 * a))


def isotonic(values: npt.ArrayLike) -> Array:
    """Return the nearest list that does not fall, by least squares (pool adjacent violators)."""
    blocks: list[tuple[float, int]] = []
    for value in np.asarray(values, dtype=np.float64):
        blocks.append((float(value), 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (one, n), (other, m) = blocks[-2:]
            blocks[-2:] = [((one * n + other * m) / (n + m), n + m)]
    return np.repeat([value for value, _ in blocks], [count for _, count in blocks])


def equivalent_examples(sizes: Sequence[float], scores: Sequence[float], reached: float) -> float:
    """Return how many target examples reach a score without intermediate training.

    From the isotonic learning curve, linear in log2 of the examples; infinite above its highest score, the smallest
    size below its lowest. Source: Hernandez et al. (2021), effective data transferred.

    Args:
        sizes: of target data, ascending, two or more.
        scores: without intermediate training.
        reached: score with it.

    Raises:
        ValueError: fewer than two sizes, or they do not ascend.
    """
    x, y = np.log2(np.asarray(sizes, dtype=np.float64)), isotonic(scores)
    if len(x) < 2 or len(x) != len(y) or (np.diff(x) <= 0).any():
        raise ValueError(
            f"expected two ascending sizes or more with a score each, got {list(sizes)} and {list(scores)}"
        )
    if reached > y[-1]:
        return float("inf")
    if reached <= y[0]:
        return float(sizes[0])
    place = int(np.searchsorted(y, reached, side="left"))
    share = (reached - y[place - 1]) / (y[place] - y[place - 1])
    return float(2 ** (x[place - 1] + share * (x[place] - x[place - 1])))


def _checked(data: npt.ArrayLike, parameters: npt.ArrayLike, score: npt.ArrayLike) -> tuple[Array, Array, Array]:
    d, n, y = (np.asarray(values, dtype=np.float64) for values in (data, parameters, score))
    if d.ndim != 1 or d.shape != n.shape or d.shape != y.shape or len(d) < 2:
        raise ValueError(f"expected lists of one length, got {d.shape}, {n.shape} and {y.shape}")
    if (d <= 0).any() or (n <= 0).any():
        raise ValueError("amounts must be positive")
    return d, n, y
