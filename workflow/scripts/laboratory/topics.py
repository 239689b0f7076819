"""Topics of the laboratory's world: each noun of a class is of the town or of the country, hypernyms of neither.

A domain is text within a topic: documents as all others, whose nouns are of that topic alone. Verbs, adjectives, names
and function words are shared. Which words belong together otherwise, verbs prefer as everywhere in the world.
"""

from __future__ import annotations

import re
from collections import Counter
from copy import copy
from typing import TYPE_CHECKING, Final

from workflow.scripts.laboratory import discourse
from workflow.scripts.laboratory.clauses import Sampler
from workflow.scripts.laboratory.english import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from workflow.scripts.laboratory.clauses import Phrase
    from workflow.scripts.laboratory.inference import Item

TOWN: Final = "town"
COUNTRY: Final = "country"

TOPICS: Final[dict[str, tuple[str, ...]]] = {
    TOWN: (
        *("teacher", "doctor", "driver", "singer", "lawyer"),
        *("dog", "cat", "monkey", "duck"),
        *("soup", "cheese", "cake", "lemon"),
        *("camera", "lamp", "bottle", "drum"),
        *("car", "train", "truck"),
        *("market", "station", "school", "museum"),
    ),
    COUNTRY: (
        *("baker", "farmer", "painter", "soldier", "sailor"),
        *("horse", "cow", "rabbit", "bear"),
        *("bread", "apple", "carrot", "egg"),
        *("hammer", "ladder", "basket", "needle"),
        *("boat", "tractor", "wagon"),
        *("garden", "forest", "kitchen", "harbor"),
    ),
}
"""Topic -> its nouns, as many of each class in both, in the same order of classes."""

TOPIC_OF: Final[dict[str, str]] = {noun: topic for topic, nouns in TOPICS.items() for noun in nouns}
"""Noun -> its topic."""

_COUNTERPARTS: Final[dict[str, str]] = {
    one: other
    for nouns, others in ((TOPICS[TOWN], TOPICS[COUNTRY]), (TOPICS[COUNTRY], TOPICS[TOWN]))
    for one, other in zip(nouns, others, strict=True)
}
"""Noun -> the noun of the other topic in its place, of the same class."""

_FORMS: Final[dict[str, str]] = TOPIC_OF | {plural(noun): topic for noun, topic in TOPIC_OF.items()}


def topic_of(english: str | Iterable[str]) -> str | None:
    """Return the topic that most of the topical words of an English text are of, None where neither has more.

    Args:
        english: a text, or its words.
    """
    words = re.findall(r"[a-z]+", english.lower()) if isinstance(english, str) else [word.lower() for word in english]
    counts = Counter(_FORMS[word] for word in words if word in _FORMS)
    town, country = counts[TOWN], counts[COUNTRY]
    return None if town == country else TOWN if town > country else COUNTRY


class TopicSampler(Sampler):
    """Draws from the stream of another sampler, but nouns of one topic alone.

    Subjects and objects are those that a verb prefers within the topic. What is drawn from all nouns of a class is
    replaced by its counterpart.
    """

    def __init__(self, sampler: Sampler, topic: str) -> None:
        self.__dict__.update(copy(sampler).__dict__)
        self.topic = topic
        self._subjects = {verb: self._within(table) for verb, table in self._subjects.items()}
        self._objects = {verb: self._within(table) for verb, table in self._objects.items()}

    def _within(self, table: tuple[list[str], list[float]]) -> tuple[list[str], list[float]]:
        """Return the preferences within the topic, in their proportions; all of them where fewer than two would stay.

        With one noun alone a verb could not have other objects than its subject.
        """
        nouns, cumulative = table
        weights = [high - low for low, high in zip([0.0, *cumulative], cumulative, strict=False)]
        kept = [(noun, weight) for noun, weight in zip(nouns, weights, strict=True) if self._own(noun) == noun]
        if len({noun for noun, _ in kept}) < 2:
            return table
        total, found = 0.0, []
        for _, weight in kept:
            total += weight
            found.append(total)
        return [noun for noun, _ in kept], found

    def _own(self, noun: str) -> str:
        return noun if TOPIC_OF.get(noun, self.topic) == self.topic else _COUNTERPARTS[noun]

    def phrase(self, noun: str, *, plain: bool = False) -> Phrase:
        """Return a phrase about the noun or, if it is of another topic, its counterpart."""
        return super().phrase(self._own(noun), plain=plain)

    def noun_like(self, phrase: Phrase) -> Phrase:
        """Return another phrase of the same class and shape, with another head of the topic."""
        while (other := super().noun_like(phrase)).head == phrase.head or self._foreign(other):
            pass
        return other

    def _foreign(self, phrase: Phrase) -> bool:
        return not phrase.named and self._own(phrase.head[0]) != phrase.head[0]


def documents(topic: str) -> Callable[[Sampler], Item]:
    """Return a builder of documents (`discourse.document`) within a topic."""
    return lambda sampler: discourse.document(TopicSampler(sampler, topic))
