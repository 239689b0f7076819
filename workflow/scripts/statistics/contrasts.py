"""Intervals of linear contrasts: Σ weight × score over several arms, averaged over targets.

Seeds are shared by all arms and targets, so that their variance is that of the contrast itself from seed to seed;
examples are those of each target. Terms and degrees of freedom are put together as in `intervals`.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from workflow.scripts.statistics.intervals import (
    Component,
    Interval,
    Languages,
    example_terms,
    language_terms,
    pooled,
    t_interval,
)
from workflow.scripts.statistics.ratios import Array, Measurements, divide


def contrast_interval(
    targets: Sequence[Measurements],
    weights: npt.ArrayLike,
    languages: Languages = "fixed",
    confidence: float = 0.95,
) -> Interval:
    """Return Σ weight × score, the mean over targets of the mean over their languages, with its interval.

    Args:
        targets: counts of the same arms with the same seeds, one for each target.
        weights: of the arms, (arms,), the same for all targets; or (targets, arms).
        languages: whether languages (families, if there are any) are fixed or drawn.
        confidence: share of such intervals that hold the truth.

    Raises:
        ValueError: nothing measured, shapes that do not fit, random languages of fewer than two families.
    """
    if not targets or len({(one.arms, one.seeds) for one in targets}) != 1:
        raise ValueError("targets must be measured with the same arms and seeds")
    given = np.broadcast_to(np.asarray(weights, dtype=np.float64), (len(targets), targets[0].arms))
    values = [weighted_values(one, row) for one, row in zip(targets, given, strict=True)]
    gains = [np.stack([table.mean(axis=1) for table in tables], axis=1) for tables in values]
    macro = np.mean([table.mean(axis=1) for table in gains], axis=0)  # (seeds,)
    seeds, share = len(macro), 1 / len(targets) ** 2
    terms: list[Component] = []
    sources: tuple[str, ...] = ()
    if seeds > 1:
        terms.append(Component(float(macro.var(ddof=1)) / seeds, seeds - 1))
        sources += ("seeds",)
    if languages == "random":
        table, clusters = _by_language(targets, gains)
        terms += language_terms(table, clusters)
        sources += ("families" if targets[0].families else "languages",)
    shared = [
        (one, tables) for one, tables in zip(targets, values, strict=True) if languages == "fixed" or one.parallel
    ]
    if shared:
        parts = [example_terms(tables, parallel=one.parallel) for one, tables in shared]
        for place in range(1 if languages == "random" else len(parts[0])):
            terms.append(_summed([part[place] for part in parts], share))
        sources += ("examples",)
    caution = "" if seeds > 1 else "one seed: the spread between seeds, often the largest, is left out"
    return t_interval(float(macro.mean()), terms, confidence, sources, caution)


def weighted_values(measured: Measurements, weights: npt.ArrayLike) -> list[Array]:
    """Return each example's share of a contrast by language, (seeds, examples): their mean is the contrast.

    Linearised as `ratios.pseudo_values`.

    Args:
        measured: counts of all arms.
        weights: (arms,).

    Raises:
        ValueError: not one weight for each arm.
    """
    row = np.asarray(weights, dtype=np.float64)
    if row.shape != (measured.arms,):
        raise ValueError(f"expected {measured.arms} weights, got {row.shape}")
    used = np.flatnonzero(row)
    found = []
    for top, bottom in zip(measured.numerators, measured.denominators, strict=True):
        total = np.zeros(top.shape[1:])
        for arm in used:
            score = divide(top[arm].sum(axis=1), bottom[arm].sum(axis=1))[:, None]
            mean = np.broadcast_to(bottom[arm].mean(axis=1, keepdims=True), top[arm].shape)
            total += row[arm] * (score + divide(top[arm] - score / 100 * bottom[arm], mean))
        found.append(total)
    return found


def _summed(terms: Sequence[Component], share: float) -> Component:
    """Return the sum of independent terms, each times a share; their signs are alike."""
    sign = -1.0 if any(term.variance < 0 for term in terms) else 1.0
    both = pooled([abs(term.variance) * share for term in terms], [term.degrees for term in terms])
    return Component(sign * both.variance, both.degrees)


def _by_language(targets: Sequence[Measurements], gains: Sequence[Array]) -> tuple[Array, npt.NDArray[np.int64]]:
    """Return what each language adds, (seeds, languages) with the contrast as mean, and the number of its family."""
    names = list(dict.fromkeys(name for one in targets for name in one.languages))
    found = np.zeros((len(gains[0]), len(names)))
    family: dict[str, str] = {}
    for one, table in zip(targets, gains, strict=True):
        for i, name in enumerate(one.languages):
            found[:, names.index(name)] += table[:, i] * len(names) / len(one.languages) / len(targets)
            family[name] = one.families[i] if one.families else name
    codes = np.unique([family[name] for name in names], return_inverse=True)[1]
    return found, np.asarray(codes, dtype=np.int64)
