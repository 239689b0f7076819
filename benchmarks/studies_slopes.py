"""Simulated studies `duration` and `nli_scaling` whose truth is known: error rates, coverage and power of their slopes.

    python -m benchmarks.studies --only studies_slopes

The designs are those of the laboratory's presets. Every example is right or wrong by chance; the chance is made of the
score that is planted, of what arm and seed have by themselves, of language and seed, and of how hard the example is. An
effect is planted in the primary contrast: none, or as much as the design is announced to find with power 0.8.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from workflow.scripts.designs.announcement import detectable_effect
from workflow.scripts.designs.design import facts_of, from_facts
from workflow.scripts.designs.kind import Design
from workflow.scripts.settings import load_settings
from workflow.scripts.statistics import Measurements, tost
from workflow.scripts.statistics.curves import two_lines
from workflow.scripts.statistics.ratios import Array
from workflow.scripts.studies.estimates import contrast
from workflow.scripts.studies.runs import Runs
from workflow.scripts.studies.verdict import state

CONFIGURATION = Path(__file__).resolve().parents[1] / "config/config.yaml"
LANGUAGES, EXAMPLES = 6, 400
LANGUAGE_BY_SEED = 1.0
"""Standard deviation in points of what all arms of a seed have in common in a language."""
MEAN, HARDNESS = 55.0, 5.0
"""Mean score, and the standard deviation of examples that all arms have in common."""


def preset(name: str) -> Design:
    """Return a study of the laboratory."""
    settings = load_settings(yaml.safe_load(CONFIGURATION.read_text(encoding="utf-8")))
    return from_facts(facts_of(name, settings))


def planted(design: Design, effect: float) -> Array:
    """Return a score of each arm, (arms,), whose primary contrast is the effect and whose other slopes are not 0."""
    assert design.kind.weights is not None
    row = np.asarray(design.kind.weights(design.arms, design.contrast))
    treated = np.array([arm.treated for arm in design.arms])
    size = np.log2([arm.parameters for arm in design.arms])
    base = MEAN + 0.5 * (size - size.mean()) + 1.0 * treated
    # the nearest scores to these whose contrast is the effect
    return np.asarray(base + row * (effect - row @ base) / (row @ row))


def simulate(design: Design, scores: Array, rng: np.random.Generator, factor: float = 1.0) -> Runs:
    """Return the runs of a study whose arms have these true scores.

    The score of an arm differs between seeds, chance of answers included, and between samples of examples by what the
    design supposes; between seeds times a factor.
    """
    total = (factor * design.seed_deviation) ** 2
    harder = design.example_deviation * np.sqrt(LANGUAGES * EXAMPLES)
    answers = (MEAN * (100 - MEAN) - harder**2 - HARDNESS**2) / LANGUAGES / EXAMPLES
    by_arm = np.sqrt(max(0.0, total - answers))
    runs = Runs(design, [], [], {})
    arms, seeds = len(design.arms), len(design.seeds)
    for target in design.scored:
        own = scores[:, None] + by_arm * rng.standard_normal((arms, seeds))
        tops = []
        for _ in range(LANGUAGES):
            level = own + LANGUAGE_BY_SEED * rng.standard_normal((1, seeds))
            hard = HARDNESS * rng.standard_normal((1, 1, EXAMPLES)) + harder * rng.standard_normal((arms, 1, EXAMPLES))
            chance = np.clip((level[:, :, None] + hard) / 100, 0, 1)
            tops.append((rng.random(chance.shape) < chance).astype(np.float64))
        codes = [f"l{i}" for i in range(LANGUAGES)]
        runs._measured[target] = Measurements(tops, [np.ones_like(top) for top in tops], codes)
    return runs


def measure(name: str, repetitions: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return how often the primary contrast is found where there is none and where there is, and how often it is held.

    The truth is the planted effect; what examples have by arm is part of what varies.
    """
    design = preset(name)
    detectable = detectable_effect(design)
    found: dict[str, Any] = {
        "announced_mde": round(detectable, 3),
        "seeds": len(design.seeds),
        "arms": len(design.arms),
    }
    for label, effect, factor in (
        ("none", 0.0, 1.0),
        ("announced", detectable, 1.0),
        ("none, seeds twice as far apart", 0.0, 2.0),
        ("announced, seeds twice as far apart", detectable, 2.0),
    ):
        intervals, states = [], []
        for _ in range(repetitions):
            runs = simulate(design, planted(design, effect), rng, factor)
            one = contrast(design, runs, design.contrast, "primary").interval
            intervals.append(one)
            states.append(state(one, design.level))
        found[label] = {
            "effect": round(effect, 3),
            "found": share([one.p < design.level for one in intervals]),
            "covered": share([one.low <= effect <= one.high for one in intervals]),
            "wrong_direction": share([now == "negative" for now in states]) if effect else None,
            "undecided": share([now == "undecided" for now in states]),
            "width": round(float(np.mean([one.high - one.low for one in intervals])), 3),
        }
    return found


def declines(repetitions: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return how often two lines show a decline of curves that flatten, that go on rising, and that fall."""
    design = preset("duration")
    steps = np.log2(np.array(sorted(int(n) for n in design.facts["given"]["factors"]["steps"]), dtype=float))
    place = float(np.log2(design.options["break_at"]))
    shapes = {
        "rises": 1.0 * (steps - steps[0]),
        "flattens at the break": 1.0 * (np.minimum(steps, place) - steps[0]),
        "falls by 1 point per doubling": np.where(
            steps <= place, 1.0 * (steps - steps[0]), 2 * place - steps[0] - steps
        ),
        "falls by 3 points per doubling": np.where(
            steps <= place, steps - steps[0], place - steps[0] - 3 * (steps - place)
        ),
    }
    x = np.tile(steps, len(design.seeds))
    found = {}
    for name, curve in shapes.items():
        hits = []
        for _ in range(repetitions):
            shared = design.seed_deviation * rng.standard_normal(
                (len(design.seeds), 1)
            )  # run without intermediate training
            gains = curve + shared + design.seed_deviation * rng.standard_normal((len(design.seeds), len(steps)))
            hits.append(two_lines(x, gains.ravel(), place).declines)
        found[name] = share(hits)
    return found


def calibration(repetitions: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return how often branches are called equivalent to runs of their own, at no difference and at the bound."""
    design = preset("duration")
    bound, steps = design.options["equivalence"], max(design.options["calibration"])
    row = np.array(
        [float(arm.values.get("steps") == steps) - float(arm.values.get("decayed") == steps) for arm in design.arms]
    )
    row /= np.abs(row).sum() / 2
    found = {}
    for name, difference in (("no difference", 0.0), ("at the bound", bound)):
        hits = []
        for _ in range(repetitions):
            scores = np.asarray(MEAN + difference * (row > 0), dtype=np.float64)
            interval = simulate(design, scores, rng).contrast(row)
            hits.append(tost(interval, -bound, bound, design.level).equivalent)
        found[name] = share(hits)
    return found


def share(hits: Sequence[bool]) -> float:
    """Return the share that is true."""
    return round(float(np.mean(hits)), 3)


def simulations(repetitions: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return all figures."""
    found: dict[str, Any] = {name: measure(name, repetitions, rng) for name in ("duration", "nli_scaling")}
    found["decline shown by two lines"] = declines(repetitions, rng)
    found["called equivalent"] = calibration(repetitions, rng)
    return found
