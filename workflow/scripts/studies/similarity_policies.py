"""What a way of choosing an intermediate task gains for a total budget of compute: pure functions.

A policy spends a total budget on one target: on knowing similarities, and on training one or several sources. It sees
the scores in English alone (`seen`), and is judged by the gain (`gains`) of the source that it ends with, seed by seed:
choosing and gaining happen with the same models, as they would for a user. Fine-tuning on the target is not charged.

    random      one source drawn at random, with all of the budget (expectation)
    similarity  the k sources predicted highest, with the same share each; of several the best in English is kept
    halving     all sources at the smallest budget, the better half of them at the next, and so on
    search      all sources with the same share each; the best in English is kept
    oracle      what gains most of all that the budget pays for: no policy can exceed it

Where several are compared, none of them is kept if all look worse in English than the model without a source.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workflow.scripts.statistics.ratios import Array

SLACK = 1 + 1e-9
"""Rounding of a budget that does not count as too little."""


@dataclass(frozen=True)
class Grid:
    """What was measured.

    Attributes:
        budgets: of one intermediate training, ascending, (B,).
        gains: (sources, targets, B, seeds).
        seen: what a policy chooses by, (sources, targets, B, seeds).
    """

    budgets: Array
    gains: Array
    seen: Array

    def __post_init__(self) -> None:
        shape = self.gains.shape
        if len(shape) != 4 or self.seen.shape != shape or self.budgets.shape != shape[2:3]:
            raise ValueError(f"shapes {self.budgets.shape}, {shape} and {self.seen.shape} do not fit")
        if (np.diff(self.budgets) <= 0).any() or self.budgets[0] <= 0:
            raise ValueError("budgets must be positive and ascend")
        if not np.isfinite(self.gains).all() or not np.isfinite(self.seen).all():
            raise ValueError("gains and what is seen must be finite")

    @property
    def sources(self) -> int:
        """Number of sources."""
        return int(self.gains.shape[0])

    def affordable(self, amount: float) -> int:
        """Return the place of the largest budget that an amount pays for, −1 where it pays for none."""
        return int(np.searchsorted(self.budgets, amount * SLACK, side="right")) - 1


@dataclass(frozen=True)
class Outcome:
    """What a policy reaches, means over targets and seeds.

    Attributes:
        gain: in points; 0 for a target where the total pays for no training.
        spent: operations.
    """

    gain: float
    spent: float


def _mean(gains: list[float], spent: list[float]) -> Outcome:
    return Outcome(float(np.mean(gains)), float(np.mean(spent)))


def random_choice(grid: Grid, total: float) -> Outcome:
    """Return the expectation of one source drawn at random."""
    place = grid.affordable(total)
    return (
        Outcome(0.0, 0.0) if place < 0 else Outcome(float(grid.gains[:, :, place].mean()), float(grid.budgets[place]))
    )


def oracle(grid: Grid, total: float) -> Outcome:
    """Return the mean of the best gain that a target and seed has among what the total pays for, none (0) included."""
    place = grid.affordable(total)
    if place < 0:
        return Outcome(0.0, 0.0)
    best = grid.gains[:, :, : place + 1].max(axis=(0, 2)).clip(min=0.0)
    return Outcome(float(best.mean()), float(grid.budgets[place]))


def predicted(grid: Grid, total: float, similarity: npt.ArrayLike, k: int = 1, cost: npt.ArrayLike = 0.0) -> Outcome:
    """Return what the k sources predicted highest give; equal predictions in the order of the sources.

    Args:
        grid: what was measured.
        total: operations for one target.
        similarity: (sources, targets).
        k: how many are trained.
        cost: operations of knowing the similarities of a target, (targets,) or one number.

    Raises:
        ValueError: shapes that do not fit, a similarity that is not defined, k not from 1 to the number of sources.
    """
    values = np.asarray(similarity, dtype=np.float64)
    if values.shape != grid.gains.shape[:2] or not np.isfinite(values).all() or not 1 <= k <= grid.sources:
        raise ValueError(f"similarities {values.shape} or k = {k} do not fit gains {grid.gains.shape}")
    costs = np.broadcast_to(np.asarray(cost, dtype=np.float64), values.shape[1:])
    gains, spent = [], []
    for target, (column, paid) in enumerate(zip(values.T, costs, strict=True)):
        place = grid.affordable((total - paid) / k)
        if place < 0:
            gains.append(0.0)
            spent.append(float(min(paid, total)))
            continue
        tried = np.argsort(-column, kind="stable")[:k]
        gains.append(_best_seen(grid, tried, target, place))
        spent.append(float(paid + k * grid.budgets[place]))
    return _mean(gains, spent)


def search(grid: Grid, total: float) -> Outcome:
    """Return what training all sources gives."""
    return predicted(grid, total, np.zeros(grid.gains.shape[:2]), grid.sources)


def _best_seen(grid: Grid, tried: npt.NDArray[np.intp], target: int, place: int) -> float:
    """Return the mean gain over seeds of the source that looks best in English; of several, 0 if all look bad."""
    seen, gains = grid.seen[tried, target, place], grid.gains[tried, target, place]  # (tried, seeds)
    found = gains[seen.argmax(axis=0), np.arange(seen.shape[1])]
    kept = seen.max(axis=0) >= 0 if len(tried) > 1 else np.ones(len(found), dtype=np.bool_)
    return float(np.where(kept, found, 0.0).mean())


def halving(grid: Grid, total: float) -> Outcome:
    """Return what successive halving gives; going on with a trunk costs the difference of the budgets.

    Source: Jamieson and Talwalkar (2016).
    """
    targets, seeds = grid.gains.shape[1], grid.gains.shape[3]
    cells = [_halve(grid, total, target, seed) for target in range(targets) for seed in range(seeds)]
    return _mean([gain for gain, _ in cells], [spent for _, spent in cells])


def _halve(grid: Grid, total: float, target: int, seed: int) -> tuple[float, float]:
    left, spent, gain = np.arange(grid.sources), 0.0, 0.0
    for place, budget in enumerate(grid.budgets):
        price = len(left) * (budget - (grid.budgets[place - 1] if place else 0.0))
        if spent + price > total * SLACK:
            break
        spent += float(price)
        order = left[np.argsort(-grid.seen[left, target, place, seed], kind="stable")]
        gain = (
            float(grid.gains[order[0], target, place, seed]) if grid.seen[order[0], target, place, seed] >= 0 else 0.0
        )
        left = order[: -(-len(left) // 2)]
    return gain, spent


def totals(budgets: npt.ArrayLike, sources: int) -> Array:
    """Return the total budgets that are looked at: each budget for one source up to all of them, ascending."""
    return np.asarray(np.unique(np.outer(np.asarray(budgets, dtype=np.float64), np.arange(1, sources + 1))))
