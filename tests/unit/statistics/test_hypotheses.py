"""Permutation, multiplicity, equivalence and power."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from workflow.scripts.statistics import (
    Measurements,
    VarianceComponents,
    benjamini_hochberg,
    holm,
    minimum_detectable_effect,
    power,
    sign_flip,
    tost,
    variance_components,
)
from workflow.scripts.statistics.intervals import Component, t_interval

REFERENCE = json.loads(
    (Path(__file__).resolve().parents[2] / "golden" / "statistics" / "statsmodels.json").read_text(encoding="utf-8")
)
RNG = np.random.default_rng


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_exact_sign_flips_are_those_of_scipy(alternative):
    gains = RNG(0).normal(0.6, 1, 10)
    found = sign_flip(gains, RNG(0), alternative=alternative)
    expected = stats.permutation_test(
        (gains,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative=alternative
    )
    assert found.exact
    assert found.p == pytest.approx(expected.pvalue)


def test_drawn_sign_flips_come_near_the_exact_p():
    gains = RNG(0).normal(0.4, 1, 14)
    exact, drawn = (sign_flip(gains, RNG(1), permutations=count) for count in (2**14, 8000))
    assert exact.exact
    assert not drawn.exact
    assert drawn.p == pytest.approx(exact.p, abs=0.02)
    assert sign_flip(gains, RNG(1), permutations=8000) == drawn


def test_p_is_never_below_what_a_test_can_show():
    found = sign_flip([1, 2, 3], RNG(0))
    assert (found.p, found.smallest) == (0.25, 0.25)
    drawn = sign_flip(np.ones(40), RNG(0), permutations=99)
    assert (drawn.p, drawn.smallest) == (0.01, 0.01)
    assert sign_flip([0.1, 0.2, -0.3], RNG(0)).p == 1


def test_units_flip_together():
    assert sign_flip([1, 1, 1, 1], RNG(0), units=["a", "a", "b", "b"]).p == 0.5
    with pytest.raises(ValueError, match="units"):
        sign_flip([1, 2], RNG(0), units=["a"])
    with pytest.raises(ValueError, match="finite"):
        sign_flip([1, np.nan], RNG(0))


def test_adjusted_p_values_are_those_of_statsmodels():
    assert holm(REFERENCE["p"]) == pytest.approx(REFERENCE["holm"])
    assert benjamini_hochberg(REFERENCE["p"]) == pytest.approx(REFERENCE["benjamini_hochberg"])
    assert benjamini_hochberg(REFERENCE["p"]) == pytest.approx(stats.false_discovery_control(REFERENCE["p"]))


@given(st.lists(st.floats(0, 1), max_size=12))
def test_adjusting_keeps_order_and_raises(p):
    for adjust in (holm, benjamini_hochberg):
        found = adjust(p)
        assert ((found >= np.array(p)) & (found <= 1)).all()
        order = np.argsort(p)
        assert (np.diff(found[order]) >= 0).all()


@pytest.mark.parametrize("p", [[0.1, np.nan], [1.1], [[0.1]]])
def test_what_is_no_p_value_is_refused(p):
    with pytest.raises(ValueError, match="from 0 to 1"):
        holm(p)


def test_equivalence_is_two_t_tests():
    gains = RNG(0).normal(0.1, 0.5, 12)
    interval = t_interval(gains.mean(), [Component(gains.var(ddof=1) / 12, 11)], 0.90)
    found = tost(interval, -0.5, 0.5)
    assert found.p_low == pytest.approx(stats.ttest_1samp(gains, -0.5, alternative="greater").pvalue)
    assert found.p_high == pytest.approx(stats.ttest_1samp(gains, 0.5, alternative="less").pvalue)
    assert found.equivalent == (interval.low > -0.5 and interval.high < 0.5)
    assert not tost(interval, -0.5, interval.high - 1e-6).equivalent
    assert tost(interval, -0.5, interval.high + 1e-6).equivalent
    with pytest.raises(ValueError, match="low < high"):
        tost(interval, 1, -1)


@pytest.mark.parametrize(("ratio", "count", "expected"), REFERENCE["power"])
def test_power_is_that_of_statsmodels(ratio, count, expected):
    found = VarianceComponents(seed=4.0, examples=0.0, interaction=0.0)
    assert power(2 * ratio, found, count) == pytest.approx(expected, abs=1e-4)


def test_the_detectable_effect_has_the_power_asked_for():
    found = VarianceComponents(1.0, 0.2, 0.3, example_degrees=500)
    effects = [minimum_detectable_effect(found, seeds) for seeds in (2, 3, 5, 20)]
    assert effects == sorted(effects, reverse=True)
    for seeds, effect in zip((2, 3, 5, 20), effects, strict=True):
        assert power(effect, found, seeds) == pytest.approx(0.8, abs=1e-6)
    noisy = VarianceComponents(0.01, 1.0, 0.0, example_degrees=500)
    ratio = minimum_detectable_effect(noisy, 50) / minimum_detectable_effect(noisy, 50, examples=4)
    assert ratio == pytest.approx(2, rel=0.01)
    with pytest.raises(ValueError, match="seeds"):
        power(1.0, found, 0)


def test_components_are_those_planted():
    rng = RNG(3)
    gains = 2 * rng.standard_normal((400, 1)) + 5 * rng.standard_normal((1, 300)) + 8 * rng.standard_normal((400, 300))
    top = np.stack([np.zeros_like(gains), gains / 100])
    found = variance_components(Measurements([top], [np.ones_like(top)], ["one"]), 1, 0)
    assert found.seed == pytest.approx(4, rel=0.2)
    assert found.examples == pytest.approx(25 / 300, rel=0.25)
    assert found.interaction == pytest.approx(64 / 300, rel=0.05)
