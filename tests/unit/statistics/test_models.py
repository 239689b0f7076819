"""Mixed models, selection, rankings and curves."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from workflow.scripts.statistics import optimism, split_selection
from workflow.scripts.statistics.curves import aicc, choose_curve, fit_curve, two_lines
from workflow.scripts.statistics.mixed_models import RandomTerm, fit
from workflow.scripts.statistics.ranking import (
    double_centred,
    double_centred_correlation,
    kendall,
    ndcg,
    qap_test,
    regret_at_k,
    spearman,
)

REFERENCE = json.loads(
    (Path(__file__).resolve().parents[2] / "golden" / "statistics" / "statsmodels.json").read_text(encoding="utf-8")
)
RNG = np.random.default_rng


@pytest.mark.parametrize("name", ["reml", "ml", "slopes"])
def test_mixed_models_are_those_of_statsmodels(name):
    data, expected = REFERENCE["data"], REFERENCE["models"][name]
    terms = [RandomTerm("language", data["language"]), RandomTerm("seed", data["seed"])]
    if name == "slopes":
        terms.append(RandomTerm("slope", data["language"], np.array(data["x"])[:, 2]))
    found = fit(data["y"], data["x"], terms, restricted=name != "ml")
    assert found.converged
    assert found.coefficients == pytest.approx(expected["coefficients"], abs=1e-2)
    assert found.standard_errors == pytest.approx(expected["standard_errors"], rel=1e-2)
    assert found.variances == pytest.approx(expected["variances"], rel=0.04, abs=2e-3)
    assert found.residual_variance == pytest.approx(expected["residual_variance"], rel=1e-2)
    assert -1e-6 <= found.log_likelihood - expected["log_likelihood"] < 0.01  # statsmodels stops a little earlier


def test_balanced_variances_are_those_of_anova():
    """Two crossed factors, all cells once: REML is the analysis of variance where no component is negative."""
    rng = RNG(0)
    table = 3 + 2 * rng.standard_normal((6, 1)) + rng.standard_normal((1, 5)) + 0.5 * rng.standard_normal((6, 5))
    rows, columns = np.indices(table.shape)
    terms = [RandomTerm("row", rows.ravel()), RandomTerm("column", columns.ravel())]
    found = fit(table.ravel(), np.ones((30, 1)), terms)
    rest = table - table.mean(0) - table.mean(1, keepdims=True) + table.mean()
    residual = (rest**2).sum() / 20
    assert found.residual_variance == pytest.approx(residual, rel=1e-4)
    assert found.variances["row"] == pytest.approx(table.mean(1).var(ddof=1) - residual / 5, rel=1e-4)
    assert found.variances["column"] == pytest.approx(table.mean(0).var(ddof=1) - residual / 6, rel=1e-4)
    assert found.coefficients[0] == pytest.approx(table.mean())
    assert stats.pearsonr(found.effects["row"], table.mean(1)).statistic == pytest.approx(1)


def test_models_that_cannot_be_fitted_are_refused():
    y, ones = np.arange(6.0), np.ones((6, 1))
    with pytest.raises(ValueError, match="depend"):
        fit(y, np.ones((6, 2)), [RandomTerm("a", [0, 0, 0, 1, 1, 1])])
    with pytest.raises(ValueError, match="1 groups"):
        fit(y, ones, [RandomTerm("a", [0] * 6)])
    with pytest.raises(ValueError, match="6 groups"):
        fit(y, ones, [RandomTerm("a", range(6))])


def test_the_best_of_equals_is_no_better():
    gains = RNG(0).standard_normal((300, 8, 4))
    found = [split_selection(source, RNG(0)) for source in gains]
    assert np.mean([selected.naive for selected in found]) > 0.5
    assert abs(np.mean([selected.corrected for selected in found])) < 0.06


def test_a_clear_winner_stays():
    gains = np.array([[0.0, 0.1, -0.1], [5.0, 5.1, 4.9]])
    found = split_selection(gains, RNG(0))
    assert found.best == 1
    assert found.corrected == pytest.approx(5)
    assert found.frequencies.tolist() == [0, 1]
    by_other = split_selection(gains, RNG(0), selected_by=-gains)
    assert by_other.corrected == pytest.approx(0)
    with pytest.raises(ValueError, match="two seeds"):
        split_selection(gains[:, :1], RNG(0))


def test_optimism_is_the_excess_of_the_best_replicate():
    found = optimism([1.0, 0.0], [[2.0, 0.0], [0.0, 3.0]])
    assert found.bias == pytest.approx((1 + 3) / 2)
    assert found.corrected == pytest.approx(-1)
    assert found.frequencies.tolist() == [0.5, 0.5]
    stretched = optimism([1.0, 0.0], [[2.0, 0.0], [0.0, 3.0]], seeds=2)
    assert stretched.bias == pytest.approx(2 * 2**0.5)


def test_rankings_are_those_of_scikit_learn_and_scipy():
    from sklearn.metrics import ndcg_score

    rng = RNG(0)
    true, guess = rng.random(9), rng.integers(0, 4, 9).astype(float)
    for k in (None, 1, 3):
        assert ndcg(true, guess, k) == pytest.approx(ndcg_score([true], [guess], k=k))
    assert spearman(true, guess) == pytest.approx(stats.spearmanr(true, guess).statistic)
    assert kendall(true, guess) == pytest.approx(stats.kendalltau(true, guess).statistic)
    assert np.isnan(spearman(true, np.ones(9)))


def test_regret_is_what_the_choice_costs():
    assert regret_at_k([1.0, 5.0, 3.0], [0.9, 0.1, 0.5], 1) == 4
    assert regret_at_k([1.0, 5.0, 3.0], [0.9, 0.1, 0.5], 2) == 2
    assert regret_at_k([1.0, 5.0, 3.0], [0.9, 0.1, 0.5], 3) == 0
    assert regret_at_k([1.0, 5.0, 3.0], [0.5, 0.5, 0.5], 1) == 4  # alike: the first one
    for k in (0, 3):
        with pytest.raises(ValueError, match="k must lie between 1 and 2"):
            regret_at_k([1.0, 2.0], [1.0, 2.0], k)


def test_centring_takes_out_what_is_good_for_all():
    rng = RNG(0)
    good, easy, own = rng.random((4, 1)), rng.random((1, 6)), rng.random((4, 6))
    assert np.abs(double_centred(good + easy)).max() < 1e-12
    assert double_centred_correlation(own, own + 9 * good - easy) == pytest.approx(1)
    assert np.isnan(double_centred_correlation(own, good + easy))


def test_qap_finds_what_is_there_and_only_that():
    rng = RNG(0)
    similarity, noise = rng.random((8, 8)), rng.random((8, 8))
    found = qap_test(similarity, similarity + 0.2 * noise, RNG(0), 199, centred=True)
    assert found.p == found.smallest == 0.005
    assert qap_test(similarity, noise, RNG(0), 199).p > 0.05
    apart = similarity.copy()
    np.fill_diagonal(apart, 99)
    one = qap_test(apart, similarity, RNG(0), 99, same_tasks=True, kind="spearman")
    assert one.statistic == pytest.approx(1)
    with pytest.raises(ValueError, match="constant"):
        qap_test(np.ones((3, 3)), noise[:3, :3], RNG(0))


DURATIONS = np.repeat([0, 64, 128, 256, 512, 1024, 2048, 4096, 8192], 3).astype(float)


@pytest.mark.parametrize(
    ("curve", "truth"),
    [
        ("constant", lambda d: 3 + 0 * d),
        ("saturating_exponential", lambda d: 1 + 6 * (1 - np.exp(-d / 500))),
        ("rise_and_fall", lambda d: 1 + 9 * (1 - np.exp(-d / 200)) - 8 * (1 - np.exp(-d / 3000))),
    ],
)
def test_the_curve_behind_the_points_is_chosen(curve, truth):
    draws = [truth(DURATIONS) + 0.1 * RNG(seed).standard_normal(len(DURATIONS)) for seed in range(8)]
    chosen = [choose_curve(DURATIONS, values)[0] for values in draws]
    assert sum(fit.curve == curve for fit in chosen) >= 5
    best = next(fit for fit in chosen if fit.curve == curve)
    assert np.abs(best.at(DURATIONS) - truth(DURATIONS)).max() < 0.3
    grid = np.linspace(0, 8192, 8193)
    if curve == "rise_and_fall":
        assert best.best_duration() == pytest.approx(grid[truth(grid).argmax()], rel=0.15)
    if curve == "saturating_exponential":
        assert best.sufficient_duration(0.9) == pytest.approx(500 * np.log(10), rel=0.1)
        assert best.best_duration() == pytest.approx(8192, rel=1e-6)


def test_neither_part_of_rise_and_fall_changes_its_sign():
    """A curve that falls at first and then rises has no fit of that kind better than its parts allow."""
    found = fit_curve(
        DURATIONS, -9 * (1 - np.exp(-DURATIONS / 200)) + 8 * (1 - np.exp(-DURATIONS / 3000)), "rise_and_fall"
    )
    assert min(found.coefficients[1:]) >= 0
    assert found.residual > 1


def test_aicc_by_hand_and_too_few_points():
    assert aicc(2.0, 10, 2) == pytest.approx(10 * np.log(0.2) + 6 + 24 / 6)
    assert aicc(2.0, 4, 2) == float("inf")
    with pytest.raises(ValueError, match="differ"):
        fit_curve([1, 1], [1, 2], "constant")


def test_flattening_is_no_decline():
    x = np.repeat(np.arange(10.0), 4)
    noise = 0.3 * RNG(0).standard_normal(len(x))
    flat, falling = np.minimum(x, 5), 5 - np.abs(x - 5)
    assert not two_lines(x, flat + noise, 5).declines
    found = two_lines(x, falling + noise, 5)
    assert found.declines
    assert (found.slope_before, found.slope_after) == pytest.approx((1, -1), abs=0.15)
    with pytest.raises(ValueError, match="three points"):
        two_lines(x, flat, 9)


def test_two_lines_have_the_errors_of_leaving_each_point_out():
    x = np.array([0, 1, 2.5, 3, 4, 5, 6, 7.5, 8])
    y = np.array([0.3, 1.4, 2.1, 4.2, 5, 3.1, 3.4, 0.2, 0.9])

    def student(side):  # the covariance HC3 is that of the slopes without one point around the slope of all
        points, values = x[side], y[side]
        slope = np.polyfit(points, values, 1)[0]
        without = [np.polyfit(np.delete(points, i), np.delete(values, i), 1)[0] for i in range(len(points))]
        return slope, slope / np.sqrt(((np.array(without) - slope) ** 2).sum()), len(points) - 2

    (rise, t_rise, before), (fall, t_fall, after) = student(x <= 3), student(x > 3)
    found = two_lines(x, y, 3)
    assert (found.break_at, found.slope_before, found.slope_after) == pytest.approx((3, rise, fall))
    assert (found.p_rise, found.p_decline) == pytest.approx((stats.t.sf(t_rise, before), stats.t.cdf(t_fall, after)))
    larger = max(found.p_rise, found.p_decline)
    assert two_lines(x, y, 3, larger * 1.01).declines
    assert not two_lines(x, y, 3, larger).declines


def test_two_lines_through_all_points_leave_no_doubt():
    x = np.arange(6.0)
    found = two_lines(x, np.minimum(x, 4 - x), 2)
    assert (found.p_rise, found.p_decline) == pytest.approx((0, 0), abs=1e-9)
    assert two_lines(x, np.zeros(6), 2).p_rise == 0.5


@pytest.mark.parametrize(
    ("x", "y"), [([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, np.nan]), ([1, 2, 3], [1, 2]), ([[1, 2, 3]], [[1, 2, 3]])]
)
def test_two_lines_want_finite_numbers_of_one_length(x, y):
    with pytest.raises(ValueError, match="two lists of finite numbers"):
        two_lines(x, y, 3)
