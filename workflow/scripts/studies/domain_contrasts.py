"""Contrasts of groups of examples and languages: differences of differences, with their interval.

A piece is a contrast of arms (Σ weight × score) in one language of a target, in some of its examples, times a number.
A triple difference is the sum of such pieces: with +1 where examples are of the domain and the language has its text,
with −1 where one of both is so, with +1 where neither is.

The variance is put together as in `statistics.intervals`. Seeds are shared by all pieces, and examples by those of one
language, or of all languages of a parallel target: a piece's examples enter with what they add to the whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from workflow.scripts.statistics import Interval, Measurements
from workflow.scripts.statistics.contrasts import weighted_values
from workflow.scripts.statistics.intervals import Component, Languages, example_terms, language_terms, t_interval
from workflow.scripts.statistics.ratios import Array

Mask = npt.NDArray[np.bool_]

FEWEST = 2
"""Examples of a piece; with fewer nothing can be said of them."""


@dataclass(frozen=True)
class Piece:
    """A contrast of arms in some examples of a language.

    Attributes:
        target: which target.
        language: its code.
        examples: which of its examples, (examples,).
        weights: of the arms, (arms,).
        factor: what it is multiplied with in the sum.
        group: languages that are drawn together, if languages are drawn (with text, without).
    """

    target: str
    language: str
    examples: Mask
    weights: npt.ArrayLike
    factor: float
    group: str = ""


def difference(
    measured: Mapping[str, Measurements],
    pieces: Sequence[Piece],
    languages: Languages = "fixed",
    confidence: float = 0.95,
) -> Interval:
    """Return Σ factor × contrast over the pieces, with its interval.

    Args:
        measured: counts by target, of the same arms and seeds.
        pieces: what is added up.
        languages: whether languages are fixed, or drawn (families of each group by themselves).
        confidence: share of such intervals that hold the truth.

    Raises:
        ValueError: no pieces, or one with fewer than two examples.
    """
    if not pieces:
        raise ValueError("expected pieces to add up")
    seeds = measured[pieces[0].target].seeds
    total = np.zeros(seeds)
    shares: dict[tuple[str, str], Array] = {}
    by_language: dict[tuple[str, str], Array] = {}
    for piece in pieces:
        found = measured[piece.target]
        values = _values(found, piece)
        means = values.mean(axis=1)
        total += piece.factor * means
        key = (piece.group, piece.language)
        by_language[key] = by_language.get(key, np.zeros(seeds)) + piece.factor * means
        place = (piece.target, "" if found.parallel else piece.language)
        whole = shares.setdefault(place, np.zeros((seeds, len(piece.examples))))
        whole[:, piece.examples] += piece.factor * whole.shape[1] / values.shape[1] * (values - means[:, None])
    terms, sources = _seeds(total)
    if languages == "random":
        terms += _languages(by_language, measured)
        sources += ("families",)
        shares = {place: table for place, table in shares.items() if not place[1]}
    if shares:
        tables = [table * len(shares) for table in shares.values()]
        terms += example_terms(tables, parallel=False)[: 1 if languages == "random" else None]
        sources += ("examples",)
    caution = "" if seeds > 1 else "one seed: the spread between seeds, often the largest, is left out"
    return t_interval(float(total.mean()), terms, confidence, sources, caution)


def _values(measured: Measurements, piece: Piece) -> Array:
    """Return each example's share of the contrast of a piece, (seeds, examples of the piece)."""
    if piece.examples.sum() < FEWEST:
        raise ValueError(f"{piece.target} in {piece.language}: two examples are needed, got {piece.examples.sum()}")
    at = list(measured.languages).index(piece.language)
    top, bottom = (arrays[at][:, :, piece.examples] for arrays in (measured.numerators, measured.denominators))
    return weighted_values(Measurements([top], [bottom], [piece.language]), piece.weights)[0]


def _seeds(total: Array) -> tuple[list[Component], tuple[str, ...]]:
    seeds = len(total)
    return ([Component(float(total.var(ddof=1)) / seeds, seeds - 1)], ("seeds",)) if seeds > 1 else ([], ())


def _languages(parts: Mapping[tuple[str, str], Array], measured: Mapping[str, Measurements]) -> list[Component]:
    """Return the terms of drawn families, group by group.

    Raises:
        ValueError: a group is of one family.
    """
    family = {
        code: one.families[place] if one.families else code
        for one in measured.values()
        for place, code in enumerate(one.languages)
    }
    terms: list[Component] = []
    for group in dict.fromkeys(name for name, _ in parts):
        codes = [code for name, code in parts if name == group]
        table = np.stack([parts[group, code] for code in codes], axis=1) * len(codes)
        terms += language_terms(table, np.unique([family[code] for code in codes], return_inverse=True)[1])
    return terms


def crossed(
    target: str,
    sides: Mapping[str, Mapping[int, Mask]],
    groups: Mapping[int, Sequence[str]],
    weights: npt.ArrayLike,
    share: float,
) -> list[Piece]:
    """Return the pieces of a difference of differences in one target: side × group, each a mean over languages.

    Args:
        target: which target.
        sides: by language, examples by sign: +1 of the domain, −1 others; or +1 all.
        groups: languages by sign: +1 with text, −1 without; or +1 all.
        weights: of the arms.
        share: of the target in the whole.

    Returns:
        Pieces; none where a group has no language with two examples on every side.
    """
    signs = sorted({sign for one in sides.values() for sign in one}, reverse=True)
    found = []
    for group, codes in groups.items():
        kept = [code for code in codes if code in sides and _enough(sides[code], signs)]
        if not kept:
            return []
        for code, sign in product(kept, signs):
            factor = sign * group * share / len(kept)
            found.append(Piece(target, code, sides[code][sign], weights, factor, str(group)))
    return found


def _enough(side: Mapping[int, Mask], signs: Sequence[int]) -> bool:
    return all(sign in side and side[sign].sum() >= FEWEST for sign in signs)
