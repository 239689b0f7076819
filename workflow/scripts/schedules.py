"""How long training goes on, which task has which step, and the learning rate of each step."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from workflow.scripts.features.batches import generator

Array = np.ndarray[Any, Any]

_MIXTURE_STREAM = 1_000_003
_CORPUS_STREAM = 1_000_037
"""Set the draws of tasks and corpora apart from the draws of batches, which have task numbers in their keys."""


def warmup_linear(step: int, total: int, warmup: float) -> float:
    """Return the share of the peak learning rate at `step` (from 0): linear rise over `warmup`, then fall to 0."""
    rising = max(1, round(warmup * total))
    if step < rising:
        return (step + 1) / rising
    return (total - step) / max(1, total - rising)


def warmup_stable(step: int, rising: int) -> float:
    """Return the share of the peak learning rate at `step` (from 0) of a trunk: linear rise over `rising`, then 1."""
    return min(1.0, (step + 1) / max(1, rising))


def branch_point(total: int, cooldown: float) -> int:
    """Return the step at which a run of `total` steps leaves its trunk to cool down, for one step at least."""
    return total - max(1, round(cooldown * total))


def cool_down(step: int, total: int, rising: int, cooldown: float) -> float:
    """Return the share of the peak at `step` of a branch: that of its trunk, then down to 0 as 1 - sqrt.

    The shape is the best of those in Hägele et al. 2024 (§3).

    Args:
        step: from 0.
        total: steps of the run, those on the trunk included.
        rising: steps of warm-up.
        cooldown: share of `total` in which the rate falls.
    """
    start = branch_point(total, cooldown)
    falling = max(0.0, (step - start) / (total - start))
    return warmup_stable(step, rising) * (1 - math.sqrt(falling))


def learning_rates(spec: Mapping[str, Any], total: int) -> Callable[[int], float]:
    """Return the share of the peak learning rate as a function of the step.

    Args:
        spec: `schedule` (linear, stable or cooldown; linear if it is not there) and, with it, `warmup` (share of all
            steps), or `warmup_steps` and `cooldown`.
        total: steps of the run.
    """
    kind = spec.get("schedule", "linear")
    if kind == "stable":
        return lambda step: warmup_stable(step, spec["warmup_steps"])
    if kind == "cooldown":
        return lambda step: cool_down(step, total, spec["warmup_steps"], spec["cooldown"])
    return lambda step: warmup_linear(step, total, spec["warmup"])


def mixing_weights(sizes: Array, sampling: str, temperature: float) -> Array:
    """Return how often each task of a mixture is drawn, relative to the others.

    Args:
        sizes: counted examples of each task (capped).
        sampling: proportional, temperature or uniform.
        temperature: order of the root (Raffel et al. 2020, §3.5.2).
    """
    order = {"proportional": 1.0, "temperature": 1 / temperature, "uniform": 0.0}[sampling]
    weights: Array = np.asarray(sizes, dtype=np.float64) ** order
    return weights


def capped_sizes(sizes: Sequence[int], cap: int | None) -> Array:
    """Return the sizes that examples-proportional mixing counts: min(e_m, cap) (Raffel et al. 2020, paper §2.3)."""
    return np.minimum(np.asarray(sizes, dtype=np.float64), np.inf if cap is None else cap)


def task_sequence(weights: Array, steps: int, seed: int) -> Array:
    """Return the task of every step, shape (steps,), drawn in proportion to `weights`; one task has all steps."""
    if len(weights) == 1:
        return np.zeros(steps, dtype=np.int64)
    return generator(seed, _MIXTURE_STREAM).choice(len(weights), size=steps, p=weights / weights.sum())


def with_corpora(sequence: Array, shares: Sequence[float], first: int, seed: int) -> Array:
    """Return a sequence of steps with those of corpora between them; the tasks' own steps keep number and order.

    Args:
        sequence: task of every supervised step.
        shares: share of all steps that each corpus has; less than 1 together.
        first: number of the first corpus among the tasks; the others follow.
        seed: of the run.
    """
    total = round(len(sequence) / (1 - sum(shares)))
    draw = generator(seed, _CORPUS_STREAM)
    mixed = np.full(total, -1, dtype=np.int64)
    extra = total - len(sequence)
    places = np.sort(draw.permutation(total)[: len(sequence)])
    mixed[places] = sequence
    weights = np.asarray(shares, dtype=np.float64)
    mixed[mixed < 0] = first + draw.choice(len(shares), size=extra, p=weights / weights.sum())
    return mixed


def occurrences(sequence: Array) -> Array:
    """Return, for every step, how many earlier steps had the same task: the index of the task's batch."""
    counts = np.zeros(len(sequence), dtype=np.int64)
    for task in np.unique(sequence):
        mine = np.flatnonzero(sequence == task)
        counts[mine] = np.arange(len(mine))
    return counts
