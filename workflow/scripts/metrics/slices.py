"""What examples are grouped by: columns of the data that name a part of it, and the kind of a question.

A task whose repositories say where a row is from (genre, treebank) names those columns in `Task.slices`; they are kept
in its data with the prefix `slice_`. The kind of a question is read off the English one, and holds for the questions
with the same id in other languages, its translations (XQuAD, MLQA).
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from workflow.scripts.tasks.task import SLICE, SOURCE_LANGUAGE, Family, Task

if TYPE_CHECKING:
    import pyarrow as pa

QUESTION_TYPE = f"{SLICE}question_type"
SLICED_BY = rf"{SLICE}|question$"
"""Pattern of the columns of the data that `slice_values` reads."""

OTHER = "other"

_WORDS = {
    **{word: word for word in ("what", "which", "who", "when", "where", "why", "how")},
    **{"whom": "who", "whose": "who", "whats": "what"},
}
_FIRST = re.compile(rf"\b({'|'.join(_WORDS)})\b", re.IGNORECASE)
_QUANTITY = re.compile(r"\bhow (many|much)\b", re.IGNORECASE)

Values = dict[tuple[str, str], str | None]


def slice_values(task: Task, data: "pa.Table") -> dict[str, Values]:
    """Return the values of each column that examples are grouped by, by language and id.

    Args:
        task: a span task has a question type, if it has English questions.
        data: canonical rows with `language`, `id` and, where they have them, `question` and `slice_…`.
    """
    keys = list(zip(data["language"].to_pylist(), data["id"].to_pylist(), strict=True))
    names = [name for name in data.column_names if name.startswith(SLICE)]
    found: dict[str, Values] = {name: dict(zip(keys, data[name].to_pylist(), strict=True)) for name in names}
    if task.family is Family.SPAN and "question" in data.column_names:
        found[QUESTION_TYPE] = _question_types(keys, data["question"].to_pylist())
    return found


def parallel_id(language: str, row_id: str) -> str:
    """Return an id without the language that it begins with: translations of one row share it."""
    return row_id.removeprefix(f"{language}-")


def question_type(question: str) -> str:
    """Return the first interrogative of an English question, `how many`, or `other`; any spelling of who is `who`."""
    found = _FIRST.search(question)
    if not found:
        return OTHER
    word = _WORDS[found.group().lower()]
    return "how many" if word == "how" and _QUANTITY.match(question, found.start()) else word


def _question_types(keys: list[tuple[str, str]], questions: Iterable[str]) -> Values:
    """Return the type of each English question and of its translations; None for the others."""
    pairs = list(zip(keys, questions, strict=True))
    english = {
        parallel_id(language, row_id): question_type(question)
        for (language, row_id), question in pairs
        if language == SOURCE_LANGUAGE
    }
    return {key: english.get(parallel_id(*key)) for key, _ in pairs}
