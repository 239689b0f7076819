"""Which examples make a step: seeded, stateless plans, so that a resumed run needs to remember nothing but its step.

An epoch is a permutation of the items. Within pools of `POOL` batches items are sorted by length before they are cut
into batches, and the batches are shuffled: little padding, and still every item exactly once an epoch.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

POOL = 50
"""Batches in a pool; of the values tried in feasibility.md §6 this leaves little padding without ordering the data."""


_LANGUAGE_STREAM = 1_000_033
_NESTED_STREAM = 1_000_039
"""Set the draws of languages and of nested subsets apart from those of epochs, whose numbers have the same place."""


def generator(*key: int) -> np.random.Generator:
    """Return a generator that depends on all numbers of its key and on nothing else."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))


def nested_order(labels: Array, seed: int) -> Array:
    """Return all examples in an order whose every beginning has the labels in nearly the same proportions.

    The first 1,000 of it are among the first 4,000: training sets of different sizes are nested (studies of data size).

    Args:
        labels: label of each example as an integer; all the same where a task has none.
        seed: of the run.
    """
    draw = generator(seed, _NESTED_STREAM)
    place = np.empty(len(labels), dtype=np.float64)
    for label in np.unique(labels):
        mine = np.flatnonzero(labels == label)
        place[mine] = (draw.permutation(len(mine)) + draw.random()) / len(mine)
    return np.argsort(place, kind="stable")


class EpochPlan:
    """The batches of one task.

    Args:
        lengths: tokens of each item, shape (items,).
        batch_size: items in a batch; the last of an epoch may be smaller.
        key: seed of the run and number of the task within it.
        languages: language of each item as an integer, shape (items,), where languages are drawn by their size.
        alpha: languages are drawn in proportion to their size to this power (Conneau et al. 2020, §3.1); with 1 an
            epoch has every item once, with less it has items of small languages several times and leaves others out.
        items: the items that are trained on, if not all.
    """

    def __init__(
        self,
        lengths: Array,
        batch_size: int,
        key: tuple[int, int],
        languages: Array | None = None,
        alpha: float = 1.0,
        items: Array | None = None,
    ) -> None:
        self.lengths = np.asarray(lengths)
        self.items = np.arange(len(self.lengths)) if items is None else items
        self.batch_size = batch_size
        self.key = key
        self.batches_per_epoch = -(-len(self.items) // batch_size)
        self._groups = _groups(languages, self.items) if languages is not None and alpha != 1 else []
        self._quotas = language_quotas([len(group) for group in self._groups], alpha, len(self.items))
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
        drawn = self._drawn(epoch)
        order = drawn[draw.permutation(len(drawn))]
        batches: list[Array] = []
        for start in range(0, len(order), POOL * self.batch_size):
            pool = order[start : start + POOL * self.batch_size]
            pool = pool[np.argsort(self.lengths[pool], kind="stable")]
            batches += [pool[first : first + self.batch_size] for first in range(0, len(pool), self.batch_size)]
        # numpy's shuffle of a list of arrays of unequal length would be ambiguous; shuffle the indices
        return [batches[position] for position in draw.permutation(len(batches))]

    def _drawn(self, epoch: int) -> Array:
        """Return the items of an epoch: all, or every language's quota from an endless row of its permutations."""
        if not self._groups:
            return self.items
        parts = []
        for number, (group, quota) in enumerate(zip(self._groups, self._quotas, strict=True)):
            first, last = epoch * quota, (epoch + 1) * quota
            rounds = range(first // len(group), -(-last // len(group)))
            orders = [generator(*self.key, _LANGUAGE_STREAM, number, turn).permutation(group) for turn in rounds]
            begin = first - rounds.start * len(group)
            parts.append(np.concatenate(orders)[begin : begin + quota] if orders else group[:0])
        return np.concatenate(parts)


def _groups(languages: Array, items: Array) -> list[Array]:
    return [items[languages[items] == language] for language in np.unique(languages[items])]


def language_quotas(sizes: Sequence[int], alpha: float, total: int) -> list[int]:
    """Return how many of `total` items each language has, in proportion to its size to the power of `alpha`.

    Rounded by largest remainder, so that the quotas add up; every language has at least one.
    """
    if not sizes:
        return []
    weights = np.asarray(sizes, dtype=np.float64) ** alpha
    exact = weights / weights.sum() * total
    quotas = np.maximum(np.floor(exact).astype(np.int64), 1)
    for language in np.argsort(-(exact - np.floor(exact)), kind="stable"):
        if quotas.sum() >= total:
            break
        quotas[language] += 1
    return [int(quota) for quota in quotas]


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
