"""LogME: how well a linear model on a source's features explains the labels of a target, as log evidence per example.

For each column y of the labels, y ~ N(F w, β⁻¹ I) with w ~ N(0, α⁻¹ I); the evidence p(y | F, α, β) is maximised over
α and β. Source: You et al. (2021), section 4, with the fixed point iterated to convergence (the reference code stops
after 11 steps). With more features than examples the directions without variance keep their prior; the reference's
faster variant forgets them (`sum(log(alpha + beta * sigma))` runs over the rank alone).
"""

import numpy as np
import numpy.typing as npt

TOLERANCE, STEPS = 1e-9, 1000
SMALLEST = 1e-10
"""Bounds the precisions where a column is explained perfectly or not at all."""


def logme(features: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the mean over the columns of the labels of the log evidence per example.

    Args:
        features: F, (examples, features).
        labels: (examples,) integers, of which each becomes an indicator column, or columns (examples, outputs).

    Raises:
        ValueError: shapes that do not fit, no examples, values that are not finite.
    """
    f = np.asarray(features, dtype=np.float64)
    given = np.asarray(labels)
    y = _indicators(given) if given.ndim == 1 else given.astype(np.float64)
    if f.ndim != 2 or y.ndim != 2 or len(f) != len(y) or not f.size or not y.size:
        raise ValueError(f"features {f.shape} and labels {given.shape} do not fit")
    if not np.isfinite(f).all() or not np.isfinite(y).all():
        raise ValueError("features and labels must be finite")
    u, singular, _ = np.linalg.svd(f, full_matrices=False)
    spectrum = np.zeros(f.shape[1])
    spectrum[: len(singular)] = singular**2
    projected = np.zeros((f.shape[1], y.shape[1]))
    projected[: len(singular)] = (u.T @ y) ** 2
    outside = (y**2).sum(0) - projected.sum(0)
    return float(np.mean([_evidence(spectrum, *column, len(f)) for column in zip(projected.T, outside, strict=True)]))


def _indicators(labels: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    return np.asarray(labels[:, None] == np.unique(labels)[None], dtype=np.float64)


def _evidence(spectrum: npt.NDArray[np.float64], projected: npt.NDArray[np.float64], rest: float, count: int) -> float:
    """Return the maximised log evidence of one column, per example.

    Args:
        spectrum: eigenvalues of FᵀF, (features,), with zeros.
        projected: squared coefficients of the column in its directions, (features,).
        rest: squared length of what no feature reaches.
        count: examples.
    """
    ratio, alpha, beta = 1.0, 1.0, 1.0
    for _ in range(STEPS):
        freedom = float((spectrum / (spectrum + ratio)).sum())
        weights = float((spectrum * projected / (spectrum + ratio) ** 2).sum())
        residual = float((projected * (ratio / (spectrum + ratio)) ** 2).sum()) + max(rest, 0.0)
        alpha = max(freedom, SMALLEST) / max(weights, SMALLEST)
        beta = max(count - freedom, SMALLEST) / max(residual, SMALLEST)
        before, ratio = ratio, alpha / beta
        if abs(ratio - before) <= TOLERANCE * before:
            break
    return log_evidence(alpha, beta, spectrum, projected, max(rest, 0.0), count)


def log_evidence(
    alpha: float,
    beta: float,
    spectrum: npt.NDArray[np.float64],
    projected: npt.NDArray[np.float64],
    rest: float,
    count: int,
) -> float:
    """Return log p(y | F, α, β) / examples (arguments as `_evidence`)."""
    ratio = alpha / beta
    weights = float((spectrum * projected / (spectrum + ratio) ** 2).sum())
    residual = float((projected * (ratio / (spectrum + ratio)) ** 2).sum()) + rest
    log_determinant = float(np.log(alpha + beta * spectrum).sum())
    size = len(spectrum)
    found = size * np.log(alpha) + count * np.log(beta / (2 * np.pi)) - log_determinant
    return float(found - beta * residual - alpha * weights) / 2 / count
