"""Gains over the steps of intermediate training, what they cost, and what the encoder forgets meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workflow.scripts.designs.kind import Arm, Design
from workflow.scripts.files import read_json
from workflow.scripts.statistics.ratios import Array
from workflow.scripts.studies.runs import Runs
from workflow.scripts.tasks import find_task


@dataclass(frozen=True)
class Trajectory:
    """The gains of a model after one task at all durations, on one target.

    Attributes:
        steps: durations, ascending, (durations,).
        arms: numbers of the arms, (durations,).
        baseline: number of the arm without intermediate training.
        gains: mean over languages, (seeds, durations).
    """

    model: str
    task: str
    target: str
    parameters: int
    steps: Array
    arms: tuple[int, ...]
    baseline: int
    gains: Array

    @property
    def name(self) -> str:
        """Model, task and target in a line."""
        return f"{self.model}, {self.task}, {self.target}"


def trajectories(design: Design, runs: Runs, targets: Sequence[str]) -> list[Trajectory]:
    """Return the gains of every model, task and target over all durations."""
    found = []
    numbered = list(enumerate(design.arms))
    tasks = list(dict.fromkeys(str(arm.values["task"]) for arm in design.arms if "steps" in arm.values))
    for target in targets:
        means = runs.scores(target).mean(axis=2)  # (arms, seeds)
        for model in design.models:
            none = next(place for place, arm in numbered if arm.model == model and not arm.treated)
            for task in tasks:
                mine = sorted(
                    (float(arm.values["steps"]), place)
                    for place, arm in numbered
                    if arm.model == model and "steps" in arm.values and arm.values["task"] == task
                )
                places = tuple(place for _, place in mine)
                gains = np.stack([means[place] - means[none] for place in places], axis=1)
                steps = np.array([step for step, _ in mine])
                size = design.arms[none].parameters
                found.append(Trajectory(model, task, target, size, steps, places, none, gains))
    return found


def gain_rows(paths: Sequence[Trajectory]) -> list[dict[str, Any]]:
    """Return the mean gains with the standard error between seeds."""
    return [
        {"model": path.model, "parameters": path.parameters, "task": path.task, "target": path.target}
        | {"steps": int(steps), "gain": float(gains.mean())}
        | {"standard_error": float(gains.std(ddof=1) / np.sqrt(len(gains)))}
        for path in paths
        for steps, gains in zip(path.steps, path.gains.T, strict=True)
    ]


def compute_rows(design: Design, runs: Runs, paths: Sequence[Trajectory]) -> list[dict[str, Any]]:
    """Return score and operations of the intermediate training, and the best size at as many operations.

    At each number of operations that some run has, scores of the other models are interpolated between their own
    durations (linear in the logarithm of operations); a model without durations on both sides does not compete, nor
    does a control.
    """
    rows = []
    controls = {arm.model for arm in design.arms if arm.control}
    for target, task in dict.fromkeys((path.target, path.task) for path in paths):
        means = runs.scores(target).mean(axis=(1, 2))
        curves: dict[str, tuple[Array, Array]] = {}
        for path in paths:
            if (path.target, path.task) == (target, task):
                flops = np.array([_flops(runs, design.arms[place], design.seeds) for place in path.arms])
                curves[path.model] = flops, means[list(path.arms)]
        for path in (path for path in paths if (path.target, path.task) == (target, task)):
            for place, steps, flops in zip(path.arms, path.steps, curves[path.model][0], strict=True):
                there = {
                    model: float(np.interp(np.log(flops), np.log(x), y))
                    for model, (x, y) in curves.items()
                    if model not in controls and flops > 0 and x.min() <= flops <= x.max()
                }
                best = max(there, key=lambda model: there[model]) if len(there) > 1 else None
                rows.append(
                    {"target": target, "task": task, "model": path.model, "steps": int(steps), "flops": float(flops)}
                    | {"score": float(means[place]), "best_at_equal_flops": best, "compared": len(there)}
                )
    return rows


def _flops(runs: Runs, arm: Arm, seeds: Sequence[int]) -> float:
    return float(np.mean([runs.cost(arm, seed).get("flops") or 0.0 for seed in seeds]))


def forgetting_rows(design: Design, runs: Runs) -> list[dict[str, Any]]:
    """Return, for targets that read the encoder as it is, score less that of `none` by language and duration."""
    rows = []
    for target in (target for target in design.scored if not find_task(target).fine_tuned):
        means = runs.scores(target).mean(axis=1)  # (arms, languages)
        for path in trajectories(design, runs, [target]):
            for place, steps in zip(path.arms, path.steps, strict=True):
                rows += [
                    {"model": path.model, "task": path.task, "target": target, "steps": int(steps), "language": code}
                    | {"score": float(means[place, i]), "change": float(means[place, i] - means[path.baseline, i])}
                    for i, code in enumerate(runs.languages[target])
                ]
    return rows


def perplexity_rows(design: Design, files: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the loss on masked tokens less that of the baseline, by language and duration, means over seeds.

    Args:
        design: which study.
        files: `…/{model}/{source}/seed{seed}/{target}.json` as `measure_perplexity` writes them.
    """
    losses: dict[tuple[str, ...], list[float]] = {}
    for file in files:
        model, source, _, target = *file.parts[-4:-1], file.stem
        for code, found in read_json(file)["languages"].items():
            losses.setdefault((model, source, target, code), []).append(found["cross_entropy"])
    means = {key: float(np.mean(values)) for key, values in losses.items()}
    rows = []
    arms = [arm for arm in design.arms if "steps" in arm.values]
    for arm in sorted(arms, key=lambda arm: design.models.index(arm.model)):
        for (model, source, target, code), mean in means.items():
            if (model, source) == (arm.model, arm.source):
                change = mean - means[model, arm.baseline, target, code]
                row = {"model": model, "task": arm.values["task"], "target": target, "steps": arm.values["steps"]}
                rows.append(row | {"language": code, "cross_entropy": mean, "change": change})
    return rows
