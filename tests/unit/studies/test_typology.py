"""The study `typology`: robustness by hand, slopes on the distance, planted and with controls."""

import numpy as np
import pytest

from workflow.scripts.studies.typology_contrasts import (
    describe,
    distance_model,
    distance_slope,
    family_bootstrap,
)
from workflow.scripts.studies.typology_robustness import (
    conditional_value_at_risk,
    family_macro_mean,
    logits,
    pooled_languages,
    preselected,
    retention,
)

RNG = np.random.default_rng
CODES = ("l1", "l2", "l3", "l4", "l5", "l6", "l7", "l8")


def languages(rng, count=8, controls=(), families=None):
    codes = [f"l{place}" for place in range(count)]
    given = {name: rng.standard_normal(count) for name in controls}
    return describe(codes, rng.random(count), families or codes, ["Latn"] * count, given)


def test_retention_by_hand():
    assert logits([50, 73.10585786300049, 0]).tolist() == pytest.approx([0, 1, np.log(0.5 / 99.5)])
    scores = np.array([[73.10585786300049, 50.0, 26.894142136999512]])
    assert retention(scores, 0)[0].tolist() == pytest.approx([-1, -2])
    assert retention(scores, 1)[0].tolist() == pytest.approx([1, -1])


def test_worst_languages_by_hand():
    scores = np.array([[5.0, 1.0, 3.0, 9.0, 7.0]])
    assert conditional_value_at_risk(scores, 0.2).tolist() == [1]
    assert conditional_value_at_risk(scores, 0.4).tolist() == [2]
    assert conditional_value_at_risk(scores, 0.5).tolist() == [3]  # three of five
    assert conditional_value_at_risk(scores, 1).tolist() == [5]
    with pytest.raises(ValueError, match="share"):
        conditional_value_at_risk(scores, 0)


def test_families_count_alike():
    assert family_macro_mean([[1.0, 3.0, 8.0]], ["a", "a", "b"]).tolist() == [5]


def test_a_target_with_near_languages_alone_does_not_flatter_them():
    """value = target + language, to be taken apart; each target has other languages."""
    effects = dict(zip("abcd", (3.0, 1.0, -1.0, -3.0), strict=True))
    codes = {"one": ["a", "b", "c"], "two": ["b", "c", "d"], "three": ["a", "b"]}
    levels = {"one": 0.0, "two": 10.0, "three": -5.0}
    tables = {name: np.array([[levels[name] + effects[code] for code in own]]) for name, own in codes.items()}
    found, order = pooled_languages(tables, codes)
    assert order == list("abcd")
    assert found[0].tolist() == pytest.approx([3, 1, -1, -3])
    with pytest.raises(ValueError, match="in common"):
        pooled_languages({"x": np.ones((1, 2)), "y": np.ones((1, 2))}, {"x": ["a", "b"], "y": ["c", "d"]})
    with pytest.raises(ValueError, match="no target"):
        pooled_languages({}, {})


def test_regimes_are_chosen_by_english():
    english = np.array([[[50.0, 60.0], [10.0, 10.0]], [[40.0, 80.0], [9.0, 10.0]]])  # regimes, targets, seeds
    assert preselected(english).tolist() == [1, 0]


def test_a_planted_slope_is_found_per_standard_deviation():
    rng = RNG(0)
    known, _ = languages(rng)
    values = -0.4 * known.distance + 0.05 * rng.standard_normal((3, 8))
    found = distance_slope(values, known)
    assert known.distance.std() == pytest.approx(1)
    assert found.estimate == pytest.approx(-0.4, abs=0.08)
    assert found.low < -0.4 < found.high < 0
    assert found.p < 0.01
    assert found.sources == ("seeds", "families")
    drawn = family_bootstrap(values.mean(axis=0), known, rng, 300)
    assert np.quantile(drawn, 0.01) < -0.4 < np.quantile(drawn, 0.99) < 0


def test_a_slope_that_differs_between_seeds_widens_the_interval():
    rng = RNG(1)
    known, _ = languages(rng)
    noise = 0.05 * rng.standard_normal((3, 8))
    alike, apart = (
        -0.4 * known.distance + noise + np.outer(steps, known.distance) for steps in ([0, 0, 0], [-0.4, 0, 0.4])
    )
    one, other = distance_slope(alike, known), distance_slope(apart, known)
    assert other.estimate == pytest.approx(one.estimate)
    assert other.standard_error > 3 * one.standard_error
    assert other.p > 0.05 > one.p


def test_one_seed_is_a_caution():
    known, _ = languages(RNG(2))
    found = distance_slope(-known.distance[None] + 0.1 * RNG(3).standard_normal((1, 8)), known)
    assert found.caution
    assert found.sources == ("families",)


def test_related_languages_are_not_independent():
    """Four families of two that are the same language twice: the interval is that of four, not of eight."""
    rng = RNG(4)
    distance = np.repeat(rng.random(4), 2)
    noise = np.repeat(rng.standard_normal((1, 4)), 2, axis=1)
    widths = {}
    for name, families in (("families", list("aabbccdd")), ("languages", CODES)):
        known, _ = describe(CODES, distance, families, ["Latn"] * 8, {})
        widths[name] = distance_slope(known.distance + noise, known).standard_error
    assert widths["families"] > 1.2 * widths["languages"]


def test_controls_are_taken_while_there_is_room():
    rng = RNG(5)
    known, left_out = languages(rng, 7, ("size", "fertility", "script"))
    assert list(known.controls) == ["size", "fertility"]
    assert left_out == ["script"]
    codes, size = [f"l{place}" for place in range(12)], np.arange(12.0)
    given = {"same": np.ones(12), "unknown": [*range(11), np.nan], "size": size, "twice": 3 * size + 1}
    known, left_out = describe(codes, rng.random(12), codes, ["Latn"] * 12, given)
    assert list(known.controls) == ["size"]
    assert left_out == ["same", "unknown", "twice"]
    _, left_out = languages(rng, 5, ("size",))
    assert left_out == ["size"]


def test_a_control_takes_what_is_its_own():
    """Values follow the size of the pretraining data, which goes with the distance."""
    rng = RNG(6)
    distance = rng.random(12)
    size = -distance + 0.3 * rng.standard_normal(12)
    values = size + 0.02 * rng.standard_normal((3, 12))
    codes = [f"l{place}" for place in range(12)]
    alone, beside = (
        distance_slope(values, describe(codes, distance, codes, codes, controls)[0])
        for controls in ({}, {"size": size})
    )
    assert alone.p < 0.05
    assert abs(beside.estimate) < 0.1 * abs(alone.estimate)


def test_the_mixed_model_has_the_planted_slope():
    rng = RNG(7)
    known, _ = languages(rng, 10, families=[*"aabbccddee"])
    own = 0.1 * rng.standard_normal(10)
    codes = {"one": list(known.codes), "two": list(known.codes[2:]), "three": list(known.codes[:7])}
    tables = {}
    for level, (target, names) in enumerate(codes.items()):
        rows = [known.codes.index(name) for name in names]
        tables[target] = level - 0.5 * known.distance[rows] + own[rows] + 0.05 * rng.standard_normal(len(rows))
    found = distance_model(tables, codes, known)
    assert found.coefficients[-1] == pytest.approx(-0.5, abs=3 * found.standard_errors[-1])
    assert 0.01 < found.standard_errors[-1] < 0.1


def test_a_slope_that_one_family_makes_alone_is_not_known():
    """Six near languages of three families and two distant ones of a fourth: without that, nothing is known."""
    distance = np.array([1.0] * 6 + [5.0, 5.0])
    known, _ = describe(CODES, distance, list("aabbccdd"), ["Latn"] * 8, {})
    values = known.distance + 0.01 * RNG(0).standard_normal((3, 8))
    found = distance_slope(values, known)
    assert found.estimate == pytest.approx(1, abs=0.05)
    assert found.low < 0 < found.high


def test_a_family_without_which_a_control_is_constant_counts():
    """The other script is that of one family, within which values follow the distance; elsewhere they do not."""
    distance = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 5.0])
    control = {"script": [0.0] * 6 + [1.0, 1.0]}
    known, left_out = describe(CODES, distance, [*"abcdef", "g", "g"], ["Latn"] * 8, control)
    assert not left_out
    values = np.where(np.arange(8) < 6, 0.0, distance)[None] + 0.01 * RNG(1).standard_normal((3, 8))
    found = distance_slope(values, known)
    assert found.standard_error > 0.5 * found.estimate > 0


def test_what_says_nothing_of_distance_is_refused():
    with pytest.raises(ValueError, match="four languages"):
        languages(RNG(8), 3)
    with pytest.raises(ValueError, match="four languages"):
        describe(CODES, np.ones(8), CODES, CODES, {})
    known, _ = describe(CODES, np.arange(8.0), list("aaaabbbb"), CODES, {})
    with pytest.raises(ValueError, match="three families"):
        distance_slope(np.ones((2, 8)), known)
