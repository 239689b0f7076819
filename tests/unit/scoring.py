"""What the tests of scoring share: made-up data, predictions for them, and the program run on both."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workflow.scripts import score

Row = dict[str, Any]

XNLI = [
    {"id": "1", "language": "en", "label": "neutral"},
    {"id": "2", "language": "en", "label": "entailment"},
    {"id": "1", "language": "qaa", "label": "neutral"},
    {"id": "2", "language": "qaa", "label": "contradiction"},
]


def predictions_for(rows: list[Row], value: str, split: str = "test") -> list[Row]:
    """Return predictions that repeat a column of the data."""
    keys = ("id", "language")
    return [{key: row[key] for key in keys} | {"split": split, "prediction": row[value], "score": 0.5} for row in rows]


class Study:
    """A folder with the files of one model and the command line that scores them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "run.json").write_text('{"spec_hash": "5bec"}')

    def write(self, name: str, rows: list[Row] | pa.Table) -> Path:
        """Write rows to `name`.parquet."""
        path = self.folder / f"{name}.parquet"
        pq.write_table(rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows), path)
        return path

    def score(self, task: str, predictions: list[Row], seed: int = 1, **data: list[Row] | pa.Table) -> dict[str, Any]:
        """Write everything, run the program and return what it wrote."""
        paths = [str(self.write(split, rows)) for split, rows in data.items()]
        out = self.folder / f"scores/{task}-{seed}.json"
        arguments = ["--data", *paths, "--run", str(self.folder / "run.json"), "--out", str(out)]
        arguments += ["--predictions", str(self.write("predictions", predictions)), "--collection", "laboratory"]
        arguments += ["--model", "tiny", "--source", "none", "--target", task, "--seed", str(seed)]
        arguments += ["--examples", str(self.folder / f"examples/{task}-{seed}.parquet")]
        assert score.main(arguments) == 0
        return json.loads(out.read_text())

    def examples(self, task: str, predictions: list[Row], **data: list[Row]) -> pa.Table:
        """Return the table of examples."""
        assert self.score(task, predictions, **data)
        return pq.read_table(self.folder / f"examples/{task}-1.parquet")

    def metrics(self, task: str, predictions: list[Row], **data: list[Row]) -> dict[str, dict[str, float]]:
        """Return the metrics by language."""
        languages = self.score(task, predictions, **data)["languages"]
        return {language: result["metrics"] for language, result in languages.items()}


def pool(repeated: bool = False) -> list[Row]:
    """Return a pool of three translated sentences; `repeated` gives the third one's English the first one's text."""
    rows = []
    for i in range(3):
        english = "english 0" if repeated and i == 2 else f"english {i}"
        rows += [
            {"id": f"f{i}", "language": "de", "side": "foreign", "text_a": f"foreign {i}", "gold": [f"e{i}"]},
            {"id": f"e{i}", "language": "de", "side": "english", "text_a": english, "gold": []},
        ]
    return rows


def mined(split: str, *pairs: tuple[int, int, float]) -> list[Row]:
    """Return candidate pairs of the pool."""
    return [
        {"id": f"f{i}", "language": "de", "split": split, "prediction": f"e{j}", "score": margin}
        for i, j, margin in pairs
    ]


def change(rows: list[Row], number: int, **values: Any) -> list[Row]:
    """Return the rows with some values of one of them replaced."""
    return [row | values if i == number else row for i, row in enumerate(rows)]


GOOD = predictions_for(XNLI, "label")
