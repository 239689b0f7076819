"""Layouts of retrieval tasks whose queries and candidates differ: LAReQA and Mewsli-X (see `schemas.py` for the idea).

Canonical rows are queries and candidates in one file (`side`). `gold` holds keys: a candidate is right for a query if
they share one, in whatever languages they are. A candidate that several rows of a repository speak of is yielded by
each of them and merged afterwards (`sources.ranking_pools`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol, runtime_checkable

from workflow.scripts.tasks.languages import Language
from workflow.scripts.tasks.schemas import DroppedRowError, Row, RowError
from workflow.scripts.tasks.sentences import sentence_breaks

QUERY, CANDIDATE = "query", "candidate"
"""The values of the column `side`."""

_BRACES = re.compile(r"\{(.*?)\}")
"""Braces mark the mention; others become brackets."""


@runtime_checkable
class DealtSchema(Protocol):
    """A schema that says itself which of a split's origins a row belongs to."""

    def deal(self, rows: Sequence[Row], origins: int) -> list[list[Row]]:
        """Return the rows of each origin."""
        ...


def query_row(name: str, text: str, key: str) -> Row:
    """Return the canonical row of a query."""
    return {"id": name, "side": QUERY, "text_a": text, "text_b": None, "gold": [key]}


def candidate_row(name: str, text: str, context: str | None, keys: Iterable[str]) -> Row:
    """Return the canonical row of a candidate: its text and what stands behind it in the encoder's input."""
    return {"id": name, "side": CANDIDATE, "text_a": text, "text_b": context, "gold": list(keys)}


@dataclass(frozen=True, kw_only=True)
class AnswerSentenceSchema:
    """SQuAD's layout as question-answer retrieval: the sentences of a paragraph, one of which has the answer.

    `sentence_breaks` of the row count where they are there (XQuAD-R's own files); else sentences are cut by rule
    (`sentences`). Of several answers the first counts. Questions of all languages that have one id have one answer.
    Source: google-research/xtreme third_party/utils_lareqa.py and processors/lareqa.py.
    """

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the candidates of the paragraph, then the question.

        Raises:
            RowError: a sentence is not within its paragraph.
            DroppedRowError: the question has no answer, or it begins in no sentence (official: left out).
        """
        context, name = row["context"], row["id"]
        breaks = [(int(begin), int(end)) for begin, end in row.get("sentence_breaks") or sentence_breaks(context)]
        starts = row["answers"]["answer_start"]
        if not len(starts):
            raise DroppedRowError("question without an answer")
        if odd := [pair for pair in breaks if not 0 <= pair[0] < pair[1] <= len(context)]:
            raise RowError(f"sentence_breaks has {odd[0]}, which is outside the context of {len(context)} characters")
        right = next((n for n, (begin, end) in enumerate(breaks) if begin <= starts[0] < end), None)
        if right is None:
            raise DroppedRowError("answer begins in no sentence")
        place = sha256(context.encode()).hexdigest()[:12]
        for number, (begin, end) in enumerate(breaks):
            keys = [name] if number == right else []
            yield candidate_row(f"{place}-{number}", context[begin:end], context, keys)
        query = query_row(name, row["question"], name)
        yield query if row.get("sentence_breaks") else query | {"repaired": "read: sentences cut by rule"}

    def write(self, rows: Sequence[Row], language: Language) -> list[Row]:
        """Return one repository row, with `sentence_breaks`, for each question; the answer is the whole sentence."""
        breaks: dict[str, list[list[int]]] = {}
        answers: dict[str, tuple[str, list[int]]] = {}
        for row in rows:
            if row["side"] == CANDIDATE:
                found = breaks.setdefault(row["text_b"], [])
                begin = row["text_b"].index(row["text_a"], found[-1][1] if found else 0)
                found.append([begin, begin + len(row["text_a"])])
                answers |= dict.fromkeys(row["gold"], (row["text_b"], found[-1]))
        written = []
        for row in rows:
            if row["side"] == QUERY:
                context, (begin, end) = answers[row["gold"][0]]
                given = {"text": [context[begin:end]], "answer_start": [begin]}
                facts = {"id": row["gold"][0], "title": "", "context": context, "question": row["text_a"]}
                written.append(facts | {"answers": given, "sentence_breaks": breaks[context]})
        return written


@dataclass(frozen=True, kw_only=True)
class EntityLinkingSchema:
    """Mewsli-X: mentions in context, entities with descriptions, and pairs of both for training.

    Rows are those of the original JSON lines, as in izhx/mewsli-x: `mention` or `mentions` with `context`; `entity_id`
    with `description`; or `contextual_mention` with `entity`. A mention is read with the sentence around it, an entity
    as the sentences of its description, both in the texts that the benchmark makes of them.
    Source: google-research/xtreme third_party/utils_mewslix.py (`preprocess_mention`, `preprocess_entity_description`).
    """

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the canonical rows, of a pair the entity first.

        Raises:
            RowError: a mention or sentence is not within its text.
        """
        if row.get("entity"):
            yield _entity_row(row["entity"])
            yield _mention_row(row["contextual_mention"]["context"], row["contextual_mention"]["mention"])
        elif row.get("entity_id"):
            yield _entity_row(row)
        else:
            mentions = row["mentions"] if row.get("mentions") else [row["mention"]]
            for mention in mentions:
                yield _mention_row(row["context"], mention)

    def deal(self, rows: Sequence[Row], origins: int) -> list[list[Row]]:
        """Return the queries for the first of two origins and the candidates for the second; all for a single one."""
        if origins == 1:
            return [list(rows)]
        return [[row for row in rows if row["side"] == side] for side in (QUERY, CANDIDATE)]

    def write(self, rows: Sequence[Row], language: Language) -> list[Row]:
        """Return repository rows: pairs where there are queries and candidates, else mentions or entities."""
        entities = {row["gold"][0]: _entity(row, language.code) for row in rows if row["side"] == CANDIDATE}
        mentions = [_contextual_mention(row, language.code) for row in rows if row["side"] == QUERY]
        if entities and mentions:
            return [
                {"contextual_mention": mention, "entity": entities[mention["mention"]["entity_id"]]}
                for mention in mentions
            ]
        return mentions or list(entities.values())


def _mention_row(context: Mapping[str, Any], mention: Mapping[str, Any]) -> Row:
    """Return the query `mention: left { mention } right` of one sentence, braces around other words as brackets."""
    text, span = context["text"], mention["mention_span"]
    begin, end = span["start"], span["end"]
    if not (0 <= begin < end <= len(text) and text[begin:end] == span["text"]):
        raise RowError(f"mention '{span['text']}' does not stand at characters {begin} to {end} of its context")
    # a mention across sentences, at which the official script stops, is read with all sentences that it touches
    touched = [s for s in context.get("sentence_spans") or () if s["start"] < end and begin < s["end"]]
    first = min([begin, *(s["start"] for s in touched)]) if touched else 0
    last = max([end, *(s["end"] for s in touched)]) if touched else len(text)
    left, right = (_BRACES.sub(r"(\1)", part) for part in (text[first:begin], text[end:last]))
    query = _one_line(f"{span['text']}: {left} {{ {span['text']} }} {right}")
    row = query_row(mention["example_id"], query, mention["entity_id"].strip())
    return row | {"language": context["language"]}


def _one_line(text: str) -> str:
    """Return a text without line breaks, pairs of spaces as one, as the official script has it."""
    return " ".join(text.splitlines()).replace("  ", " ").strip()


def _entity_row(entity: Mapping[str, Any]) -> Row:
    """Return the candidate of an entity: the sentences of its description."""
    name, text = entity["entity_id"].strip(), entity["description"]
    spans = entity.get("sentence_spans") or ()
    described = _one_line(" ".join(text[s["start"] : s["end"]] for s in spans))
    return candidate_row(name, described, None, [name]) | {"language": entity["description_language"]}


def _entity(row: Row, code: str) -> Row:
    """Return the repository's entity of a candidate."""
    return {
        "entity_id": row["gold"][0],
        "title": "",
        "description": row["text_a"],
        "sentence_spans": [{"start": 0, "end": len(row["text_a"])}],
        "description_language": code,
        "description_url": "",
    }


def _contextual_mention(row: Row, code: str) -> Row:
    """Return the repository's mention of a query."""
    left, _, rest = row["text_a"].partition(": ")[2].partition("{ ")
    text, _, right = rest.partition(" }")
    sentence = f"{left}{text}{right}"
    context = {
        "document_title": "",
        "document_url": "",
        "document_id": row["id"],
        "language": code,
        "text": sentence,
        "sentence_spans": [{"start": 0, "end": len(sentence)}],
    }
    span = {"start": len(left), "end": len(left) + len(text), "text": text}
    return {
        "context": context,
        "mention": {"example_id": row["id"], "mention_span": span, "entity_id": row["gold"][0]},
    }
