"""What studies read of their runs: the same counts that the main study compares."""

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.studies.planted import make_design
from workflow.scripts.errors import UserError
from workflow.scripts.files import write_table
from workflow.scripts.metrics.shares import read_counts
from workflow.scripts.reporting.scores import Language
from workflow.scripts.studies.runs import Runs
from workflow.scripts.tasks import find_task

FACTS = {"de": Language("de", "German", family="one"), "fr": Language("fr", "French", family="other")}


def runs_of(folder, target, rows, facts=None):
    """Return the runs of a study whose runs all have the same rows."""
    factors = {"singles": ["mnli", "ccg"], "mixtures": ["multi"], "targets": [target]}
    design = make_design("typology", factors, {"multi": ["mnli", "ccg"]}, seeds=(1, 2), overlap=True)
    paths = []
    for model, source, name, seed in design.cells():
        paths.append(folder / "examples" / model / source / f"seed{seed}" / f"{name}.parquet")
        write_table(paths[-1], pa.Table.from_pylist([{"split": "test"} | row for row in rows]))
    return Runs(design, paths, [], FACTS if facts is None else facts)


def test_a_sentence_with_several_mined_pairs_counts_with_all_of_them(tmp_path):
    rows = [
        {"language": code, "id": name, "gold_pairs": gold, "predicted_pairs": 1, "correct_pairs": right}
        for code in FACTS
        for name, gold, right in (("f1", 1, 1), ("f1", 0, 0), ("f2", 1, 0))
    ]
    found = runs_of(tmp_path, "bucc2018", rows)
    assert found.scores("bucc2018") == pytest.approx(np.full((4, 2, 2), 100 * 2 * 1 / (2 + 3)))


def test_translations_are_put_in_the_same_order_or_are_not_parallel(tmp_path):
    right = {"de": [("de-1", 1.0), ("de-2", 0.0)], "fr": [("fr-2", 0.0), ("fr-1", 1.0)]}
    rows = [{"language": code, "id": i, "accuracy": one} for code, found in right.items() for i, one in found]
    found = runs_of(tmp_path / "a", "pawsx", rows)
    measured = found.measured("pawsx")
    assert measured.parallel
    assert [table[0, 0].tolist() for table in measured.numerators] == [[1.0, 0.0], [1.0, 0.0]]
    assert found.ids("pawsx") == {"de": ["de-1", "de-2"], "fr": ["fr-1", "fr-2"]}
    other = [row | {"id": "fr-3" if row["id"] == "fr-2" else row["id"]} for row in rows]
    assert not runs_of(tmp_path / "b", "pawsx", other).measured("pawsx").parallel


def test_a_language_without_a_known_family_is_its_own(tmp_path):
    rows = [{"language": code, "id": str(i), "accuracy": 1.0} for code in (*FACTS, "xx") for i in range(2)]
    found = runs_of(tmp_path, "pawsx", rows)
    assert found.measured("pawsx").families == ["one", "other", "xx"]


def test_counts_of_examples_take_no_memory_where_each_counts_one(tmp_path):
    rows = [{"language": "de", "id": str(i), "accuracy": 1.0} for i in range(3)]
    runs = runs_of(tmp_path, "pawsx", rows)
    paths = [[runs._path(arm, 1, "pawsx")] for arm in runs.design.arms]
    counts = read_counts(paths, find_task("pawsx"))
    assert counts.numerators["de"].shape == counts.denominators["de"].shape == (4, 1, 3)
    assert counts.denominators["de"].strides == (0, 0, 0)


def test_languages_of_one_family_cannot_be_drawn(tmp_path):
    rows = [{"language": "de", "id": str(i), "accuracy": float(i % 2)} for i in range(4)]
    found = runs_of(tmp_path, "pawsx", rows)
    with pytest.raises(UserError, match=r"options\.languages"):
        found.contrast([1.0, -1.0, 0.0, 0.0], languages="random")


def test_a_target_in_controls_alone_is_refused(tmp_path):
    rows = [{"language": "qax", "id": str(i), "accuracy": 1.0} for i in range(2)]
    facts = {"qax": Language("qax", "x", role="control")}
    with pytest.raises(UserError, match="no language but controls"):
        runs_of(tmp_path, "pawsx", rows, facts).measured("pawsx")
