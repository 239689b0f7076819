"""What the figures of studies are made of: panels of curves, and maps of cells with numbers."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from workflow.scripts.reporting.figures import DIVERGING, FAINT, INK, style

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a929b", "#1b1f24")
"""Okabe and Ito's, safe for colour-blind readers."""
MARKERS = "osD^vP*X"

TITLE_WIDTH = 38
"""Characters of a title that find room above a panel."""

Curve = tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike | None]
"""x, y, and the half length of the bars."""


def panels(count: int, width: float = 3.2, height: float = 2.6) -> tuple[Figure, list[Axes]]:
    """Return a figure with so many panels, one at least and three in a row at most."""
    columns = {1: 1, 2: 2, 4: 2}.get(max(1, count), 3)
    rows = -(-max(1, count) // columns)
    with style():
        figure = Figure(figsize=(width * columns, height * rows + 0.3), layout="constrained")
        FigureCanvasAgg(figure)
        axes = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for extra in axes[max(1, count) :]:
        extra.set_visible(False)
    return figure, axes[: max(1, count)]


def curves(
    axes: Axes, lines: Mapping[str, Curve], *, title: str, x_label: str, y_label: str, ticks: Sequence[float] = ()
) -> None:
    """Draw curves over a logarithmic axis, each with a marker of its own; at `ticks` stand numbers."""
    for place, (name, (x, y, bars)) in enumerate(lines.items()):
        color, marker = COLORS[place % len(COLORS)], MARKERS[place % len(MARKERS)]
        axes.errorbar(x, y, bars, label=name, color=color, marker=marker, markersize=4, linewidth=1.2, capsize=2)
    axes.set_xscale("log", base=2)
    if ticks:
        axes.set_xticks(list(ticks), [short(tick) for tick in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
    finish(axes, title, x_label, y_label)


def smooth(axes: Axes, x: npt.ArrayLike, y: npt.ArrayLike, place: int) -> None:
    """Draw a fitted curve in the colour of the data with that number."""
    axes.plot(x, y, color=COLORS[place % len(COLORS)], linewidth=1, linestyle="--")


def finish(axes: Axes, title: str, x_label: str, y_label: str) -> None:
    """Name the axes of a panel."""
    _entitle(axes, title)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.axhline(0, color=FAINT, linewidth=0.6, zorder=0) if _crosses_zero(axes) else None


def legend(figure: Figure, axes: Sequence[Axes]) -> None:
    """Put one legend below all panels."""
    handles, labels = axes[0].get_legend_handles_labels()
    if handles:
        with style():
            figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)), frameon=False)


def cells(axes: Axes, table: npt.ArrayLike, rows: Sequence[str], columns: Sequence[str], title: str) -> None:
    """Draw a map of cells with their numbers, the colours from its lowest to its highest."""
    values = np.asarray(table, dtype=np.float64)
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    shades = np.where(np.isfinite(values), (values - low) / (high - low or 1.0), 0.5)
    for (i, j), value in np.ndenumerate(values):
        color = DIVERGING(0.5 + 0.45 * shades[i, j])
        axes.fill([j - 0.48, j + 0.48, j + 0.48, j - 0.48], [i - 0.46, i - 0.46, i + 0.46, i + 0.46], color=color)
        dark = shades[i, j] > 0.75
        text = f"{value:.1f}" if np.isfinite(value) else "–"
        axes.text(j, i, text, ha="center", va="center", fontsize=8, color="#ffffff" if dark else "#000001")
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    _entitle(axes, title)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _entitle(axes: Axes, title: str) -> None:
    """Write a title above a panel, in several lines where it is wider than the panel."""
    axes.set_title(fill(title, TITLE_WIDTH), loc="left", fontsize=9, color=INK)


def short(number: float) -> str:
    """Return 20,000 as 20k and 3,500,000 as 3.5M, and what is below 10,000 as it is."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= max(size, 1e4):
            return f"{number / size:.3g}{letter}"
    return f"{number:,.4g}"


def _crosses_zero(axes: Axes) -> bool:
    low, high = axes.get_ylim()
    return low < 0 < high
