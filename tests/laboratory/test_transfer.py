"""The laboratory's encoder really transfers. Margins are wide: they hold for other seeds of world and training, too."""

from statistics import mean

import pytest
from scipy.stats import spearmanr

CHANCE = {"xnli": 100 / 3, "pawsx": 50.0}


def by_distance(scores, facts):
    """Return (distance, score) of the languages that are no controls, English left out."""
    return [(facts[code]["distance"], value) for code, value in scores.items() if facts[code]["role"] == "language"]


@pytest.mark.parametrize(
    ("target", "least"), [("udpos", 85), ("panx", 85), ("pawsx", 62), ("xnli", 52), ("tydiqa", 30)]
)
def test_english_is_learned(laboratory, target, least):
    scores, _ = laboratory
    assert scores["none", target]["en"] >= least


@pytest.mark.parametrize(("target", "margin"), [("udpos", 12), ("panx", 8), ("pawsx", 3), ("tydiqa", 8)])
def test_zero_shot_scores_fall_with_typological_distance(laboratory, target, margin):
    scores, facts = laboratory
    pairs = sorted(by_distance(scores["none", target], facts))
    near, far = mean(value for _, value in pairs[:2]), mean(value for _, value in pairs[-2:])
    assert near > far + margin
    assert spearmanr(*zip(*pairs, strict=True)).statistic < -0.4


def test_close_languages_are_well_above_chance(laboratory):
    scores, _ = laboratory
    assert mean(scores["none", "pawsx"][code] for code in ("qaa", "qab")) > CHANCE["pawsx"] + 6
    assert min(scores["none", "udpos"][code] for code in ("qaa", "qab")) > 55
    assert min(scores["none", "tatoeba"][code] for code in ("qaa", "qab")) > 20  # chance is 1 in 300


@pytest.mark.parametrize("target", ["udpos", "panx", "pawsx", "xnli"])
def test_relabelled_english_is_near_and_reversed_english_far(laboratory, target):
    scores, _ = laboratory
    found = scores["none", target]
    assert found["qay"] > found["en"] - 25
    assert found["qaz"] < found["qay"] - 5
    if target in CHANCE:
        assert found["qay"] > CHANCE[target] + 5


def test_intermediate_training_gains_and_loses(laboratory):
    """Gains of both signs, beyond what 200 examples a language leave to chance (about 2 points on a target's mean)."""
    scores, facts = laboratory

    def level(source, target):
        return mean(value for _, value in by_distance(scores[source, target], facts))

    gains = {cell: level(*cell) - level("none", cell[1]) for cell in scores if cell[0] != "none"}
    assert max(gains.values()) > 2, gains
    assert min(gains.values()) < -2, gains
