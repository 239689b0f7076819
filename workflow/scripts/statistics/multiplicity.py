"""p-values of several tests, adjusted: compare the adjusted ones with the level."""

import numpy as np
import numpy.typing as npt

from workflow.scripts.statistics.ratios import Array


def holm(p: npt.ArrayLike) -> Array:
    """Return p-values (tests,) adjusted so that any false finding among them is rare.

    Sorted ascending, the i-th of m is multiplied by m − i + 1, then made monotone. Source: Holm (1979).

    Raises:
        ValueError: not a list of numbers from 0 to 1.
    """
    values = _checked(p)
    order = np.argsort(values, kind="stable")
    factors = len(values) - np.arange(len(values))
    return _in_order(np.maximum.accumulate(values[order] * factors), order)


def benjamini_hochberg(p: npt.ArrayLike) -> Array:
    """Return p-values (tests,) adjusted so that few of the findings are false (false discovery rate).

    Sorted ascending, the i-th of m is multiplied by m / i, then made monotone from the largest down. Source:
    Benjamini and Hochberg (1995).

    Raises:
        ValueError: not a list of numbers from 0 to 1.
    """
    values = _checked(p)
    order = np.argsort(values, kind="stable")
    raised = values[order] * (len(values) / np.arange(1, len(values) + 1))
    return _in_order(np.minimum.accumulate(raised[::-1])[::-1], order)


def _checked(p: npt.ArrayLike) -> Array:
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise ValueError("p-values must be a list of numbers from 0 to 1")
    return values


def _in_order(adjusted: Array, order: npt.NDArray[np.intp]) -> Array:
    found = np.empty_like(adjusted)
    found[order] = np.minimum(adjusted, 1.0)
    return found
