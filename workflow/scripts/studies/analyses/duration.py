"""Analysis of the study `duration`: best duration by size, decline, scores at equal operations, calibration."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from workflow.scripts.designs.kind import Arm, Design, slopes
from workflow.scripts.statistics import Interval, percentile_interval, tost
from workflow.scripts.statistics.curves import Fit, TwoLines, choose_curve, fit_curve, two_lines
from workflow.scripts.statistics.ratios import Array
from workflow.scripts.studies.duration_figures import compute_figure, forgetting_figure, gains_figure
from workflow.scripts.studies.estimates import Analysis, Estimate, contrast, declared
from workflow.scripts.studies.runs import Runs
from workflow.scripts.studies.trajectories import (
    Trajectory,
    compute_rows,
    forgetting_rows,
    gain_rows,
    perplexity_rows,
    trajectories,
)
from workflow.scripts.studies.verdict import licence

REPLICATES = 200
TWINS = {
    "twin": "points by which a model that is trained in another way gains more, mean over tasks and durations",
    "twin_by_duration": "points by which that grows per doubling of the steps",
}


def analyse(design: Design, runs: Runs, extra: Sequence[Path], rng: np.random.Generator) -> Analysis:
    """Return what the study found."""
    primary, *families = declared(design, runs)
    paths = trajectories(design, runs, design.targets)
    fits = {path.name: fit(path) for path in paths}
    drawn = runs.replicates(rng, REPLICATES)
    curve_rows, peaks = curve_table(paths, fits, drawn)
    calibration = calibrations(design, runs)
    declines = [found for found in (decline(design, path) for path in paths) if found]
    slope = best_duration_slope(paths, peaks)
    comparable = [target for target in design.targets if runs.comparable(target)]
    by_target = [contrast(design, runs, design.contrast, targets=[target]) for target in comparable]
    compute = compute_rows(design, runs, paths)
    lost, masked = forgetting_rows(design, runs), perplexity_rows(design, extra)
    return Analysis(
        primary=primary,
        estimates=[*families, *by_target, *calibration, *declines, *([slope] if slope else []), *twins(design, runs)],
        figures={
            "gains": gains_figure(paths, fits, design.models),
            "compute": compute_figure(compute, design),
            "forgetting": forgetting_figure(lost, "no targets are named by the option forgetting"),
            "perplexity": forgetting_figure(masked, "no targets are named by the option perplexity"),
        },
        tables={
            "gains": _table(gain_rows(paths)),
            "curves": _table(curve_rows),
            "compute": _table(compute),
            "forgetting": _table(lost),
            "perplexity": _table(masked),
        },
        notes=notes(design, calibration, declines, slope),
        licence=licence(design),
    )


def fit(path: Trajectory) -> Fit:
    """Return the curve with the lowest AICc of the gains of all seeds, 0 at 0 steps among the points."""
    seeds = len(path.gains)
    x = np.concatenate([[0.0], np.tile(path.steps, seeds)])
    y = np.concatenate([[0.0], path.gains.ravel()])
    return choose_curve(x, y)[0]


def curve_table(
    paths: Sequence[Trajectory], fits: Mapping[str, Fit], drawn: Mapping[str, Array]
) -> tuple[list[dict[str, Any]], dict[str, Array]]:
    """Return D* and D90 of each trajectory with intervals as rows, and D* of the replicates, (replicates,), by name.

    The curve that was chosen is fitted to every replicate. A constant has neither D* nor D90.
    """
    rows, peaks = [], {}
    for path in paths:
        chosen, scores = fits[path.name], drawn[path.target].mean(axis=2)
        row: dict[str, Any] = {"model": path.model, "task": path.task, "target": path.target, "curve": chosen.curve}
        if chosen.curve == "constant":
            rows.append(row | {"best": None, "best_low": None, "best_high": None, "ninety": None} | _no_ninety())
            continue
        gains = scores[:, list(path.arms)] - scores[:, [path.baseline]]
        x = np.concatenate([[0.0], path.steps])
        refits = [fit_curve(x, np.concatenate([[0.0], row_]), chosen.curve) for row_ in gains]
        best = np.array([one.best_duration() for one in refits])
        ninety = np.array([one.sufficient_duration() for one in refits])
        peaks[path.name] = best
        low, high = percentile_interval(chosen.best_duration(), best)
        low90, high90 = percentile_interval(chosen.sufficient_duration(), ninety)
        row |= {"best": chosen.best_duration(), "best_low": low, "best_high": high}
        rows.append(row | {"ninety": chosen.sufficient_duration(), "ninety_low": low90, "ninety_high": high90})
    return rows, peaks


def _no_ninety() -> dict[str, None]:
    return {"ninety_low": None, "ninety_high": None}


def best_duration_slope(paths: Sequence[Trajectory], peaks: Mapping[str, Array]) -> Estimate | None:
    """Return doublings of D* per doubling of the parameters, mean over tasks and targets; None where it has no data.

    The estimate is the median of the replicates; models whose curve is constant are left out. The interval is that of
    percentiles of the replicates: D* is no mean, and with few seeds it is too short.
    """
    used = [path for path in paths if path.name in peaks and path.parameters]
    groups: dict[tuple[str, str], list[Trajectory]] = {}
    for path in used:
        groups.setdefault((path.task, path.target), []).append(path)
    slopes = []
    for members in groups.values():
        z = np.log2([path.parameters for path in members])
        if len(set(z.tolist())) < 2:
            continue
        z = z - z.mean()
        logs = np.log2(np.maximum(np.stack([peaks[path.name] for path in members], axis=1), 1.0))
        slopes.append(logs @ z / (z @ z))
    if not slopes:
        return None
    drawn = np.mean(slopes, axis=0)
    middle = float(np.median(drawn))
    low, high = percentile_interval(middle, drawn)
    interval = Interval(
        middle, low, high, float(drawn.std(ddof=1)), nan, nan, 0.95, ("seeds", "examples"),
        "percentiles of replicates; D* lies within the measured durations, which pulls the slope towards 0",
    )  # fmt: skip
    meaning = "doublings of the best duration D* per doubling of the parameters"
    return Estimate("best_duration_by_size", meaning, interval)


def decline(design: Design, path: Trajectory) -> Estimate | None:
    """Return the slope after the break, tested for a decline (two lines); None with too few durations on a side."""
    ordered = path.steps
    place = design.options["break_at"] or float(ordered[(len(ordered) - 1) // 2])
    if (ordered <= place).sum() < 2 or (ordered > place).sum() < 2:
        return None
    x = np.tile(np.log2(ordered), len(path.gains))
    found: TwoLines = two_lines(x, path.gains.ravel(), float(np.log2(place)), design.level)
    interval = Interval(
        found.slope_after, nan, nan, nan, nan, max(found.p_rise, found.p_decline), 0.95, ("seeds", "durations")
    )
    scope = {"model": path.model, "task": path.task, "target": path.target}
    scope["other"] = "declines" if found.declines else "no decline shown"
    meaning = f"points per doubling of the steps after {place:g} (p: rises before and declines after)"
    return Estimate("decline", meaning, interval, scope=scope)


def calibrations(design: Design, runs: Runs) -> list[Estimate]:
    """Return branches less runs of their own of the same duration, over all models and tasks, by duration."""
    found = []
    bound = design.options["equivalence"]
    for steps in sorted(design.options["calibration"]):
        row = np.zeros(len(design.arms))
        for place, arm in enumerate(design.arms):
            row[place] = float(arm.values.get("steps") == steps) - float(arm.values.get("decayed") == steps)
        row /= np.abs(row).sum() / 2
        interval = runs.contrast(row)
        same = tost(interval, -bound, bound, design.level)
        told = f"equivalent within ±{bound:g} (TOST p = {same.p:.2g})"
        scope = {"other": f"{steps} steps: {'' if same.equivalent else 'not shown '}{told}"}
        meaning = f"points of a cooled-down branch less those of a run of its own, {steps} steps"
        found.append(Estimate("calibration", meaning, interval, scope=scope))
    return found


def twins(design: Design, runs: Runs) -> list[Estimate]:
    """Return, for each twin, its gain less that of its model, and by how much it grows more with the steps."""
    found = []
    for twin, model in design.options["twins"].items():
        rows = zip(_gain_weights(design.arms, twin), _gain_weights(design.arms, model), strict=True)
        for (name, meaning), (own, other) in zip(TWINS.items(), rows, strict=True):
            scope = {"model": twin, "other": f"less {model}"}
            found.append(Estimate(name, meaning, runs.contrast(own - other), scope=scope))
    return found


def _gain_weights(arms: Sequence[Arm], model: str) -> tuple[Array, Array]:
    """Return the weights of the arms in a model's mean gain over none, and in its slope in the steps."""
    branches = np.array([arm.model == model and "steps" in arm.values for arm in arms], dtype=np.float64)
    none = np.array([arm.model == model and not arm.treated for arm in arms], dtype=np.float64)
    alone = [replace(arm, control=arm.model != model) for arm in arms]
    return branches / branches.sum() - none, np.array(slopes(alone, "steps")["amount"])


def notes(
    design: Design, calibration: Sequence[Estimate], declines: Sequence[Estimate], slope: Estimate | None
) -> list[str]:
    """Return the caveats."""
    found = [
        f"Branches cool down off one trunk; {one.scope['other']}: difference {one.interval.estimate:+.3g} points "
        f"({one.interval.low:+.3g} to {one.interval.high:+.3g})."
        for one in calibration
    ] or ["Branches cool down off one trunk; no runs of their own calibrate them (options.calibration)."]
    if declines:
        shown = sum(one.scope["other"] == "declines" for one in declines)
        found.append(
            f"A decline after a rise is shown in {shown} of {len(declines)} curves (two lines, not corrected)."
        )
    if slope:
        value = slope.interval
        found.append(
            f"The best duration grows by {value.estimate:.2g} doublings per doubling of the parameters "
            f"(percentiles {value.low:.2g} to {value.high:.2g}); it cannot lie beyond the longest duration."
        )
    return found


def _table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows)) if rows else pa.table({"model": pa.array([], pa.string())})
