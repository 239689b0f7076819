"""Linear contrasts of several arms and targets."""

import numpy as np
import pytest

from workflow.scripts.statistics import Measurements, gain_interval
from workflow.scripts.statistics.contrasts import _by_language, contrast_interval, weighted_values


def draw(seed=0, arms=3, seeds=4, examples=(60, 50), families=(), *, parallel=False):
    rng = np.random.default_rng(seed)
    tops = [(rng.random((arms, seeds, n)) < 0.6).astype(float) for n in examples]
    names = [f"l{i}" for i in range(len(tops))]
    return Measurements(tops, [np.ones_like(top) for top in tops], names, families, parallel)


@pytest.mark.parametrize("languages", ["fixed", "random"])
@pytest.mark.parametrize("parallel", [False, True])
def test_a_difference_of_two_arms_of_one_target_is_its_gain(languages, parallel):
    measured = draw(examples=(60, 60, 60), parallel=parallel)
    one = contrast_interval([measured], [0, 1, -1], languages)
    other = gain_interval(measured, 1, 2, languages)
    for name in ("estimate", "low", "high", "p", "degrees", "standard_error"):
        assert getattr(one, name) == pytest.approx(getattr(other, name))


def test_weights_add_up_and_targets_are_averaged():
    one, other = draw(1), draw(2, examples=(30, 40, 50))
    weights = np.array([0.5, 0.5, -1])
    expected = [
        np.mean([np.tensordot(weights, 100 * top.mean(axis=(1, 2)), 1) for top in measured.numerators])
        for measured in (one, other)
    ]
    assert contrast_interval([one, other], weights).estimate == pytest.approx(np.mean(expected))


def test_seeds_are_shared_by_targets_and_examples_are_not():
    rng = np.random.default_rng(3)
    right = rng.random((2, 1, 400)) < np.array([0.8, 0.4])[:, None, None]
    broken = rng.random((2, 4, 400)) < np.array([0.0, 0.1, 0.2, 0.3])[:, None]  # seeds differ
    top = (right & ~broken).astype(float)
    measured = Measurements([top], [np.ones_like(top)], ["a"])
    twice, once = contrast_interval([measured, measured], [1, -1]), contrast_interval([measured], [1, -1])
    seed_term = 1e4 * (top[0] - top[1]).mean(axis=1).var(ddof=1) / 4
    assert twice.estimate == pytest.approx(once.estimate)
    assert once.standard_error**2 > 1.2 * seed_term
    assert twice.standard_error**2 - seed_term == pytest.approx((once.standard_error**2 - seed_term) / 2)


def test_a_contrast_of_nothing_is_nothing():
    found = contrast_interval([draw()], [0, 0, 0])
    assert (found.estimate, found.standard_error) == (0, 0)


def test_one_seed_is_cautioned():
    found = contrast_interval([draw(seeds=1)], [1, -1, 0])
    assert "one seed" in found.caution
    assert found.sources == ("examples",)


def test_ratios_with_denominators_are_linearised():
    rng = np.random.default_rng(4)
    top = rng.integers(0, 3, (2, 3, 40)).astype(float)
    bottom = top + rng.integers(1, 3, (2, 3, 40))
    (values,) = weighted_values(Measurements([top], [bottom], ["a"]), [2, -1])
    score = 100 * top.sum(axis=2) / bottom.sum(axis=2)
    assert values.mean(axis=1) == pytest.approx(2 * score[0] - score[1])


@pytest.mark.parametrize(
    ("targets", "weights", "message"),
    [
        ([], [1], "same arms"),
        ([draw(), draw(seeds=2)], [1, 0, 0], "same arms"),
        ([draw()], [1, 2], "broadcast|weights"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(targets, weights, message):
    with pytest.raises(ValueError, match=message):
        contrast_interval(targets, weights)


def test_random_languages_draw_the_languages_of_all_targets():
    one, other = draw(5, examples=(40, 40)), draw(6, examples=(40, 40, 40))
    found = contrast_interval([one, other], [1, -1, 0], "random")
    assert found.sources == ("seeds", "languages")
    assert found.estimate == pytest.approx(contrast_interval([one, other], [1, -1, 0]).estimate)


def test_what_languages_add_has_the_contrast_as_mean():
    one = draw(5, examples=(40, 40), families=("old", "new"))
    other = draw(6, examples=(40, 40, 40), families=("old", "new", "old"))
    gains = [np.random.default_rng(n).random((4, n)) for n in (2, 3)]
    table, family = _by_language([one, other], gains)
    assert table.mean(axis=1) == pytest.approx((gains[0].mean(axis=1) + gains[1].mean(axis=1)) / 2)
    assert table[:, 0] == pytest.approx(gains[0][:, 0] * 3 / 4 + gains[1][:, 0] / 2)  # of both targets
    assert table[:, 2] == pytest.approx(gains[1][:, 2] / 2)  # of the second alone
    assert family.tolist() == [1, 0, 1]
    assert _by_language([draw(examples=(9, 9))], [gains[0]])[1].tolist() == [0, 1]


def test_families_that_are_drawn_are_told():
    families = ("old", "new", "old")
    found = contrast_interval([draw(7, examples=(40, 40, 40), families=families)], [1, -1, 0], "random")
    assert found.sources == ("seeds", "families")
