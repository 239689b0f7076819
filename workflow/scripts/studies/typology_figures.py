"""Figures of the study `typology`: logits over the distance, and the slopes of the regimes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from workflow.scripts.reporting.figures import FAINT
from workflow.scripts.studies import plots

if TYPE_CHECKING:
    from workflow.scripts.studies.analyses.typology import Comparison


def slopes_figure(compared: "Comparison", matching: str) -> Figure:
    """Draw what the mixture has over the chosen single task, and the retention, by language over the distance.

    The lines are without controls.
    """
    figure, axes = plots.panels(2, width=3.6, height=3.0)
    design = compared.design
    distances = [float(compared.runs.facts[code].distance or 0.0) for code in compared.languages.codes]
    parts = {
        "Mixture less chosen single task": compared.tables("multi_by_distance", matching),
        "All regimes": compared.tables("distance", matching),
    }
    for place, (panel, (title, tables)) in enumerate(zip(axes, parts.items(), strict=True)):
        values = compared.pooled(tables)
        means = values.mean(axis=0)
        panel.errorbar(
            distances,
            means,
            values.std(axis=0, ddof=1) / np.sqrt(len(design.seeds)),
            fmt=plots.MARKERS[place],
            color=plots.COLORS[place],
            capsize=2,
        )
        for code, x, y in zip(compared.languages.codes, distances, means, strict=True):
            panel.annotate(code, (x, y), textcoords="offset points", xytext=(4, 4), fontsize=7)
        line = np.polyfit(distances, means, 1)
        ends = np.array([min(distances), max(distances)])
        panel.plot(ends, np.polyval(line, ends), color=plots.COLORS[place], linewidth=1, linestyle="--")
        plots.finish(panel, title, "distance to English", "logits (mean 0)")
    return figure


def regimes_figure(rows: Sequence[Mapping[str, Any]], matching: str) -> Figure:
    """Draw the slope of each regime with its interval, the steepest at the bottom."""
    own = sorted((row for row in rows if row["matching"] in ("", matching)), key=lambda row: float(row["slope"]))
    figure, (panel,) = plots.panels(1, width=5.0, height=1.0 + 0.25 * len(own))
    for place, row in enumerate(own, start=1):
        color = plots.COLORS[1 if row["tasks"] > 1 else 0]
        panel.plot([row["low"], row["high"]], [place, place], color=color, linewidth=1.2)
        panel.plot([row["slope"]], [place], "o", color=color, markersize=4)
    panel.set_yticks(range(1, len(own) + 1), [str(row["regime"]) for row in own])
    panel.set_ylim(0.5, len(own) + 0.5)
    panel.axvline(0, color=FAINT, linewidth=0.6, zorder=0)
    plots.finish(panel, "Slope of the logits", "logits per standard deviation of distance", "")
    return figure
