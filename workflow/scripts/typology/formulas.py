"""Distances between two languages, each between 0 (alike) and 1; None where they are not defined.

Vectors are sequences of equal length; a feature is a number between 0 and 1, or None where it was not observed. Only
features observed of both count: nothing is imputed.
"""

import math
from collections.abc import Collection, Sequence

Vector = Sequence[float | None]


def jointly_observed(first: Vector, second: Vector) -> list[tuple[float, float]]:
    """Return the values of the features that are observed in both vectors."""
    pairs = zip(first, second, strict=True)
    return [(a, b) for a, b in pairs if a is not None and b is not None]


def gower(first: Vector, second: Vector) -> float | None:
    """Return the mean of |a - b|: for features that are 0 or 1 the share in which they differ (Hamming distance)."""
    pairs = jointly_observed(first, second)
    return math.fsum(abs(a - b) for a, b in pairs) / len(pairs) if pairs else None


def cosine(first: Vector, second: Vector) -> float | None:
    """Return 1 - a·b / (|a| |b|); None if a vector is zero in all features observed of both."""
    similarity = _cosine_similarity(first, second)
    return None if similarity is None else 1 - similarity


def angular(first: Vector, second: Vector) -> float | None:
    """Return the angle as a share of a right angle, 2/π · arccos(a·b / (|a| |b|)); features are not negative."""
    similarity = _cosine_similarity(first, second)
    return None if similarity is None else 2 / math.pi * math.acos(similarity)


def jaccard(first: Collection[str], second: Collection[str]) -> float | None:
    """Return 1 - the number of shared members over the number of all; None if one of the sets is empty."""
    if not first or not second:
        return None
    return 1 - len(set(first) & set(second)) / len(set(first) | set(second))


def great_circle(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Return the way along the surface of a sphere, as a share of half its circumference (haversine).

    Args:
        first: latitude and longitude, in degrees.
        second: the same of the other place.
    """
    (phi, rho), (psi, tau) = (tuple(map(math.radians, place)) for place in (first, second))
    chord = math.sin((psi - phi) / 2) ** 2 + math.cos(phi) * math.cos(psi) * math.sin((tau - rho) / 2) ** 2
    return 2 / math.pi * math.asin(min(1.0, math.sqrt(chord)))


def _cosine_similarity(first: Vector, second: Vector) -> float | None:
    pairs = jointly_observed(first, second)
    norms = math.fsum(a * a for a, _ in pairs) * math.fsum(b * b for _, b in pairs)
    if not norms:
        return None
    return min(1.0, math.fsum(a * b for a, b in pairs) / math.sqrt(norms))  # rounding must not leave [0, 1]
