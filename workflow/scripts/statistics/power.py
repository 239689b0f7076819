"""How small an effect a design would find, from the variances that a pilot showed.

    V(seeds, examples) = seed / seeds + examples / examples' + interaction / (seeds × examples')

`examples'` is the number of examples per language as a multiple of the pilot's.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from workflow.scripts.statistics.intervals import Component, example_terms, t_interval
from workflow.scripts.statistics.ratios import Measurements, pseudo_values

NODES = 200
"""Of the integral over the estimated standard error."""


@dataclass(frozen=True)
class VarianceComponents:
    """Variances of a macro-averaged paired gain over fixed languages, in squared points.

    Attributes:
        seed: of one seed.
        examples: of the pilot's examples, averaged over all seeds there could be.
        interaction: of the pilot's examples within one seed.
        example_degrees: degrees of freedom of the examples.
    """

    seed: float
    examples: float
    interaction: float
    example_degrees: float = np.inf


def variance_components(measured: Measurements, treatment: int, control: int) -> VarianceComponents:
    """Return what a pilot of at least two seeds shows, by the method of moments; negative estimates become 0.

    Raises:
        ValueError: one seed.
    """
    if measured.seeds < 2:
        raise ValueError("variance components need two seeds")
    values = pseudo_values(measured, treatment, control)
    macro = np.mean([table.mean(axis=1) for table in values], axis=0)
    main, both = example_terms(values, parallel=measured.parallel)
    interaction = -both.variance * measured.seeds
    seed = max(0.0, float(macro.var(ddof=1)) - interaction)
    return VarianceComponents(seed, max(0.0, main.variance + both.variance), interaction, main.degrees)


def _precision(found: VarianceComponents, seeds: int, examples: float) -> tuple[float, float]:
    """Return standard error and degrees of freedom of a design; of one seed, those of examples alone."""
    if seeds < 1 or examples <= 0:
        raise ValueError(f"a design needs seeds and examples, got {seeds} and {examples}")
    both = found.interaction / seeds / examples
    terms = [Component(found.examples / examples + both, found.example_degrees)]
    if seeds > 1:
        terms += [Component(found.seed / seeds + both, seeds - 1)]
        terms += [Component(-both, found.example_degrees * (seeds - 1))]
    interval = t_interval(0.0, terms, 0.95)
    return interval.standard_error, interval.degrees


def power(effect: float, found: VarianceComponents, seeds: int, examples: float = 1.0, level: float = 0.05) -> float:
    """Return the chance that the two-sided t test finds an effect of `effect` points.

    Source: noncentral t, Cohen (1988), section 2.

    Args:
        effect: points.
        found: the pilot's variances.
        seeds: of the design.
        examples: of the design, as a multiple of the pilot's.
        level: of the test.

    Raises:
        ValueError: no seeds or examples, a level not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"the level must lie between 0 and 1, got {level}")
    error, degrees = _precision(found, seeds, examples)
    if error == 0:
        return 1.0 if effect else level
    return _power(abs(effect) / error, min(degrees, 1e6), level)


def _power(ratio: float, degrees: float, level: float) -> float:
    """Return the chance of |t| above the critical value; scipy's noncentral t yields NaN for some large ratios."""
    critical = float(stats.t.isf(level / 2, degrees))
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    bars = critical * np.sqrt(stats.chi2.ppf((nodes + 1) / 2, degrees) / degrees)
    chances = stats.norm.sf(bars - ratio) + stats.norm.cdf(-bars - ratio)
    return float(weights @ chances) / 2


def minimum_detectable_effect(
    found: VarianceComponents, seeds: int, examples: float = 1.0, level: float = 0.05, target: float = 0.8
) -> float:
    """Return the smallest effect, in points, that a design finds with the chance `target`.

    Arguments and errors are those of `power`; with one seed it speaks of that seed alone.

    Raises:
        ValueError: also a target not between level and 1.
    """
    if not 0 < level < target < 1:
        raise ValueError(f"expected 0 < level < target < 1, got {level} and {target}")
    error, degrees = _precision(found, seeds, examples)
    if error == 0:
        return 0.0
    capped = min(degrees, 1e6)
    high = 1.0
    while _power(high, capped, level) < target:
        high *= 2
    ratio = optimize.brentq(lambda ratio: _power(ratio, capped, level) - target, 0.0, high, xtol=1e-9)
    return float(ratio) * error
