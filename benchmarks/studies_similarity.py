"""Simulated studies `similarity` whose truth is known: error rates, coverage and power of its primary contrast.

    python -m benchmarks.studies --only studies_similarity

The gain of a pair is made of what source and target are good for (at the middle budget, by doubling), the similarity,
of what the pair has of its own, and of noise from seed to seed. What pairs have of their own is independent, or (worlds
with factors) comes from two hidden properties that tasks share, as similarity does.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from workflow.scripts.statistics.ratios import Array
from workflow.scripts.studies.similarity_contrasts import budget_slopes, pair_effect, standardised

LEVEL = 0.05
PERMUTATIONS = 199
BUDGETS = (1.0, 4.0, 16.0)


@dataclass(frozen=True)
class World:
    """How large a study is, and what varies in it: standard deviations in points."""

    name: str
    sources: int = 9
    targets: int = 9
    seeds: int = 3
    factors: bool = False
    own: float = 1.0
    own_by_budget: float = 0.5
    noise: float = 1.0


WORLDS = (
    World("9 x 9"),
    World("9 x 9, hidden factors", factors=True),
    World("4 x 4", sources=4, targets=4),
    World("4 x 4, hidden factors", sources=4, targets=4, factors=True),
    World("9 x 9, noisy seeds", noise=4.0),
)


def _pairs(world: World, rng: np.random.Generator) -> Array:
    """Return what pairs have of their own, mean square 1."""
    if world.factors:
        values = rng.standard_normal((world.sources, 2)) @ rng.standard_normal((2, world.targets)) / np.sqrt(2)
        return np.asarray(values)
    return rng.standard_normal((world.sources, world.targets))


def simulate(world: World, effect: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return similarities (sources, targets) and gains (sources, targets, budgets, seeds).

    `effect` is in points by a doubling of the budget and a standard deviation of what similarity has beyond its means.
    """
    shape = (world.sources, world.targets)
    similarity = _pairs(world, rng) + rng.standard_normal((shape[0], 1)) + rng.standard_normal(shape[1])
    x = np.log2(BUDGETS) - np.mean(np.log2(BUDGETS))

    def level(size: float) -> Array:
        return np.asarray(size * (rng.standard_normal((shape[0], 1)) + rng.standard_normal(shape[1])))

    flat = level(3.0) + world.own * _pairs(world, rng) + standardised(similarity)
    steep = level(0.5) + world.own_by_budget * _pairs(world, rng) + effect * standardised(similarity)
    runs = world.noise * rng.standard_normal((*shape, len(BUDGETS), world.seeds))
    baseline = world.noise * rng.standard_normal((1, shape[1], 1, world.seeds))
    return similarity, flat[..., None, None] + (steep[..., None] * x)[..., None] + runs - baseline


def naive_p(similarity: Array, gains: Array) -> float:
    """Return p of similarity x budget in a regression that takes all cells as independent and pairs as alike."""
    x = np.log2(BUDGETS) - np.mean(np.log2(BUDGETS))
    z = np.broadcast_to((similarity - similarity.mean())[..., None, None], gains.shape).ravel()
    time_ = np.broadcast_to(x[None, None, :, None], gains.shape).ravel()
    design = np.column_stack([np.ones(z.size), z, time_, z * time_])
    beta, rest, *_ = np.linalg.lstsq(design, gains.ravel(), rcond=None)
    error = np.sqrt(np.linalg.inv(design.T @ design)[-1, -1] * rest[0] / (z.size - 4))
    return float(2 * stats.t.sf(abs(beta[-1]) / error, z.size - 4))


def measure(world: World, effect: float, repetitions: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return shares of repetitions (rejections at 0.05, coverage), and the mean estimate."""
    found: dict[str, list[float]] = {name: [] for name in ("qap", "t", "naive", "covered", "estimate")}
    for _ in range(repetitions):
        similarity, gains = simulate(world, effect, rng)
        one = pair_effect(similarity, budget_slopes(gains.mean(axis=3), BUDGETS), rng, PERMUTATIONS)
        ratio = abs(one.estimate) / one.standard_error
        found["qap"].append(one.p <= LEVEL)
        found["t"].append(2 * stats.t.sf(ratio, one.degrees) <= LEVEL)
        found["naive"].append(naive_p(similarity, gains) <= LEVEL)
        found["covered"].append(one.low <= effect <= one.high)
        found["estimate"].append(one.estimate)
    return {"world": world.name, "effect": effect} | {name: float(np.mean(values)) for name, values in found.items()}


def simulations(repetitions: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return the figures of all worlds without an effect and with one."""
    return {"rows": [measure(world, effect, repetitions, rng) for world in WORLDS for effect in (0.0, 0.3)]}
