"""Whether the statistics keep their promises: coverage and error rates on simulated studies whose truth is known.

    python -m benchmarks.calibration [--repetitions 400] [--replicates 200] [--seed 0]

A simulated study is one target: a control and a treatment, scored right or wrong on the same examples, with the same
seeds, in languages of families of unequal size. What varies is what varies in real ones (`World`): seeds, languages and
families, seeds within languages, examples. Gains are in points. Each figure is a share of repetitions or, of selection,
a mean in points. The last line is one JSON object. Needs one core; times of the shipped size are in it.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from benchmarks.startup import device, versions
from workflow.scripts.files import commit
from workflow.scripts.statistics import (
    Measurements,
    VarianceComponents,
    gain_interval,
    minimum_detectable_effect,
    optimism,
    percentile_interval,
    replicate,
    sign_flip,
    split_selection,
    stretched_interval,
    tost,
)
from workflow.scripts.statistics.intervals import Languages
from workflow.scripts.statistics.mixed_models import RandomTerm, fit
from workflow.scripts.statistics.ranking import qap_test


@dataclass(frozen=True)
class World:
    """How large a study is, and what varies in it: standard deviations in points."""

    seeds: int
    languages: int
    examples: int
    parallel: bool = False
    between_seeds: float = 1.0
    between_families: float = 1.0
    between_languages: float = 1.5
    seeds_by_languages: float = 1.0
    examples_by_arms: float = 5.0

    @property
    def name(self) -> str:
        """A short name."""
        shared = ", parallel" if self.parallel else ""
        alike = ", seeds alike" if self.between_seeds < 1 else ""
        alike = ", seeds far apart" if self.between_seeds > 1 else alike
        return f"{self.seeds} seeds, {self.languages} languages, {self.examples} examples{shared}{alike}"


WORLDS = (
    World(1, 9, 500),
    World(3, 9, 500),
    World(5, 9, 500),
    World(3, 9, 500, parallel=True),
    World(3, 9, 2000),
    World(3, 40, 200),
    World(5, 40, 200),
    World(3, 9, 500, between_seeds=0.2, seeds_by_languages=0.2),
    World(3, 9, 500, between_seeds=3.0),
)


def families(languages: int) -> list[str]:
    """Return families of unequal size: one third of all languages in the first, the next in twos, the rest alone."""
    third, pairs = languages // 3, languages // 4
    sizes = [third, *[2] * (pairs // 2)]
    sizes += [1] * (languages - sum(sizes))
    return [f"family {i}" for i, size in enumerate(sizes) for _ in range(size)]


def simulate(world: World, effect: float, rng: np.random.Generator) -> tuple[Measurements, float]:
    """Return control (arm 0) and treatment (arm 1) with the given true gain, and that of the drawn languages."""
    names = families(world.languages)
    codes = np.unique(names, return_inverse=True)[1]
    gains = effect + world.between_languages * rng.standard_normal(world.languages)
    gains += world.between_families * rng.standard_normal(codes.max() + 1)[codes]
    shifts = world.between_seeds * rng.standard_normal(world.seeds)[:, None]
    shifts = shifts + world.seeds_by_languages * rng.standard_normal((world.seeds, world.languages))
    shape = (1 if world.parallel else world.languages, world.examples)
    easiness = rng.uniform(0.3, 0.8, shape)
    helped = world.examples_by_arms / 100 * rng.standard_normal(shape)
    tops = []
    for i in range(world.languages):
        row = 0 if world.parallel else i
        control = np.broadcast_to(easiness[row], (world.seeds, world.examples))
        treated = control + helped[row] + (gains[i] + shifts[:, i, None]) / 100
        chance = np.clip(np.stack([control, treated]), 0, 1)
        tops.append((rng.random(chance.shape) < chance).astype(np.float64))
    labels = [f"language {i}" for i in range(world.languages)]
    ones = [np.ones_like(top) for top in tops]
    return Measurements(tops, ones, labels, names, world.parallel), float(gains.mean())


def coverage(world: World, repetitions: int, replicates: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return the share of 95 % intervals that hold the truth, and their mean widths, by languages and method."""
    hits: dict[str, list[bool]] = {}
    widths: dict[str, list[float]] = {}
    for _ in range(repetitions):
        measured, fixed_truth = simulate(world, 2.0, rng)
        kinds: tuple[tuple[Languages, float], ...] = (("fixed", fixed_truth), ("random", 2.0))
        for languages, truth in kinds:
            interval = gain_interval(measured, 1, 0, languages)
            drawn = replicate(measured, rng, replicates, languages).macro()
            gains = drawn[:, 1] - drawn[:, 0]
            stretched = stretched_interval(interval, gains)
            found = {
                "t": (interval.low, interval.high),
                "percentile": percentile_interval(interval.estimate, gains),
                "stretched": (stretched.low, stretched.high),
            }
            for method, (low, high) in found.items():
                hits.setdefault(f"{languages} {method}", []).append(low <= truth <= high)
                widths.setdefault(f"{languages} {method}", []).append(high - low)
    return {name: {"coverage": share(hits[name]), "width": round(float(np.mean(widths[name])), 2)} for name in hits}


def share(hits: Sequence[bool]) -> float:
    """Return the share that is true."""
    return round(float(np.mean(hits)), 3)


def errors(repetitions: int, rng: np.random.Generator) -> dict[str, float]:
    """Return how often tests at the level 0.05 find what is not there (and, `power`, what is)."""
    world, still = World(5, 18, 300), World(5, 18, 300, between_seeds=0, seeds_by_languages=0)
    rejected: dict[str, list[bool]] = {}

    def note(name: str, p: float) -> None:
        rejected.setdefault(name, []).append(p <= 0.05)

    seven = World(7, 9, 300)
    for _ in range(repetitions):
        measured, shown = simulate(world, 0.0, rng)
        note("t test, random languages", gain_interval(measured, 1, 0, "random").p)
        interval = gain_interval(measured, 1, 0)
        note("equivalence, true gain at the bound", tost(interval, shown - 4, shown).p)
        values = by_language(measured)
        note("sign flips of families, seeds differ", sign_flip(values.mean(axis=0), rng, measured.families, 999).p)
        note("mixed model, Wald z", wald(values))
        quiet, _ = simulate(still, 0.0, rng)
        note(
            "sign flips of families, seeds alike",
            sign_flip(by_language(quiet).mean(axis=0), rng, quiet.families, 999).p,
        )
        more, shown = simulate(seven, 0.0, rng)
        note("sign flips of 7 seeds, fixed languages", sign_flip(by_language(more).mean(axis=1) - shown, rng).p)
        one, other = pairs_of_tasks(rng)
        note("QAP, double-centred", qap_test(one, other, rng, 199, centred=True).p)
        note("pairs of tasks taken as independent", naive_correlation(one, other))
    return {name: share(found) for name, found in rejected.items()}


def by_language(measured: Measurements) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return gains by seed and language."""
    return np.stack([100 * (top[1] - top[0]).mean(axis=1) for top in measured.numerators], axis=1)


def wald(values: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """Return p of the mean gain in a mixed model of seeds and languages."""
    from scipy import stats

    seeds, languages = np.indices(values.shape)
    terms = [RandomTerm("seed", seeds.ravel()), RandomTerm("language", languages.ravel())]
    model = fit(values.ravel(), np.ones((values.size, 1)), terms)
    return 2 * float(stats.norm.sf(abs(model.coefficients[0]) / model.standard_errors[0]))


def pairs_of_tasks(rng: np.random.Generator) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return unrelated similarities and gains of 9 sources and 9 targets; each depends on source and target."""
    one, other = (
        rng.standard_normal((9, 1)) + rng.standard_normal((1, 9)) + 0.5 * rng.standard_normal((9, 9)) for _ in range(2)
    )
    return one, other


def naive_correlation(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    """Return p of the correlation over all pairs, taken as independent."""
    from scipy import stats

    return float(stats.pearsonr(one.ravel(), other.ravel()).pvalue)


def detection(repetitions: int, rng: np.random.Generator) -> dict[str, float]:
    """Return how often the minimum detectable effect for power 0.8 is found, by seeds (one language)."""
    found = {}
    for seeds in (2, 3, 5):
        components = VarianceComponents(1.0, 0.1, 0.0)
        effect = minimum_detectable_effect(components, seeds)
        hits = []
        for _ in range(repetitions):
            tops = simulate_means(components, effect, seeds, rng)
            hits.append(gain_interval(tops, 1, 0).p <= 0.05)
        found[f"{seeds} seeds, effect {effect:.2f}"] = share(hits)
    return found


def simulate_means(found: VarianceComponents, effect: float, seeds: int, rng: np.random.Generator) -> Measurements:
    """Return one language of 100 examples with normal gains of the given variances."""
    gains = effect + np.sqrt(found.seed) * rng.standard_normal((seeds, 1))
    gains = gains + np.sqrt(100 * found.examples) * rng.standard_normal((1, 100))
    top = np.stack([np.zeros_like(gains), gains / 100])
    return Measurements([top], [np.ones_like(top)], ["one"])


def selection(repetitions: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return what the best of 10 sources is overrated by, in points: naively, and after each correction."""
    found = {}
    for seeds in (1, 3, 5):
        for spread in (0.0, 1.0, 3.0):
            rows = [_select(seeds, spread, rng) for _ in range(repetitions)]
            means = {name: float(np.mean([row[name] for row in rows if name in row])) for name in rows[0]}
            found[f"{seeds} seeds, sources {spread:g} points apart"] = {k: round(v, 2) for k, v in means.items()}
    return found


def _select(seeds: int, spread: float, rng: np.random.Generator) -> dict[str, float]:
    truth = spread * rng.standard_normal(10)
    examples = 0.5 * rng.standard_normal((10, 1))  # shared by the seeds
    gains = truth[:, None] + examples + rng.standard_normal((10, seeds))
    drawn = rng.integers(0, seeds, (200, seeds))
    replicates = gains[:, drawn].mean(axis=2).T + 0.5 * rng.standard_normal((200, 10))
    corrected = optimism(gains.mean(axis=1), replicates, seeds)
    row = {"naive": corrected.naive - truth[corrected.best], "optimism": corrected.corrected - truth[corrected.best]}
    if seeds > 1:
        row["split"] = split_selection(gains, rng).corrected - truth[corrected.best]
    return row


def paper_size(rng: np.random.Generator) -> float:
    """Return the seconds for a target: 11 arms, 40 languages of 1,000 examples, 3 seeds, 2,000 replicates."""
    tops = [(rng.random((11, 3, 1000)) < 0.6).astype(np.float64) for _ in range(40)]
    measured = Measurements(tops, [np.ones_like(top) for top in tops], [str(i) for i in range(40)])
    start = time.process_time()
    replicate(measured, rng, 2000)
    return round(time.process_time() - start, 2)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the JSON object."""
    parser = argparse.ArgumentParser(description="Whether the statistics keep their promises.")
    parser.add_argument("--repetitions", type=int, default=400, help="simulated studies per figure (default: 400)")
    parser.add_argument("--replicates", type=int, default=200, help="replicates of a bootstrap (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="of the simulation (default: 0)")
    options = parser.parse_args(argv)
    start, count = time.process_time(), options.repetitions
    size, mistakes, effects, best = (np.random.default_rng([options.seed, i]) for i in range(8, 12))
    figures: dict[str, Any] = {
        "selection": selection(count, best),
        "detection": detection(count, effects),
        "errors": errors(count, mistakes),
        "paper_size_cpu_s_per_target": paper_size(size),
        "coverage": {},
    }
    for key in ("selection", "detection", "errors", "paper_size_cpu_s_per_target"):
        print(f"{key}: {json.dumps(figures[key], indent=1)}", flush=True)
    for i, world in enumerate(WORLDS):
        rng = np.random.default_rng([options.seed, i])
        figures["coverage"][world.name] = coverage(world, count, options.replicates, rng)
        print(f"{world}: {json.dumps(figures['coverage'][world.name])}", flush=True)
    figures |= {
        "repetitions": count,
        "replicates": options.replicates,
        "seed": options.seed,
        "cpu_s": round(time.process_time() - start, 1),
        "versions": versions(),
        "machine": device(),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    print(json.dumps({"benchmark": "calibration", **figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
