"""The things the laboratory's world speaks of: concepts named by their English lemma.

All inflection of the English lemmas is regular, so that the English-like language needs rules only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CLASSES: Final[dict[str, tuple[str, ...]]] = {
    "worker": ("baker", "teacher", "doctor", "farmer", "painter", "driver", "singer", "soldier", "sailor", "lawyer"),
    "animal": ("dog", "cat", "horse", "cow", "rabbit", "bear", "monkey", "duck"),
    "food": ("bread", "soup", "cheese", "apple", "carrot", "cake", "lemon", "egg"),
    "tool": ("hammer", "ladder", "camera", "basket", "lamp", "bottle", "needle", "drum"),
    "vehicle": ("car", "train", "boat", "truck", "tractor", "wagon"),
    "place": ("garden", "market", "station", "school", "museum", "forest", "kitchen", "harbor"),
}
"""Semantic class (also the lemma of the hypernym) -> its nouns."""

HYPERNYMS: Final[dict[str, str]] = {noun: kind for kind, nouns in CLASSES.items() for noun in nouns}
"""Noun -> its hypernym."""

NOUNS: Final[tuple[str, ...]] = (*HYPERNYMS, *CLASSES)

WOMEN: Final = ("Anna", "Clara", "Elena", "Greta", "Ida", "Maria", "Olga")
MEN: Final = ("Boris", "David", "Felix", "Hugo", "Karl", "Leon", "Oskar")
SURNAMES: Final = ("Adler", "Berg", "Dorn", "Falk", "Holm", "Keller", "Lund", "Novak")
CITIES: Final = ("Arlon", "Belgor", "Danova", "Kirun", "Lorvik", "Maro", "Porto", "Tirsk", "Velda", "Zamora")
FIRMS: Final = ("Lumen", "Nordex", "Orion", "Vega", "Maro", "Velda")
FIRM_TYPES: Final = ("Bank", "Institute", "Union", "Press")
NAMES: Final[tuple[str, ...]] = tuple(dict.fromkeys((*WOMEN, *MEN, *SURNAMES, *CITIES, *FIRMS, *FIRM_TYPES)))
"""Words of proper names. `Maro` and `Velda` are cities and parts of firms' names: the class of a name needs context."""

ANTONYMS: Final[dict[str, str]] = {}
for _first, _second in (
    ("big", "small"), ("old", "new"), ("clean", "dirty"), ("happy", "sad"), ("strong", "weak"),
    ("warm", "cold"), ("quick", "slow"), ("rich", "poor"),
    ("early", "late"), ("often", "rarely"), ("quietly", "loudly"),
):  # fmt: skip
    ANTONYMS[_first], ANTONYMS[_second] = _second, _first

ADVERBS: Final = ("early", "late", "often", "rarely", "quietly", "loudly")
COLOURS: Final = ("red", "green", "blue", "white")
ADJECTIVES: Final[tuple[str, ...]] = (*(word for word in ANTONYMS if word not in ADVERBS), *COLOURS)
NUMBERS: Final = ("two", "three", "four", "five")
ADPOSITIONS: Final = ("in", "near", "behind")
PRONOUNS: Final = ("he", "she", "it", "they")

_PEOPLE: Final = ("person", "worker")


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb with its selectional preferences: the semantic classes of subject and object.

    Attributes:
        lemma: English lemma.
        subjects: classes of the subject; `person` stands for a named person, `firm` for a named organisation.
        objects: classes of the object; empty for an intransitive verb.
        synonym: another verb of the same meaning and preferences, or "".
    """

    lemma: str
    subjects: tuple[str, ...]
    objects: tuple[str, ...] = ()
    synonym: str = ""


def _pair(first: str, second: str, subjects: tuple[str, ...], objects: tuple[str, ...]) -> tuple[Verb, Verb]:
    return Verb(first, subjects, objects, second), Verb(second, subjects, objects, first)


VERBS: Final[dict[str, Verb]] = {
    verb.lemma: verb
    for verb in (
        *_pair("repair", "fix", _PEOPLE, ("tool", "vehicle")),
        *_pair("watch", "observe", (*_PEOPLE, "animal"), ("person", "worker", "animal")),
        *_pair("help", "assist", _PEOPLE, ("person", "worker")),
        *_pair("wash", "rinse", _PEOPLE, ("food", "vehicle")),
        Verb("visit", _PEOPLE, ("person", "worker", "place")),
        Verb("follow", (*_PEOPLE, "animal"), ("person", "worker", "animal")),
        Verb("chase", ("animal", "worker"), ("animal", "worker")),
        Verb("greet", _PEOPLE, ("person", "worker")),
        Verb("paint", _PEOPLE, ("tool", "vehicle", "animal")),
        Verb("taste", (*_PEOPLE, "animal"), ("food",)),
        Verb("order", (*_PEOPLE, "firm"), ("food", "tool")),
        Verb("push", ("worker", "animal"), ("vehicle", "tool")),
        Verb("own", ("person", "firm"), ("vehicle", "animal", "tool")),
        Verb("hire", ("firm", "person"), ("worker", "person")),
        Verb("join", _PEOPLE, ("firm",)),
        Verb("trust", _PEOPLE, ("firm", "person", "worker")),
        Verb("wait", (*_PEOPLE, "animal")),
        Verb("work", (*_PEOPLE, "animal")),
        Verb("rest", (*_PEOPLE, "animal")),
        Verb("laugh", _PEOPLE),
        Verb("jump", ("animal", "worker")),
        Verb("arrive", (*_PEOPLE, "vehicle")),
    )
}

FUNCTION_WORDS: Final = (
    "the", "be", "not", "will", "and", "of", "because", "who", "what", "where", "how", "which", "yes", "no", "maybe",
    *ADPOSITIONS, *PRONOUNS,
)  # fmt: skip
"""Lemmas of closed classes; `will` is the future."""

LEMMAS: Final[tuple[str, ...]] = tuple(
    dict.fromkeys((*FUNCTION_WORDS, *NOUNS, *VERBS, *ADJECTIVES, *ADVERBS, *NUMBERS))
)
"""Everything that has a word of its own in each language, names excepted."""
