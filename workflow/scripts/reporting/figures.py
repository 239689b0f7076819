"""The heat map of gains and the scores against typological distance, as matplotlib figures.

Both are drawn without pyplot (no global state, no screen) and saved reproducibly: equal scores give equal SVG
bytes. Colours are safe for colour-blind readers (blue and orange, Okabe & Ito) and survive printing in grey,
because numbers stand in the cells and markers differ in shape. Text stays text in the SVG; no font is below 8 pt.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle

from workflow.scripts.files import replacing
from workflow.scripts.reporting.aggregate import (
    estimate,
    overall_gain,
    overall_scores,
    task_gain,
    task_scores,
)
from workflow.scripts.reporting.formats import MISSING, decimal
from workflow.scripts.reporting.scores import BASELINE, Scores
from workflow.scripts.reporting.tables import source_title

INK = "#1b1f24"
"""The colour of text and lines; the report replaces it by the page's own so that figures follow a dark page."""
FAINT = "#8a929b"
LOSS, ZERO, GAIN = "#b4500a", "#f7f7f7", "#0a5fa5"
DIVERGING = LinearSegmentedColormap.from_list("gains", [LOSS, "#f0b27a", ZERO, "#8fbfe6", GAIN], N=65)

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 9,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "transfer",
}


@contextmanager
def style() -> Iterator[None]:
    """Apply the figures' style, whatever the user's matplotlibrc says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def save(figure: Figure, svg: Path, png: Path) -> None:
    """Write a figure as SVG and as PNG (200 dots per inch), without dates or versions in the files."""
    with style():
        with replacing(svg) as temporary:
            figure.savefig(temporary, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        with replacing(png) as temporary:
            figure.savefig(temporary, format="png", dpi=200, facecolor="white", metadata={"Software": None})


def gains_figure(models: Sequence[Scores], titles: Mapping[str, str]) -> Figure:
    """Draw the gain of each intermediate source on each target and on the average; models one below the other.

    The colours are centred at 0 and end at the 90th percentile of the absolute gains of all models, so that one
    failed run does not wash out the rest; the numbers are exact.
    """
    gains = [_gains(scores) for scores in models]
    bound = color_bound(np.concatenate(gains))
    rows, columns = gains[0].shape
    block = 0.45 + 0.36 * rows + (0.25 if len(models) > 1 else 0)
    layout = ConstrainedLayoutEngine(h_pad=0.1 if len(models) > 1 else 0.04)
    with style():
        figure = Figure(figsize=(1.7 + 0.68 * columns, 0.8 + block * len(models)), layout=layout)
        FigureCanvasAgg(figure)
        panels = figure.subplots(len(models), 1, squeeze=False)[:, 0]
        for axes, scores, found in zip(panels, models, gains, strict=True):
            _paint(axes, found, bound)
            _label_cells(axes, scores, titles)
            if len(models) > 1:
                axes.set_title(scores.model, loc="left", fontsize=11, fontweight="bold")
        _color_bar(figure, list(panels), bound, np.concatenate(gains))
    return figure


def _gains(scores: Scores) -> np.ndarray:
    """Return the mean gains [sources, targets and their average], NaN where one is missing."""
    columns = [*scores.targets, None]
    gains = np.full((max(1, len(scores.intermediates)), len(columns)), np.nan)
    for i, source in enumerate(scores.intermediates):
        for j, target in enumerate(columns):
            gain = overall_gain(scores, source) if target is None else task_gain(scores, source, target)
            gains[i, j] = np.nan if gain is None else gain.mean
    return gains


def _label_cells(axes: Axes, scores: Scores, titles: Mapping[str, str]) -> None:
    columns = [*scores.targets, None]
    axes.set_yticks(range(len(scores.intermediates)), [source_title(s, titles) for s in scores.intermediates])
    places = [_middle(column, len(columns)) for column in range(len(columns))]
    axes.set_xticks(places, [_column_label(scores, target, titles) for target in columns])
    axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)


def color_bound(gains: np.ndarray) -> float:
    """Return where the colour scale ends: the 90th percentile of the absolute gains, at least 1 point."""
    known = np.abs(gains[np.isfinite(gains)])
    return max(1.0, float(np.ceil(np.quantile(known, 0.9)))) if known.size else 1.0


def _paint(axes: Axes, gains: np.ndarray, bound: float) -> None:
    """Draw the cells as rectangles, which stay sharp at any size, with their numbers."""
    norm = Normalize(-bound, bound, clip=True)
    rows, columns = gains.shape
    for (i, j), gain in np.ndenumerate(gains):
        middle = _middle(j, columns)
        corner = (middle - 0.485, i - 0.48)
        if np.isnan(gain):
            box = Rectangle(corner, 0.97, 0.96, facecolor="none", edgecolor=FAINT, hatch="////", linewidth=0)
            text, ink = MISSING, INK
        else:
            color = DIVERGING(norm(gain))
            box = Rectangle(corner, 0.97, 0.96, facecolor=color, linewidth=0)
            text, ink = decimal(gain, signed=True), readable_ink(color)
        axes.add_patch(box)
        axes.text(middle, i, text, ha="center", va="center", color=ink, fontsize=8.5)
    axes.set_xlim(-0.5, columns - 0.38)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.spines[:].set_visible(False)


def _middle(column: int, columns: int) -> float:
    return column + (0.12 if column == columns - 1 else 0.0)  # the average stands apart


def readable_ink(color: Sequence[float]) -> str:
    """Return black or white, whichever has the higher WCAG contrast on an sRGB colour (0..1)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # "#000001" rather than INK: a number in a painted cell must not follow a dark page
    return "#000001" if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else "#ffffff"


def _column_label(scores: Scores, target: str | None, titles: Mapping[str, str]) -> str:
    values = overall_scores(scores, BASELINE) if target is None else task_scores(scores, BASELINE, target)
    none = estimate(values)
    name = "Avg" if target is None else titles.get(target, target)
    return f"{name}\n{decimal(none.mean) if none else MISSING}"


def _color_bar(figure: Figure, panels: list[Axes], bound: float, gains: np.ndarray) -> None:
    mappable = mpl.cm.ScalarMappable(Normalize(-bound, bound), DIVERGING)
    known = gains[np.isfinite(gains)]
    low, high = bool((known < -bound).any()), bool((known > bound).any())
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get((low, high), "neither")
    pad = 0.03 / len(panels)
    bar = figure.colorbar(mappable, ax=panels, orientation="horizontal", extend=extend, aspect=40, shrink=0.6, pad=pad)
    ticks = [-bound, -bound / 2, 0, bound / 2, bound]
    bar.set_ticks(ticks, labels=[decimal(tick, signed=True) for tick in ticks])
    bar.set_label("gain over none, points (below each target: score of none)")
    bar.outline.set_visible(False)
    if bar.solids is not None:
        bar.solids.set(rasterized=False, edgecolor="face", linewidth=0.3)  # no picture inside the SVG
    bar.ax.tick_params(length=2, width=0.6)
