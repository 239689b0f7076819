"""Thresholds and scores of bitext mining, where the official code is right and where it fails."""

import random

import pytest

from workflow.scripts.metrics.mining import (
    best_threshold,
    mining_f1,
    pair_scores,
    repeated_ids,
    scores_of_counts,
    without_repeated,
)


def candidates(*scores: float) -> dict[tuple[str, str], float]:
    return {(f"f{i}", f"e{i}"): score for i, score in enumerate(scores)}


def pairs(*numbers: int) -> set[tuple[str, str]]:
    return {(f"f{i}", f"e{i}") for i in numbers}


def test_gold_as_candidates_scores_100() -> None:
    found = candidates(1.2, 1.1)
    result = mining_f1({"dev": pairs(0, 1), "test": pairs(0, 1)}, {"dev": found, "test": found})
    assert result == {"f1": 100.0, "precision": 100.0, "recall": 100.0, "threshold": 1.1}


def test_precision_recall_and_f1_of_counts() -> None:
    assert scores_of_counts(3, 4, 12) == {"f1": 37.5, "precision": 75.0, "recall": 25.0}
    for found, true in ((0, 5), (4, 5)):
        assert scores_of_counts(0, found, true) == {"f1": 0.0, "precision": 0.0, "recall": 0.0}


def test_the_threshold_lies_midway_below_the_best_cut() -> None:
    # cuts: 1 of 1 (F1 2/3), 2 of 2 (F1 1), 2 of 3, 2 of 4
    assert best_threshold(candidates(1.5, 1.25, 1.0, 0.5), pairs(0, 1)) == (1.25 + 1.0) / 2


def test_the_last_candidate_can_be_the_best_cut() -> None:
    # the official script stops here with an IndexError
    assert best_threshold(candidates(1.5, 1.25), pairs(0, 1)) == 1.25
    assert best_threshold(candidates(0.9), pairs(0)) == 0.9


def test_of_equally_good_cuts_the_strictest_is_taken() -> None:
    # 1 of 1 kept: F1 2/3; 2 of 4 kept: F1 4/6
    assert best_threshold(candidates(1.5, 1.0, 0.9, 0.8), pairs(0, 3)) == 1.25


def test_equal_scores_are_kept_or_dropped_together() -> None:
    # With f1 alone F1 would be 1, but no threshold separates it from f2, whatever their order.
    first = {("f0", "e0"): 1.5, ("f1", "e1"): 1.0, ("f2", "e2"): 1.0, ("f3", "e3"): 0.5}
    assert best_threshold(first, pairs(0, 1)) == best_threshold(dict(reversed(first.items())), pairs(0, 1)) == 0.75


def test_no_right_candidate_gives_the_official_threshold_0() -> None:
    assert best_threshold(candidates(1.5, 1.0), pairs(7)) == 0.0


def test_the_threshold_separates_neighbouring_floats() -> None:
    upper = 1.0 + 2**-52
    threshold = best_threshold({("f0", "e0"): upper, ("f1", "e1"): 1.0}, pairs(0))
    assert 1.0 < threshold <= upper


def test_the_dev_threshold_decides_on_test() -> None:
    dev = candidates(1.5, 1.25, 1.0)
    test = {("f0", "e0"): 1.4, ("f1", "e1"): 1.2, ("f8", "e9"): 1.3, ("f2", "e2"): 1.3749}
    result = mining_f1({"dev": pairs(0), "test": pairs(0, 1, 2)}, {"dev": dev, "test": test})
    assert result["threshold"] == 1.375  # between 1.5 and 1.25; keeps 1.4 alone
    assert (result["precision"], result["recall"], result["f1"]) == (100.0, pytest.approx(100 / 3), 50.0)


def test_a_pair_on_the_threshold_is_kept() -> None:
    result = mining_f1({"dev": pairs(0), "test": pairs(0)}, {"dev": candidates(1.25), "test": candidates(1.25)})
    assert result["f1"] == 100.0


def test_no_overlap_scores_0() -> None:
    assert pair_scores(pairs(1), pairs(2)) == {"f1": 0.0, "precision": 0.0, "recall": 0.0}
    assert pair_scores(set(), pairs(2))["f1"] == 0.0


def test_threshold_is_the_best_of_all_cuts() -> None:
    rng = random.Random(1)
    for _ in range(200):
        found = {
            (f"f{rng.randrange(9)}", f"e{rng.randrange(9)}"): rng.randrange(12) / 8 for _ in range(rng.randrange(1, 20))
        }
        gold = {pair for pair in found if rng.random() < 0.5} | pairs(20)

        def f1_at(threshold: float, found=found, gold=gold) -> float:
            return pair_scores({pair for pair, score in found.items() if score >= threshold}, gold)["f1"]

        best = max(f1_at(score) for score in found.values())
        assert f1_at(best_threshold(found, gold)) == pytest.approx(best)


def test_repeated_sentences_are_dropped_on_their_own_side_but_stay_in_the_gold() -> None:
    foreign = repeated_ids(["f0", "f1", "f2"], ["same", "other", "same \n"])
    english = repeated_ids(["e0", "e1", "e2"], ["x", "y", "z"])
    assert (foreign, english) == ({"f0", "f2"}, set())
    left = without_repeated(candidates(1.5, 1.25, 1.0), foreign, english)
    assert set(left) == pairs(1)
    assert pair_scores(set(left), pairs(0, 1))["recall"] == 50.0


def test_a_split_without_gold_pairs_is_an_error() -> None:
    with pytest.raises(ValueError, match="'dev' has no gold"):
        mining_f1({"dev": set(), "test": pairs(0)}, {"dev": {}, "test": {}})
