import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.scripts.features.batches import EpochPlan, micro_batches


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
