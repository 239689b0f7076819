"""The program collect_scores, from score files to the long table."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.scoring import GOOD, XNLI, Study, predictions_for
from workflow.scripts import collect_scores
from workflow.scripts.errors import UserError


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


def collect(study: Study, *arguments: str) -> pa.Table:
    """Run collect_scores and return the table."""
    out = study.folder / "scores.parquet"
    assert collect_scores.main([*arguments, "--out", str(out)]) == 0
    return pq.read_table(out)


def test_scores_are_collected_into_one_sorted_table(study: Study) -> None:
    tags = [{"id": "1", "language": "en", "tokens": ["a"], "tags": ["NOUN"]}]
    study.score("xnli", GOOD, seed=2, test=XNLI)
    study.score("xnli", GOOD, seed=10, test=XNLI)
    study.score("udpos", predictions_for(tags, "tags"), test=tags)
    paths = sorted(str(path) for path in (study.folder / "scores").iterdir())
    table = collect(study, "--scores", *paths)
    columns = "collection model source target language metric value n seed main_metric task_version data_sha spec_hash"
    assert " ".join(table.schema.names) == f"{columns} commit"
    assert [str(table.schema.field(name).type) for name in ("value", "n", "seed", "main_metric")] == [
        "double",
        "int64",
        "int64",
        "bool",
    ]
    rows = table.select(["target", "language", "metric", "seed", "main_metric", "task_version"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("udpos", "en", "accuracy", 1, False, "1+token_accuracy.1"),
        ("udpos", "en", "f1", 1, True, "1+chunk_f1_syntactic_words.1"),
        ("udpos", "en", "f1_seqeval_0_0_12", 1, False, "1+chunk_f1_seqeval_0_0_12.1"),
        ("xnli", "en", "accuracy", 2, True, "1+accuracy.1"),
        ("xnli", "en", "accuracy", 10, True, "1+accuracy.1"),
        ("xnli", "qaa", "accuracy", 2, True, "1+accuracy.1"),
        ("xnli", "qaa", "accuracy", 10, True, "1+accuracy.1"),
    ]
    (study.folder / "list.txt").write_text("\n".join(reversed(paths)) + "\n\n")
    assert collect(study, "--list", str(study.folder / "list.txt")).equals(table)


def test_the_same_score_twice_is_an_error(study: Study) -> None:
    study.score("xnli", GOOD, test=XNLI)
    path = str(study.folder / "scores/xnli-1.json")
    with pytest.raises(UserError, match=r"2 scores for collection=laboratory, model=tiny.*language=en"):
        collect(study, "--scores", path, path)


def test_a_file_that_score_did_not_write_is_named(study: Study) -> None:
    with pytest.raises(UserError, match=r"run.json is not as score.py writes it.*'collection'"):
        collect(study, "--scores", str(study.folder / "run.json"))


def test_no_files_are_an_error(study: Study) -> None:
    with pytest.raises(UserError, match="no score files"):
        collect(study)


@pytest.mark.parametrize("program", ["score", "collect_scores"])
def test_scoring_imports_no_model_library(program: str) -> None:
    code = (
        f"import sys, workflow.scripts.{program}, workflow.scripts.metrics; "
        "print(sorted({'torch', 'transformers', 'sklearn', 'seqeval', 'pandas'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
