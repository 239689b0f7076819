from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.scripts.features.batches import EpochPlan, language_quotas, micro_batches, nested_order


@given(st.integers(1, 300), st.integers(1, 17), st.integers(0, 5))
def test_every_item_comes_once_an_epoch(items, batch_size, seed):
    plan = EpochPlan(np.arange(items) % 13 + 1, batch_size, (seed, 0))
    for epoch in range(2):
        first = epoch * plan.batches_per_epoch
        seen = np.concatenate([plan.batch(first + index) for index in range(plan.batches_per_epoch)])
        assert sorted(seen) == list(range(items))


def test_batches_depend_on_their_index_alone():
    lengths = np.random.default_rng(0).integers(1, 50, 500)
    walked = EpochPlan(lengths, 16, (1, 0))
    batches = [walked.batch(index) for index in range(80)]
    jumped = EpochPlan(lengths, 16, (1, 0))
    for index in (70, 3, 45):
        assert np.array_equal(jumped.batch(index), batches[index])


def test_seed_task_and_epoch_change_the_order():
    lengths = np.ones(100)
    orders = [
        EpochPlan(lengths, 10, key).batch(index).tolist() for key in ((1, 0), (2, 0), (1, 1)) for index in (0, 10)
    ]
    assert len({tuple(order) for order in orders}) == len(orders)


def test_buckets_leave_little_padding():
    lengths = np.random.default_rng(0).integers(1, 100, 3200)

    def padded(batches):
        return sum(len(batch) * lengths[batch].max() for batch in batches)

    plan = EpochPlan(lengths, 32, (1, 0))
    bucketed = padded(plan.batch(index) for index in range(plan.batches_per_epoch))
    assert bucketed < 1.1 * lengths.sum()
    assert padded(np.arange(3200).reshape(-1, 32)) > 1.7 * lengths.sum()


@given(st.lists(st.integers(1, 60), min_size=1, max_size=40), st.integers(1, 200))
def test_micro_batches_keep_all_items_within_the_budget(tokens, budget):
    lengths = np.array(tokens)
    items = np.arange(100, 100 + len(tokens))
    pieces = list(micro_batches(items, lengths, budget))
    assert sorted(np.concatenate(pieces)) == items.tolist()
    for piece in pieces:
        assert len(piece) == 1 or len(piece) * lengths[piece - 100].max() <= budget


def test_an_item_beyond_the_budget_still_gets_its_turn():
    assert [piece.tolist() for piece in micro_batches(np.array([0]), np.array([500]), 10)] == [[0]]


@pytest.mark.parametrize("items", [1, 31, 32, 33])
def test_batches_per_epoch_round_up(items):
    assert EpochPlan(np.ones(items), 32, (1, 0)).batches_per_epoch == -(-items // 32)


class TestLanguageSampling:
    """Languages are drawn in proportion to their size to the power of alpha (Conneau et al. 2020)."""

    LANGUAGES = np.repeat([0, 1, 2], [900, 90, 10])

    def plan(self, alpha):
        lengths = np.random.default_rng(0).integers(5, 60, len(self.LANGUAGES))
        return EpochPlan(lengths, 16, (1, 0), self.LANGUAGES, alpha)

    def epoch(self, plan, number):
        first = number * plan.batches_per_epoch
        return np.concatenate([plan.batch(first + batch) for batch in range(plan.batches_per_epoch)])

    def test_shares_follow_the_power(self):
        items = self.epoch(self.plan(0.3), 0)
        assert len(items) == len(self.LANGUAGES)
        weights = np.array([900, 90, 10]) ** 0.3
        assert np.bincount(self.LANGUAGES[items]) == pytest.approx(weights / weights.sum() * 1000, abs=1)

    def test_a_small_language_repeats_evenly_and_a_large_one_goes_on_where_it_stopped(self):
        plan = self.plan(0.3)
        epochs = [self.epoch(plan, number) for number in range(3)]
        small = np.bincount(np.concatenate(epochs), minlength=1000)[990:]
        assert small.max() - small.min() <= 1
        large = np.bincount(np.concatenate(epochs[:2]), minlength=1000)[:900]
        assert large.max() - large.min() <= 1

    def test_the_plan_is_the_same_whatever_was_asked_before(self):
        plan, again = self.plan(0.3), self.plan(0.3)
        later = plan.batches_per_epoch + 3
        plan.batch(0)
        assert (plan.batch(later) == again.batch(later)).all()

    def test_alpha_one_is_an_epoch_of_every_item(self):
        plain = EpochPlan(self.plan(1.0).lengths, 16, (1, 0))
        assert all((self.plan(1.0).batch(number) == plain.batch(number)).all() for number in range(5))
        assert sorted(self.epoch(self.plan(1.0), 1)) == list(range(1000))

    @given(st.lists(st.integers(1, 10_000), min_size=1, max_size=12), st.floats(0, 1))
    def test_quotas_add_up_and_reach_every_language(self, sizes, alpha):
        quotas = language_quotas(sizes, alpha, sum(sizes))
        assert min(quotas) >= 1
        assert sum(sizes) <= sum(quotas) <= sum(sizes) + len(sizes)
        by_size = [quota for _, quota in sorted(zip(sizes, quotas, strict=True))]
        assert all(smaller <= larger + 1 for smaller, larger in pairwise(by_size))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=200), st.integers(0, 5))
def test_every_beginning_of_the_nested_order_has_the_shares_of_labels(labels, seed):
    labels = np.array(labels)
    order = nested_order(labels, seed)
    assert sorted(order) == list(range(len(labels)))
    for size in range(1, len(labels) + 1):
        for label in range(4):
            expected = size * (labels == label).mean()
            assert abs((labels[order[:size]] == label).sum() - expected) < 4


def test_a_plan_over_some_items_has_those_and_no_others():
    items = np.array([3, 5, 8, 13, 21])
    plan = EpochPlan(np.arange(30) + 1, 2, (1, 0), items=items)
    assert plan.batches_per_epoch == 3
    assert sorted(np.concatenate([plan.batch(index) for index in range(3)])) == items.tolist()
