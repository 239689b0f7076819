"""The analysis of durations and of data sizes on tables of examples made by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml

from workflow.scripts.analyse_study import design_table, write
from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json, write_json, write_table
from workflow.scripts.reporting.scores import Language
from workflow.scripts.studies.analyses import duration, nli_scaling
from workflow.scripts.studies.runs import Runs
from workflow.scripts.study import Study

TINY = yaml.safe_load(Path("tests/config/studies.yaml").read_text())
FACTS = {code: Language(code, code, family=code) for code in ("en", "qaa")} | {
    "qax": Language("qax", "x", role="control")
}


def make(folder, design, chance, examples=200, seed=0):
    """Write tables of examples in which each is right with the chance of its arm, target and language."""
    rng = np.random.default_rng(seed)
    paths = []
    for arm in design.arms:
        for target in design.scored:
            for run in design.seeds:
                path = folder / "examples" / arm.model / arm.source / f"seed{run}" / f"{target}.parquet"
                rows = {"id": [], "language": [], "split": [], "accuracy": []}
                for code in FACTS:
                    right = (rng.random(examples) < chance(arm, target, code)).astype(int)
                    rows["id"] += [str(i) for i in range(examples)]
                    rows["language"] += [code] * examples
                    rows["split"] += ["test"] * examples
                    rows["accuracy"] += right.tolist()
                write_table(path, pa.table(rows))
                paths.append(path)
    cards = []
    for arm in design.arms:
        for run in design.seeds if arm.treated else ():
            card = folder / "intermediate" / arm.model / arm.source.partition("-t")[0] / f"seed{run}" / "run.json"
            write_json(card, {"flops": 1e6 * arm.parameters * float(arm.values.get("steps", 1))})
            cards.append(card)
    return Runs(design, paths, cards, FACTS)


@pytest.fixture(autouse=True)
def few_replicates(monkeypatch):
    monkeypatch.setattr(duration, "REPLICATES", 20)


@pytest.fixture
def long_study():
    config = TINY | {"studies": {"duration": TINY["studies"]["duration"]}}
    config["studies"]["duration"] = config["studies"]["duration"] | {
        "factors": {
            "models": ["nano", "small"],
            "tasks": ["mnli"],
            "steps": [2, 4, 8, 16, 32, 64],
            "targets": ["pawsx"],
        },
        "options": {"calibration": [8], "equivalence": 20, "break_at": 8, "forgetting": ["tatoeba"]},
    }
    return Study(config).designs[0]


def chance_of_duration(arm, target, code):
    if target == "tatoeba":
        return 0.9 - 0.01 * float(arm.values.get("steps", 0))
    steps = float(arm.values.get("steps", arm.values.get("decayed", 0)))
    slope = 0.02 if arm.model == "nano" else 0.06
    return 0.4 + (slope * np.log2(steps) if steps else 0)


def test_durations_that_were_planted_are_found(tmp_path, long_study):
    runs = make(tmp_path, long_study, chance_of_duration, examples=1500)
    found = duration.analyse(long_study, runs, [], np.random.default_rng(0))
    assert found.primary.interval.estimate == pytest.approx(2.0, abs=0.8)  # 4 points over two doublings of size
    by_name = {one.name: one for one in found.estimates}
    assert by_name["duration"].interval.estimate == pytest.approx(4.0, abs=0.8)
    assert by_name["calibration"].interval.estimate == pytest.approx(0, abs=6)
    assert "equivalent within ±20" in by_name["calibration"].scope["other"]
    assert by_name["decline"].scope["other"] == "no decline shown"
    curves = found.tables["curves"].to_pylist()
    assert all(row["curve"] != "constant" for row in curves)
    assert all(row["best_low"] <= row["best_high"] for row in curves)
    lost = found.tables["forgetting"].to_pylist()
    assert {row["language"] for row in lost} == {"en", "qaa"}
    assert np.mean([row["change"] for row in lost if row["steps"] == 64]) == pytest.approx(-64, abs=4)


def test_equal_operations_compare_the_sizes_that_have_them(tmp_path, long_study):
    runs = make(tmp_path, long_study, chance_of_duration, examples=1500)
    rows = duration.analyse(long_study, runs, [], np.random.default_rng(0)).tables["compute"].to_pylist()
    size = {"nano": 1536, "small": 6144}
    assert {row["flops"] for row in rows if row["model"] == "nano"} == {
        1e6 * size["nano"] * n for n in (2, 4, 8, 16, 32, 64)
    }
    compared = [row for row in rows if row["compared"] == 2]
    assert {row["flops"] for row in compared} == {1e6 * size["small"] * n for n in (2, 4, 8, 16)}
    assert all(row["best_at_equal_flops"] is None for row in rows if row["compared"] < 2)
    # four times the steps of the small model: 2 × 2 points more, against 4 points × log2 of the steps more
    assert {row["best_at_equal_flops"] for row in compared if row["steps"] == 16 and row["model"] == "small"} == {
        "small"
    }


def test_a_decline_that_was_planted_is_shown(tmp_path, long_study):
    def chance(arm, target, code):
        k = np.log2(float(arm.values.get("steps", 1)))
        return 0.3 + 0.1 * min(k, 6 - k)

    runs = make(tmp_path, long_study, chance, examples=1500)
    found = duration.analyse(long_study, runs, [], np.random.default_rng(0))
    assert {one.scope["other"] for one in found.estimates if one.name == "decline"} == {"declines"}


def test_twins_are_compared_with_their_models_and_enter_no_comparison_of_sizes(tmp_path, long_study):
    given = long_study.facts["given"]
    models = TINY["models"] | {"whole": TINY["models"]["nano"]}
    options = given["options"] | {"twins": {"whole": "nano"}}
    factors = given["factors"] | {"models": ["nano", "small", "whole"]}
    declared = TINY["studies"]["duration"] | {"factors": factors, "options": options}
    design = Study(TINY | {"models": models, "studies": {"duration": declared}}).designs[0]

    def chance(arm, target, code):  # of the twin: 2 points more, and 1 with each doubling
        steps = float(arm.values.get("steps", 0))
        of_model = chance_of_duration(arm if arm.model == "small" else replace(arm, model="nano"), target, code)
        return of_model + (0.02 + 0.01 * np.log2(steps) if arm.model == "whole" and steps else 0)

    found = duration.analyse(design, make(tmp_path, design, chance, examples=1500), [], np.random.default_rng(0))
    by_name = {one.name: one for one in found.estimates}
    assert by_name["twin"].interval.estimate == pytest.approx(5.5, abs=2)
    assert by_name["twin_by_duration"].interval.estimate == pytest.approx(1, abs=0.8)
    assert by_name["twin"].scope == {"model": "whole", "other": "less nano"}
    assert found.primary.interval.estimate == pytest.approx(2.0, abs=0.8)
    assert "whole" not in {row["best_at_equal_flops"] for row in found.tables["compute"].to_pylist()}
    assert {row["model"] for row in found.tables["gains"].to_pylist()} == {"nano", "small", "whole"}


@pytest.fixture
def scaling_study():
    given = TINY["studies"]["nli_scaling"] | {
        "factors": TINY["studies"]["nli_scaling"]["factors"] | {"examples": [16, 32, 64]}
    }
    return Study(TINY | {"studies": {"nli_scaling": given}}).designs[0]


def chance_of_scaling(arm, target, code):
    have = float(arm.values["target_examples"])
    gain = np.log2(float(arm.values["examples"])) if arm.treated else 0
    return 0.1 + 0.03 * gain + 0.02 * np.log2(arm.parameters / 1536) + 0.05 * np.log2(have)


def test_elasticities_that_were_planted_are_found(tmp_path, scaling_study):
    runs = make(tmp_path, scaling_study, chance_of_scaling, examples=4000)
    found = nli_scaling.analyse(scaling_study, runs, [], np.random.default_rng(0))
    by_name = {one.name: one.interval for one in found.estimates if not one.scope}
    assert by_name["data"].estimate == pytest.approx(3, abs=0.5)
    assert by_name["parameters"].estimate == pytest.approx(2, abs=0.5)
    assert found.primary.interval.estimate == pytest.approx(1, abs=0.7)
    assert by_name["exchange_rate"].estimate == pytest.approx(2 / 3, abs=0.3)
    saved = found.tables["effective_data"].to_pylist()
    # 16 examples of MNLI are worth 12 points, 8 more target examples 5: beyond the curve
    assert all(row["beyond"] and row["equivalent"] is None and not row["below"] for row in saved)
    assert {one.scope.get("language") for one in found.estimates} >= {"en", "qaa"}
    assert found.tables["left_out"].num_rows == 0  # two sizes: nothing is left to compare


def test_what_does_worse_than_the_smallest_target_data_is_marked(tmp_path, scaling_study):
    def chance(arm, target, code):
        return 0.2 if arm.treated else 0.5 + 0.01 * float(arm.values["target_examples"])

    runs = make(tmp_path, scaling_study, chance, examples=500)
    saved = nli_scaling.effective_data(scaling_study, runs)
    assert all(row["below"] and row["equivalent"] == 8 for row in saved)


def test_the_exchange_rate_is_that_of_the_declared_languages(tmp_path, scaling_study):
    drawn = replace(scaling_study, options={**scaling_study.options, "languages": "random"})
    found = nli_scaling.exchange_rate(drawn, make(tmp_path, drawn, chance_of_scaling, examples=200))
    assert "families" in found.interval.sources


def test_files_are_those_of_the_kind(tmp_path, scaling_study):
    runs = make(tmp_path, scaling_study, chance_of_scaling, examples=50)
    found = nli_scaling.analyse(scaling_study, runs, [], np.random.default_rng(0))
    folder = tmp_path / "out"
    write(scaling_study, found, folder)
    verdict = read_json(folder / "verdict.json")
    assert verdict["contrast"] == "data_minus_parameters"
    assert verdict["sentence"] in (folder / "verdict.md").read_text()
    assert "does not speak of" in (folder / "verdict.md").read_text()
    assert design_table(scaling_study).num_rows == len(scaling_study.cells())
    assert {path.stem for path in (folder / "figures").glob("*.svg")} == {"scaling", "contour"}


def test_runs_on_other_examples_are_refused(tmp_path, scaling_study):
    runs = make(tmp_path, scaling_study, chance_of_scaling, examples=50)
    path = tmp_path / "examples/nano/none-t8/seed1/xnli.parquet"
    rows = {"id": ["0"], "language": ["en"], "split": ["test"], "accuracy": [1]}
    write_table(path, pa.table(rows))
    with pytest.raises(UserError, match="other examples"):
        runs.measured("xnli")


def test_controls_are_left_out(tmp_path, scaling_study):
    runs = make(tmp_path, scaling_study, chance_of_scaling, examples=10)
    assert runs.languages == {"xnli": ["en", "qaa"]}
