"""Scores against typological distance to English: one small panel per target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from workflow.scripts.reporting.aggregate import best_source, estimate, task_language_scores
from workflow.scripts.reporting.figures import FAINT, INK, style
from workflow.scripts.reporting.formats import MINUS, MISSING
from workflow.scripts.reporting.scores import BASELINE, Scores
from workflow.scripts.reporting.tables import source_title

NONE_COLOR, BEST_COLOR = "#0a6fb8", "#d55e00"


@dataclass(frozen=True, slots=True)
class Point:
    """A language's distance (0..1) and score (0-100) under one source."""

    language: str
    distance: float
    score: float
    control: bool


def points(scores: Scores, source: str, target: str) -> list[Point]:
    """Return the languages of a target whose distance and score are known, controls last."""
    found = []
    for code in (*scores.languages[target], *scores.controls[target]):
        facts = scores.facts.get(code)
        value = estimate(task_language_scores(scores, source, target, code))
        if facts and facts.distance is not None and value:
            found.append(Point(code, facts.distance, value.mean, facts.is_control))
    return found


def spearman(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation (mid-ranks for ties); None below three points or without variation."""
    if len(x) < 3 or len(set(x)) == 1 or len(set(y)) == 1:
        return None
    return float(np.corrcoef(_ranks(x), _ranks(y))[0, 1])


def distance_correlation(scores: Scores, source: str, target: str) -> float | None:
    """Return Spearman's rho between distance and score over the languages of a target, controls left out."""
    ordinary = [point for point in points(scores, source, target) if not point.control]
    return spearman([p.distance for p in ordinary], [p.score for p in ordinary])


def distance_figure(scores: Scores, titles: Mapping[str, str]) -> Figure:
    """Draw `none` and the best source of each target by language, with a straight line through each.

    A thin bar joins the two scores of a language. Lines and rho leave the controls (diamonds) out. Where a
    panel is too full, labels that would cover something are left out.
    """
    many = max(len(scores.languages[target]) for target in scores.targets) > 16
    across = min(len(scores.targets), 2 if many else 3)
    down = -(-len(scores.targets) // across)
    width, height = (4.4, 3.5) if many else (3.1, 2.7)
    furthest = max((f.distance for f in scores.facts.values() if f.distance is not None), default=0.0) or 1.0
    with style():
        figure = Figure(figsize=(max(4.2, width * across), height * down + 0.5), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(down, across, squeeze=False, sharex=True)
        panels[0, 0].set_xlim(-0.06 * furthest, 1.06 * furthest)
        for axes in panels.flat[len(scores.targets) :]:
            axes.set_axis_off()
        pairs = []
        for number, target in enumerate(scores.targets):
            axes = panels.flat[number]
            pairs.append(_panel(axes, scores, target, titles))
            if number + across >= len(scores.targets):
                axes.tick_params(labelbottom=True)
        figure.supxlabel("typological distance to English", fontsize=9)
        figure.supylabel("score", fontsize=9)
        figure.legend(handles=_legend(scores), loc="outside upper center", ncols=4, frameon=False)
        for _ in range(2):  # one pass of the layout leaves wide margins around few panels
            figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for axes, found in zip(panels.flat, pairs, strict=False):
            place_labels(axes, found)
    return figure


def _ranks(values: Sequence[float]) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    return np.array([(array < value).sum() + ((array == value).sum() + 1) / 2 for value in array])


def _panel(axes: Axes, scores: Scores, target: str, titles: Mapping[str, str]) -> dict[str, list[Point]]:
    """Draw one target and return its points by language."""
    best = best_source(scores, target)
    series = [(BASELINE, NONE_COLOR, "o")] + ([(best.source, BEST_COLOR, "s")] if best else [])
    pairs: dict[str, list[Point]] = {}
    rhos = []
    for source, color, marker in series:
        found = points(scores, source, target)
        rhos.append(f"{source_title(source, titles)} {_rho(distance_correlation(scores, source, target))}")
        _markers(axes, found, color, marker)
        _line(axes, [point for point in found if not point.control], color)
        for point in found:
            pairs.setdefault(point.language, []).append(point)
    for pair in pairs.values():
        axes.plot(
            [p.distance for p in pair],
            [p.score for p in pair],
            color=FAINT,
            linewidth=0.7,
            alpha=0.7,
            zorder=1,
        )
    _limits(axes, [point.score for pair in pairs.values() for point in pair], crowded=len(pairs) > 16)
    axes.set_title(titles.get(target, target), fontweight="bold", loc="left", pad=15)
    subtitle = f"ρ: {', '.join(rhos)}"
    axes.annotate(subtitle, (0, 1), (0, 4), xycoords="axes fraction", textcoords="offset points", fontsize=8)
    axes.grid(axis="y", color=FAINT, alpha=0.3, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    return pairs


def _markers(axes: Axes, found: Sequence[Point], color: str, marker: str) -> None:
    for control in (False, True):
        chosen = [point for point in found if point.control == control]
        if not chosen:
            continue  # an empty line that is not clipped has an infinite box and breaks the layout
        axes.plot(
            [p.distance for p in chosen],
            [p.score for p in chosen],
            linestyle="none",
            marker="D" if control else marker,
            markersize=4.5 if control else 4,
            markerfacecolor="none" if control else color,
            markeredgecolor=color,
            clip_on=False,
            zorder=3,
        )


def _rho(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2f}".replace("-", MINUS)


def _line(axes: Axes, found: Sequence[Point], color: str) -> None:
    x = np.array([point.distance for point in found])
    if len(x) < 3 or np.ptp(x) == 0:
        return
    slope, intercept = np.polyfit(x, [point.score for point in found], 1)
    ends = np.array([x.min(), x.max()])
    axes.plot(ends, intercept + slope * ends, color=color, linewidth=1, alpha=0.7, zorder=2)


def _limits(axes: Axes, values: Sequence[float], *, crowded: bool) -> None:
    if not values:
        axes.text(0.5, 0.5, "no distance or score known", transform=axes.transAxes, ha="center", fontsize=8)
        axes.set_yticks([])
        return
    low, high = min(values), max(values)
    room = max(4.0, (0.3 if crowded else 0.2) * (high - low))  # for the labels above and below the points
    axes.set_ylim(low - room, high + room)
    axes.set_yticks([tick for tick in axes.get_yticks() if 0 <= tick <= 100 and low - room <= tick <= high + room])


def place_labels(axes: Axes, pairs: Mapping[str, Sequence[Point]]) -> None:
    """Write each language's code above or below its points, beside them, or further off with a thin leader.

    Places are tried in a fixed order in units of printed points (1/72 inch); the first that covers no marker
    and no other label is taken.
    """
    scale = 72 / axes.figure.dpi
    frame = axes.get_window_extent()
    limits = (frame.x0 * scale - 12, frame.y0 * scale, frame.x1 * scale + 12, frame.y1 * scale)
    at = {
        code: [tuple(axes.transData.transform((p.distance, p.score)) * scale) for p in pair]
        for code, pair in pairs.items()
    }
    taken = [(x - 3, y - 3, x + 3, y + 3) for marks in at.values() for x, y in marks]
    for code, marks in at.items():
        x, top, bottom = marks[0][0], max(y for _, y in marks), min(y for _, y in marks)
        half = 2.5 * len(code) + 0.5  # half the width of lower-case letters at 8 pt
        for left, middle, anchor in _places(x, top, bottom, half):
            box = (left - half, middle - 4.5, left + half, middle + 4.5)
            inside = box[0] > limits[0] and box[1] > limits[1] and box[2] < limits[2] and box[3] < limits[3]
            if inside and not any(_overlap(box, other) for other in taken):
                _label(axes, code, (left, middle), (x, anchor))
                taken.append(box)
                break


def _places(x: float, top: float, bottom: float, half: float) -> list[tuple[float, float, float]]:
    """Return (x, y, y of the point it belongs to) of the places for a label, the best first."""
    near = [(x, top + 8.5, top), (x, bottom - 8.5, bottom)]
    near += [(x + side * (half + 5), y, y) for y in (top, bottom) for side in (1, -1)]
    far = [
        (x + shift, y + direction * (8.5 + 7 * step), y)
        for step in range(1, 6)
        for y, direction in ((top, 1), (bottom, -1))
        for shift in (0, half, -half)
    ]
    return near + far


def _label(axes: Axes, code: str, place: tuple[float, float], anchor: tuple[float, float]) -> None:
    offset = (place[0] - anchor[0], place[1] - anchor[1])
    far = abs(offset[1]) > 9
    data = axes.transData.inverted().transform(np.array(anchor) * axes.figure.dpi / 72)
    leader = {"arrowstyle": "-", "color": FAINT, "linewidth": 0.5, "shrinkA": 1, "shrinkB": 3} if far else None
    axes.annotate(
        code,
        tuple(data),
        offset,
        textcoords="offset points",
        fontsize=8,
        ha="center",
        va="center_baseline",
        color=INK,
        zorder=4,
        arrowprops=leader,
        annotation_clip=False,
    )


def _overlap(box: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]


def _legend(scores: Scores) -> list[Line2D]:
    handles = [
        Line2D([], [], color=NONE_COLOR, marker="o", markersize=5, linewidth=1, label=BASELINE),
        Line2D([], [], color=BEST_COLOR, marker="s", markersize=5, linewidth=1, label="best intermediate task"),
    ]
    if any(scores.controls.values()):
        handles.append(Line2D([], [], color=INK, marker="D", markerfacecolor="none", linestyle="none", label="control"))
    return handles
