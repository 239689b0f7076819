from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.scripts.schedules import (
    branch_point,
    capped_sizes,
    cool_down,
    learning_rates,
    mixing_weights,
    occurrences,
    task_sequence,
    warmup_linear,
    warmup_stable,
    with_corpora,
)


def test_the_rate_rises_then_falls_to_zero():
    rates = [warmup_linear(step, 100, 0.1) for step in range(100)]
    assert rates[:10] == pytest.approx(np.arange(1, 11) / 10)
    assert rates[10] == 1.0
    assert rates[-1] == pytest.approx(1 / 90)
    assert all(before > after for before, after in pairwise(rates[10:]))


@given(st.integers(1, 200), st.floats(0, 1))
def test_every_step_has_a_rate_above_zero(total, warmup):
    assert all(0 < warmup_linear(step, total, warmup) <= 1 for step in range(total))


def test_mixing_is_proportional_up_to_the_cap():
    assert capped_sizes([10, 5000], 1000).tolist() == [10, 1000]
    assert capped_sizes([10, 5000], None).tolist() == [10, 5000]
    sequence = task_sequence(capped_sizes([1000, 3000, 90_000], 4000), 20_000, seed=1)
    shares = np.bincount(sequence) / len(sequence)
    assert shares == pytest.approx([1 / 8, 3 / 8, 4 / 8], abs=0.015)


def test_the_order_of_tasks_follows_the_seed():
    weights = np.array([1.0, 2.0])
    assert np.array_equal(task_sequence(weights, 50, 1), task_sequence(weights, 50, 1))
    assert not np.array_equal(task_sequence(weights, 50, 1), task_sequence(weights, 50, 2))


def test_one_task_has_all_steps():
    assert task_sequence(np.array([5.0]), 3, 1).tolist() == [0, 0, 0]


@given(st.lists(st.integers(0, 3), max_size=50))
def test_occurrences_count_earlier_steps_of_the_same_task(tasks):
    counts = occurrences(np.array(tasks, dtype=np.int64))
    assert counts.tolist() == [tasks[:step].count(task) for step, task in enumerate(tasks)]


def test_corpora_come_between_the_steps_of_tasks_and_change_none_of_them():
    tasks = task_sequence(np.array([3.0, 1.0]), 300, seed=5)
    mixed = with_corpora(tasks, [0.2, 0.2], first=2, seed=5)
    assert len(mixed) == 500
    assert (mixed[mixed < 2] == tasks).all()
    assert np.bincount(mixed)[2:].sum() == 200
    assert abs(np.bincount(mixed)[2] - 100) < 30
    assert (with_corpora(tasks, [0.2, 0.2], first=2, seed=5) == mixed).all()
    # they are spread over the run, not put at its end
    assert 0.4 < np.flatnonzero(mixed >= 2).mean() / len(mixed) < 0.6


@given(st.integers(2, 500), st.floats(0.01, 0.99), st.integers(1, 600))
def test_a_branch_has_the_rates_of_its_trunk_until_it_leaves_it(total, cooldown, rising):
    start = branch_point(total, cooldown)
    assert 0 <= start < total
    rates = [cool_down(step, total, rising, cooldown) for step in range(total)]
    assert rates[:start] == [warmup_stable(step, rising) for step in range(start)]
    assert all(rate > 0 for rate in rates)


def test_a_branch_cools_down_as_one_minus_the_root():
    rates = [cool_down(step, 100, 10, 0.2) for step in range(100)]
    assert rates[:10] == pytest.approx(np.arange(1, 11) / 10)
    assert rates[10:81] == [1.0] * 71
    assert rates[85] == pytest.approx(1 - (5 / 20) ** 0.5)
    assert rates[99] == pytest.approx(1 - (19 / 20) ** 0.5)


def test_the_schedule_is_chosen_by_the_specification():
    assert learning_rates({"warmup": 0.1}, 100)(50) == warmup_linear(50, 100, 0.1)
    assert learning_rates({"schedule": "stable", "warmup_steps": 10}, 100)(99) == 1.0
    branch = learning_rates({"schedule": "cooldown", "warmup_steps": 10, "cooldown": 0.5}, 100)
    assert branch(75) == pytest.approx(1 - 0.5**0.5)


def test_mixtures_may_be_drawn_by_temperature_or_uniformly():
    sizes = np.array([100.0, 400.0])
    assert mixing_weights(sizes, "proportional", 2).tolist() == [100, 400]
    assert mixing_weights(sizes, "temperature", 2).tolist() == [10, 20]
    assert mixing_weights(sizes, "uniform", 2).tolist() == [1, 1]


def test_a_longer_order_of_tasks_begins_with_the_shorter_one():
    weights = np.array([1.0, 2.0, 4.0])
    assert task_sequence(weights, 500, 3)[:123].tolist() == task_sequence(weights, 123, 3).tolist()
