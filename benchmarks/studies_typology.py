"""Simulated studies `typology` whose truth is known: error rates, coverage and power of the slope on the distance.

    python -m benchmarks.studies --only studies_typology

What a language has is made of the distance, a control that goes with the distance, its family and itself, of a slope
that differs from seed to seed, and of noise. Values are logits, an effect is by a standard deviation of distance.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from workflow.scripts.statistics import percentile_interval
from workflow.scripts.statistics.freedman_lane import freedman_lane
from workflow.scripts.statistics.ratios import Array
from workflow.scripts.studies.typology_contrasts import Languages, describe, distance_slope, family_bootstrap

LEVEL = 0.05
PERMUTATIONS, DRAWS = 199, 200


@dataclass(frozen=True)
class World:
    """How large a study is, and what varies in it: standard deviations in logits."""

    name: str
    sizes: tuple[int, ...]
    seeds: int = 3
    control: bool = False
    families: float = 0.0
    languages: float = 0.1
    seed_slopes: float = 0.0
    noise: float = 0.1


MANY = (16, 6, 4, 3, 2, 2, 2, 1, 1, 1, 1, 1)
WORLDS = (
    World("6 languages", (1,) * 6),
    World("6 languages, slopes of seeds", (1,) * 6, seed_slopes=0.1),
    World("6 languages, 5 seeds, slopes of seeds", (1,) * 6, seeds=5, seed_slopes=0.1),
    World("40 languages", MANY, control=True),
    World("40 languages, families", MANY, control=True, families=0.1),
    World("40 languages, slopes of seeds", MANY, control=True, seed_slopes=0.05),
)


def simulate(world: World, effect: float, rng: np.random.Generator) -> tuple[Languages, Array]:
    """Return the languages and their values (seeds, languages); distances are alike within a family."""
    family = np.repeat(np.arange(len(world.sizes)), world.sizes)
    count = len(family)
    shared = world.families > 0
    distance = rng.random(count) + (rng.random(len(world.sizes))[family] if shared else 0.0)
    size = -distance + 0.3 * rng.standard_normal(count)
    codes = [f"l{place}" for place in range(count)]
    names = [f"f{place}" for place in family]
    known, _ = describe(codes, distance, names, ["Latn"] * count, {"size": size} if world.control else {})
    values = effect * known.distance + world.languages * rng.standard_normal(count)
    values = values + world.families * rng.standard_normal(len(world.sizes))[family]
    values = values + (0.2 * known.controls["size"] if world.control else 0.0)
    slopes = world.seed_slopes * rng.standard_normal((world.seeds, 1))
    return known, values + slopes * known.distance + world.noise * rng.standard_normal((world.seeds, count))


def measure(world: World, effect: float, repetitions: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return shares of repetitions (rejections at 0.05, coverage), and the mean estimate."""
    names = ("t", "freedman_lane", "both", "covered", "bootstrap_covered", "estimate")
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(repetitions):
        known, values = simulate(world, effect, rng)
        one = distance_slope(values, known)
        permuted = freedman_lane(values.mean(axis=0), known.regression(), rng, known.scripts, PERMUTATIONS).p
        low, high = percentile_interval(one.estimate, family_bootstrap(values.mean(axis=0), known, rng, DRAWS))
        found["t"].append(one.p <= LEVEL)
        found["freedman_lane"].append(permuted <= LEVEL)
        found["both"].append(max(permuted, one.p) <= LEVEL)
        found["covered"].append(one.low <= effect <= one.high)
        found["bootstrap_covered"].append(low <= effect <= high)
        found["estimate"].append(one.estimate)
    return {"world": world.name, "effect": effect} | {name: float(np.mean(values)) for name, values in found.items()}


def simulations(repetitions: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return the figures of all worlds without an effect and with one."""
    return {"rows": [measure(world, effect, repetitions, rng) for world in WORLDS for effect in (0.0, -0.2)]}
