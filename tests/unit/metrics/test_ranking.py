"""Mean average precision as XTREME-R computes it, and the right candidates of queries.

The golden file holds what the official functions return; it says from which commit and how it was made.
"""

import json
import math
from pathlib import Path

import pyarrow as pa
import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.metrics.alignment import Table, align_examples
from workflow.scripts.metrics.ranking import average_precision, map_at_20
from workflow.scripts.metrics.ranking_alignment import query_table
from workflow.scripts.metrics.registry import score_language
from workflow.scripts.tasks import TASKS, Family

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/metrics/ranking_xtreme_r.json").read_text(encoding="utf-8"))
CASES = GOLDEN["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_average_precision_is_the_official_one(case):
    found = average_precision(case["gold"], case["predicted"])
    assert math.isclose(found, case["average_precision"], abs_tol=1e-9)
    if "reciprocal_rank" in case:
        assert math.isclose(found, case["reciprocal_rank"], abs_tol=1e-9)


def test_means_are_the_official_ones():
    single = [case for case in CASES if len(case["gold"]) == 1]
    for cases, mean in ((CASES, GOLDEN["mean_lareqa"]), (single, GOLDEN["mrr_mewslix"])):
        scores = map_at_20([case["gold"] for case in cases], [case["predicted"] for case in cases])
        assert math.isclose(scores["map_at_20"], 100 * mean, abs_tol=1e-9)


def test_gold_first_scores_100_and_a_constant_ranking_its_hand_computed_value():
    gold = [["a", "b"], ["c"]]
    assert score_language(TASKS["lareqa"], gold, [["b", "a", "c"], ["c", "a", "b"]], "en") == {"map_at_20": 100}
    constant = score_language(TASKS["lareqa"], gold, [["c", "a", "b"], ["c", "a", "b"]], "en")["map_at_20"]
    assert constant == pytest.approx(100 * ((1 / 2 + 2 / 3) / 2 + 1) / 2)
    assert map_at_20(gold, [None, []]) == {"map_at_20": 0}


@pytest.mark.parametrize(("gold", "predicted"), [([], []), ([["a"]], []), ([[]], [["a"]])])
def test_what_cannot_be_scored_is_refused(gold, predicted):
    with pytest.raises(ValueError, match="quer"):
        map_at_20(gold, predicted)


def pool(*rows):
    names = ("id", "language", "side", "gold")
    schema = pa.schema([(name, pa.list_(pa.string()) if name == "gold" else pa.string()) for name in names])
    return Table(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema=schema), "data")


POOL = pool(
    ("en-0", "en", "query", ["0"]),
    ("de-0", "de", "query", ["0"]),
    ("en-a", "en", "candidate", ["0", "7"]),
    ("de-a", "de", "candidate", ["0"]),
    ("de-b", "de", "candidate", []),
)


def test_candidates_of_every_language_are_right():
    queries = query_table(POOL)
    assert queries.rows.to_pylist() == [
        {"id": "en-0", "language": "en", "gold": ["en-a", "de-a"]},
        {"id": "de-0", "language": "de", "gold": ["en-a", "de-a"]},
    ]
    predictions = pa.table(
        {
            "id": ["de-0", "en-0"],
            "language": ["de", "en"],
            "split": ["test", "test"],
            "prediction": [["de-b", "de-a"], ["en-a", "de-a"]],
            "score": [0.5, 0.6],
        }
    )
    aligned = align_examples(Family.RANKING, queries, Table(predictions, "predictions"))
    scores = {
        code: score_language(TASKS["lareqa"], part.gold, part.predicted, code)["map_at_20"]
        for code, part in aligned.items()
    }
    assert scores == {"de": pytest.approx(25), "en": 100}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("en-9", "en", "query", ["9"]), r"1 queries have no right candidate \(for example en/en-9\)"),
        (("de-a", "de", "candidate", []), "candidate 'de-a' is there twice"),
        (("x", "en", "left", []), "side 'left'; expected query or candidate"),
    ],
)
def test_damaged_pools_are_refused(row, message):
    rows = [tuple(entry.values()) for entry in POOL.rows.to_pylist()]
    with pytest.raises(UserError, match=message):
        query_table(pool(*rows, row))
