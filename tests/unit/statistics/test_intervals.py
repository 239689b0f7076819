"""Ratios, intervals and the bootstrap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from workflow.scripts.statistics import (
    RATIOS,
    Measurements,
    gain_interval,
    percentile_interval,
    replicate,
    scores,
    stack,
    stretched_interval,
)
from workflow.scripts.statistics.intervals import Component, language_terms, residual, t_interval
from workflow.scripts.statistics.ratios import pseudo_values


def measure(tops, bottoms=None, families=(), *, parallel=False):
    tops = [np.asarray(top, dtype=float) for top in tops]
    bottoms = bottoms or [np.ones_like(top) for top in tops]
    return Measurements(tops, bottoms, [f"l{i}" for i in range(len(tops))], families, parallel)


def draw(seed=0, languages=3, arms=2, seeds=4, examples=50):
    rng = np.random.default_rng(seed)
    return [(rng.random((arms, seeds, examples + i)) < 0.6).astype(float) for i in range(languages)]


def test_ratios_are_the_metrics():
    table = {"correct_chunks": [1, 2, 0], "gold_chunks": [2, 2, 1], "predicted_chunks": [1, 3, 0]}
    top, bottom = stack([[table]], RATIOS["chunk_f1"])
    assert scores(measure([top], [bottom]))[0, 0, 0] == pytest.approx(100 * 2 * 3 / (5 + 4))
    table = {"f1": [0.5, 1.0], "exact_match": [0, 1]}
    top, bottom = stack([[table]], RATIOS["question_answering"])
    assert scores(measure([top], [bottom]))[0, 0, 0] == pytest.approx(62.5)


def test_nothing_found_nothing_to_find_scores_zero():
    assert scores(measure([np.zeros((1, 1, 3))], [np.zeros((1, 1, 3))])) == 0


def test_missing_columns_and_other_examples_are_refused():
    with pytest.raises(ValueError, match="exact_match"):
        stack([[{"f1": [1]}]], RATIOS["question_answering"])
    with pytest.raises(ValueError, match="same examples"):
        stack([[{"accuracy": [1]}], [{"accuracy": [1, 0]}]], RATIOS["accuracy"])


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_pseudo_values_average_to_the_gain(seed):
    rng = np.random.default_rng(seed)
    tops = [rng.integers(0, 3, (2, 3, 20)).astype(float)]
    bottoms = [tops[0] + rng.integers(1, 3, (2, 3, 20))]
    measured = measure(tops, bottoms)
    gain = scores(measured)[1, :, 0] - scores(measured)[0, :, 0]
    np.testing.assert_allclose(pseudo_values(measured, 1, 0)[0].mean(axis=1), gain, atol=1e-9)


def test_one_seed_of_one_language_is_the_paired_t_test():
    """With one seed, what varies is examples: scipy's paired t test of the same answers."""
    tops = draw(languages=1, seeds=1)
    found = gain_interval(measure(tops), 1, 0)
    expected = stats.ttest_rel(100 * tops[0][1, 0], 100 * tops[0][0, 0])
    assert found.p == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.sources == ("examples",)
    assert "one seed" in found.caution


def test_nested_seeds_are_the_t_test_of_seeds():
    tops = draw(seeds=5)
    measured = measure(tops)
    means = scores(measured)
    expected = stats.ttest_1samp((means[1] - means[0]).mean(axis=1), 0)
    assert gain_interval(measured, 1, 0, nested=True).p == pytest.approx(expected.pvalue)
    with pytest.raises(ValueError, match="two seeds"):
        gain_interval(measure(draw(seeds=1)), 1, 0, nested=True)


def test_random_languages_of_one_seed_are_the_t_test_of_languages():
    measured = measure(draw(languages=7, seeds=1))
    means = scores(measured)[:, 0]
    expected = stats.ttest_1samp(means[1] - means[0], 0)
    found = gain_interval(measured, 1, 0, "random")
    assert found.p == pytest.approx(expected.pvalue)
    assert found.degrees == pytest.approx(6)
    assert found.sources == ("languages",)


def test_crossed_variance_is_that_of_anova():
    """V of the mean of a rows × columns table: (MS rows + MS columns − MS residual) / cells."""
    tops = draw(languages=1, seeds=4, examples=30)
    table = 100 * (tops[0][1] - tops[0][0])
    rows, columns = table.mean(axis=1).var(ddof=1) * 30, table.mean(axis=0).var(ddof=1) * 4
    expected = max(rows, columns, rows + columns - residual(table)) / table.size
    assert gain_interval(measure(tops), 1, 0).standard_error ** 2 == pytest.approx(expected)


def test_families_are_the_jackknife_over_them():
    gains, clusters = np.array([[1.0, 2.0, 4.0, 9.0, 3.0]]), np.array([0, 0, 0, 1, 2])
    left_out = np.array([gains[0][clusters != c].mean() for c in range(3)])
    expected = 2 / 3 * ((left_out - gains.mean()) ** 2).sum()
    assert language_terms(gains, clusters)[0].variance == pytest.approx(expected)
    with pytest.raises(ValueError, match="two languages"):
        language_terms(gains, np.zeros(5, dtype=int))


def test_parallel_languages_share_their_examples():
    """Twice the same answers tell as much as once if they are the same sentences, more if they are others."""
    top = draw(languages=1, seeds=1)[0]
    once = gain_interval(measure([top]), 1, 0).standard_error
    assert gain_interval(measure([top, top], parallel=True), 1, 0).standard_error == pytest.approx(once)
    assert gain_interval(measure([top, top]), 1, 0).standard_error == pytest.approx(once / 2**0.5)


def test_few_degrees_of_freedom_widen_an_interval():
    narrow, wide = (t_interval(1.0, [Component(1.0, degrees)], 0.95) for degrees in (np.inf, 2))
    assert narrow.high - narrow.low == pytest.approx(2 * 1.959964, abs=1e-5)
    assert wide.high - wide.low == pytest.approx(2 * 4.302653, abs=1e-5)


@pytest.mark.parametrize("families", [(), ("a", "a", "b")])
def test_replicates_are_those_of_drawing_rows(families):
    """Mean and spread of the replicates of one seed are those of numpy's own resampling."""
    tops = draw(languages=1, seeds=1, examples=200)
    drawn = replicate(measure(tops), np.random.default_rng(1), 4000).macro()
    gains = drawn[:, 1] - drawn[:, 0]
    values = 100 * (tops[0][1, 0] - tops[0][0, 0])
    assert gains.mean() == pytest.approx(values.mean(), abs=0.4)
    assert gains.std() == pytest.approx(values.std() / 200**0.5, rel=0.05)
    measured = measure(draw(), families=families)
    weights = replicate(measured, np.random.default_rng(1), 200, "random").weights
    assert (weights.sum(axis=1) > 0).all()
    assert not families or (weights[:, 0] == weights[:, 1]).all()


@pytest.mark.parametrize("languages", ["fixed", "random"])
@pytest.mark.parametrize("nested", [False, True])
def test_replicates_are_reproducible(languages, nested):
    first, second, other = (
        replicate(measure(draw()), np.random.default_rng(seed), 50, languages, nested=nested) for seed in (3, 3, 4)
    )
    assert np.array_equal(first.scores, second.scores)
    assert not np.array_equal(first.scores, other.scores)


def test_replicates_draw_the_same_for_all_arms():
    top = draw(arms=1)[0]
    drawn = replicate(measure([np.concatenate([top, top])]), np.random.default_rng(0), 20).scores
    assert np.array_equal(drawn[:, 0], drawn[:, 1])
    assert drawn[:, 0].std() > 0


def test_parallel_languages_share_their_draws():
    top = draw(languages=1, seeds=1)[0]
    shared, apart = (
        replicate(measure([top, top], parallel=p), np.random.default_rng(0), 50).scores for p in (True, False)
    )
    assert np.array_equal(shared[:, :, 0], shared[:, :, 1])
    assert abs(np.corrcoef(apart[:, 0, 0], apart[:, 0, 1])[0, 1]) < 0.5


def test_replicates_of_chunks_are_scores_of_drawn_sentences():
    """All weight on one seed: the sums of 2 sentences are one of the three possible pairs."""
    top, bottom = np.array([[[2.0, 0.0]]]), np.array([[[4.0, 1.0]]])
    drawn = replicate(measure([top], [bottom]), np.random.default_rng(0), 100).scores.ravel()
    assert {round(value, 6) for value in drawn} == {50.0, 40.0, 0.0}


def test_stretched_intervals_are_as_wide_as_the_t_interval():
    measured = measure(draw(seeds=3))
    interval = gain_interval(measured, 1, 0)
    drawn = replicate(measured, np.random.default_rng(0), 500).macro()
    found = stretched_interval(interval, drawn[:, 1] - drawn[:, 0])
    assert found.high - found.low == pytest.approx(interval.high - interval.low)
    assert percentile_interval(0, np.arange(1001.0)) == pytest.approx((25, 975))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"languages": ["a"]}, "do not fit"),
        ({"denominators": [np.ones((2, 4, 3))] * 3}, "other shapes"),
        ({"parallel": True}, "same number"),
        ({"numerators": [np.full((2, 4, 50 + i), np.nan) for i in range(3)]}, "finite"),
    ],
)
def test_measurements_that_do_not_fit_are_refused(change, message):
    tops = draw()
    values = {"numerators": tops, "denominators": [np.ones_like(top) for top in tops], "languages": ["a", "b", "c"]}
    with pytest.raises(ValueError, match=message):
        Measurements(**(values | change))
