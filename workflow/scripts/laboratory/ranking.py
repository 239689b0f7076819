"""Queries and pools of candidates: questions and sentences that answer them, mentions and the entities they mean."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from workflow.scripts.laboratory import concepts
from workflow.scripts.laboratory.clauses import PRESENT, Clause, Phrase, Sampler
from workflow.scripts.laboratory.reading import asked_clause, paragraph, specific
from workflow.scripts.laboratory.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflow.scripts.laboratory.grammar import Grammar
    from workflow.scripts.laboratory.inference import Item

    Row = dict[str, object]
    Items = Sequence[tuple[Item, Row]]


def answer_retrieval(sampler: Sampler) -> Item:
    """Return a paragraph of three sentences and a question that one of them answers."""
    clauses = paragraph(sampler, 3)
    index, asked = specific(clauses, sampler)
    question = asked_clause(sampler, clauses[index], asked)

    def item(grammar: Grammar) -> Row:
        sentences = [grammar.statement(clause) for clause in clauses]
        text = grammar.written(*sentences)
        said, first = [], 0
        for sentence in sentences:
            last = first + len(sentence) - 1
            said.append(text.text[text.starts[first] : text.starts[last] + len(text.words[last].form)])
            first = last + 1
        return {"context": text.text, "sentences": said, "answer": index, "question": grammar.ask(question, asked)}

    return item


def entity_linking(sampler: Sampler) -> Item:
    """Return a sentence about a named person or firm, in which the name is marked."""
    stream = sampler.stream
    name = stream.choice(ENTITIES)
    clause = sampler.action(subject=_phrase(name))
    if clause.object is not None and clause.object.named:
        clause = replace(clause, object=sampler.phrase(stream.choice(tuple(concepts.HYPERNYMS)), plain=True))

    def item(grammar: Grammar) -> Row:
        text = grammar.written(grammar.statement(clause))
        mention, start = text.span("subject")
        left, right = text.text[:start], text.text[start + len(mention) :]
        return {"mention": f"{mention}: {left}{{ {mention} }}{right}", "entity": name, "text": text.text}

    return item


ENTITIES: Final[tuple[tuple[str, str], ...]] = tuple(
    [(first, last) for first in (*concepts.WOMEN, *concepts.MEN) for last in concepts.SURNAMES]
    + [(firm, kind) for firm in concepts.FIRMS for kind in concepts.FIRM_TYPES]
)
"""Everyone and everything that has a name of two words."""


def _phrase(name: tuple[str, str]) -> Phrase:
    return Phrase(name, "firm" if name[1] in concepts.FIRM_TYPES else "person")


def describe(seed: int, name: tuple[str, str], grammar: Grammar) -> str:
    """Return what is known of an entity: what it is, and what it does; the same in every language.

    Args:
        seed: of the world.
        name: of the entity.
        grammar: of the language.
    """
    sampler = Sampler(seed, Stream(seed, "entity", *name))
    subject = _phrase(name)
    worker = Phrase((sampler.stream.choice(concepts.CLASSES["worker"]),), "worker", definite=False)
    what = Clause(subject, "be", object=worker, tense=PRESENT)
    verb = sampler.verb_for(subject.kind)
    lines = [what] if subject.kind == "person" else []
    lines.append(replace(sampler.action(verb, subject=subject, plain=True), fronted=False))
    return grammar.written(*(grammar.statement(line) for line in lines)).text


def answer_rows(items: Items, languages: Mapping[str, Grammar]) -> Iterator[Row]:
    """Yield the sentences of each paragraph and its question, in every language.

    Args:
        items: with their English rows.
        languages: grammars by code.
    """
    for code, grammar in languages.items():
        for number, (item, english) in enumerate(items):
            made = english if code == "en" else item(grammar)
            for place, sentence in enumerate(made["sentences"]):  # type: ignore[arg-type, var-annotated]
                keys = [str(number)] if place == made["answer"] else []
                yield _row(f"{code}-{number}-{place}", code, "candidate", sentence, made["context"], keys)
            yield _row(f"{code}-{number}", code, "query", made["question"], None, [str(number)])


def entity_rows(items: Items, languages: Mapping[str, Grammar], seed: int) -> Iterator[Row]:
    """Yield every entity once, in one of the languages, and the mentions in all of them.

    Args:
        items: with their English rows.
        languages: grammars by code.
        seed: of the world, which decides the language of a description.
    """
    order = Stream(seed, "descriptions").shuffled(ENTITIES)
    spoken = {name: list(languages)[number % len(languages)] for number, name in enumerate(order)}
    for code, grammar in languages.items():
        for number, name in enumerate(ENTITIES):
            if spoken[name] == code:
                text = describe(seed, name, grammar)
                yield _row(f"{code}-Q{number}", code, "candidate", text, None, [f"Q{number}"])
        for number, (item, english) in enumerate(items):
            made = english if code == "en" else item(grammar)
            key = f"Q{ENTITIES.index(made['entity'])}"
            yield _row(f"{code}-{number}", code, "query", made["mention"], None, [key])


def _row(name: str, code: str, side: str, text: object, context: object, keys: list[str]) -> Row:
    return {"id": name, "language": code, "side": side, "text_a": text, "text_b": context, "gold": keys}
