"""Learning curves: the loss of every training run, and its scores on English development data."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json
from workflow.scripts.reporting.figures import FAINT, INK, style
from workflow.scripts.reporting.layers import SERIES
from workflow.scripts.reporting.scores import BASELINE
from workflow.scripts.reporting.tables import source_title

ACROSS = 4
PANEL = (2.2, 1.7)
"""Inches of a panel with its surroundings."""
SPAN = 0.03
"""Share of a curve that its running mean looks back on."""

MOST = 120
"""Points of a curve that are drawn: more cannot be seen in a panel, but make the file of a large study large."""

LINES = ("-", "--", ":", "-.")
"""Kinds of line, the next where the colours are used up."""

_PLACES = (
    re.compile(r"(?:^|/)intermediate/(?P<model>[^/]+)/(?P<source>[^/]+)/seed(?P<seed>\d+)/run\.json$"),
    re.compile(r"(?:^|/)finetuned/(?P<model>[^/]+)/(?P<source>[^/]+)/seed(?P<seed>\d+)/(?P<task>[^/]+)/run\.json$"),
)

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Curve:
    """One run: whose it is, its mean losses and its development scores (0-100), each by step.

    `task` is what a target model is fine-tuned on, empty for intermediate training.
    """

    model: str
    source: str
    seed: int
    task: str
    losses: Points
    evaluations: Points


def read_curve(path: Path) -> Curve | None:
    """Return the curve of a run card of intermediate or target training; None for cards of other stages.

    Raises:
        UserError: the card is missing or holds no numbers where its curve should be.
    """
    place = next((found for pattern in _PLACES if (found := pattern.search(path.as_posix()))), None)
    if place is None:
        return None
    card, names = read_json(path), place.groupdict()
    try:
        losses = [(float(step), float(loss)) for step, loss in card.get("curve") or ()]
        selection = card.get("selection") or {}
        evaluations = [(float(step), float(score)) for step, score in selection.get("evaluations") or ()]
    except (AttributeError, TypeError, ValueError) as error:
        raise UserError(f"{path} has no curve of step and loss ({error}); delete it and run again") from error
    return Curve(names["model"], names["source"], int(names["seed"]), names.get("task") or "", losses, evaluations)


def learning_figure(curves: Sequence[Curve], titles: Mapping[str, str]) -> Figure:
    """Draw the losses of intermediate training, a panel for each source, and of target training, one for each task.

    Lines are running means; a line per seed. In the panels of target training `none` is black, the other sources
    have their own colours. Runs that were evaluated on the way have a panel of scores as well.
    """
    panels = _panels(curves, titles)
    sources = list(dict.fromkeys(curve.source for curve in curves if curve.source != BASELINE))
    across = min(ACROSS, max(2, len(panels)))
    rows = max(1, -(-len(panels) // across))
    foot = 0.45 + 0.2 * -(-(len(sources) + 1) // 5)
    with style():
        size = (PANEL[0] * across, PANEL[1] * rows + foot)
        figure = Figure(figsize=size)
        FigureCanvasAgg(figure)
        if not panels:
            figure.text(0.5, 0.5, "No run recorded a learning curve.", ha="center")
            return figure
        for number, (title, chosen, scored) in enumerate(panels):
            row, column = divmod(number, across)
            left, bottom = column * PANEL[0] + 0.5, size[1] - (row + 1) * PANEL[1] + 0.24
            box = (left / size[0], bottom / size[1], (PANEL[0] - 0.55) / size[0], (PANEL[1] - 0.55) / size[1])
            _draw(figure.add_axes(box), title, chosen, sources, scored=scored)
        first: dict[str, tuple[Artist, str]] = {}
        for axes in figure.axes:
            for handle, source in zip(*axes.get_legend_handles_labels(), strict=True):
                first.setdefault(source, (handle, source_title(source, titles)))
        order = [name for name in (BASELINE, *sources) if name in first]
        handles, labels = [first[name][0] for name in order], [first[name][1] for name in order]
        figure.legend(handles, labels, loc="lower center", ncols=min(5, len(labels)), frameon=False, fontsize=8)
        figure.text(
            0.5,
            (foot - 0.2) / size[1],
            "optimiser step; loss (running mean), or dev: score, 0 to 100",
            ha="center",
            fontsize=9,
        )
    return figure


def _panels(curves: Sequence[Curve], titles: Mapping[str, str]) -> list[tuple[str, list[Curve], bool]]:
    """Return title, runs, and whether scores are drawn (else losses), of each panel."""
    models = list(dict.fromkeys(curve.model for curve in curves))
    panels = []
    for model in models:
        of_model = [curve for curve in curves if curve.model == model]
        after = f" ({model})" if len(models) > 1 else ""
        groups: dict[tuple[str, str], list[Curve]] = {}
        for curve in sorted(of_model, key=lambda curve: bool(curve.task)):
            groups.setdefault((curve.task, "" if curve.task else curve.source), []).append(curve)
        for (task, source), chosen in groups.items():
            name = titles.get(task, task) if task else f"intermediate: {source_title(source, titles)}"
            name = f"target: {name}" if task else name
            if any(curve.losses for curve in chosen):
                panels.append((f"{name}{after}", chosen, False))
            if any(curve.evaluations for curve in chosen):
                panels.append((f"{name}, dev{after}", chosen, True))
    return panels


def _draw(axes: Axes, title: str, curves: Sequence[Curve], sources: Sequence[str], *, scored: bool) -> None:
    for curve in curves:
        points = np.array(curve.evaluations if scored else curve.losses, dtype=float)
        if not points.size:
            continue
        none = curve.source == BASELINE
        number = 0 if none else sources.index(curve.source)
        color = INK if none else SERIES[number % (len(SERIES) - 1)][0]  # the last colour is that of none
        line = "-" if none else LINES[number // (len(SERIES) - 1) % len(LINES)]
        values = points[:, 1] if scored else running_mean(points[:, 1])
        marker = "." if scored or len(points) < 3 else ""
        width = 1.6 if none else 1.0
        shown = np.unique(np.linspace(0, len(values) - 1, MOST).round().astype(int))
        axes.plot(
            points[shown, 0], values[shown], line, marker=marker, color=color, linewidth=width, label=curve.source
        )
    axes.set_title(title, loc="left", fontsize=8, fontweight="bold")
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.grid(axis="y", color=FAINT, alpha=0.3, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)


def running_mean(values: np.ndarray) -> np.ndarray:
    """Return the mean of each value and those shortly before it, of the same length."""
    span = max(1, round(SPAN * len(values)))
    sums = np.cumsum(np.concatenate([[0.0], values]))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - span)
    means: np.ndarray = (sums[ends] - sums[starts]) / (ends - starts)
    return means
