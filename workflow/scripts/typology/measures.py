"""The measures of typological distance that a configuration can name: a part of the vectors and a formula.

What is known of a pair is its coverage: of the features observed for English, the share observed for the language too.
With less than the configured share no distance is given, because it would be one between leftovers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.typology.formulas import Vector, angular, cosine, gower, great_circle, jaccard, jointly_observed
from workflow.scripts.typology.vectors import GROUPS, PARTS, PLACE, Vectors

FORMULAS: Mapping[str, Callable[[Vector, Vector], float | None]] = {
    "gower": gower,
    "cosine": cosine,
    "angular": angular,
}

SOURCES = {"syntax": "WALS", "phonology": "WALS", "inventory": "PHOIBLE"}
"""Where the parts of the shipped vectors come from."""

COARSE = "coarse"
"""The project's own coarse measure, from `tasks/languages.py`: computed there, no vectors needed."""

TITLES: Mapping[str, str] = {
    **{
        f"{part}_{formula}": f"{formula.capitalize()} distance of {part} features ({source}, URIEL)"
        for part, source in SOURCES.items()
        for formula in FORMULAS
    },
    GROUPS: "Jaccard distance of genealogical groups (Glottolog, URIEL)",
    PLACE: "Great-circle distance (Glottolog, URIEL)",
    COARSE: "WALS features and genealogy",
}
"""What the measures are called where they are shown, by name; the shipped vectors are meant."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What one part of the vectors says of a language and English.

    Attributes:
        code: ISO 639-3 code that stands for the language, None if nothing is known of it.
        shared: number of features observed of both (genealogy and geography: 1 where both are known).
        coverage: `shared` over the number observed for English.
        distances: by measure; None where the coverage is too low or the formula is not defined.
    """

    code: str | None
    shared: int
    coverage: float
    distances: Mapping[str, float | None]


def check(measure: str) -> None:
    """Make sure that there is such a measure.

    Raises:
        UserError: there is none; the nearest one is named.
    """
    if measure not in TITLES:
        raise UserError(
            f"no typological measure '{measure}'; expected one of {', '.join(TITLES)}.{nearest(measure, TITLES)}"
        )


def compare(vectors: Vectors, language: str, english: str, fewest: float) -> dict[str, Pair]:
    """Return what each part of the vectors says of a language and English.

    Args:
        vectors: the vectors.
        language: ISO 639-3 code; an equivalent code stands in where more is known of it.
        english: that of English, likewise.
        fewest: the least coverage with which a distance is given, 0 to 1.
    """
    pairs = {part: _compare_features(vectors, part, language, english, fewest) for part in PARTS}
    for part in (GROUPS, PLACE):
        code, other = vectors.choose(part, language), vectors.choose(part, english)
        found: float | None = None
        if code and other:
            if part == GROUPS:
                found = jaccard(vectors.groups[code], vectors.groups[other])
            else:
                found = great_circle(vectors.places[code], vectors.places[other])
        known = found is not None
        pairs[part] = Pair(code, int(known), float(known), {part: found})
    return pairs


def _compare_features(vectors: Vectors, part: str, language: str, english: str, fewest: float) -> Pair:
    code, other = vectors.choose(part, language), vectors.choose(part, english)
    if code is None or other is None:
        return Pair(code, 0, 0.0, {f"{part}_{name}": None for name in FORMULAS})
    first, second = vectors.values[part][code], vectors.values[part][other]
    shared = len(jointly_observed(first, second))
    coverage = shared / vectors.observed(part, other)
    enough = shared > 0 and coverage >= fewest
    return Pair(
        code,
        shared,
        coverage,
        {f"{part}_{name}": formula(first, second) if enough else None for name, formula in FORMULAS.items()},
    )
