"""The analysis of the study `similarity` on planted gains."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.studies.planted import PlantedRuns, make_design
from workflow.scripts.designs.announcement import announcement, detectable_effect
from workflow.scripts.errors import UserError
from workflow.scripts.files import write_table
from workflow.scripts.measure_similarity import SCHEMA
from workflow.scripts.studies.analyses.similarity import analyse
from workflow.scripts.studies.similarity_contrasts import elsewhere, standardised

TASKS = ["mnli", "squad_v2", "ccg", "hellaswag"]
TARGETS = ["xnli", "pawsx", "udpos", "tydiqa", "panx"]
BUDGETS = [1, 4, 16]
FLOPS = dict.fromkeys(TASKS, 1e6)
LANGUAGES = ["en", "qaa"]


@pytest.fixture(scope="module")
def design():
    return make_design(
        "similarity",
        {"tasks": TASKS, "budgets": BUDGETS, "targets": TARGETS},
        flops=FLOPS,
        measure="logme",
        overlap=True,
        permutations=300,
    )


def planted(design, by_budget, seed=0, english=True):
    """Return runs and similarities; the gain grows by `by_budget` by doubling and deviation of similarity."""
    rng = np.random.default_rng(seed)
    similarity = rng.random((4, 5))
    z, x = standardised(similarity), {1: -2, 4: 0, 16: 2}
    scores = {}
    for column, target in enumerate(TARGETS):
        table = np.empty((len(design.arms), 3, 2))
        for place, arm in enumerate(design.arms):
            row = TASKS.index(arm.values["task"]) if arm.treated else 0
            gain = 1 + row + by_budget * x[arm.values["budget"]] * z[row, column] + z[row, column] if arm.treated else 0
            table[place] = 50 + 5 * column + gain + 0.1 * rng.standard_normal((3, 2))
        scores[target] = table
    codes = LANGUAGES if english else ["qab", "qaa"]
    flops = {arm.source: 1.2e9 * arm.values["budget"] for arm in design.arms if arm.treated}
    runs = PlantedRuns(scores, dict.fromkeys(TARGETS, codes), {"en": 0.0, "qaa": 0.3, "qab": 0.4}, flops)
    return runs, similarity


def write(folder, similarity, names, undefined=()):
    """Write the similarities of three seeds, the measured sources being the shortest ones."""
    paths = []
    for seed in (1, 2, 3):
        rows = [
            {"model": "tiny", "seed": seed, "measure": measure, "source": names[task], "target": target}
            | {"similarity": None if target in undefined and measure == "logme" else float(value)}
            | {"source_flops": 1e8 if measure == "logme" else 0.0, "target_flops": 0.0}
            for measure, table in (("logme", similarity), ("size", np.repeat(similarity[:, :1], 5, axis=1)))
            for task, row in zip(TASKS, table, strict=True)
            for target, value in zip(TARGETS, row, strict=True)
        ]
        paths.append(folder / f"seed{seed}.parquet")
        write_table(paths[-1], pa.Table.from_pylist(rows, schema=SCHEMA))
    return paths


def shortest(design):
    return {arm.values["task"]: arm.source for arm in reversed(design.arms) if arm.treated}


def test_a_planted_interaction_is_found(design, tmp_path):
    runs, similarity = planted(design, 0.5)
    found = analyse(design, runs, write(tmp_path, similarity, shortest(design)), np.random.default_rng(0))
    assert found.primary.name == "similarity_by_budget"
    assert found.primary.interval.estimate == pytest.approx(0.5, abs=0.05)
    assert found.primary.interval.low < 0.5 < found.primary.interval.high
    assert found.primary.interval.p < 0.01
    (main,) = (one for one in found.estimates if one.family == "similarity")
    assert main.interval.estimate == pytest.approx(1, abs=0.1)
    assert not any(one.scope.get("other") == "size of the source" for one in found.estimates)  # no differences
    assert set(found.figures) == set(design.kind.figures)
    assert set(found.tables) == set(design.kind.tables)


def test_no_interaction_is_not_found(design, tmp_path):
    runs, similarity = planted(design, 0.0, seed=3)
    found = analyse(design, runs, write(tmp_path, similarity, shortest(design)), np.random.default_rng(0))
    assert abs(found.primary.interval.estimate) < 0.05
    assert found.primary.interval.p > 0.05


def test_the_tables_say_what_was_planted(design, tmp_path):
    runs, similarity = planted(design, 0.5)
    found = analyse(design, runs, write(tmp_path, similarity, shortest(design)), np.random.default_rng(0))
    assert found.tables["pairs"].num_rows == 4 * 5 * 3
    effects = {
        row["budget"]: row["points_per_deviation"]
        for row in found.tables["budgets"].to_pylist()
        if row["measure"] == "logme"
    }
    assert effects == {1: pytest.approx(0, abs=0.1), 4: pytest.approx(1, abs=0.1), 16: pytest.approx(2, abs=0.1)}
    ranking = {(row["measure"], row["budget"]): row for row in found.tables["ranking"].to_pylist()}
    assert ranking["logme", 16]["double_centred"] > 0.95
    assert ranking["size", 16]["double_centred"] is None
    # at the smallest budget similarity makes no difference, and sources gain 1 to 4 points everywhere
    assert ranking["elsewhere", 1]["regret_1"] < ranking["logme", 1]["regret_1"]
    assert elsewhere([[1.0, 2.0, 6.0], [0.0, 0.0, 3.0]]).tolist() == [[4.0, 3.5, 1.5], [1.5, 1.5, 0.0]]
    assert ranking["logme", 16]["regret_1"] < ranking["logme", 16]["random_regret_1"]
    policies = {(row["policy"], row["total_flops"]): row for row in found.tables["policies"].to_pylist()}
    smallest, most = min(total for _, total in policies), max(total for _, total in policies)
    assert policies["size-1", smallest]["gain"] != 0
    # the budget of one training does not pay for reading four trained models as well
    assert policies["logme-1", smallest]["gain"] == 0
    assert policies["oracle", most]["gain"] >= policies["logme-1", most]["gain"] > policies["random", most]["gain"]
    assert any("differ from the declared budgets by up to 20 %" in note for note in found.notes)


def test_targets_without_a_similarity_are_left_out_and_named(design, tmp_path):
    runs, similarity = planted(design, 0.5)
    paths = write(tmp_path, similarity, shortest(design), undefined=["panx"])
    found = analyse(design, runs, paths, np.random.default_rng(0))
    assert found.primary.interval.degrees == 3 * 3 - 1
    assert any("not defined for panx" in note for note in found.notes)
    with pytest.raises(UserError, match="not defined for 3 targets"):
        analyse(design, runs, write(tmp_path, similarity, shortest(design), TARGETS[:3]), np.random.default_rng(0))


def test_without_english_policies_see_what_they_are_judged_by(design, tmp_path):
    runs, similarity = planted(design, 0.5, english=False)
    found = analyse(design, runs, write(tmp_path, similarity, shortest(design)), np.random.default_rng(0))
    assert any("no English score" in note for note in found.notes)


def test_similarities_that_are_missing_are_named(design, tmp_path):
    runs, similarity = planted(design, 0.5)
    names = shortest(design)
    paths = write(tmp_path, similarity, names | {"ccg": "hellaswag-s10"})
    with pytest.raises(UserError, match=r"lacks the similarity \(logme\) of 'ccg' and 'xnli'"):
        analyse(design, runs, paths, np.random.default_rng(0))
    other = SimpleNamespace(**vars(design) | {"options": {**design.options, "measure": "tree"}, "name": design.name})
    with pytest.raises(UserError, match="asks for the measure 'tree'"):
        analyse(other, runs, write(tmp_path, similarity, names), np.random.default_rng(0))


def test_other_sources_of_the_same_task_are_not_mixed_in(design, tmp_path):
    """The main study has measured the tasks' complete training, too."""
    runs, similarity = planted(design, 0.5)
    own, other = (
        write(tmp_path / "a", similarity, shortest(design)),
        write(tmp_path / "b", -similarity, {t: t for t in TASKS}),
    )
    alone, beside = (analyse(design, runs, paths, np.random.default_rng(0)) for paths in (own, [*own, *other]))
    assert beside.primary == alone.primary
    assert beside.tables["policies"].equals(alone.tables["policies"])


def test_the_same_again_gives_the_same(design, tmp_path):
    runs, similarity = planted(design, 0.5)
    paths = write(tmp_path, similarity, shortest(design))
    first, second = (analyse(design, runs, paths, np.random.default_rng(0)) for _ in range(2))
    assert first.primary == second.primary
    assert all(first.tables[name].equals(second.tables[name]) for name in first.tables)


def test_more_tasks_detect_smaller_effects(design):
    fewer = make_design(
        "similarity",
        {"tasks": TASKS[:3], "budgets": BUDGETS, "targets": TARGETS[:3]},
        flops=FLOPS,
        measure="logme",
        overlap=True,
    )
    assert "(at least: differences between pairs of tasks are not in it)" in announcement(design)
    assert detectable_effect(design) == pytest.approx(detectable_effect(fewer) * np.sqrt(9 / 20))
