"""What examples add to the scores: the mean of the shares is the score."""

import dataclasses
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.metrics.shares import ratio_of, read_counts, read_shares
from workflow.scripts.tasks import find_task


def write(path: Path, rows: list[dict[str, Any]], split: str = "test") -> Path:
    """Write rows as a table of examples of German."""
    pq.write_table(pa.Table.from_pylist([{"language": "de", "split": split} | row for row in rows]), path)
    return path


def pair(row_id: str, gold: int, predicted: int, split: str = "test") -> dict[str, Any]:
    """Return a row of mining."""
    counts = {"gold_pairs": gold, "predicted_pairs": predicted, "correct_pairs": gold * predicted}
    return {"id": row_id, "split": split} | counts


def test_the_mean_of_shares_is_the_f1_of_chunks(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "correct_chunks": 1, "gold_chunks": 2, "predicted_chunks": 1},
        {"id": "2", "correct_chunks": 2, "gold_chunks": 2, "predicted_chunks": 3},
    ]
    found = read_shares([[write(tmp_path / "a", rows)]], find_task("panx"))
    assert found.values["de"].shape == (1, 1, 2)
    assert found.values["de"].mean() == pytest.approx(100 * 2 * 3 / (4 + 4))


def test_an_answer_counts_by_f1_and_exact_match(tmp_path: Path) -> None:
    rows = [{"id": "1", "f1": 0.5, "exact_match": 0.0}, {"id": "2", "f1": 1.0, "exact_match": 1.0}]
    found = read_shares([[write(tmp_path / "a", rows)]], find_task("tydiqa"))
    assert found.values["de"].tolist() == [[[25.0, 100.0]]]


def test_sentences_mined_by_one_model_alone_count_in_both(tmp_path: Path) -> None:
    first = [pair("f1", 1, 1), pair("f2", 1, 0), pair("f9", 1, 1, split="dev")]
    second = [pair("f1", 1, 1), pair("f2", 1, 1), pair("f3", 0, 1), pair("f4", 0, 0)]
    paths = [[write(tmp_path / "a", first)], [write(tmp_path / "b", second)]]
    shares, counts = (read(paths, find_task("bucc2018")) for read in (read_shares, read_counts))
    assert not shares.parallel  # every language has pools of its own
    assert counts.ids == {"de": ["f1", "f2", "f3"]}
    values = shares.values["de"]
    assert values.shape == (2, 1, 3)
    assert values.mean(axis=2).ravel() == pytest.approx([100 * 2 / 3, 100 * 4 / 5])


def test_translations_are_parallel_unless_one_is_missing(tmp_path: Path) -> None:
    rows = [{"id": f"{code}-{i}", "language": code, "accuracy": float(i)} for code in ("de", "fr") for i in (1, 0)]
    task = find_task("pawsx")
    assert read_shares([[write(tmp_path / "a", rows)]], task).parallel
    found = read_shares([[write(tmp_path / "a", rows[:-1])]], task)
    assert not found.parallel
    assert found.values["fr"].tolist() == [[[100.0]]]


def test_metrics_that_are_no_ratio_are_refused() -> None:
    with pytest.raises(UserError, match="are no ratio of sums"):
        ratio_of(dataclasses.replace(find_task("panx"), metrics=("f1", "accuracy")))
