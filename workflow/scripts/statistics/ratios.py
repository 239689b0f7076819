"""Scores as ratios of sums over examples, so that resampling an example is resampling its share of two sums.

    accuracy   Σ correct / n
    QA         Σ (F1 + exact match) / 2 / n
    chunk F1   2 Σ correct chunks / Σ (gold + predicted chunks)

`Ratio` turns the columns of a table of examples into numerator and denominator of each example; `Measurements` holds
those of several models (arms) in every language of a target. Scores are on the scale 0 to 100.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ratio:
    """100 × Σ numerator / Σ denominator; each is a weighted sum of columns.

    Attributes:
        numerator: weight by column.
        denominator: weight by column; empty: each example counts 1.
    """

    numerator: Mapping[str, float]
    denominator: Mapping[str, float]

    def shares(self, columns: Mapping[str, npt.ArrayLike]) -> tuple[Array, Array]:
        """Return each example's numerator and denominator, both of the columns' shape.

        Raises:
            ValueError: a column is missing.
        """
        missing = {*self.numerator, *self.denominator} - columns.keys()
        if missing:
            raise ValueError(f"columns {sorted(missing)} are missing from {sorted(columns)}")
        top = _weighted(self.numerator, columns)
        return top, _weighted(self.denominator, columns) if self.denominator else np.ones_like(top)


RATIOS: Mapping[str, Ratio] = {
    "accuracy": Ratio({"accuracy": 1}, {}),
    "question_answering": Ratio({"f1": 0.5, "exact_match": 0.5}, {}),
    "f1": Ratio({"f1": 1}, {}),
    "exact_match": Ratio({"exact_match": 1}, {}),
    "average_precision": Ratio({"average_precision": 1}, {}),
    "chunk_f1": Ratio({"correct_chunks": 2}, {"gold_chunks": 1, "predicted_chunks": 1}),
    "token_accuracy": Ratio({"correct_tokens": 1}, {"tokens": 1}),
    "mining_f1": Ratio({"correct_pairs": 2}, {"gold_pairs": 1, "predicted_pairs": 1}),
}
"""The ratios that the tables of examples can tell, by the name of the score."""


def _weighted(weights: Mapping[str, float], columns: Mapping[str, npt.ArrayLike]) -> Array:
    parts = [weight * np.asarray(columns[name], dtype=np.float64) for name, weight in weights.items()]
    return np.asarray(sum(parts), dtype=np.float64)


@dataclass(frozen=True)
class Measurements:
    """What several models (arms) did on the same examples of one target, with the same target seeds.

    Attributes:
        numerators: of each language, (arms, seeds, examples of the language).
        denominators: the same shapes.
        languages: a name for each language.
        families: of each language; those of one family are not independent. Empty: each language is its own.
        parallel: whether example i is the same sentence in all languages, so that they share its difficulty.
    """

    numerators: Sequence[Array]
    denominators: Sequence[Array]
    languages: Sequence[str]
    families: Sequence[str] = ()
    parallel: bool = False

    def __post_init__(self) -> None:
        """Check the shapes.

        Raises:
            ValueError: nothing measured, shapes or counts that do not fit, numbers that are not finite.
        """
        tops, count = [np.shape(array) for array in self.numerators], len(self.languages)
        if not count or len(tops) != count or len(self.families) not in (0, count):
            raise ValueError(f"{count} languages, {len(tops)} arrays, {len(self.families)} families do not fit")
        if tops != [np.shape(array) for array in self.denominators]:
            raise ValueError("numerators and denominators have other shapes")
        if any(len(shape) != 3 or 0 in shape for shape in tops) or len({shape[:2] for shape in tops}) != 1:
            raise ValueError(f"expected (arms, seeds, examples), the first two the same everywhere, got {tops}")
        if self.parallel and len(set(tops)) != 1:
            raise ValueError("parallel languages must have the same number of examples")
        if not all(np.isfinite(array).all() for array in [*self.numerators, *self.denominators]):
            raise ValueError("measurements must be finite numbers")

    @property
    def arms(self) -> int:
        """Number of models."""
        return int(self.numerators[0].shape[0])

    @property
    def seeds(self) -> int:
        """Number of target seeds."""
        return int(self.numerators[0].shape[1])

    def clusters(self) -> npt.NDArray[np.int64]:
        """Return the number of each language's family, (languages,), from 0."""
        codes = np.unique(list(self.families), return_inverse=True)[1] if self.families else range(len(self.languages))
        return np.asarray(codes, dtype=np.int64)


def divide(top: Array, bottom: Array) -> Array:
    """Return 100 × top / bottom, 0 where both sums are 0, as seqeval does."""
    return np.asarray(np.divide(100.0 * top, bottom, out=np.zeros_like(top), where=bottom != 0), dtype=np.float64)


def scores(measured: Measurements) -> Array:
    """Return the score of each arm, seed and language: (arms, seeds, languages)."""
    pairs = zip(measured.numerators, measured.denominators, strict=True)
    return np.stack([divide(top.sum(axis=2), bottom.sum(axis=2)) for top, bottom in pairs], axis=2)


def linearised(top: Array, bottom: Array) -> Array:
    """Return each example's share of the score of one language, (…, examples): their mean is the score.

    Infinitesimal jackknife: score + 100 (numerator − score/100 × denominator) / mean denominator, exact where the
    denominator counts examples. Source: Efron and Tibshirani (1993), chapter 22.
    """
    score = divide(top.sum(axis=-1), bottom.sum(axis=-1))[..., None]
    mean = bottom.mean(axis=-1, keepdims=True)
    return np.asarray(score + divide(top - score / 100 * bottom, np.broadcast_to(mean, top.shape)), dtype=np.float64)


def pseudo_values(measured: Measurements, treatment: int, control: int) -> list[Array]:
    """Return each example's share of the gain by language, (seeds, examples): their mean is the gain."""
    found = []
    for top, bottom in zip(measured.numerators, measured.denominators, strict=True):
        values = linearised(top, bottom)
        found.append(values[treatment] - values[control])
    return found


def stack(tables: Sequence[Sequence[Mapping[str, npt.ArrayLike]]], ratio: Ratio) -> tuple[Array, Array]:
    """Return numerator and denominator of one language, (arms, seeds, examples), from the tables of its models.

    Args:
        tables: columns of the examples by arm, then seed; the same examples in the same order.
        ratio: which score.

    Raises:
        ValueError: numbers of seeds or examples differ.
    """
    shares = [[ratio.shares(table) for table in arm] for arm in tables]
    shapes = [tuple(top.shape for top, _ in arm) for arm in shares]
    flat = [shape for arm in shapes for shape in arm]
    if any(one != other for one, other in pairwise(shapes)) or len(set(flat)) != 1:
        raise ValueError(f"models must be scored with the same seeds on the same examples, got {shapes}")
    tops, bottoms = ([[pair[part] for pair in arm] for arm in shares] for part in (0, 1))
    return np.array(tops), np.array(bottoms)
