"""Whether a model is right on the same example in two languages: for test sets that are translations of each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PARALLEL = ("xnli", "pawsx", "xquad", "xquad12")
"""The targets whose rows are translations of the English ones, with the same id in every language."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often a model is right on examples in English and in another language.

    Attributes:
        both, only_english, only_language, neither: in how many the model is right in both, and so on.
    """

    both: int
    only_english: int
    only_language: int
    neither: int

    @property
    def n(self) -> int:
        """The number of examples."""
        return self.both + self.only_english + self.only_language + self.neither

    @property
    def lost(self) -> float | None:
        """The share of the examples right in English that are wrong in the language; None where none is right."""
        right = self.both + self.only_english
        return self.only_english / right if right else None

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa: agreement beyond that of two independent models; None where that is complete."""
        first, second = (self.both + self.only_english) / self.n, (self.both + self.only_language) / self.n
        expected = first * second + (1 - first) * (1 - second)
        observed = (self.both + self.neither) / self.n
        return (observed - expected) / (1 - expected) if expected < 1 else None


Outcomes = Mapping[str, tuple[Any, bool]]
"""What is right and whether the model has it right, by the id that translations share."""


def agreement(english: Outcomes, language: Outcomes) -> Agreement | None:
    """Count over the examples that both have; None where they share none."""
    counts = [0, 0, 0, 0]
    for name in english.keys() & language.keys():
        counts[2 * (not english[name][1]) + (not language[name][1])] += 1
    return Agreement(*counts) if any(counts) else None


def mismatches(english: Outcomes, language: Outcomes) -> int:
    """Return how many examples of both have different gold labels: any means that equal ids are no translations."""
    return sum(english[name][0] != language[name][0] for name in english.keys() & language.keys())
