"""The program that counts test rows in intermediate training data, as the rule runs it."""

import csv
import json

import pytest

from workflow.scripts import measure_overlap
from workflow.scripts.errors import UserError
from workflow.scripts.files import write_table
from workflow.scripts.sources.canonical import to_table
from workflow.scripts.tasks import TASKS

LONG = "It was the third time that the train had been late"


def write(folder, task, split, rows):
    path = folder / "data" / task / f"{split}.parquet"
    rows = [{"id": str(number), "language": "en", "label": "neutral", **row} for number, row in enumerate(rows)]
    write_table(path, to_table(TASKS[task].family, rows))
    return path


@pytest.fixture
def words(tmp_path):
    """Arguments of the program for two tasks and two targets."""
    mnli = [{"text_a": f"{LONG} {number}", "text_b": "No."} for number in range(5)]
    squad = [{"context": f"{LONG}, and again.", "question": "How often was the train late?", "answers": []}]
    xnli = [{"text_a": f"{LONG} 3", "text_b": "No."}, {"text_a": f"{LONG} 4", "text_b": "Yes."}]
    xnli += [{"text_a": "Тогда он ушёл домой, не сказав никому ни слова", "text_b": "", "language": "ru"}]
    train = [write(tmp_path, "mnli", "train", mnli), write(tmp_path, "squad_v1", "train", squad)]
    test = [
        write(tmp_path, "xnli", "test", xnli),
        write(tmp_path, "udpos", "test", [{"tokens": [f"{LONG},", "and", "again."]}]),
    ]
    paths = ["--train", *map(str, train), "--test", *map(str, test)]
    return [*paths, "--out-dir", str(tmp_path / "tables"), "--log", str(tmp_path / "overlap.log")]


def run(words, folder):
    assert measure_overlap.main(words) == 0
    return json.loads((folder / "tables" / "overlap.json").read_text())


def test_every_pair_is_counted_in_all_and_by_language(words, tmp_path):
    found = run(words, tmp_path)
    assert found["sources"] == {"mnli": 5, "squad_v1": 1}
    assert found["targets"] == {"xnli": 3, "udpos": 1}
    assert found["pairs"] == [
        {
            **{"source": "mnli", "target": "xnli", "rows": 3, "whole": 1, "any": 2},
            "languages": {"en": {"rows": 2, "whole": 1, "any": 2}},
        },
        {"source": "mnli", "target": "udpos", "rows": 1, "whole": 0, "any": 0, "languages": {}},
        {"source": "squad_v1", "target": "xnli", "rows": 3, "whole": 0, "any": 0, "languages": {}},
        {
            **{"source": "squad_v1", "target": "udpos", "rows": 1, "whole": 1, "any": 1},
            "languages": {"en": {"rows": 1, "whole": 1, "any": 1}},
        },
    ]
    assert "2 of 4 pairs" in (tmp_path / "overlap.log").read_text()


def test_the_tables_hold_the_same_counts(words, tmp_path):
    run(words, tmp_path)
    tables = tmp_path / "tables"
    records = list(csv.DictReader((tables / "overlap.csv").open()))
    assert [tuple(record.values()) for record in records if record["any"] != "0"] == [
        ("mnli", "xnli", "", "3", "1", "2"),
        ("mnli", "xnli", "en", "2", "1", "2"),
        ("squad_v1", "udpos", "", "1", "1", "1"),
        ("squad_v1", "udpos", "en", "1", "1", "1"),
    ]
    lines = (tables / "overlap.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    assert cells[0] == ["Intermediate task", "XNLI (3 rows)", "POS (1 rows)"]
    assert cells[2:] == [["MNLI", "1 / 2", "0"], ["SQuAD v1.1", "0", "1 / 1"]]
    assert r"SQuAD v1.1 & 0 & 1 / 1 \\" in (tables / "overlap.tex").read_text()


def test_a_study_without_intermediate_tasks_has_empty_tables(words, tmp_path):
    found = run(words[words.index("--test") :], tmp_path)
    assert found["pairs"] == []
    assert (tmp_path / "tables" / "overlap.csv").read_text() == "source,target,language,rows,whole,any\n"


@pytest.mark.parametrize("task", ["tatoeba", "bucc2018", "wikipedia"])
def test_what_no_model_is_trained_on_under_supervision_is_refused(task, tmp_path):
    path = write(tmp_path, task, "train", [{"text_a": LONG}])
    with pytest.raises(UserError, match=f"holds '{task}', a task of the family .* leave this file out"):
        measure_overlap.measure([path], [])


def test_plain_text_is_no_test_data(tmp_path):
    path = write(tmp_path, "wikipedia", "test", [{"text_a": LONG}])
    with pytest.raises(UserError, match="holds 'wikipedia', a task of the family text; expected test data"):
        measure_overlap.measure([], [path])


def test_files_that_cannot_be_used_are_named(words, tmp_path):
    path = tmp_path / "data" / "xnli" / "test.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"test\.parquet .* cannot be read as Parquet"):
        measure_overlap.main(words)
    write(tmp_path, "udpos", "test", [{"tokens": ["late"]}]).rename(path)
    with pytest.raises(UserError, match=r"test\.parquet lacks the columns text_a, text_b"):
        measure_overlap.main(words)
    path.unlink()
    with pytest.raises(UserError, match=r"test\.parquet is missing"):
        measure_overlap.main(words)
    with pytest.raises(UserError, match="unknown task 'xnl'"):
        measure_overlap.measure([], [tmp_path / "xnl" / "test.parquet"])
