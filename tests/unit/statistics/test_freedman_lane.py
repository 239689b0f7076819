"""The permutation test of one coefficient beside others."""

from itertools import permutations

import numpy as np
import pytest

from workflow.scripts.statistics.freedman_lane import Regression, freedman_lane

RNG = np.random.default_rng


def regression(rng, rows, controls=1):
    others = np.column_stack([np.ones(rows), *rng.standard_normal((controls, rows))])
    return Regression(rng.standard_normal(rows) + others[:, -1], others)


def test_slope_and_t_are_those_of_least_squares():
    rng = RNG(0)
    x, y = regression(rng, 12, 2), rng.standard_normal(12)
    both = np.column_stack([x.others, x.regressor])
    beta, rest, *_ = np.linalg.lstsq(both, y, rcond=None)
    error = np.sqrt(np.linalg.inv(both.T @ both)[-1, -1] * rest[0] / 8)
    assert x.degrees == 8
    assert x.slope(y) == pytest.approx(beta[-1])
    assert x.t(y) == pytest.approx(beta[-1] / error)
    assert x.t(np.stack([y, -y])) == pytest.approx([beta[-1] / error, -beta[-1] / error])


def test_few_rows_agree_with_all_permutations():
    rng = RNG(1)
    x, y = regression(rng, 5), rng.standard_normal(5)
    fitted = x.others @ np.linalg.lstsq(x.others, y, rcond=None)[0]
    every = [abs(x.t(fitted + (y - fitted)[list(order)])) >= abs(x.t(y)) - 1e-9 for order in permutations(range(5))]
    found = freedman_lane(y, x, rng, permutations=20_000)
    assert found.p == pytest.approx(np.mean(every), abs=0.015)
    assert found.statistic == pytest.approx(x.t(y))


def test_a_control_that_explains_everything_leaves_nothing():
    """y follows the control, as the regressor does: the plain correlation is high, the test finds nothing."""
    rng = RNG(2)
    control = rng.standard_normal(30)
    x = Regression(control + 0.5 * rng.standard_normal(30), np.column_stack([np.ones(30), control]))
    y = control + 0.3 * rng.standard_normal(30)
    assert np.corrcoef(x.regressor, y)[0, 1] > 0.7
    assert freedman_lane(y, x, rng, permutations=999).p > 0.1
    assert freedman_lane(y, Regression(x.regressor, np.ones((30, 1))), rng, permutations=999).p == 0.001


def test_level_and_power():
    rng = RNG(3)
    null, planted = [], []
    for _ in range(300):
        x, noise = regression(rng, 10), rng.standard_normal(10) ** 3
        null.append(freedman_lane(noise, x, rng, permutations=199).p <= 0.05)
        planted.append(freedman_lane(noise + 4 * x.regressor, x, rng, permutations=199).p <= 0.05)
    assert 0.01 < np.mean(null) < 0.1
    assert np.mean(planted) > 0.6


def test_rows_stay_in_their_strata():
    """Two strata whose levels differ: across them the test would see the levels, within them it does not."""
    x = Regression(np.array([0.0, 1.0, 2.0, 10.0, 11.0, 12.0]), np.ones((6, 1)))
    y = np.array([5.0, 5.1, 4.9, 50.0, 50.1, 49.9])
    free, held = (freedman_lane(y, x, RNG(0), strata, 2000).p for strata in (None, [0, 0, 0, 1, 1, 1]))
    assert free < 0.2
    assert held > 0.4


def test_the_same_seed_gives_the_same_p():
    x, y = regression(RNG(4), 8), RNG(5).standard_normal(8)
    assert freedman_lane(y, x, RNG(0), permutations=50) == freedman_lane(y, x, RNG(0), permutations=50)


def test_what_cannot_be_tested_is_refused():
    with pytest.raises(ValueError, match="depend"):
        Regression(np.ones(5), np.ones((5, 1)))
    with pytest.raises(ValueError, match="fit"):
        Regression(np.arange(5.0), np.ones((4, 1)))
    with pytest.raises(ValueError, match="finite"):
        Regression(np.array([1.0, np.nan]), np.ones((2, 1)))
    x = Regression(np.arange(4.0), np.ones((4, 1)))
    with pytest.raises(ValueError, match="stratum"):
        freedman_lane(np.arange(4.0), x, RNG(0), strata=[1, 2, 3, 4])
    with pytest.raises(ValueError, match="more rows"):
        freedman_lane(np.arange(2.0), Regression(np.arange(2.0), np.ones((2, 1))), RNG(0))
