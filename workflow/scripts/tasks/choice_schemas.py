"""Layouts of the multiple-choice tasks of XTREME-R: Social IQa, COPA and XCOPA (see `schemas.py` for the idea)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflow.scripts.errors import nearest
from workflow.scripts.tasks.languages import Language
from workflow.scripts.tasks.schemas import Row, RowError, named_class, split_question

QUESTIONS = ("cause", "effect")
"""What COPA asks for."""

CHOICES = ("choice1", "choice2")
"""COPA's columns of choices, and the names of its labels."""

QUESTION = "What was the {asked}?"
"""How it is asked, in English in every language (google-research/xtreme, third_party/run_xcopa.py)."""


@dataclass(frozen=True, kw_only=True)
class NumberedAnswersSchema:
    """Social IQa: context, question, `answerA` to `answerC`, label `1` to `3`; segment A is `context question`.

    Source: google-research/xtreme, third_party/run_xcopa.py. Copies of the file differ in a line break after the label.
    """

    answers: tuple[str, ...] = ("answerA", "answerB", "answerC")

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the one canonical row.

        Raises:
            RowError: the label is no number from 1 to the number of answers.
        """
        number = str(row["label"]).strip()
        if number not in [str(place) for place in range(1, len(self.answers) + 1)]:
            raise RowError(
                f"label {row['label']!r} is outside the task's set; expected a number from 1 to {len(self.answers)}"
            )
        text_a = f"{row['context']} {row['question']}".strip()
        yield {"text_a": text_a, "choices": [row[name] for name in self.answers], "label": int(number) - 1}

    def write(self, rows: Sequence[Row], language: Language) -> list[Row]:
        """Return one repository row for each canonical row, cut where the question, its last sentence, begins."""
        written = []
        for row in rows:
            context, question = split_question(row["text_a"])
            answers = dict(zip(self.answers, row["choices"], strict=True))
            written.append({"context": context, "question": question, **answers, "label": str(row["label"] + 1)})
        return written


@dataclass(frozen=True, kw_only=True)
class AlternativesSchema:
    """COPA and XCOPA: a premise, `cause` or `effect`, two choices; segment A is `premise What was the cause?`."""

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the one canonical row.

        Raises:
            RowError: it asks neither for the cause nor for the effect, or the label names no choice.
        """
        asked = row["question"]
        if asked not in QUESTIONS:
            hint = nearest(asked, QUESTIONS) if isinstance(asked, str) else ""
            raise RowError(f"question {asked!r} is neither cause nor effect.{hint}")
        text_a = f"{row['premise']} {QUESTION.format(asked=asked)}"
        label = CHOICES.index(named_class(row["label"], CHOICES))
        yield {"text_a": text_a, "choices": [row[name] for name in CHOICES], "label": label}

    def write(self, rows: Sequence[Row], language: Language) -> list[Row]:
        """Return one repository row for each canonical row."""
        written = []
        for number, row in enumerate(rows):
            endings = {asked: f" {QUESTION.format(asked=asked)}" for asked in QUESTIONS}
            asked = next(asked for asked, ending in endings.items() if row["text_a"].endswith(ending))
            premise = row["text_a"].removesuffix(endings[asked])
            choices = dict(zip(CHOICES, row["choices"], strict=True))
            written.append({"premise": premise, **choices, "question": asked, "label": row["label"], "idx": number})
        return written
