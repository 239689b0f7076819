"""The laboratory's world: rows of every phenomenon, in every language, in disjoint splits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.laboratory import discourse, inference, labelling, plausibility, ranking, reading, topics
from workflow.scripts.laboratory.clauses import Sampler
from workflow.scripts.laboratory.grammar import Grammar
from workflow.scripts.laboratory.languages import LANGUAGES, find
from workflow.scripts.laboratory.streams import Stream, digest_fraction

Row = dict[str, object]
Item = Callable[[Grammar], Row]

SPLITS: Final[Mapping[str, tuple[float, float]]] = {
    "train": (0.0, 0.6),
    "dev": (0.6, 0.75),
    "test": (0.75, 1.0),
}
"""Split -> the interval of digests that belongs to it."""


@dataclass(frozen=True, slots=True)
class Phenomenon:
    """One kind of row.

    Attributes:
        family: family of tasks whose canonical columns the rows have.
        build: draws one item, an abstract row that each language realises.
        keys: columns whose English text decides the split of an item: all of them must fall into it.
    """

    family: str
    build: Callable[[Sampler], Item]
    keys: tuple[str, ...]


def _aligned(build: Callable[[Sampler], Callable[[Grammar], str]]) -> Callable[[Sampler], Item]:
    """Return a builder of rows with the text in the language (`text_a`) and, added later, in English (`text_b`)."""

    def item(sampler: Sampler) -> Item:
        said = build(sampler)
        return lambda grammar: {"text_a": said(grammar)}

    return item


_PAIR: Final = ("text_a", "text_b")

PHENOMENA: Final[Mapping[str, Phenomenon]] = {
    "entailment": Phenomenon("classification", inference.entailment, _PAIR),
    "adversarial_entailment": Phenomenon("classification", inference.adversarial_entailment, _PAIR),
    "duplicate_question": Phenomenon("classification", inference.duplicate_question, _PAIR),
    "role_swap": Phenomenon("classification", inference.role_swap, _PAIR),
    "reading": Phenomenon("span", reading.reading, ("context",)),
    "reading_unanswerable": Phenomenon("span", reading.reading_unanswerable, ("context",)),
    "information_seeking": Phenomenon("span", reading.information_seeking, ("context",)),
    "continuation": Phenomenon("multiple_choice", reading.continuation, ("text_a",)),
    "narrative": Phenomenon("multiple_choice", reading.narrative, ("text_a",)),
    "commonsense": Phenomenon("multiple_choice", reading.commonsense, ("text_a",)),
    "social": Phenomenon("multiple_choice", plausibility.social, ("text_a",)),
    "cause_effect": Phenomenon("multiple_choice", plausibility.cause_effect, ("text_a",)),
    "supertags": Phenomenon("tagging", labelling.supertags, ("tokens",)),
    "part_of_speech": Phenomenon("tagging", labelling.part_of_speech, ("tokens",)),
    "entities": Phenomenon("tagging", labelling.entities, ("tokens",)),
    "translation": Phenomenon("retrieval", _aligned(discourse.translation), ("text_a",)),
    "mining": Phenomenon("mining", _aligned(discourse.translation), ("text_a",)),
    "answer_retrieval": Phenomenon("ranking", ranking.answer_retrieval, ("context",)),
    "entity_linking": Phenomenon("ranking", ranking.entity_linking, ("text",)),
    "documents": Phenomenon("text", discourse.document, ("text_a",)),
    "translations": Phenomenon("text", _aligned(discourse.parallel), ("text_a",)),
    "town_documents": Phenomenon("text", topics.documents(topics.TOWN), ("text_a",)),
    "country_documents": Phenomenon("text", topics.documents(topics.COUNTRY), ("text_a",)),
}
"""Every phenomenon by its name (the value of `laboratory=` in a task's literal)."""


def split_of(text: str) -> str:
    """Return the split that an English text belongs to: a function of its letters alone.

    Case, spaces and stops do not count, so that a text and its tokens belong to the same split.
    """
    place = digest_fraction(_key(text))
    return next(split for split, (low, high) in SPLITS.items() if low <= place < high)


class World:
    """A world of languages, made from a seed.

    Args:
        seed: decides the words of the languages, the preferences of verbs and every row.
        languages: codes of the languages of this world (default: all); English is always there.

    Raises:
        UserError: an unknown language, phenomenon or split, or rows that the world is too small for.
    """

    def __init__(self, *, seed: int, languages: Sequence[str] | None = None) -> None:
        self.seed = seed
        codes = list(LANGUAGES) if languages is None else [find(code).code for code in languages]
        self.languages: tuple[str, ...] = tuple(dict.fromkeys(["en", *codes]))
        self._grammars = {code: Grammar(code, seed) for code in self.languages}

    def rows(
        self, phenomenon: str, *, split: str, languages: Sequence[str], examples: int, stream: str = ""
    ) -> Iterator[Row]:
        """Yield canonical rows, language by language.

        Args:
            phenomenon: a name in `PHENOMENA`.
            split: `train`, `dev` or `test`.
            languages: codes; row `i` of every language realises the same item, so that all splits are parallel.
            examples: rows per language (mining: foreign sentences, and as many English ones; ranking: queries).
            stream: name of an independent series of items (two tasks of one phenomenon give their own names).

        Yields:
            Rows in the columns of the phenomenon's family, with ids `<language>-<number>`.
        """
        for value, valid, what in ((phenomenon, PHENOMENA, "phenomenon"), (split, SPLITS, "split")):
            if value not in valid:
                raise UserError(
                    f"the laboratory has no {what} {value!r}: expected one of {', '.join(valid)}."
                    f"{nearest(value, valid)}"
                )
        for code in languages:
            if code not in self._grammars:
                raise UserError(
                    f"this laboratory world has no language {code!r}: expected one of {', '.join(self.languages)}."
                    f"{nearest(code, self.languages)}"
                )
        chosen = PHENOMENA[phenomenon]
        items = self._items(phenomenon, split, stream)
        if chosen.family == "mining":
            return self._mining(items, languages, examples)
        if chosen.family == "ranking":
            grammars, drawn = {code: self._grammars[code] for code in languages}, list(islice(items, examples))
            if phenomenon == "entity_linking":
                return ranking.entity_rows(drawn, grammars, self.seed)
            return ranking.answer_rows(drawn, grammars)
        return self._realised(chosen.family, list(islice(items, examples)), languages)

    def _items(self, phenomenon: str, split: str, name: str) -> Iterator[tuple[Item, Row]]:
        """Yield different items of a split, each with its English row."""
        chosen, english = PHENOMENA[phenomenon], self._grammars["en"]
        sampler = Sampler(self.seed, Stream(self.seed, "rows", phenomenon, split, name))
        low, high = SPLITS[split]
        seen: set[tuple[str, ...]] = set()
        rejected = 0
        while True:
            item = chosen.build(sampler)
            row = item(english)
            keys = tuple(_key(row[column]) for column in chosen.keys)
            if all(low <= digest_fraction(key) < high for key in keys) and keys not in seen:
                seen.add(keys)
                rejected = 0
                yield item, row
                continue
            rejected += 1
            if rejected > _PATIENCE:
                raise UserError(
                    f"the laboratory has no more than {len(seen)} different {split} rows of {phenomenon}: "
                    "ask for fewer examples."
                )

    def _realised(self, family: str, items: Sequence[tuple[Item, Row]], languages: Sequence[str]) -> Iterator[Row]:
        for code in languages:
            grammar = self._grammars[code]
            for number, (item, english) in enumerate(items):
                row: Row = {"id": f"{code}-{number}", "language": code}
                row |= english if code == "en" else item(grammar)
                if family in ("retrieval", "text") and "text_b" not in row:
                    row["text_b"] = english["text_a"]
                yield row

    def _mining(self, items: Iterator[tuple[Item, Row]], languages: Sequence[str], examples: int) -> Iterator[Row]:
        """Yield pools: every second foreign sentence has its translation, among as many English distractors."""
        drawn = list(islice(items, 2 * examples))
        foreign, others = drawn[:examples], drawn[examples:]
        shared = {number for number in range(examples) if number % 2 == 0}
        order = Stream(self.seed, "mining", "order", examples).shuffled(range(examples))
        for code in languages:
            grammar = self._grammars[code]
            for number, (item, _) in enumerate(foreign):
                gold = [f"{code}-english-{order[number]}"] if number in shared else []
                yield _mined(f"{code}-foreign-{number}", code, "foreign", str(item(grammar)["text_a"]), gold)
            pool = {order[n]: foreign[n] if n in shared else others[n] for n in range(examples)}
            for place in range(examples):
                text = str(pool[place][1]["text_a"])
                yield _mined(f"{code}-english-{place}", code, "english", text, [])


_PATIENCE: Final = 50_000
_IGNORED: Final = str.maketrans("", "", " .,?")


def _key(value: object) -> str:
    text = "".join(map(str, value)) if isinstance(value, list) else str(value)
    return text.lower().translate(_IGNORED)


def _mined(identity: str, language: str, side: str, text: str, gold: list[str]) -> Row:
    return {"id": identity, "language": language, "side": side, "text_a": text, "gold": gold}
