"""The program measure_slices, from tables of examples to the tables by slice and of consistency."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.scoring import Row, Study, predictions_for
from workflow.scripts import measure_slices
from workflow.scripts.errors import UserError

LANGUAGES = [
    {"code": "en", "name": "English", "script": "Latn", "family": "Germanic", "distance": 0.0, "role": "source"},
    {"code": "qaa", "name": "Alandic", "script": "Latn", "family": "Germanic", "distance": 0.3, "role": "language"},
    {"code": "qaf", "name": "Furajati", "script": "Geor", "family": "Indic", "distance": 0.6, "role": "language"},
    {"code": "qaz", "name": "Reversed", "script": "Latn", "family": "Germanic", "distance": 0.5, "role": "control"},
]

RIGHT = {"en": "1110", "qaa": "1011", "qaf": "0010", "qaz": "0000"}
"""Which of four rows the model `none` has right."""


class Runs:
    """A folder of runs that have been scored."""

    def __init__(self, folder: Path) -> None:
        self.study = Study(folder)
        self.folder = folder
        (folder / "languages.json").write_text(json.dumps(LANGUAGES))
        self.paths: list[str] = []

    def add(self, source: str, right: dict[str, str], task: str = "xnli", seed: int = 1, **more: Any) -> None:
        """Score a run; `more` gives columns of the data, one function of the row's number each."""
        data: list[Row] = [
            {"id": f"{code}-{i}", "language": code, "label": "neutral"}
            | {name: value(code, i) for name, value in more.items()}
            for code, marks in right.items()
            for i in range(len(marks))
        ]
        marks = [mark for found in right.values() for mark in found]
        predictions = [
            row | {"prediction": {"1": row["prediction"], "0": "entailment", "-": None}[mark]}
            for row, mark in zip(predictions_for(data, "label"), marks, strict=True)
        ]
        table = self.study.examples(task, predictions, test=data)
        path = self.folder / f"examples/tiny/{source}/seed{seed}/{task}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path)
        self.paths.append(str(path))

    def measure(self, *more: str) -> dict[str, Any]:
        """Run the program and return what its JSON files hold."""
        out = self.folder / "tables"
        words = ["--examples", *self.paths, "--languages", str(self.folder / "languages.json"), "--out-dir", str(out)]
        assert measure_slices.main([*words, *more]) == 0
        assert len(list(out.iterdir())) == 8
        return {name: json.loads((out / f"{name}.json").read_text()) for name in ("slices", "consistency")}

    def records(self, name: str) -> list[dict[str, str]]:
        """Return the rows of a CSV table."""
        with (self.folder / f"tables/{name}.csv").open() as file:
            return list(csv.DictReader(file))


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def by_slice(found: dict[str, Any]) -> dict[tuple[str, str], float]:
    """Return the accuracies of `none` by dimension and value."""
    cells = [cell for cell in found["slices"]["cells"] if cell["source"] == "none"]
    return {(cell["dimension"], cell["slice"]): cell["metrics"]["accuracy"] for cell in cells}


def test_families_and_scripts_are_means_over_languages_without_controls(runs: Runs) -> None:
    runs.add("none", RIGHT)
    assert by_slice(runs.measure()) == {
        ("family", "Germanic"): 75.0,
        ("family", "Indic"): 25.0,
        ("script", "Latn"): 75.0,
        ("script", "Geor"): 25.0,
    }


def test_kinds_of_examples_are_means_over_the_languages_that_have_them(runs: Runs) -> None:
    genre = {"slice_genre": lambda code, i: None if i == 3 else "letters" if i and code != "qaf" else "news"}
    runs.add("none", RIGHT, **genre)
    found = runs.measure()
    assert by_slice(found)["genre", "letters"] == pytest.approx((100 + 50) / 2)
    assert by_slice(found)["genre", "news"] == pytest.approx((100 + 100 + 100 / 3) / 3)
    (cell,) = (cell for cell in found["slices"]["cells"] if cell["slice"] == "letters")
    assert (cell["n"], cell["languages"]) == (4, ["en", "qaa"])


def test_gains_are_paired_within_seeds(runs: Runs) -> None:
    for seed, marks in ((1, "0011"), (2, "1111")):
        runs.add("none", {"en": marks}, seed=seed)
        runs.add("mnli", {"en": "1111"}, seed=seed)
    runs.measure("--sources", "none,mnli")
    rows = [row for row in runs.records("slices") if row["source"] == "mnli" and row["metric"] == "score"]
    assert [(row["dimension"], row["score"], row["gain"], row["seeds"]) for row in rows] == [
        ("family", "100.0", "25.0", "2"),
        ("script", "100.0", "25.0", "2"),
    ]
    text = (runs.folder / "tables/slices.md").read_text()
    line = next(line for line in text.splitlines() if line.startswith("| Family: Germanic"))
    assert [cell.strip() for cell in line.split("|")[2:6]] == ["1", "4", "75.0 ±35.4", "**100.0** ±0.0"]


def test_consistency_counts_rows_that_are_right_in_english_and_wrong_elsewhere(runs: Runs) -> None:
    runs.add("none", RIGHT)
    cells = runs.measure()["consistency"]["cells"]
    counts = {
        cell["language"]: [cell[name] for name in ("both", "only_english", "only_language", "neither")]
        for cell in cells
    }
    assert counts == {"qaa": [2, 1, 1, 0], "qaf": [1, 2, 0, 1], "qaz": [0, 3, 0, 1]}
    text = (runs.folder / "tables/consistency.md").read_text()
    mean = next(line for line in text.splitlines() if line.startswith("| Mean"))
    assert [cell.strip() for cell in mean.split("|")[2:5]] == ["37.5", "37.5", "12.5"]
    assert "Reversed* (qaz)" in text


def test_rows_with_other_labels_are_no_translations(runs: Runs, caplog: pytest.LogCaptureFixture) -> None:
    labels = {"label": lambda code, i: "contradiction" if code == "qaf" and i == 1 else "neutral"}
    runs.add("none", RIGHT, **labels)
    found = runs.measure()["consistency"]
    assert {cell["language"] for cell in found["cells"]} == {"qaa", "qaz"}
    assert found["left_out"] == [{"target": "xnli", "language": "qaf", "n": 4, "mismatches": 1}]
    assert "xnli: 1 of 4 rows of qaf have another gold label" in caplog.text
    assert "* 1 of 4 rows of qaf have another" in (runs.folder / "tables/consistency.md").read_text()


def test_unanswered_examples_are_counted(runs: Runs) -> None:
    runs.add("none", {"en": "1-1-", "qaa": "1111"})
    (found,) = runs.measure()["slices"]["unanswered"]
    assert found == {"model": "tiny", "source": "none", "target": "xnli", "seed": 1, "language": "en", "n": 2}


def test_a_study_without_parallel_targets_has_an_empty_table(runs: Runs) -> None:
    runs.add("none", {"en": "11", "qaa": "10"}, task="pawsx")
    path = runs.folder / "examples/tiny/none/seed1/pawsx.parquet"
    path.rename(path.with_name("hellaswag.parquet"))
    runs.paths = [str(path.with_name("hellaswag.parquet"))]
    runs.measure()
    assert runs.records("consistency") == []
    assert len(runs.records("slices")) > 0


def test_files_elsewhere_or_of_another_kind_are_told(runs: Runs) -> None:
    runs.add("none", RIGHT)
    odd = runs.folder / "xnli.parquet"
    pq.write_table(pa.table({"id": ["1"]}), odd)
    with pytest.raises(UserError, match=r"xnli.parquet is not at …/model/source/seed1/target.parquet"):
        measure_slices.main(
            ["--examples", str(odd), "--languages", str(runs.folder / "languages.json"), "--out-dir", "."]
        )
    pq.write_table(pa.table({"id": ["1"]}), runs.paths[0])
    with pytest.raises(UserError, match=r"lacks the columns language, split, prediction, correct"):
        runs.measure()
