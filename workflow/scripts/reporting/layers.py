"""Retrieval scores by layer: a figure with a panel for each model and target, and the table behind it."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from workflow.scripts.errors import UserError
from workflow.scripts.reporting.distance import BEST_COLOR, NONE_COLOR
from workflow.scripts.reporting.figures import FAINT, INK, style
from workflow.scripts.reporting.formats import decimal
from workflow.scripts.reporting.tables import source_title

SERIES = (
    (NONE_COLOR, "o"),
    (BEST_COLOR, "s"),
    ("#009e73", "^"),
    ("#cc79a7", "D"),
    ("#e69f00", "v"),
    ("#56b4e9", "P"),
    (INK, "X"),
)
"""Colour and marker of each source (Okabe & Ito); further sources begin again, with a broken line."""

ABOUT = ("model", "source", "seed", "target", "metric", "pooling")
"""What tells one sweep from another."""

PANEL = (3.2, 2.5)
"""Inches."""


@dataclass(frozen=True)
class Sweep:
    """Scores of one encoder on one target at every layer.

    Attributes:
        model, source, seed, target: whose.
        metric: name of the score.
        pooling: how a sentence's states became its vector.
        read: the layer that the study reads.
        layers: score by language, 0 to 100, of each layer; the first one is the embeddings.
    """

    model: str
    source: str
    seed: int
    target: str
    metric: str
    pooling: str
    read: int
    layers: Sequence[Mapping[str, float]]

    @property
    def means(self) -> list[float]:
        """The mean over the languages of each layer."""
        return [sum(scores.values()) / len(scores) for scores in self.layers]

    @property
    def best(self) -> int:
        """The layer with the highest mean, the lowest of equals."""
        return max(range(len(self.layers)), key=lambda layer: self.means[layer])


def read_sweep(found: Any, path: Path) -> Sweep:
    """Return what `sweep_layers` wrote.

    Raises:
        UserError: it is something else.
    """
    try:
        layers = [layer["languages"] for layer in found["layers"]]
        return Sweep(layers=layers, **{name: found[name] for name in (*ABOUT, "read")})
    except (KeyError, TypeError) as error:
        raise UserError(f"{path} holds no scores by layer ({error}); delete it and run again") from error


def layer_csv(sweeps: Sequence[Sweep]) -> str:
    """Return all scores as CSV: a line for each model, source, target, layer and language, and for their mean."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*ABOUT, "layer", "language", "score"])
    for sweep in sweeps:
        about = [getattr(sweep, name) for name in ABOUT]
        for layer, (scores, mean) in enumerate(zip(sweep.layers, sweep.means, strict=True)):
            lines = {"mean": mean, **scores}
            writer.writerows([*about, layer, language, round(score, 4)] for language, score in lines.items())
    return text.getvalue()


def layer_figure(sweeps: Sequence[Sweep], titles: Mapping[str, str]) -> Figure:
    """Draw the mean over the languages against the layer: targets side by side, models one below the other.

    The larger marker is the best layer of a source; the dotted line is the layer that the study reads.
    """
    models, targets, sources = (
        list(dict.fromkeys(getattr(sweep, name) for sweep in sweeps)) for name in ("model", "target", "source")
    )
    with style():
        size = (max(4.6, PANEL[0] * len(targets)), 0.5 + PANEL[1] * len(models))
        figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(h_pad=0.08, w_pad=0.08))
        FigureCanvasAgg(figure)
        panels = figure.subplots(len(models), len(targets), squeeze=False)
        for model, row in zip(models, panels, strict=True):
            for target, axes in zip(targets, row, strict=True):
                chosen = [sweep for sweep in sweeps if (sweep.model, sweep.target) == (model, target)]
                name = titles.get(target, target)
                axes.set_title(f"{name}, {model}" if len(models) > 1 else name, loc="left", fontweight="bold")
                _panel(axes, chosen, sources, titles)
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=min(4, len(labels)), frameon=False)
        figure.supxlabel("layer (0 = embeddings); mean over languages", fontsize=9)
    return figure


def _panel(axes: Axes, sweeps: Sequence[Sweep], sources: Sequence[str], titles: Mapping[str, str]) -> None:
    for sweep in sweeps:
        number = sources.index(sweep.source)
        color, marker = SERIES[number % len(SERIES)]
        line = "-" if number < len(SERIES) else "--"
        name = source_title(sweep.source, titles)
        axes.plot(sweep.means, line, color=color, marker=marker, markersize=3.5, linewidth=1.2, label=name)
        best = sweep.best
        axes.plot(best, sweep.means[best], color=color, marker=marker, markersize=8, linestyle="none")
        label = decimal(sweep.means[best])
        axes.annotate(
            label, (best, sweep.means[best]), (0, 6), textcoords="offset points", ha="center", fontsize=8, color=INK
        )
    if sweeps:
        axes.axvline(sweeps[0].read, color=FAINT, linestyle=":", linewidth=1, zorder=0)
        axes.set_ylabel("F1" if sweeps[0].metric == "f1" else sweeps[0].metric)
    axes.margins(y=0.18)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color=FAINT, alpha=0.3, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
