"""Simulated studies `domain` whose truth is known: error rates, coverage and power of its contrasts.

    python -m benchmarks.studies --only studies_domain

Two arms, text of a domain and general text, on two targets; a third of the rows is of the domain, half of the languages
have its text. Each row is right or wrong by its own chance. What a domain does differs between seeds, between languages
and, for a seed, between slices. Effects are in points.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from workflow.scripts.statistics import Measurements, tost
from workflow.scripts.statistics.contrasts import contrast_interval
from workflow.scripts.statistics.intervals import Languages
from workflow.scripts.statistics.ratios import Array
from workflow.scripts.studies.domain_contrasts import crossed, difference

LEVEL, BOUND = 0.05, 2.0
"""Level of the tests, and bound of equivalence in points."""

WEIGHTS = [1.0, -1.0]


@dataclass(frozen=True)
class World:
    """How large a study is, and what varies in it: standard deviations in points.

    Attributes:
        name: what the figures call it.
        languages: of each target, half of them with text.
        seeds: of the study.
        examples: rows of a language.
        by_seed: the effect between seeds.
        by_slice: the difference of slices, and that of languages with and without text, between seeds.
        by_language: the effect between languages.
        parallel: whether languages have the same rows, with the same difficulty.
        drawn: whether languages are drawn.
    """

    name: str
    languages: int = 8
    seeds: int = 3
    examples: int = 300
    by_seed: float = 1.0
    by_slice: float = 0.0
    by_language: float = 0.0
    parallel: bool = False
    drawn: bool = False


WORLDS = (
    World("3 seeds"),
    World("5 seeds", seeds=5),
    World("parallel", parallel=True),
    World("slices differ by seed", by_slice=2.0),
    World("languages differ, fixed", by_language=2.0),
    World("languages differ, drawn", by_language=2.0, drawn=True),
    World("20 languages differ, drawn", languages=20, by_language=2.0, drawn=True),
)


def simulate(
    world: World, effect: float, triple: float, rng: np.random.Generator
) -> tuple[dict[str, Measurements], Any]:
    """Return what the two arms did on two targets, and which rows are of the domain, (examples,).

    Args:
        world: what varies.
        effect: of text of a domain, in all rows and languages, in points.
        triple: by how much it is more in rows of the domain in languages with text.
        rng: draws.
    """
    codes = [f"l{place}" for place in range(world.languages)]
    inside = np.arange(world.examples) % 3 == 0
    found = {}
    seeds = world.by_seed * rng.standard_normal(world.seeds)
    slices, texts = world.by_slice * rng.standard_normal((2, world.seeds))
    own = world.by_language * rng.standard_normal(world.languages)
    own = own if world.drawn else own - np.where(np.arange(world.languages) % 2, own[1::2].mean(), own[::2].mean())
    for target in ("a", "b"):
        shared = 15 * rng.standard_normal(world.examples)
        tops = []
        for place in range(world.languages):
            hard = shared if world.parallel else 15 * rng.standard_normal(world.examples)
            covered = place % 2 == 0
            gain = effect + own[place] + seeds[:, None] + np.where(inside, 0.5, -0.5) * slices[:, None]
            gain = gain + (0.5 if covered else -0.5) * texts[:, None] + triple * (inside & covered)
            level = 55 + rng.standard_normal((world.seeds, 1)) + hard
            chance = np.clip(np.stack([level + gain, np.broadcast_to(level, gain.shape)]) / 100, 0.01, 0.99)
            tops.append((rng.random(chance.shape) < chance).astype(np.float64))
        ones: list[Array] = [np.ones_like(top) for top in tops]
        found[target] = Measurements(tops, ones, codes, (), world.parallel)
    return found, inside


def measure(world: World, effect: float, triple: float, repetitions: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return shares of repetitions (rejections at 0.05, coverage, equivalence) and mean estimates."""
    names = ("primary", "covered", "equivalent", "triple", "triple_covered", "estimate", "triple_estimate")
    found: dict[str, list[float]] = {name: [] for name in names}
    drawn: Languages = "random" if world.drawn else "fixed"
    truth = effect + triple / 3 / 2  # a third of the rows, half of the languages
    for _ in range(repetitions):
        measured, inside = simulate(world, effect, triple, rng)
        one = contrast_interval(list(measured.values()), WEIGHTS, drawn)
        pieces = []
        for target, counts in measured.items():
            sides = {code: {1: inside, -1: ~inside} for code in counts.languages}
            groups = {1: list(counts.languages)[::2], -1: list(counts.languages)[1::2]}
            pieces += crossed(target, sides, groups, WEIGHTS, 1 / len(measured))
        both = difference(measured, pieces, drawn)
        found["primary"].append(one.p <= LEVEL)
        found["covered"].append(one.low <= truth <= one.high)
        found["equivalent"].append(tost(one, -BOUND, BOUND, LEVEL).equivalent)
        found["triple"].append(both.p <= LEVEL)
        found["triple_covered"].append(both.low <= triple <= both.high)
        found["estimate"].append(one.estimate)
        found["triple_estimate"].append(both.estimate)
    shares = {name: float(np.mean(values)) for name, values in found.items()}
    return {"world": world.name, "effect": effect, "planted_triple": triple} | shares


def simulations(repetitions: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return the figures of all worlds: nothing there, an effect as large as the bound, and a triple difference."""
    cases = ((0.0, 0.0), (BOUND, 0.0), (0.0, 10.0))
    return {"rows": [measure(world, *case, repetitions, rng) for world in WORLDS for case in cases]}
