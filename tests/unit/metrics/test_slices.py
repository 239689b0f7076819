"""What examples are grouped by."""

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workflow.scripts.metrics.slices import QUESTION_TYPE, question_type, slice_values
from workflow.scripts.sources import canonical
from workflow.scripts.tasks import TASKS
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many career sacks did Jared Allen have?", "how many"),
        ("how much did it cost", "how many"),
        ("How did he die?", "how"),
        ("In which year was that, and who was there?", "which"),
        ("To whom was it given?", "who"),
        ("Whose was it?", "who"),
        ("What's its name?", "what"),
        ("Name the whole river.", "other"),
        ("", "other"),
    ],
)
def test_the_first_interrogative_says_the_type(question: str, expected: str) -> None:
    assert question_type(question) == expected


def test_a_translated_question_has_the_type_of_the_english_one() -> None:
    rows = [
        {"id": "en-7", "language": "en", "question": "Who won?"},
        {"id": "de-7", "language": "de", "question": "Wer gewann?"},
        {"id": "de-8", "language": "de", "question": "Was ist what?"},
    ]
    values = slice_values(TASKS["xquad"], pa.Table.from_pylist(rows))
    assert values == {QUESTION_TYPE: {("en", "en-7"): "who", ("de", "de-7"): "who", ("de", "de-8"): None}}


def test_columns_of_the_data_are_taken_and_other_families_have_no_questions() -> None:
    rows = pa.Table.from_pylist([{"id": "en-7", "language": "en", "question": "Who?", "slice_genre": "letters"}])
    assert slice_values(TASKS["xnli"], rows) == {"slice_genre": {("en", "en-7"): "letters"}}


@pytest.mark.parametrize("slices", [(), ("genre", "annotator")])
def test_a_task_names_the_columns_of_its_repository_that_are_kept(tmp_path: Path, slices: tuple[str, ...]) -> None:
    rows = [
        {"language": "en", "sentence1": "a", "sentence2": "b", "gold_label": "neutral", "genre": "letters"},
        {"language": "en", "sentence1": "c", "sentence2": "d", "gold_label": "neutral", "genre": ""},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    entry = {"split": "test", "origin": 0, "language": None, "path": "rows.parquet"}
    task = replace(TASKS["xnli"], slices=slices)
    reader = canonical.Reader(task, "test", [NATURAL_LANGUAGES["en"]])
    table = canonical.to_table(task.family, reader.rows(tmp_path, [entry]), task.slices)
    kept = {name: table[name].to_pylist() for name in table.column_names if name.startswith("slice_")}
    assert kept == ({"slice_genre": ["letters", None], "slice_annotator": [None, None]} if slices else {})


def test_slices_are_part_of_a_task_only_where_it_has_some() -> None:
    task = TASKS["xnli"]
    assert "slices" not in json.dumps(task.identity())
    assert replace(task, slices=("genre",)).identity()["slices"] == ("genre",)
