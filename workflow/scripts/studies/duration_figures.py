"""The figures of the study `duration`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from workflow.scripts.designs.kind import Design
from workflow.scripts.statistics.curves import Fit
from workflow.scripts.studies import plots
from workflow.scripts.studies.trajectories import Trajectory


def gains_figure(paths: Sequence[Trajectory], fits: Mapping[str, Fit], models: Sequence[str]) -> Figure:
    """Draw gain over steps, a panel for each target and task, with the fitted curves."""
    groups = list(dict.fromkeys((path.target, path.task) for path in paths))
    figure, axes = plots.panels(len(groups))
    for panel, (target, task) in zip(axes, groups, strict=True):
        mine = [path for path in paths if (path.target, path.task) == (target, task)]
        lines: dict[str, plots.Curve] = {}
        for path in mine:
            error = path.gains.std(axis=0, ddof=1) / np.sqrt(len(path.gains))
            lines[path.model] = (path.steps, path.gains.mean(axis=0), error)
            grid = np.geomspace(path.steps[0], path.steps[-1], 60)
            plots.smooth(panel, grid, fits[path.name].at(grid), models.index(path.model))
        ticks = [float(step) for step in mine[0].steps]
        label = "gain over none"
        plots.curves(panel, lines, title=f"{target}, {task}", x_label="steps", y_label=label, ticks=ticks)
    plots.legend(figure, axes)
    return figure


def compute_figure(rows: Sequence[Mapping[str, Any]], design: Design) -> Figure:
    """Draw score over operations of the intermediate training."""
    groups = list(dict.fromkeys((row["target"], row["task"]) for row in rows))
    figure, axes = plots.panels(len(groups))
    for panel, (target, task) in zip(axes, groups, strict=True):
        lines: dict[str, plots.Curve] = {}
        for model in design.models:
            mine = [row for row in rows if (row["target"], row["task"], row["model"]) == (target, task, model)]
            lines[model] = ([row["flops"] for row in mine], [row["score"] for row in mine], None)
        label = "operations of the intermediate training"
        plots.curves(panel, lines, title=f"{target}, {task}", x_label=label, y_label="score")
    plots.legend(figure, axes)
    return figure


def forgetting_figure(rows: Sequence[Mapping[str, Any]], nothing: str) -> Figure:
    """Draw the change of something by language over steps; a panel for each model and task.

    Args:
        rows: target, task, model, steps, language, change.
        nothing: what is said where there are none.
    """
    groups = list(dict.fromkeys((row["target"], row["task"], row["model"]) for row in rows))
    figure, axes = plots.panels(len(groups))
    if not groups:
        axes[0].text(0.5, 0.5, nothing, ha="center", va="center")
        axes[0].set_axis_off()
    for panel, (target, task, model) in zip(axes, groups, strict=True) if groups else ():
        mine = [row for row in rows if (row["target"], row["task"], row["model"]) == (target, task, model)]
        lines: dict[str, plots.Curve] = {}
        for code in dict.fromkeys(row["language"] for row in mine):
            points = [row for row in mine if row["language"] == code]
            lines[code] = ([row["steps"] for row in points], [row["change"] for row in points], None)
        ticks = sorted({float(row["steps"]) for row in mine})
        title = f"{target}, {task}, {model}"
        plots.curves(panel, lines, title=title, x_label="steps", y_label="change over none", ticks=ticks)
    plots.legend(figure, axes)
    return figure
