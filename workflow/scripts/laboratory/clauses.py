"""Abstract clauses, and the sampler that draws them by the world's selectional preferences.

A clause says who did what to whom, where and how, and belongs to no language; `grammar.Grammar` realises it in each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from workflow.scripts.laboratory import concepts
from workflow.scripts.laboratory.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Sequence

PAST: Final = 0
PRESENT: Final = 1
FUTURE: Final = 2


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase.

    Attributes:
        head: the noun, or the words of a proper name.
        kind: semantic class of the head; `person`, `firm` and `city` are proper names, `pronoun` a pronoun.
        adjective: an adjective or "".
        number: a numeral or ""; with one the phrase is plural.
        plural: whether the phrase means several.
        definite: "the" rather than "a" (singular) or nothing (plural).
        owner: the phrase after "of", or None.
        partner: the phrase after "and", or None.
    """

    head: tuple[str, ...]
    kind: str
    adjective: str = ""
    number: str = ""
    plural: bool = False
    definite: bool = True
    owner: Phrase | None = None
    partner: Phrase | None = None

    @property
    def named(self) -> bool:
        """Whether the head is a proper name."""
        return self.kind in ("person", "firm", "city")

    @property
    def human(self) -> bool:
        """Whether one asks "who" for it rather than "what"."""
        return self.kind in ("person", "worker", "firm")

    @property
    def several(self) -> bool:
        """Whether the verb agrees in the plural."""
        return self.plural or self.partner is not None


@dataclass(frozen=True, slots=True)
class Clause:
    """One statement.

    Attributes:
        subject: who.
        verb: a verb's lemma, or "be" with one of `predicate`, `object` (a hypernym) or `place` as complement.
        object: to whom, or None.
        place: where, or None; `adposition` says how it lies.
        adverb: how, or "".
        tense: PAST, PRESENT or FUTURE.
        negated: whether it is said not to be so.
        fronted: whether the place (or else the adverb) stands first; a matter of style, not of meaning.
        predicate: the adjective after the copula, or "".
    """

    subject: Phrase
    verb: str
    object: Phrase | None = None
    place: Phrase | None = None
    adposition: str = "in"
    adverb: str = ""
    tense: int = PAST
    negated: bool = False
    fronted: bool = False
    predicate: str = ""


def with_phrase(clause: Clause, role: str, phrase: Phrase) -> Clause:
    """Return the clause with another phrase as its `subject`, `object` or `place`."""
    if role == "subject":
        return replace(clause, subject=phrase)
    return replace(clause, object=phrase) if role == "object" else replace(clause, place=phrase)


def _zipf(count: int) -> list[float]:
    total, result = 0.0, []
    for rank in range(count):
        total += 1.0 / (rank + 1)
        result.append(total)
    return result


def _bare(noun: str) -> Phrase:
    return Phrase((noun,), concepts.HYPERNYMS.get(noun, noun))


class Sampler:
    """Draws phrases and clauses.

    Each verb prefers some nouns of its classes and each noun some places (Zipf weights over an order drawn from the
    world's seed), so that words can be told apart by the company they keep. The preferences belong to the world; the
    draws to the stream.
    """

    def __init__(self, seed: int, stream: Stream) -> None:
        self.stream = stream
        self._subjects: dict[str, tuple[list[str], list[float]]] = {}
        self._objects: dict[str, tuple[list[str], list[float]]] = {}
        for verb in concepts.VERBS.values():
            meaning = min(verb.lemma, verb.synonym or verb.lemma)
            for classes, table, role in (
                (verb.subjects, self._subjects, "subject"),
                (verb.objects, self._objects, "object"),
            ):
                table[verb.lemma] = self._preferences(classes, Stream(seed, "preferences", meaning, role))
        verbs = Stream(seed, "preferences", "verbs").shuffled(list(concepts.VERBS))
        self._verbs = verbs, [float(rank + 1) for rank in range(len(verbs))]
        self.adjectives = concepts.ADJECTIVES

    @staticmethod
    def _preferences(classes: Sequence[str], stream: Stream) -> tuple[list[str], list[float]]:
        nouns: list[str] = []
        for kind in classes:
            members = stream.shuffled(concepts.CLASSES.get(kind, (kind,) * 4))
            nouns.extend(members[:4])
        nouns = stream.shuffled(nouns)
        return nouns, _zipf(len(nouns))

    # -- phrases -------------------------------------------------------------------------------------------------

    def person(self) -> Phrase:
        """Return a named person, with a surname half of the time."""
        stream = self.stream
        first = stream.choice(concepts.WOMEN) if stream.chance(0.5) else stream.choice(concepts.MEN)
        return Phrase((first, stream.choice(concepts.SURNAMES)) if stream.chance(0.5) else (first,), "person")

    def firm(self) -> Phrase:
        """Return a named organisation."""
        return Phrase((self.stream.choice(concepts.FIRMS), self.stream.choice(concepts.FIRM_TYPES)), "firm")

    def city(self) -> Phrase:
        """Return a named city."""
        return Phrase((self.stream.choice(concepts.CITIES),), "city")

    def phrase(self, noun: str, *, plain: bool = False) -> Phrase:
        """Return a phrase about a noun or a class of names; `plain` leaves adjectives and numbers out."""
        if noun == "person":
            return self.person()
        if noun == "firm":
            return self.firm()
        if noun == "city":
            return self.city()
        stream, kind = self.stream, concepts.HYPERNYMS.get(noun, noun)
        if plain:
            return Phrase((noun,), kind)
        adjective = stream.choice(self.adjectives) if stream.chance(0.3) else ""
        dice = stream.random()
        if dice < 0.1:
            return Phrase((noun,), kind, adjective, stream.choice(concepts.NUMBERS), True, False)
        if dice < 0.2:
            return Phrase((noun,), kind, adjective, "", True, True)
        return Phrase((noun,), kind, adjective, "", False, dice < 0.8)

    def noun_like(self, phrase: Phrase) -> Phrase:
        """Return another phrase of the same class and shape, with another head."""
        if phrase.named:
            while (other := self.phrase(phrase.kind)).head == phrase.head:
                pass
            return replace(other, owner=phrase.owner, partner=phrase.partner)
        hypernym = phrase.head[0] == phrase.kind  # Another hypernym: a hyponym could be what was said before.
        siblings = tuple(concepts.CLASSES) if hypernym else concepts.CLASSES.get(phrase.kind, concepts.NOUNS)
        while (noun := self.stream.choice(siblings)) == phrase.head[0]:
            pass
        return replace(phrase, head=(noun,), kind=concepts.HYPERNYMS.get(noun, noun))

    def place(self) -> Phrase:
        """Return a place: a city one time in three."""
        if self.stream.chance(1 / 3):
            return self.city()
        return self.phrase(self.stream.choice(concepts.CLASSES["place"]), plain=self.stream.chance(0.7))

    # -- clauses -------------------------------------------------------------------------------------------------

    def verb(self) -> concepts.Verb:
        """Return a verb; some are more frequent."""
        return concepts.VERBS[self.stream.weighted(*self._verbs)]

    def subject(self, verb: str, *, plain: bool = False) -> Phrase:
        """Return a subject that the verb prefers."""
        return self.phrase(self.stream.weighted(*self._subjects[verb]), plain=plain)

    def object(self, verb: str, *, plain: bool = False) -> Phrase:
        """Return an object that the verb prefers."""
        return self.phrase(self.stream.weighted(*self._objects[verb]), plain=plain)

    def action(self, verb: str = "", *, subject: Phrase | None = None, plain: bool = False) -> Clause:
        """Return a clause with a full verb, affirmative, in the past or the present."""
        stream = self.stream
        lemma = verb or self.verb().lemma
        who = subject or self.subject(lemma, plain=plain)
        whom = self.object(lemma, plain=plain) if concepts.VERBS[lemma].objects else None
        while whom is not None and whom.head == who.head:
            whom = self.object(lemma, plain=plain)
        at_place = whom is None or whom.kind != "place"
        place = self.place() if at_place and stream.chance(0.5 if whom else 0.7) else None
        adposition = "in" if place is None or place.kind == "city" else stream.choice(concepts.ADPOSITIONS)
        adverb = stream.choice(concepts.ADVERBS) if stream.chance(0.25) else ""
        dice = stream.random()
        tense = PAST if dice < 0.6 else PRESENT if dice < 0.85 else FUTURE
        return Clause(who, lemma, whom, place, adposition, adverb, tense, False, stream.chance(0.15))

    def verb_for(self, kind: str) -> str:
        """Return a verb whose subjects may be of this class."""
        while kind not in (verb := self.verb()).subjects:
            pass
        return verb.lemma

    def state(self, subject: Phrase | None = None) -> Clause:
        """Return a clause with the copula and an adjective."""
        stream = self.stream
        who = subject or self.phrase(stream.choice(concepts.NOUNS))
        if who.adjective:
            who = replace(who, adjective="")
        return Clause(
            who, "be", tense=PAST if stream.chance(0.5) else PRESENT, predicate=stream.choice(self.adjectives)
        )

    def statement(self) -> Clause:
        """Return any clause: an action or, one time in eight, a state."""
        return self.state() if self.stream.chance(0.125) else self.action()


def hypernym_fact(noun: str) -> Clause:
    """Return "the dog is an animal"."""
    return Clause(_bare(noun), "be", object=Phrase((concepts.HYPERNYMS[noun],), "class", definite=False), tense=PRESENT)
