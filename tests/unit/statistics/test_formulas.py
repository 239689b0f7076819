"""Formulas of the statistics, each computed by hand in another way."""

from dataclasses import asdict

import numpy as np
import pytest

from tests.unit.statistics.test_intervals import draw, measure
from workflow.scripts.statistics import gain_interval
from workflow.scripts.statistics.averages import average_components, average_interval, part
from workflow.scripts.statistics.equivalence import tost
from workflow.scripts.statistics.freedman_lane import Regression, freedman_lane
from workflow.scripts.statistics.intervals import Component, pooled, residual, t_interval
from workflow.scripts.statistics.mixed_models import RandomTerm, fit
from workflow.scripts.statistics.permutation import sign_flip
from workflow.scripts.statistics.power import VarianceComponents, _precision, variance_components
from workflow.scripts.statistics.ranking import _correlate
from workflow.scripts.statistics.ratios import linearised, pseudo_values


def test_two_seeds_are_enough_for_their_spread():
    measured = measure(draw(seeds=2))
    gains = [100 * np.mean([top[1, seed].mean() - top[0, seed].mean() for top in draw(seeds=2)]) for seed in (0, 1)]
    found = gain_interval(measured, 1, 0, nested=True)
    assert found.standard_error == pytest.approx(abs(gains[0] - gains[1]) / 2)
    assert found.degrees == 1


@pytest.mark.parametrize(
    ("seeds", "languages", "families", "parallel", "sources"),
    [
        (1, "fixed", (), False, ("examples",)),
        (2, "fixed", (), False, ("seeds", "examples")),
        (2, "random", (), False, ("seeds", "languages")),
        (2, "random", ("a", "a", "b"), False, ("seeds", "families")),
        (1, "random", (), True, ("languages", "examples")),
    ],
)
def test_an_interval_says_what_varies_in_it(seeds, languages, families, parallel, sources):
    tops = [top[..., :50] for top in draw(seeds=seeds)]
    measured = measure(tops, families=families, parallel=parallel)
    assert gain_interval(measured, 1, 0, languages).sources == sources


def test_sums_of_variances_have_satterthwaites_degrees():
    assert pooled([1.0, 3.0], [2, 4]) == Component(4.0, pytest.approx(16 / (1 / 2 + 9 / 4)))
    assert pooled([0.0, 0.0], [2, 4]) == Component(0.0, 6)


def test_what_rows_and_columns_do_not_explain():
    """An interaction that is a product has the sum of squares of its factors."""
    rows, columns = np.array([-1.0, 0.0, 1.0]), np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    table = 7 + 3 * rows[:, None] - 5 * columns + np.outer(rows, columns)
    assert residual(table) == pytest.approx(2 * 10 / (2 * 4))
    assert residual(table[:2]) == pytest.approx(0.5 * 10 / (1 * 4))


def test_examples_of_many_runs_are_linearised_one_by_one():
    rng = np.random.default_rng(1)
    top, bottom = rng.random((2, 3, 7)), 1 + rng.random((2, 3, 7))
    together = linearised(top, bottom)
    for place in np.ndindex(2, 3):
        assert together[place] == pytest.approx(linearised(top[place], bottom[place]))


@pytest.mark.parametrize(("estimate", "p"), [(0.0, 0.0), (-1.0, 1.0), (1.0, 1.0), (2.0, 1.0)])
def test_an_effect_without_an_error_is_between_the_bounds_or_not(estimate, p):
    found = tost(t_interval(estimate, [Component(0.0, 3)], 0.95), -1.0, 1.0)
    assert (found.p, max(found.p_low, found.p_high)) == (p, p)


def test_components_of_two_seeds_by_hand():
    measured = measure([top[..., :40] for top in draw(seed=4, languages=1, seeds=2)])
    first, second = 100 * (measured.numerators[0][1] - measured.numerators[0][0])
    half = (first - second - (first - second).mean()) / 2  # of both main effects nothing is left
    interaction = 2 * (half**2).sum() / 39 / 40
    found = variance_components(measured, 1, 0)
    assert found.interaction == pytest.approx(interaction)
    assert found.seed == pytest.approx(max(0.0, (first.mean() - second.mean()) ** 2 / 2 - interaction))


def test_the_error_of_a_design_by_hand():
    found = VarianceComponents(seed=4.0, examples=9.0, interaction=2.0, example_degrees=100.0)
    error, degrees = _precision(found, 2, 4)
    examples, seeds, both = 9 / 4 + 2 / 8, 4 / 2 + 2 / 8, 2 / 8
    assert error == pytest.approx(np.sqrt(9 / 4 + 4 / 2 + 2 / 8))
    assert degrees == pytest.approx(error**4 / (examples**2 / 100 + seeds**2 / 1 + both**2 / 100))


def test_a_variance_that_is_not_there_is_exactly_zero():
    groups = np.repeat(np.arange(6), 4)
    y = np.tile([1.0, 2.0, 3.0, 4.5], 6)  # the same in every group
    found = fit(y, np.ones((24, 1)), [RandomTerm("group", groups)])
    assert found.variances["group"] == 0.0


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_a_slope_of_rounding_errors_is_none(size):
    rng = np.random.default_rng(2)
    others = np.column_stack([np.ones(9), rng.normal(size=9)])
    regression = Regression(rng.normal(size=9), others)
    assert regression.t(size * (0.1 + 0.3 * others[:, 1])) == 0.0


def test_values_that_differ_by_rounding_correlate_with_nothing():
    assert np.isnan(_correlate(np.full(3, 0.1), np.array([1e8, 2e8, 3e8])))


@pytest.mark.parametrize("seeds", [1, 2, 4])
@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("languages", ["fixed", "random"])
def test_the_average_over_one_target_is_that_target(seeds, parallel, languages):
    measured = measure([top[..., :50] for top in draw(seeds=seeds)], families=("a", "a", "b"), parallel=parallel)
    alone = part(pseudo_values(measured, 1, 0), measured.families, parallel=parallel)
    found, expected = average_interval([alone], languages), gain_interval(measured, 1, 0, languages)
    assert (found.estimate, found.low, found.high, found.p) == pytest.approx(
        (expected.estimate, expected.low, expected.high, expected.p)
    )
    assert (found.sources, found.caution != "") == (expected.sources, seeds == 1)
    if seeds > 1:
        components, wanted = average_components([alone]), variance_components(measured, 1, 0)
        assert asdict(components) == pytest.approx(asdict(wanted))


def test_independent_targets_share_the_error_of_examples():
    """Of two targets alike, whose examples are others, the examples' variance of the mean is half of one's."""
    alone = [part(pseudo_values(measure(draw(seed)), 1, 0), ("a", "b", "c")) for seed in (1, 2)]
    both = average_components(alone)
    single = [average_components([target]) for target in alone]
    assert both.interaction == pytest.approx(sum(found.interaction for found in single) / 4)
    assert both.examples == pytest.approx(sum(found.examples for found in single) / 4)
    assert average_interval(alone).estimate == pytest.approx(np.mean([target.gains.mean() for target in alone]))


def test_fixed_effects_that_are_not_finite_are_refused():
    x = np.ones((6, 1))
    x[2] = np.nan
    with pytest.raises(ValueError, match="response and fixed effects must be finite"):
        fit(np.arange(6.0), x, [RandomTerm("group", [0, 0, 1, 1, 2, 2])])


def test_drawn_permutations_say_so_and_one_is_enough():
    rng = np.random.default_rng(3)
    regression = Regression(rng.normal(size=9), np.ones((9, 1)))
    assert freedman_lane(rng.normal(size=9), regression, rng, permutations=20).exact is False
    assert sign_flip(rng.normal(size=30), rng, permutations=1).p in (0.5, 1.0)
