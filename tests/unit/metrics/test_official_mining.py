"""Mining and retrieval score what XTREME's and jiant's programs give, from vectors to F1 (tests/golden/metrics)."""

from typing import Any

import pyarrow as pa
import pytest
import torch

from tests.unit.metrics.official import equal, golden
from workflow.scripts.decoding.neighbours import first_occurrences, mine_pairs, nearest, unit
from workflow.scripts.metrics.alignment import Table, align_pools
from workflow.scripts.metrics.mining import best_threshold, mining_f1, mining_f1_all_ids, pair_scores
from workflow.scripts.metrics.retrieval import retrieval_accuracy

Case = dict[str, Any]
NO_THRESHOLD = "IndexError"
"""What the official loop ends with where the best cut keeps all candidates."""


def unit_rows(vectors: list[list[float]]) -> Any:
    """Return unit vectors in float32."""
    return unit(torch.tensor(vectors, dtype=torch.float32)).numpy()


def rows_of(pool: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the canonical rows of a pool."""
    rows = []
    for side in ("foreign", "english"):
        for name, text in zip(pool[side]["ids"], pool[side]["texts"], strict=True):
            gold = [english for foreign, english in pool["gold"] if foreign == name] if side == "foreign" else []
            rows.append({"id": name, "language": "de", "side": side, "text_a": text, "gold": gold})
    return rows


def aligned(case: Case) -> Any:
    """Return the examples of a case, predicted by the pairs that the official program mined."""
    predictions = []
    for split, pairs in case["mined"].items():
        first: dict[str, dict[str, str]] = {"foreign": {}, "english": {}}
        for side, names in first.items():
            for name, text in zip(*(case["pools"][split][side][key] for key in ("ids", "texts")), strict=True):
                names.setdefault(text, name)
        predictions += [
            {
                **{"id": first["foreign"][foreign], "prediction": first["english"][english]},
                **{"language": "de", "split": split, "score": score},
            }
            for score, foreign, english in pairs
        ]
    data = {
        split: Table(pa.Table.from_pylist(rows_of(pool)), f"{split}.parquet") for split, pool in case["pools"].items()
    }
    return align_pools(data, Table(pa.Table.from_pylist(predictions), "predictions.parquet"))["de"]


@pytest.mark.parametrize("case", golden("mining"))
def test_xtremes_scores(case: Case) -> None:
    examples, official = aligned(case), case["official"]["xtreme"]
    found = mining_f1(examples.gold, examples.predicted)
    if official["dev"] == NO_THRESHOLD:  # ours goes on; see best_threshold
        assert found["threshold"] == min(examples.predicted["dev"].values())
    else:
        assert found == equal({**official["test"], "threshold": official["threshold"]})


@pytest.mark.parametrize("case", golden("mining"))
def test_jiants_scores_of_the_same_pairs(case: Case) -> None:
    """jiant pairs every id of a repeated sentence; XTREME and LASER drop such sentences. Both are reported."""
    examples, official = aligned(case), case["official"]["jiant"]
    found = mining_f1_all_ids(examples.gold, examples.predicted, "de", examples.more["all_ids"])
    if official["dev"] != NO_THRESHOLD:
        # jiant's threshold is from float32 scores, ours from the digits that XTREME's program wrote
        assert found.pop("threshold_all_ids") == pytest.approx(official["threshold"], abs=1e-7)
        assert found == equal({f"{name}_all_ids": value for name, value in official["test"].items()})


def test_the_two_rules_differ_where_sentences_are_repeated() -> None:
    different = {
        case["name"]
        for parameter in golden("mining")
        for case in parameter.values
        if case["official"]["xtreme"]["test"] != case["official"]["jiant"]["test"]
    }
    assert different >= {"repeated-2", "repeated-3"}
    assert not any(name.startswith("plain") for name in different)


@pytest.mark.parametrize("case", golden("mining"))
@pytest.mark.parametrize("split", ["dev", "test"])
def test_the_same_pairs_are_mined_from_the_same_vectors(case: Case, split: str) -> None:
    pool = case["pools"][split]
    chosen = {side: first_occurrences(pool[side]["texts"]) for side in ("foreign", "english")}
    left, right = (unit_rows([pool[side]["vectors"][row] for row in chosen[side]]) for side in ("foreign", "english"))
    pairs = mine_pairs(left, right, k=4)
    texts = {side: [pool[side]["texts"][row] for row in rows] for side, rows in chosen.items()}
    found = {
        (texts["foreign"][i], texts["english"][j]): score
        for i, j, score in zip(pairs.left, pairs.right, pairs.score, strict=True)
    }
    # the official margins are in float32
    assert found == pytest.approx({(f, e): score for score, f, e in case["mined"][split]}, abs=1e-5)


@pytest.mark.parametrize("case", golden("mining", "thresholds"))
def test_thresholds(case: Case) -> None:
    """Official where that does not stop; where candidates tie, ours is at least as good on the pool it is set on."""
    candidates = {(foreign, english): score for foreign, english, score in case["candidates"]}
    gold = {tuple(pair) for pair in case["gold"]}
    threshold = best_threshold(candidates, gold)
    f1 = pair_scores({pair for pair, score in candidates.items() if score >= threshold}, gold)["f1"]
    official = case["official"]
    if official["threshold"] == NO_THRESHOLD:
        assert threshold == min(candidates.values())
    elif case["name"].startswith("ties"):
        assert f1 >= official["f1"]
    else:
        assert (threshold, f1) == equal((official["threshold"], official["f1"]))


@pytest.mark.parametrize("case", golden("tatoeba"))
def test_the_same_neighbours_and_accuracy_on_tatoeba(case: Case) -> None:
    found = nearest(unit_rows(case["english"]), unit_rows(case["foreign"])).tolist()
    assert found == case["official"]["predicted"]
    ids = [str(i) for i in range(len(found))]
    accuracy = retrieval_accuracy(ids, [ids[i] for i in found])["accuracy"]
    assert accuracy == equal(case["official"]["accuracy"])
