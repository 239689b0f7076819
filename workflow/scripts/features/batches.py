"""Which examples make a step: seeded, stateless plans, so that a resumed run needs to remember nothing but its step.

An epoch is a permutation of the items. Within pools of `POOL` batches items are sorted by length before they are cut
into batches, and the batches are shuffled: little padding, and still every item exactly once an epoch.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

POOL = 50
"""Batches in a pool; of the values tried in feasibility.md §6 this leaves little padding without ordering the data."""


def generator(*key: int) -> np.random.Generator:
    """Return a generator that depends on all numbers of its key and on nothing else."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))


class EpochPlan:
    """The batches of one task.

    Args:
        lengths: tokens of each item, shape (items,).
        batch_size: items in a batch; the last of an epoch may be smaller.
        key: seed of the run and number of the task within it.
    """

    def __init__(self, lengths: Array, batch_size: int, key: tuple[int, int]) -> None:
        self.lengths = np.asarray(lengths)
        self.batch_size = batch_size
        self.key = key
        self.batches_per_epoch = -(-len(self.lengths) // batch_size)
        self._epoch = -1
        self._batches: list[Array] = []

    def batch(self, index: int) -> Array:
        """Return the items of batch `index`, counted from the beginning of training over all epochs."""
        epoch, position = divmod(index, self.batches_per_epoch)
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, self._plan(epoch)
        return self._batches[position]

    def _plan(self, epoch: int) -> list[Array]:
        draw = generator(*self.key, epoch)
        order = draw.permutation(len(self.lengths))
        batches: list[Array] = []
        for start in range(0, len(order), POOL * self.batch_size):
            pool = order[start : start + POOL * self.batch_size]
            pool = pool[np.argsort(self.lengths[pool], kind="stable")]
            batches += [pool[first : first + self.batch_size] for first in range(0, len(pool), self.batch_size)]
        # numpy's shuffle of a list of arrays of unequal length would be ambiguous; shuffle the indices
        return [batches[position] for position in draw.permutation(len(batches))]


def micro_batches(items: Array, tokens: Array, budget: int) -> Iterator[Array]:
    """Cut a batch into pieces of at most `budget` padded tokens (at least one item), longest items first.

    Args:
        items: items of the batch.
        tokens: tokens of each of them, all its sequences counted.
        budget: tokens that fit on the device.
    """
    order = np.argsort(-tokens, kind="stable")
    start = 0
    while start < len(order):
        longest = int(tokens[order[start]])
        count = max(1, budget // max(longest, 1))
        yield items[order[start : start + count]]
        start += count
