"""Linear mixed models with crossed random effects (languages, seeds, items), fitted by REML or ML.

    y = X β + Σ_k Z_k b_k + ε,    b_k ~ N(0, σ_k² I),    ε ~ N(0, σ² I)

Each term k has one effect per group, times a covariate if it is a slope (uncorrelated with the intercepts). The
deviance is profiled over β and σ² and minimised over the ratios σ_k / σ; it needs a Cholesky factor of the size of all
groups together, so hundreds of groups take seconds and rows hardly matter.

Source: Bates, Mächler, Bolker and Walker (2015), "Fitting linear mixed-effects models using lme4", section 3.4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg, optimize

from workflow.scripts.statistics.ratios import Array

MOST_GROUPS = 4000
"""Groups of all terms together: beyond, the dense factor takes too long."""


@dataclass(frozen=True)
class RandomTerm:
    """One term of random effects.

    Attributes:
        name: what the groups are.
        groups: the group of each row, (rows,).
        covariate: what a slope multiplies, (rows,); None: intercepts.
    """

    name: str
    groups: npt.ArrayLike
    covariate: npt.ArrayLike | None = None


@dataclass(frozen=True)
class MixedModel:
    """A fitted model.

    Attributes:
        coefficients: β, (fixed effects,).
        covariance: of β, (fixed effects, fixed effects), with σ_k² taken as known.
        variances: σ_k² by term.
        residual_variance: σ².
        log_likelihood: restricted, if it was fitted by REML.
        effects: predicted b_k by term, in the order of the sorted groups.
        converged: whether the minimum was found.
    """

    coefficients: Array
    covariance: Array
    variances: dict[str, float]
    residual_variance: float
    log_likelihood: float
    effects: dict[str, Array]
    converged: bool

    @property
    def standard_errors(self) -> Array:
        """Standard errors of β; too small where a term has few groups (`fit` says more)."""
        return np.asarray(np.sqrt(np.diag(self.covariance)), dtype=np.float64)


@dataclass(frozen=True)
class _Products:
    """What the deviance is made of: all products of X, Z and y."""

    zz: Array
    zx: Array
    zy: Array
    xx: Array
    xy: Array
    yy: float
    sizes: tuple[int, ...]
    rows: int


@dataclass(frozen=True)
class _Solution:
    deviance: float
    beta: Array
    factor: Array
    xx_factor: Array
    scale: Array
    variance: float
    zx: Array
    zy: Array


def fit(
    response: npt.ArrayLike, fixed: npt.ArrayLike, terms: Sequence[RandomTerm], *, restricted: bool = True
) -> MixedModel:
    """Fit the model.

    Standard errors take the variances as known, as those of lme4 and statsmodels do: with fewer than about 10 groups
    behind a coefficient use its t interval (`intervals`) or a permutation test beside it.

    Args:
        response: y, (rows,).
        fixed: X, (rows, fixed effects), the column of ones included.
        terms: random effects; at least one.
        restricted: REML, for variances; False: ML, to compare fixed effects by their likelihoods.

    Raises:
        ValueError: shapes that do not fit, values that are not finite, fixed effects that depend on each other, a term
            with one group or as many as rows, too many groups.
    """
    y, x = np.asarray(response, dtype=np.float64), np.asarray(fixed, dtype=np.float64)
    _check(y, x, terms)
    products = _multiply(y, x, terms)
    if sum(products.sizes) > MOST_GROUPS:
        raise ValueError(f"{sum(products.sizes)} groups are more than {MOST_GROUPS}; average over examples first")

    def deviance(ratios: Array) -> float:
        return _solve(products, np.abs(ratios), restricted=restricted).deviance

    start = np.ones(len(terms))
    rough = optimize.minimize(
        deviance, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 800 * len(terms)}
    )
    fine = optimize.minimize(deviance, np.abs(rough.x), method="L-BFGS-B", bounds=[(0, None)] * len(terms))
    best = fine if fine.fun <= rough.fun else rough
    ratios = np.abs(best.x)
    for i in range(len(ratios)):  # the boundary itself is never reached by small steps
        at_zero = np.where(np.arange(len(ratios)) == i, 0.0, ratios)
        if deviance(at_zero) <= deviance(ratios) + 1e-9:
            ratios = at_zero
    return _result(products, ratios, terms, restricted=restricted, converged=bool(rough.success))


def _check(y: Array, x: Array, terms: Sequence[RandomTerm]) -> None:
    if y.ndim != 1 or x.ndim != 2 or len(x) != len(y) or not terms:
        raise ValueError(
            f"expected y (rows,), X (rows, effects) and terms, got {y.shape}, {x.shape}, {len(terms)} terms"
        )
    if not np.isfinite(y).all() or not np.isfinite(x).all():
        raise ValueError("response and fixed effects must be finite")
    if len(y) <= x.shape[1] or np.linalg.matrix_rank(x) < x.shape[1]:
        raise ValueError("the fixed effects depend on each other, or there are no more rows than effects")
    if len({term.name for term in terms}) != len(terms):
        raise ValueError("two terms have the same name")


def _multiply(y: Array, x: Array, terms: Sequence[RandomTerm]) -> _Products:
    blocks = []
    for term in terms:
        names, codes = np.unique(np.asarray(term.groups), return_inverse=True)
        if codes.shape != y.shape or len(names) < 2 or (term.covariate is None and len(names) >= len(y)):
            raise ValueError(f"term '{term.name}': {len(names)} groups of {codes.shape} rows for {len(y)} responses")
        values = np.ones(len(y)) if term.covariate is None else np.asarray(term.covariate, dtype=np.float64)
        if values.shape != y.shape or not np.isfinite(values).all():
            raise ValueError(f"term '{term.name}': the covariate must have a finite value for each of {len(y)} rows")
        blocks.append((codes, values, len(names)))
    starts = np.cumsum([0, *(size for *_, size in blocks)])
    zz = np.zeros((starts[-1], starts[-1]))
    zx, zy = np.zeros((starts[-1], x.shape[1])), np.zeros(starts[-1])
    for (codes, values, _), start in zip(blocks, starts, strict=False):
        np.add.at(zx, start + codes, values[:, None] * x)
        np.add.at(zy, start + codes, values * y)
        for (others, factors, _), begin in zip(blocks, starts, strict=False):
            np.add.at(zz, (start + codes, begin + others), values * factors)
    sizes = tuple(size for *_, size in blocks)
    return _Products(zz, zx, zy, x.T @ x, x.T @ y, float(y @ y), sizes, len(y))


def _solve(products: _Products, ratios: Array, *, restricted: bool) -> _Solution:
    """Return the profiled solution for σ_k / σ."""
    scale = np.repeat(ratios, products.sizes)
    inner = scale[:, None] * products.zz * scale + np.eye(len(scale))
    factor = linalg.cholesky(inner, lower=True, check_finite=False)
    zx = linalg.solve_triangular(factor, scale[:, None] * products.zx, lower=True, check_finite=False)
    zy = linalg.solve_triangular(factor, scale * products.zy, lower=True, check_finite=False)
    xx_factor = linalg.cholesky(products.xx - zx.T @ zx, lower=True, check_finite=False)
    right = products.xy - zx.T @ zy
    beta = linalg.cho_solve((xx_factor, True), right)
    rest = max(products.yy - float(zy @ zy) - float(beta @ right), np.finfo(float).tiny)
    freedom = products.rows - (len(beta) if restricted else 0)
    log_determinant = 2 * float(np.log(np.diag(factor)).sum())
    if restricted:
        log_determinant += 2 * float(np.log(np.diag(xx_factor)).sum())
    deviance = log_determinant + freedom * (1 + np.log(2 * np.pi * rest / freedom))
    return _Solution(float(deviance), beta, factor, xx_factor, scale, rest / freedom, zx, zy)


def _result(
    products: _Products, ratios: Array, terms: Sequence[RandomTerm], *, restricted: bool, converged: bool
) -> MixedModel:
    found = _solve(products, ratios, restricted=restricted)
    identity = np.eye(len(found.beta))
    covariance = found.variance * linalg.cho_solve((found.xx_factor, True), identity)
    spherical = linalg.solve_triangular(found.factor.T, found.zy - found.zx @ found.beta, lower=False)
    parts = np.split(found.scale * spherical, np.cumsum(products.sizes)[:-1])
    return MixedModel(
        found.beta,
        covariance,
        {term.name: float(ratio**2 * found.variance) for term, ratio in zip(terms, ratios, strict=True)},
        float(found.variance),
        -found.deviance / 2,
        {term.name: part for term, part in zip(terms, parts, strict=True)},
        converged,
    )
