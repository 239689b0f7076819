"""The study `similarity`: designs, matrices of pairs and policies, by hand and planted."""

from itertools import combinations

import numpy as np
import pytest

from workflow.scripts.designs import similarity as plan
from workflow.scripts.errors import UserError
from workflow.scripts.statistics.ranking import double_centred
from workflow.scripts.studies.similarity_contrasts import (
    budget_slopes,
    defined,
    pair_effect,
    random_quality,
    random_regret,
    ranking_quality,
    standardised,
)
from workflow.scripts.studies.similarity_policies import (
    Grid,
    halving,
    oracle,
    predicted,
    random_choice,
    search,
    totals,
)

RNG = np.random.default_rng


def facts(budgets=(1, 4), **changes):
    options = {"measure": "logme", "flops": {"mnli": 1e6, "squad_v2": 4e6, "ccg": 2e6}, "permutations": 100}
    return {
        "study": "similarity",
        "known_sources": ["mnli", "squad_v2", "ccg"],
        "batch_sizes": {"mnli": 10, "squad_v2": 5, "ccg": 10},
        "given": {
            "factors": {
                "models": ["tiny"],
                "targets": ["pawsx", "udpos", "tydiqa"],
                "tasks": ["mnli", "squad_v2", "ccg"],
                "budgets": list(budgets),
            }
            | changes.pop("factors", {}),
            "options": options | changes,
        },
    }


def test_equal_budgets_are_other_steps():
    """10^9 operations are 100 steps of 10 examples of 10^6, and 50 of 5 of 4 x 10^6."""
    found = {level.source: level.values for level in plan.levels(facts())}
    assert list(found) == ["mnli-s100", "mnli-s400", "squad_v2-s50", "squad_v2-s200", "ccg-s50", "ccg-s200"]
    assert found["squad_v2-s200"] == {"task": "squad_v2", "budget": 4, "steps": 200}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"flops": {"mnli": 1e6}}, r"options\.flops lacks 'squad_v2'"),
        ({"flops": {"mnli": -1, "squad_v2": 1, "ccg": 1}}, r"options\.flops lacks 'mnli'.*found -1"),
        ({"flops": {"mnli": 1e9, "squad_v2": 1e6, "ccg": 1e6}}, "less than half a step of 'mnli'"),
        ({"flops": {"mnli": 1.4e8, "squad_v2": 1e6, "ccg": 1e6}, "factors": {"budgets": [1, 2]}}, "both 1 steps"),
        ({"factors": {"budgets": [1]}}, "two levels|2 levels"),
        ({"factors": {"tasks": ["mnl"]}}, "Did you mean 'mnli'"),
    ],
)
def test_budgets_that_cannot_be_had_are_refused(changes, message):
    with pytest.raises(UserError, match=message):
        plan.levels(facts(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"measure": "logm"}, "Did you mean 'logme'"),
        ({"factors": {"models": ["a", "b"]}}, "expected one model"),
        ({"factors": {"targets": ["a", "b"]}}, "expected 3 or more"),
    ],
)
def test_designs_that_say_nothing_are_refused(changes, message):
    with pytest.raises(UserError, match=message):
        plan.check(facts(**changes))


def test_slopes_by_hand():
    assert budget_slopes([[0.0, 3.0], [1.0, 1.0]], [1.0, 8.0]).tolist() == pytest.approx([1, 0])
    with pytest.raises(ValueError, match="two budgets"):
        budget_slopes([[1.0, 2.0]], [4.0, 4.0])


def test_a_standardised_similarity_has_no_means():
    z = standardised(RNG(0).random((4, 5)))
    assert z.mean(0) == pytest.approx(0, abs=1e-12)
    assert z.mean(1) == pytest.approx(0, abs=1e-12)
    assert (z**2).mean() == pytest.approx(1)
    with pytest.raises(ValueError, match="without differences"):
        standardised(np.repeat([[1.0], [2.0], [5.0]], 4, axis=1))  # size: the same for all targets


def test_a_planted_effect_is_found_whatever_sources_and_targets_are_like():
    rng = RNG(1)
    similarity = rng.random((6, 7))
    values = 1.5 * standardised(similarity) + 5 * rng.standard_normal((6, 1)) + 5 * rng.standard_normal(7)
    found = pair_effect(similarity, values + 0.2 * rng.standard_normal((6, 7)), rng, 500)
    assert found.estimate == pytest.approx(1.5, abs=0.15)
    assert found.low < 1.5 < found.high
    assert found.p == pytest.approx(1 / 501)
    assert found.degrees == 5 * 6 - 1


def test_the_effect_is_that_of_least_squares_with_all_dummies():
    """Regression on the similarity, an intercept per source and an intercept per target."""
    rng = RNG(2)
    similarity, values = rng.random((4, 5)), rng.random((4, 5))
    rows, columns = (place.ravel() for place in np.indices((4, 5)))
    dummies = np.hstack([rows[:, None] == np.arange(4), columns[:, None] == np.arange(1, 5)]).astype(float)
    z = standardised(similarity)
    x = np.column_stack([z.ravel(), dummies])
    beta, rest, *_ = np.linalg.lstsq(x, values.ravel(), rcond=None)
    found = pair_effect(similarity, values, rng, 50)
    assert found.estimate == pytest.approx(beta[0])
    variance = np.linalg.inv(x.T @ x)[0, 0] * rest[0] / (20 - x.shape[1])
    assert found.standard_error == pytest.approx(np.sqrt(variance))


def test_the_same_seed_gives_the_same_p():
    similarity, values = RNG(3).random((2, 4, 4))
    assert pair_effect(similarity, values, RNG(0), 200) == pair_effect(similarity, values, RNG(0), 200)


def test_ranking_quality_by_hand():
    """Two targets, three sources; the order is right for the first target, reversed for the second."""
    gains = np.array([[3.0, 0.0], [2.0, 1.0], [0.0, 4.0]])
    found = ranking_quality([[3.0, 3.0], [2.0, 2.0], [1.0, 1.0]], gains)
    third, half = 1 / np.log2(3), 1 / np.log2(4)
    assert found["ndcg"] == pytest.approx((1 + (1 * third + 4 * half) / (4 + 1 * third)) / 2)
    assert found["regret_1"] == pytest.approx((0 + 4) / 2)
    assert found["regret_3"] == 0
    assert found["spearman"] == 0
    assert np.isnan(found["double_centred"])  # the same order for both targets: nothing of the pair
    right = ranking_quality(gains, gains)
    assert right["double_centred"] == pytest.approx(1)
    assert right["ndcg"] == pytest.approx(1)


def test_a_random_order_is_the_mean_over_all_of_them():
    gains = RNG(4).random(5)
    for k in (1, 2, 3, 5):
        best = [max(gains[list(drawn)]) for drawn in combinations(range(5), k)]
        assert random_regret(gains, k) == pytest.approx(gains.max() - np.mean(best))
    drawn = [ranking_quality(RNG(seed).random((5, 1)), gains[:, None])["ndcg"] for seed in range(3000)]
    assert random_quality(gains[:, None])["ndcg"] == pytest.approx(np.mean(drawn), abs=0.01)
    with pytest.raises(ValueError, match="k must"):
        random_regret(gains, 6)


def test_targets_without_a_similarity_are_left_out():
    values = np.array([[1.0, np.nan, 2.0]])
    assert defined({"a": values, "b": np.ones((1, 3))}, ["x", "y", "z"]) == ["x", "z"]


@pytest.fixture
def grid():
    """Three sources, one target, budgets 1, 2, 4, two seeds; English misleads at the smallest budget of seed 2."""
    gains = np.array([[0.0, 1.0, 2.0], [1.0, 2.0, 6.0], [-1.0, 0.0, 0.0]])
    gains = np.stack([gains, gains + 1], axis=-1)[:, None]
    seen = gains.copy()
    seen[2, 0, 0, 1] = 99
    return Grid(np.array([1.0, 2.0, 4.0]), gains, seen)


def test_policies_by_hand(grid):
    assert random_choice(grid, 3.9).gain == pytest.approx((1 + 2 + 0) / 3 + 0.5)
    assert random_choice(grid, 3.9).spent == 2
    assert oracle(grid, 4).gain == 6.5
    one = predicted(grid, 4, [[3.0], [2.0], [1.0]])
    assert (one.gain, one.spent) == (2.5, 4)
    two = predicted(grid, 4, [[3.0], [2.0], [1.0]], k=2)  # both at 2, the better is kept
    assert (two.gain, two.spent) == (2.5, 4)
    assert search(grid, 3).gain == pytest.approx((1 + 0) / 2)  # seed 2 falls for the third source: -1 + 1
    assert search(grid, 2.9).gain == search(grid, 2.9).spent == 0


def test_knowing_the_similarity_is_paid_for(grid):
    free, charged, broke = (predicted(grid, 4, [[3.0], [2.0], [1.0]], cost=[cost]) for cost in (0, 1, 3.5))
    assert (free.gain, charged.gain, broke.gain) == (2.5, 1.5, 0)
    assert (charged.spent, broke.spent) == (1 + 2, 3.5)


def test_halving_by_hand(grid):
    """3 x 1, then the better two to 2 (2 more), then the better one to 4 (2 more)."""
    assert halving(grid, 2.9).gain == 0
    assert halving(grid, 3).gain == pytest.approx(search(grid, 3).gain)
    rounds = halving(grid, 7)
    assert rounds.spent == 7
    # seed 1: sources 2 and 1 stay, then 2: gain 6. seed 2: 3 and 2 stay, then 2: gain 7
    assert rounds.gain == 6.5


def test_sources_that_look_worse_than_none_are_not_kept(grid):
    """All gains 10 less: whoever compares several keeps none of them, whoever trains one has it."""
    worse = Grid(grid.budgets, grid.gains - 10, grid.gains - 10)
    similarity = [[3.0], [2.0], [1.0]]
    assert predicted(worse, 4, similarity).gain == -7.5
    assert predicted(worse, 4, similarity, k=2).gain == search(worse, 3).gain == halving(worse, 7).gain == 0
    assert oracle(worse, 4).gain == 0


def test_no_policy_beats_the_oracle():
    rng = RNG(5)
    gains = rng.standard_normal((4, 6, 3, 1))
    random_grid = Grid(np.array([1.0, 3.0, 9.0]), gains, gains + rng.standard_normal(gains.shape))
    for total in totals(random_grid.budgets, 4):
        best = oracle(random_grid, total)
        one, two = (predicted(random_grid, total, gains[:, :, 0, 0], k=k) for k in (1, 2))
        for found in (one, two, search(random_grid, total), halving(random_grid, total)):
            assert found.gain <= best.gain + 1e-12
        assert random_choice(random_grid, total).gain <= best.gain + 1e-12


def test_grids_that_do_not_fit_are_refused(grid):
    with pytest.raises(ValueError, match="ascend"):
        Grid(grid.budgets[::-1], grid.gains, grid.seen)
    with pytest.raises(ValueError, match="fit"):
        Grid(grid.budgets[:2], grid.gains, grid.seen)
    with pytest.raises(ValueError, match="finite"):
        Grid(grid.budgets, grid.gains, grid.seen * np.nan)
    with pytest.raises(ValueError, match="k = 4"):
        predicted(grid, 4, [[1.0], [2.0], [3.0]], k=4)


def test_totals_are_multiples_of_budgets():
    assert totals([1, 2], 3).tolist() == [1, 2, 3, 4, 6]


def test_double_centring_is_what_row_and_column_noise_do_not_reach():
    values = RNG(6).random((3, 4))
    shifted = values + np.array([[1.0], [5.0], [2.0]]) + np.arange(4)
    assert double_centred(shifted) == pytest.approx(double_centred(values))
