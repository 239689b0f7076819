"""How long training goes on, which task has which step, and the learning rate of each step."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from workflow.scripts.features.batches import generator

Array = np.ndarray[Any, Any]

_MIXTURE_STREAM = 1_000_003
"""Sets the draws of tasks apart from the draws of batches, which have task numbers in their keys."""


def warmup_linear(step: int, total: int, warmup: float) -> float:
    """Return the share of the peak learning rate at `step` (from 0): linear rise over `warmup`, then fall to 0."""
    rising = max(1, round(warmup * total))
    if step < rising:
        return (step + 1) / rising
    return (total - step) / max(1, total - rising)


def capped_sizes(sizes: Sequence[int], cap: int | None) -> Array:
    """Return the sizes that examples-proportional mixing counts: min(e_m, cap) (Raffel et al. 2020, paper §2.3)."""
    return np.minimum(np.asarray(sizes, dtype=np.float64), np.inf if cap is None else cap)


def task_sequence(weights: Array, steps: int, seed: int) -> Array:
    """Return the task of every step, shape (steps,), drawn in proportion to `weights`; one task has all steps."""
    if len(weights) == 1:
        return np.zeros(steps, dtype=np.int64)
    return generator(seed, _MIXTURE_STREAM).choice(len(weights), size=steps, p=weights / weights.sum())


def occurrences(sequence: Array) -> Array:
    """Return, for every step, how many earlier steps had the same task: the index of the task's batch."""
    counts = np.zeros(len(sequence), dtype=np.int64)
    for task in np.unique(sequence):
        mine = np.flatnonzero(sequence == task)
        counts[mine] = np.arange(len(mine))
    return counts
