"""Gains on several targets at once: intervals and minimum detectable effects of a mean over targets.

Of each target only a small summary is kept, so that the examples of one target after another can be read and forgotten.
Seeds are the same on all targets (the model of one seed is tested on all of them), and so are languages; examples of
different targets are independent. Of a single target the results are those of `gain_interval` and
`variance_components`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workflow.scripts.statistics.intervals import Component, Interval, Languages, example_terms, pooled, t_interval
from workflow.scripts.statistics.power import VarianceComponents
from workflow.scripts.statistics.ratios import Array

ONE_SEED = "one seed: the spread between seeds, often the largest, is left out"


@dataclass(frozen=True)
class Part:
    """What is known of the gain on one target.

    Attributes:
        gains: points, (seeds, languages).
        families: of each language.
        examples: V_examples and, of two seeds or more, −V_seeds×examples of the mean over languages.
        parallel: whether the languages share their examples.
    """

    gains: Array
    families: tuple[str, ...]
    examples: tuple[Component, ...]
    parallel: bool = False


def part(values: Sequence[Array], families: Sequence[str], *, parallel: bool = False) -> Part:
    """Return the summary of one target.

    Args:
        values: each example's share of the gain by language (`pseudo_values`), (seeds, examples).
        families: of each language; a language without relatives is its own.
        parallel: whether example i is the same in all languages.

    Raises:
        ValueError: a language has fewer than two examples; lengths differ.
    """
    gains = np.stack([table.mean(axis=1) for table in values], axis=1)
    if len(families) != gains.shape[1]:
        raise ValueError(f"{gains.shape[1]} languages have {len(families)} families")
    return Part(gains, tuple(families), tuple(example_terms(values, parallel=parallel)), parallel)


def average_interval(parts: Sequence[Part], languages: Languages = "fixed", confidence: float = 0.95) -> Interval:
    """Return the mean gain over targets with its interval.

    Args:
        parts: of each target, with the same seeds.
        languages: whether languages (families) are fixed or drawn; targets are fixed.
        confidence: share of such intervals that hold the truth.

    Raises:
        ValueError: random languages of fewer than two families; no parts; seeds differ.
    """
    macro = _macro(parts)
    seeds = len(macro)
    terms = [Component(float(macro.var(ddof=1)) / seeds, seeds - 1)] if seeds > 1 else []
    sources: tuple[str, ...] = ("seeds",) if seeds > 1 else ()
    if languages == "random":
        terms += _family_terms(parts)
        sources += ("families",)
        shared = [found for found in parts if found.parallel]
        terms += _example_terms(shared, len(parts))[:1]
        sources += ("examples",) if shared else ()
    else:
        terms += _example_terms(parts, len(parts))
        sources += ("examples",)
    return t_interval(float(macro.mean()), terms, confidence, sources, "" if seeds > 1 else ONE_SEED)


def average_components(parts: Sequence[Part]) -> VarianceComponents:
    """Return the variances of the mean gain over targets, fixed languages; of one seed those of its examples alone."""
    macro = _macro(parts)
    main, *rest = _example_terms(parts, len(parts))
    if not rest:
        return VarianceComponents(0.0, main.variance, 0.0, main.degrees)
    interaction = -rest[0].variance * len(macro)
    seed = max(0.0, float(macro.var(ddof=1)) - interaction)
    return VarianceComponents(seed, max(0.0, main.variance + rest[0].variance), interaction, main.degrees)


def _macro(parts: Sequence[Part]) -> Array:
    """Return the mean over targets of the means over languages, (seeds,)."""
    if not parts or len({len(found.gains) for found in parts}) != 1:
        raise ValueError(f"expected targets with the same seeds, got {[found.gains.shape for found in parts]}")
    return np.asarray(np.mean([found.gains.mean(axis=1) for found in parts], axis=0), dtype=np.float64)


def _example_terms(parts: Sequence[Part], targets: int) -> list[Component]:
    """Return the terms of examples of the mean over so many targets."""
    columns = zip(*(found.examples for found in parts), strict=True)
    return [pooled([t.variance / targets**2 for t in terms], [t.degrees for t in terms]) for terms in columns]


def _family_terms(parts: Sequence[Part]) -> list[Component]:
    """Return V_languages and −V_seeds×languages as `language_terms` does, families left out of all targets at once."""
    names = np.unique([family for found in parts for family in found.families])
    if len(names) < 2:
        raise ValueError("random languages need two languages or families")
    share, total, crossed = np.zeros(len(names)), np.zeros(len(names)), np.zeros((len(parts[0].gains), len(names)))
    for found in parts:
        members = (np.array(found.families)[None, :] == names[:, None]) / found.gains.shape[1] / len(parts)
        mean = found.gains.mean(axis=0)
        rest = found.gains - mean - found.gains.mean(axis=1, keepdims=True) + found.gains.mean()
        share += members.sum(axis=1)
        total += members @ (mean - mean.mean())
        crossed += rest @ members.T
    scale = (len(names) - 1) / len(names) / (1 - share) ** 2
    degrees = max(1.0, 1 / float((share**2).sum()) - 1)
    terms = [Component(float((scale * total**2).sum()), degrees)]
    seeds = len(crossed)
    if seeds > 1:
        both = float((scale * crossed**2).sum()) / seeds / (seeds - 1)
        terms.append(Component(-both, degrees * (seeds - 1)))
    return terms
