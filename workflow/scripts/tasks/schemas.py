"""How rows of Hub dataset repositories become canonical rows, and back.

A schema knows the columns of one repository layout. `read` turns one repository row into canonical rows (see
`canonical.py` for their columns), `write` is its inverse: the laboratory uses it to write generated rows in the very
layout of the real repositories, so that everything behind a folder of repositories is one code path.

Layouts are those of the Hub loaders (facts §5). `read` raises `RowError` with what is wrong; the caller adds file
and row number.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from workflow.scripts.errors import WorkflowError, nearest
from workflow.scripts.tasks.languages import Language

Row = dict[str, Any]


class RowError(WorkflowError):
    """A row that does not fit its schema."""


class DroppedRowError(WorkflowError):
    """A row that is left out, for a reason that is counted and reported."""


class Schema(Protocol):
    """A repository layout: a frozen dataclass, so that its fields can be part of a task's identity.

    Canonical rows carry `language` only where the layout says it; otherwise the configuration's language holds.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the canonical rows of one repository row.

        None where the data set's own convention drops it; a row that was corrected says so in `repaired`.

        Raises:
            RowError: the row does not fit.
            DroppedRowError: the row is left out, and that is to be counted.
        """
        ...

    def write(self, rows: Sequence[Row], language: Language) -> list[Row]:
        """Return the repository rows that hold these canonical rows, all of one language."""
        ...


def named_class(value: Any, classes: Sequence[str]) -> str:
    """Return the class name of a label given as a class id or as a name.

    Raises:
        RowError: the label is in neither form a member of `classes`.
    """
    if isinstance(value, str):
        name = value.strip()
        if name in classes:
            return name
    elif value is not None and 0 <= value < len(classes):
        return str(classes[value])
    hint = nearest(value, classes) if isinstance(value, str) else ""
    expected = f"one of {', '.join(classes[:20])}" if classes else "a name"
    raise RowError(f"label {value!r} is outside the task's set; expected {expected} or its class id.{hint}")


@dataclass(frozen=True, kw_only=True)
class PairSchema:
    """One or two texts with a class: GLUE, ANLI, SNLI, XNLI, PAWS-X.

    `classes` lists the names in the order of the file's class ids; `dropped` the values of unlabelled rows (SNLI: -1);
    `named` says that the file holds names instead of ids; `lenient` that rows without two texts and a label are known
    to occur and are left out (PAWS-X: 226 of 49,401 training rows are malformed, facts §5).
    """

    text_a: str
    text_b: str
    label: str = "label"
    classes: tuple[str, ...]
    named: bool = False
    dropped: tuple[int, ...] = ()
    lenient: bool = False
    language: str | None = None

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the one canonical row, or none if the row is unlabelled by the data set's own convention."""
        if row[self.label] in self.dropped:
            return
        canonical: Row = {"text_a": row[self.text_a], "text_b": row[self.text_b]}
        if self.lenient and not self._is_whole(row):
            raise DroppedRowError("malformed row")
        canonical["label"] = named_class(row[self.label], self.classes)
        if self.language is not None:
            canonical["language"] = row[self.language]
        yield canonical

    def _is_whole(self, row: Mapping[str, Any]) -> bool:
        texts = (row[self.text_a], row[self.text_b])
        label = row[self.label]
        labels = (*self.classes, *range(len(self.classes)))
        return label in labels and all(text and text.strip() for text in texts)

    def write(self, rows: Sequence[Row], language: Language) -> list[Row]:
        """Return one repository row for each canonical row."""
        written = []
        for row in rows:
            label = row["label"] if self.named else self.classes.index(row["label"])
            columns = {self.text_a: row["text_a"], self.text_b: row["text_b"], self.label: label}
            written.append(columns if self.language is None else {self.language: language.code, **columns})
        return written


@dataclass(frozen=True, kw_only=True)
class EndingsSchema:
    """HellaSwag: a context in two parts and four endings; segment B is `ctx_b ending` (jiant hellaswag.py)."""

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the one canonical row; the label is a digit in a string."""
        choices = [f"{row['ctx_b']} {ending}".strip() for ending in row["endings"]]
        yield {"text_a": row["ctx_a"], "choices": choices, "label": choice_index(row["label"], len(choices))}

    def write(self, rows: Sequence[Row], language: Language) -> list[Row]:
        """Return one repository row for each canonical row."""
        return [
            {
                "ctx_a": row["text_a"],
                "ctx_b": "",
                "ctx": row["text_a"],
                "endings": row["choices"],
                "label": str(row["label"]),
            }
            for row in rows
        ]


@dataclass(frozen=True, kw_only=True)
class AnswersSchema:
    """Cosmos QA: context, question and `answer0`..`answer3`; segment A is `context question` (jiant cosmosqa.py)."""

    answers: tuple[str, ...] = ("answer0", "answer1", "answer2", "answer3")

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the one canonical row."""
        choices = [row[column] for column in self.answers]
        text_a = f"{row['context']} {row['question']}".strip()
        yield {"text_a": text_a, "choices": choices, "label": choice_index(row["label"], len(choices))}

    def write(self, rows: Sequence[Row], language: Language) -> list[Row]:
        """Return one repository row for each canonical row, cut where the question, its last sentence, begins."""
        written = []
        for row in rows:
            context, question = split_question(row["text_a"])
            answers = dict(zip(self.answers, row["choices"], strict=True))
            written.append(
                {"id": row["id"], "context": context, "question": question, **answers, "label": row["label"]}
            )
        return written


@dataclass(frozen=True, kw_only=True)
class LetteredChoicesSchema:
    """CommonsenseQA: a question and lettered choices with an `answerKey`."""

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the one canonical row.

        Raises:
            RowError: the answer key names no choice.
        """
        letters, choices = row["choices"]["label"], row["choices"]["text"]
        if row["answerKey"] not in letters:
            raise RowError(f"answerKey {row['answerKey']!r} is none of the choices {', '.join(letters)}")
        yield {"text_a": row["question"], "choices": choices, "label": letters.index(row["answerKey"])}

    def write(self, rows: Sequence[Row], language: Language) -> list[Row]:
        """Return one repository row for each canonical row."""
        return [
            {
                "id": row["id"],
                "question": row["text_a"],
                "question_concept": "",
                "choices": {"label": list("ABCDEFGH"[: len(row["choices"])]), "text": row["choices"]},
                "answerKey": "ABCDEFGH"[row["label"]],
            }
            for row in rows
        ]


@dataclass(frozen=True, kw_only=True)
class TaggingSchema:
    """Words with one tag each, as names or as ids in the order of `classes` (PAN-X, UD POS, CCG supertags)."""

    tags: str
    tokens: str = "tokens"
    classes: tuple[str, ...] = ()

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the one canonical row; a sentence without words is dropped.

        Raises:
            RowError: words and tags differ in number, or a tag is outside the set.
        """
        tokens, tags = row[self.tokens], row[self.tags]
        if len(tokens) != len(tags):
            raise RowError(f"{len(tokens)} words in '{self.tokens}' but {len(tags)} tags in '{self.tags}'")
        if tokens:
            names = [named_class(tag, self.classes) for tag in tags] if self.classes else list(tags)
            yield {"tokens": tokens, "tags": names}

    def write(self, rows: Sequence[Row], language: Language) -> list[Row]:
        """Return one repository row for each canonical row."""
        return [
            {
                self.tokens: row["tokens"],
                self.tags: [self.classes.index(tag) for tag in row["tags"]] if self.classes else row["tags"],
            }
            for row in rows
        ]


@dataclass(frozen=True, kw_only=True)
class SpanSchema:
    """SQuAD's layout. With `language_prefix` the id begins with the language's English name (TyDiQA-GoldP)."""

    language_prefix: bool = False

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the one canonical row; answers keep the order of the file.

        An answer that does not stand at its offset is moved to where it stands, if that is one place only.

        Raises:
            DroppedRowError: none of the answers has a place.
        """
        canonical: Row = {"context": row["context"], "question": row["question"], "id": row["id"]}
        given = list(zip(row["answers"]["text"], row["answers"]["answer_start"], strict=True))
        placed = [(text, _place(row["context"], text, start)) for text, start in given]
        canonical["answers"] = [{"text": text, "start": start} for text, start in placed if start is not None]
        if given and not canonical["answers"]:
            raise DroppedRowError("answer is neither at its offset nor at one other place")
        if placed != given:
            canonical["repaired"] = "corrected: answer offset that did not match the text"
        if self.language_prefix:
            canonical["language_name"] = row["id"].split("-", 1)[0]
        yield canonical

    def write(self, rows: Sequence[Row], language: Language) -> list[Row]:
        """Return one repository row for each canonical row."""
        prefix = f"{language.name.lower()}-" if self.language_prefix else ""
        return [
            {
                "id": f"{prefix}{row['id']}",
                "title": "",
                "context": row["context"],
                "question": row["question"],
                "answers": {
                    "text": [answer["text"] for answer in row["answers"]],
                    "answer_start": [answer["start"] for answer in row["answers"]],
                },
            }
            for row in rows
        ]


def _place(context: str, text: str, start: int) -> int | None:
    """Return where an answer stands in its context: at its offset, else where it occurs once, else nowhere."""
    if text and context.startswith(text, start):
        return start
    return context.index(text) if text and context.count(text) == 1 else None


def choice_index(value: Any, choices: int) -> int:
    """Return a multiple-choice label, written as a number or a digit string, as an index below `choices`.

    Raises:
        RowError: it is not such a number.
    """
    text = str(value).strip()
    if not text.isdecimal() or int(text) >= choices:
        raise RowError(f"label {value!r} is outside the task's set; expected a number from 0 to {choices - 1}")
    return int(text)


def split_question(text: str) -> tuple[str, str]:
    """Split `context question` before the last sentence, which is the question (context empty if there is one)."""
    head, mark, tail = text.rstrip().rpartition(". ")
    return (head + mark.strip(), tail) if mark else ("", text)
