"""The plan and the analysis of the study `typology` on planted scores."""

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.studies.planted import PlantedRuns, make_design
from workflow.scripts.errors import UserError
from workflow.scripts.features.store import TokenIds, write_features
from workflow.scripts.files import write_table
from workflow.scripts.reporting.scores import Language
from workflow.scripts.studies.analyses.typology import analyse
from workflow.scripts.studies.typology_data import fertilities

DISTANCES = {"en": 0.0, "qaa": 0.2, "qab": 0.3, "qac": 0.5, "qad": 0.6, "qae": 0.8, "qaf": 0.9}
CODES = list(DISTANCES)
FACTORS = {"singles": ["mnli", "ccg"], "mixtures": ["multi"], "targets": ["xnli", "udpos"]}
MIXTURES = {"multi": ["mnli", "ccg", "squad_v2"]}


def study(**options):
    factors = FACTORS | options.pop("factors", {})
    return make_design("typology", factors, MIXTURES, overlap=True, **{"permutations": 500, **options})


def planted(design, multi_slope, seed=0, codes=CODES, noise=0.02):
    """Return runs: logits fall by 1 by unit of distance, after the mixture by less; mnli is best in English."""
    rng = np.random.default_rng(seed)
    level = {"none": 0.2, "mnli": 1.0, "ccg": 0.5, "multi": 0.8}
    distance = np.array([DISTANCES[code] for code in codes])
    scores = {}
    for column, target in enumerate(design.targets):
        table = []
        for arm in design.arms:
            regime = arm.values.get("regime", "none")
            slope = -1 + (multi_slope if regime == "multi" else 0.0)
            logit = level[regime] - 0.3 * column + slope * distance + noise * rng.standard_normal((3, len(codes)))
            table.append(100 / (1 + np.exp(-logit)))
        scores[target] = np.array(table)
    return PlantedRuns(scores, {target: list(codes) for target in design.targets}, DISTANCES)


def estimates(found):
    return {(one.name, *one.scope.values()): one.interval for one in [found.primary, *found.estimates]}


def test_a_design_has_every_regime_in_every_matching():
    flops = dict.fromkeys(["mnli", "ccg", "multi"], 1e6)
    design = study(factors={"budget": [2]}, flops=flops)
    assert [arm.source for arm in design.arms] == [
        "none",
        "mnli-s250",
        "ccg-s250",
        "multi-s250",
        "mnli",
        "ccg",
        "multi",
    ]
    assert design.arms[3].values == {"regime": "multi", "tasks": 3, "matching": "compute"}
    assert [arm.source for arm in study(factors={"budget": [2]}, flops=flops, data_complete=False).arms] == [
        "none",
        "mnli-s250",
        "ccg-s250",
        "multi-s250",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"factors": {"singles": ["mnli"]}}, "two tasks at least"),
        ({"factors": {"singles": ["mnli", "multi"]}}, "'multi', which is a mixture"),
        ({"factors": {"mixtures": ["ccg"]}}, "'ccg', which is no mixture; expected some of multi"),
        ({"data_complete": False}, "neither factors.budget nor"),
        ({"factors": {"budget": [1, 2]}}, "expected one number"),
        ({"factors": {"budget": [1]}}, "options.flops lacks 'mnli'"),
        ({"factors": {"singles": ["mnli", "cg"]}}, "Did you mean 'ccg'"),
        ({"worst_share": 0}, "no share of languages"),
        ({"permutations": 10}, "too few for the level 0.05"),
    ],
)
def test_designs_that_cannot_be_compared_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        study(**options)


def test_a_planted_robustness_is_found():
    """The mixture loses 0.4 logits less by unit of distance; a standard deviation of distance is 0.25."""
    design = study()
    found = analyse(design, planted(design, 0.4), [], np.random.default_rng(0))
    unit = np.std([DISTANCES[code] for code in CODES[1:]])
    known = estimates(found)
    assert found.primary.interval.estimate == pytest.approx(0.4 * unit, abs=0.02)
    assert found.primary.interval.low > 0
    assert found.primary.interval.p < 0.01
    assert known["multi_by_distance_mean",].estimate == pytest.approx(0.4 * unit, abs=0.02)
    assert known["distance",].estimate == pytest.approx((-1 + 0.4 / 3) * unit, abs=0.02)
    assert known["distance",].p < 0.001
    assert {("multi_by_distance", "xnli"), ("multi_by_distance", "udpos")} <= set(known)
    assert set(found.figures) == set(design.kind.figures)
    assert set(found.tables) == set(design.kind.tables)
    tests = {row["method"]: row for row in found.tables["tests"].to_pylist() if row["contrast"] == design.contrast}
    assert tests["Freedman-Lane, languages within scripts"]["p"] < 0.02
    assert tests["bootstrap of families"]["low"] < 0.4 * unit < tests["bootstrap of families"]["high"]
    assert tests["mixed model (Wald)"]["estimate"] == pytest.approx(found.primary.interval.estimate, abs=0.01)


def test_no_robustness_is_not_found():
    design = study()
    found = analyse(design, planted(design, 0.0, seed=1, noise=0.1), [], np.random.default_rng(0))
    assert found.primary.interval.p > 0.05
    assert estimates(found)["distance",].p < 0.01


def test_the_single_task_is_chosen_by_english():
    design = study()
    found = analyse(design, planted(design, 0.4), [], np.random.default_rng(0))
    assert "Single tasks chosen by English scores: mnli." in found.notes
    without = planted(design, 0.4, codes=CODES[1:])
    with pytest.raises(UserError, match="no target with an English score"):
        analyse(design, without, [], np.random.default_rng(0))
    without.tables["xnli"], without.languages["xnli"] = planted(design, 0.4).tables["xnli"], CODES
    found = analyse(design, without, [], np.random.default_rng(0))
    assert any("udpos: no English score" in note for note in found.notes)


def test_robustness_by_hand():
    design = study()
    runs = planted(design, 0.4, noise=0.0)
    rows = {(row["regime"], row["target"]): row for row in robustness(design, runs)}
    mnli = 100 / (1 + np.exp(-(1.0 - np.array([0.2, 0.3, 0.5, 0.6, 0.8, 0.9]))))
    assert rows["mnli", "xnli"]["worst_language"] == "qaf"
    assert rows["mnli", "xnli"]["worst"] == pytest.approx(mnli[-1])
    assert rows["mnli", "xnli"]["conditional_value_at_risk"] == pytest.approx(mnli[-2:].mean())  # 20 % of six
    multi = 100 / (1 + np.exp(-(0.8 - 0.6 * np.array([0.2, 0.3, 0.5, 0.6, 0.8, 0.9]))))
    assert rows["mnli", "xnli"]["regret"] == pytest.approx(np.maximum(multi - mnli, 0).mean())
    none = 100 / (1 + np.exp(-(0.2 - np.array([0.2, 0.3, 0.5, 0.6, 0.8, 0.9]))))
    assert rows["none", "xnli"]["regret"] == pytest.approx((np.maximum(multi, mnli) - none).mean())


def robustness(design, runs):
    return analyse(design, runs, [], np.random.default_rng(0)).tables["robustness"].to_pylist()


def test_languages_without_a_distance_are_left_out():
    design = study()
    runs = planted(design, 0.4)
    runs.facts["qab"] = Language("qab", "qab", "Latn", "qab", None)
    found = analyse(design, runs, [], np.random.default_rng(0))
    assert {row["language"] for row in found.tables["languages"].to_pylist()} == set(CODES) - {"en", "qab"}
    for code in ("qac", "qad", "qae"):
        runs.facts[code] = Language(code, code, "Latn", code, None)
    with pytest.raises(UserError, match="four languages"):
        analyse(design, runs, [], np.random.default_rng(0))


def test_languages_of_two_families_are_refused():
    runs = planted(study(), 0.4)
    for code in CODES:
        runs.facts[code] = Language(code, code, "Latn", "one" if code < "qad" else "other", DISTANCES[code])
    with pytest.raises(UserError, match="2 families"):
        analyse(study(), runs, [], np.random.default_rng(0))


def test_fertility_is_that_of_parallel_texts(tmp_path):
    folder = tmp_path / "tokens/sub/xnli"
    columns = {"example": [0, 1, 2, 3], "input_ids": [[5] * 4, [5] * 6, [5] * 10, [5] * 10], "label": [0] * 4}
    tokens = TokenIds(vocabulary_size=10, pad=1, mask=4, special=(0, 1, 2, 3, 4))
    write_features(folder / "test.arrow", columns, family="classification", tokens=tokens, labels=("a", "b"))
    data = tmp_path / "data/xnli/test.parquet"
    data.parent.mkdir(parents=True)
    write_table(data, pa.table({"language": ["en", "en", "qaa", "qaa"]}))
    assert fertilities([folder / "test.arrow", data]) == {"en": 1.0, "qaa": 2.0}
    assert fertilities([]) == {}


def test_the_same_again_gives_the_same():
    design = study()
    first, second = (analyse(design, planted(design, 0.4), [], np.random.default_rng(0)) for _ in range(2))
    assert first.primary == second.primary
    assert all(first.tables[name].equals(second.tables[name]) for name in first.tables)
