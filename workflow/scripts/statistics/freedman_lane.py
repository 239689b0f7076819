"""Regression with a permutation test of one coefficient: what is exchangeable is what the other regressors leave over.

    y = X γ + d β + ε        under β = 0:  y* = X γ̂ + P ε̂,  P a permutation, within strata where there are any

Source: Freedman and Lane (1983); Winkler et al. (2014), which finds its error rates to be nominal.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workflow.scripts.statistics.permutation import TOLERANCE, PermutationTest
from workflow.scripts.statistics.ratios import Array


@dataclass(frozen=True)
class Regression:
    """Least squares of (…, rows) on a regressor beside others.

    Attributes:
        regressor: d, (rows,).
        others: X, (rows, k), the column of ones included.
    """

    regressor: Array
    others: Array

    def __post_init__(self) -> None:
        rows = self.regressor.shape
        if len(rows) != 1 or self.others.shape[:1] != rows or self.others.ndim != 2:
            raise ValueError(f"regressor {rows} and others {self.others.shape} do not fit")
        if not np.isfinite(self.regressor).all() or not np.isfinite(self.others).all():
            raise ValueError("regressors must be finite")
        both = np.column_stack([self.others, self.regressor])
        if np.linalg.matrix_rank(both) < both.shape[1]:
            raise ValueError("the regressors depend on each other")

    @property
    def degrees(self) -> int:
        """Rows less coefficients."""
        return int(len(self.regressor) - self.others.shape[1] - 1)

    @property
    def weights(self) -> Array:
        """What the rows of y are multiplied with so that their sum is β, (rows,)."""
        rest = self.regressor - self.others @ np.linalg.lstsq(self.others, self.regressor, rcond=None)[0]
        return np.asarray(rest / (rest @ rest), dtype=np.float64)

    def slope(self, y: npt.ArrayLike) -> Array:
        """Return β of each y (…, rows)."""
        return np.asarray(np.asarray(y, dtype=np.float64) @ self.weights)

    def t(self, y: npt.ArrayLike) -> Array:
        """Return β over its standard error of each y (…, rows); 0 where neither β nor an error is left."""
        values = np.asarray(y, dtype=np.float64)
        both = np.column_stack([self.others, self.regressor])
        basis, _ = np.linalg.qr(both)
        rest = values - (values @ basis) @ basis.T
        error = np.sqrt((rest**2).sum(axis=-1) / self.degrees * (self.weights**2).sum())
        slope = self.slope(values)
        tiny = TOLERANCE * np.abs(values).max(initial=0.0)
        return np.asarray(np.where(np.abs(slope) <= tiny, 0.0, slope / np.maximum(error, np.finfo(float).tiny)))


def freedman_lane(
    y: npt.ArrayLike,
    regression: Regression,
    rng: np.random.Generator,
    strata: npt.ArrayLike | None = None,
    permutations: int = 10_000,
) -> PermutationTest:
    """Test (two-sided) whether the coefficient of the regressor is 0, by its t statistic.

    p is (1 + as extreme) / (1 + drawn).

    Args:
        y: (rows,).
        regression: the regressors.
        rng: source of the permutations.
        strata: of each row; rows are permuted within them. None: one stratum.
        permutations: how many.

    Raises:
        ValueError: shapes that do not fit, no degrees of freedom, strata of one row each.
    """
    values = np.asarray(y, dtype=np.float64)
    codes = np.zeros(len(values), dtype=np.intp)
    if strata is not None:
        codes = np.unique(np.asarray(strata), return_inverse=True)[1]
    if values.shape != regression.regressor.shape or codes.shape != values.shape or not np.isfinite(values).all():
        raise ValueError(f"{values.shape} values do not fit regressors of {regression.regressor.shape}")
    if regression.degrees < 1 or permutations < 1 or np.bincount(codes).max() < 2:
        raise ValueError("expected more rows than coefficients, and a stratum of two rows at least")
    x = regression.others
    fitted = x @ np.linalg.lstsq(x, values, rcond=None)[0]
    rest = values - fitted
    observed = float(regression.t(values))
    order = np.argsort(rng.random((permutations, len(values))) + codes, axis=1)
    place = np.argsort(codes, kind="stable")
    drawn = np.empty((permutations, len(values)))
    drawn[:, place] = rest[order]
    extreme = int((np.abs(regression.t(fitted + drawn)) >= abs(observed) * (1 - TOLERANCE)).sum())
    smallest = 1 / (1 + permutations)
    return PermutationTest(observed, (1 + extreme) / (1 + permutations), permutations, exact=False, smallest=smallest)
