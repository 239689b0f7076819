"""The program analyse_gains, from tables of examples to gains with intervals, and the tables made from them."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workflow.scripts import analyse_gains, make_tables
from workflow.scripts.config_schema import defaults
from workflow.scripts.errors import UserError
from workflow.scripts.reporting.formats import interval_text, p_text
from workflow.scripts.reporting.gains import AVERAGE, Gains, mark_note, read_gains
from workflow.scripts.reporting.inference_tables import gains_table, variants_table
from workflow.scripts.reporting.published import PUBLISHED
from workflow.scripts.runspec import encode
from workflow.scripts.statistics import Measurements, gain_interval, holm

LANGUAGES = [
    {"code": "en", "name": "English", "script": "Latn", "family": "Germanic", "distance": 0.0, "role": "source"},
    {"code": "de", "name": "German", "script": "Latn", "family": "Germanic", "distance": 0.2, "role": "language"},
    {"code": "ru", "name": "Russian", "script": "Cyrl", "family": "Slavic", "distance": 0.5, "role": "language"},
    {"code": "qaz", "name": "Reversed", "script": "Latn", "family": "Germanic", "distance": 0.5, "role": "control"},
]
CODES = [str(row["code"]) for row in LANGUAGES]


class Runs:
    """A folder of tables of examples; `right` holds what was written, (seeds, examples) by language."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.right: dict[tuple[str, str], dict[str, np.ndarray]] = {}
        (folder / "languages.json").write_text(json.dumps(LANGUAGES))

    def add(self, source: str, share: float, target: str = "pawsx", seeds: int = 3, examples: int = 60) -> None:
        """Write the tables of one source, so large a share of the examples being right."""
        rng = np.random.default_rng(len(self.right))
        shape = (seeds, examples)
        self.put(source, {code: (rng.random(shape) < share).astype(float) for code in CODES}, target)

    def put(self, source: str, right: dict[str, np.ndarray], target: str = "pawsx", prefix: str = "") -> None:
        """Write what is right."""
        self.right[source, target] = right
        for seed in range(len(next(iter(right.values())))):
            rows = [
                {"id": f"{prefix}{code}-{i}", "language": code, "split": "test", "accuracy": value}
                for code, values in right.items()
                for i, value in enumerate(values[seed])
            ]
            path = self.path(source, seed + 1, target)
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(rows), path)

    def path(self, source: str, seed: int, target: str = "pawsx") -> Path:
        """Return where a table stands."""
        return self.folder / f"examples/tiny/{source}/seed{seed}/{target}.parquet"

    def analyse(self, sources: str, targets: str = "pawsx", seeds: int = 3, **settings: Any) -> Gains:
        """Run the program and read what it wrote."""
        variants = json.dumps({"mnli-mlm": "mnli"})
        words = ["--examples", str(self.folder / "examples"), "--languages", str(self.folder / "languages.json")]
        words += ["--models", "tiny", "--sources", sources, "--targets", targets, "--variants", variants]
        words += ["--seeds", ",".join(str(seed + 1) for seed in range(seeds))]
        spec = encode("statistics", defaults("statistics"), **({"replicates": 100} | settings))
        assert analyse_gains.main([*words, "--spec", spec, "--out-dir", str(self.folder / "statistics")]) == 0
        return read_gains(self.folder / "statistics")


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_gain_and_interval_are_those_of_the_statistics_without_controls(runs: Runs) -> None:
    runs.add("none", 0.5)
    runs.add("mnli", 0.7)
    row = runs.analyse("none,mnli").gains["tiny", "mnli", "pawsx"]
    tops = [np.stack([runs.right[name, "pawsx"][code] for name in ("none", "mnli")]) for code in CODES[:3]]
    ones = [np.ones_like(top) for top in tops]
    families = ["Germanic", "Germanic", "Slavic"]
    measured = Measurements(tops, ones, CODES[:3], families, parallel=True)  # PAWS-X is translated
    fixed, drawn = (gain_interval(measured, 1, 0, languages) for languages in ("fixed", "random"))
    expected = [fixed.estimate, fixed.low, fixed.high, fixed.p, drawn.low, drawn.high]
    names = ("gain", "low", "high", "p", "low_random", "high_random")
    assert [row[name] for name in names] == pytest.approx(expected)
    assert (row["n_seeds"], row["families"], row["metric"], row["caution"]) == (3, 2, "accuracy", "")
    assert row["minimum_detectable_effect"] > row["standard_error"] > 0


def test_p_values_are_adjusted_over_sources_and_targets_those_of_averages_apart(runs: Runs) -> None:
    for target in ("pawsx", "xnli"):
        for source, share in (("none", 0.5), ("mnli", 0.9), ("ccg", 0.52)):
            runs.add(source, share, target)
    found = runs.analyse("none,mnli,ccg", "pawsx,xnli")
    rows = [found.gains["tiny", source, target] for source in ("mnli", "ccg") for target in ("pawsx", "xnli")]
    assert [row["p_holm"] for row in rows] == pytest.approx(holm([row["p"] for row in rows]).tolist())
    assert [row["significant"] for row in rows] == [row["p_holm"] < 0.05 for row in rows]
    means = [found.gains["tiny", source, AVERAGE] for source in ("mnli", "ccg")]
    assert [row["p_holm"] for row in means] == pytest.approx(holm([row["p"] for row in means]).tolist())
    assert means[0]["gain"] == pytest.approx((rows[0]["gain"] + rows[1]["gain"]) / 2)
    assert found.is_significant("tiny", "mnli", "pawsx")
    assert not found.is_significant("tiny", "ccg", "pawsx")


def test_one_seed_marks_nothing_and_says_why(runs: Runs) -> None:
    runs.add("none", 0.2, seeds=1)
    runs.add("mnli", 0.9, seeds=1)
    found = runs.analyse("none,mnli", seeds=1)
    row = found.gains["tiny", "mnli", "pawsx"]
    assert row["p"] < 0.001
    assert row["significant"] is None
    assert "one seed" in row["caution"]
    assert "one seed" in mark_note(found, "tiny")
    assert found.best["tiny", "pawsx"]["corrected_split"] is None


def test_variants_stand_beside_their_base(runs: Runs) -> None:
    for source, share in (("none", 0.5), ("mnli", 0.6), ("mnli-mlm", 0.8)):
        runs.add(source, share)
    found = runs.analyse("none,mnli,mnli-mlm")
    row = found.variants["tiny", "mnli-mlm", "pawsx"]
    over_none = [found.gains["tiny", name, "pawsx"]["gain"] for name in ("mnli-mlm", "mnli")]
    assert (row["base"], row["gain"]) == ("mnli", pytest.approx(over_none[0] - over_none[1]))
    table = variants_table(found, "tiny", {})
    assert table is not None
    assert [len(line.entries) + 1 for line in table.rows] == [len(table.columns)] * 2
    assert variants_table(runs.analyse("none,mnli"), "tiny", {}) is None


def test_the_best_is_corrected_downwards(runs: Runs) -> None:
    sources = ["none", *(f"source{i}" for i in range(6))]
    for source in sources:
        runs.add(source, 0.5)
    row = runs.analyse(",".join(sources)).best["tiny", "pawsx"]
    assert row["corrected"] < row["naive"]
    assert row["corrected_split"] < row["naive"]
    assert 0 < row["frequency"] <= 1


def test_languages_have_scores_and_gains_controls_included(runs: Runs) -> None:
    runs.add("none", 0.5)
    runs.add("mnli", 0.7)
    found = runs.analyse("none,mnli").languages
    for code in CODES:
        right = runs.right["mnli", "pawsx"][code], runs.right["none", "pawsx"][code]
        row = found["tiny", "mnli", "pawsx", code]
        assert row["score"] == pytest.approx(100 * right[0].mean())
        assert row["gain"] == pytest.approx(100 * (right[0].mean() - right[1].mean()))
        assert row["gain_low"] < row["gain"] < row["gain_high"]
        assert row["n"] == 60
    assert found["tiny", "none", "pawsx", "en"]["gain"] is None


def test_the_same_predictions_everywhere_have_no_interval(runs: Runs) -> None:
    right = {code: np.tile([1.0, 0.0], (3, 4)) for code in CODES}
    runs.put("none", right)
    runs.put("mnli", right)
    found = runs.analyse("none,mnli")
    row = found.gains["tiny", "mnli", "pawsx"]
    assert (row["gain"], row["p"], row["low"], row["significant"]) == (0.0, 1.0, None, False)
    assert "no uncertainty" in row["caution"]
    assert found.languages["tiny", "mnli", "pawsx", "en"]["gain_low"] is None
    entries = gains_table(found, "tiny", {}).rows[0].entries
    assert (entries[2], entries[-1]) == ("–", "–")


def test_none_alone_has_scores_and_no_gains(runs: Runs) -> None:
    runs.add("none", 0.5)
    found = runs.analyse("none")
    assert (found.gains, found.best, len(found.languages)) == ({}, {}, 4)


def test_the_same_seed_gives_the_same_files(runs: Runs) -> None:
    for source in ("none", "mnli", "ccg"):
        runs.add(source, 0.5)
    first = runs.analyse("none,mnli,ccg").best
    assert runs.analyse("none,mnli,ccg").best == first
    assert runs.analyse("none,mnli,ccg", seed=7).best != first


def test_a_missing_table_is_named(runs: Runs) -> None:
    runs.add("mnli", 0.5)
    with pytest.raises(UserError, match=r"none/seed1/pawsx.parquet is missing"):
        runs.analyse("mnli")
    runs.add("none", 0.5)
    runs.path("mnli", 2).unlink()
    with pytest.raises(UserError, match=r"mnli/seed2/pawsx.parquet is missing"):
        runs.analyse("none,mnli")


def test_other_examples_are_refused(runs: Runs) -> None:
    right = {code: np.ones((3, 4)) for code in CODES}
    runs.put("none", right)
    runs.put("mnli", right, prefix="x")
    with pytest.raises(UserError, match="has other examples than"):
        runs.analyse("none,mnli")


def test_a_table_without_test_rows_is_refused(runs: Runs) -> None:
    runs.add("none", 0.5)
    path = runs.path("none", 1)
    table = pq.read_table(path)
    pq.write_table(table.set_column(2, "split", pa.array(["dev"] * table.num_rows)), path)
    with pytest.raises(UserError, match="no rows of the split 'test'"):
        runs.analyse("none")


def test_files_of_another_program_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gains.parquet is missing"):
        read_gains(tmp_path)


def test_texts() -> None:
    assert interval_text(-0.44, 1.2) == "[\u22120.4, +1.2]"
    assert interval_text(None, 1.2) == "–"
    assert [p_text(p, space=" ") for p in (None, 0.0004, 0.04)] == ["–", "< 0.001", "0.040"]


def test_csv_of_nothing_names_its_columns() -> None:
    from workflow.scripts.make_tables import _csv

    assert list(csv.reader(io.StringIO(_csv([], ["a", "b"])))) == [["a", "b"]]


def test_tables_show_intervals_and_marks(runs: Runs) -> None:
    for source, share in (("none", 0.3), ("mnli", 0.9)):
        runs.add(source, share)
    found = runs.analyse("none,mnli")
    same = {"collection": "c", "model": "tiny", "target": "pawsx", "metric": "accuracy", "main_metric": True}
    same |= {"n": 60, "task_version": "1", "data_sha": "0", "spec_hash": "0", "commit": "0"}
    rows = [
        same | {"source": source, "language": code, "seed": seed + 1, "value": 100 * float(values[seed].mean())}
        for (source, _), tables in runs.right.items()
        for code, values in tables.items()
        for seed in range(3)
    ]
    pq.write_table(pa.Table.from_pylist(rows), runs.folder / "scores.parquet")
    words = [f"--{name}={runs.folder / name}.{end}" for name, end in (("scores", "parquet"), ("languages", "json"))]
    words += ["--published", str(PUBLISHED), "--statistics", str(runs.folder / "statistics")]
    assert make_tables.main([*words, "--out-dir", str(runs.folder / "tables")]) == 0
    texts = {path.name: path.read_text() for path in (runs.folder / "tables").iterdir()}
    row = found.gains["tiny", "mnli", "pawsx"]
    assert re.search(r"\| MNLI +\| +\*\*\+\d+\.\d\\\*\*\* ±", texts["transfer.md"])
    assert interval_text(row["low"], row["high"]) in texts["gains.md"]
    assert r"\toprule" in texts["gains.tex"]
    record = next(r for r in csv.DictReader(io.StringIO(texts["transfer.csv"])) if r["source"] == "mnli")
    assert [float(record[name]) for name in ("gain", "gain_low", "gain_high", "p_adjusted")] == pytest.approx(
        [row[name] for name in ("gain", "low", "high", "p_holm")]
    )
    assert "Corrected gain" in texts["best.md"]
    assert texts["variants.csv"].count("\n") == texts["costs.csv"].count("\n") == 1
    assert "no variant" in texts["variants.tex"]
