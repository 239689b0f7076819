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
from workflow.scripts.reporting.labels import place_labels
from workflow.scripts.reporting.scores import BASELINE, Scores
from workflow.scripts.reporting.tables import source_title

NONE_COLOR, BEST_COLOR = "#0a6fb8", "#d55e00"
FEWEST = 3
"""Languages that a line and a correlation take at least."""


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


def distance_title(scores: Scores) -> str:
    """Return what the distances are: the measure, where `languages.json` names one."""
    measures = sorted({facts.measure for facts in scores.facts.values() if facts.measure})
    return f"distance to English: {', '.join(measures)}" if measures else "typological distance to English"


def spearman(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation (mid-ranks for ties); None below three points or without variation."""
    if len(x) < FEWEST or len(set(x)) == 1 or len(set(y)) == 1:
        return None
    return float(np.corrcoef(_ranks(x), _ranks(y))[0, 1])


def distance_correlation(scores: Scores, source: str, target: str) -> float | None:
    """Return Spearman's rho between distance and score over the languages of a target, controls left out."""
    ordinary = [point for point in points(scores, source, target) if not point.control]
    return spearman([p.distance for p in ordinary], [p.score for p in ordinary])


def distance_figure(models: Sequence[Scores], titles: Mapping[str, str]) -> Figure:
    """Draw `none` and the best source of each target by language, with a straight line through each.

    A thin bar joins the two scores of a language. Lines and rho leave the controls (diamonds) out. Where a
    panel is too full, labels that would cover something are left out. Of several models one block of panels
    stands below the other.
    """
    first = models[0]
    grid = Grid(len(models), len(first.targets), crowded=max(map(len, first.languages.values())) > 16)
    furthest = max((f.distance for f in first.facts.values() if f.distance is not None), default=0.0) or 1.0
    with style():
        figure = Figure(figsize=grid.size)
        FigureCanvasAgg(figure)
        for block, scores in enumerate(models):
            if len(models) > 1:
                figure.text(*grid.heading(block), scores.model, fontsize=11, fontweight="bold", va="center")
            figure.text(*grid.label(block), "score", rotation=90, va="center", fontsize=9)
            for number, target in enumerate(scores.targets):
                axes = figure.add_axes(grid.panel(block, number))
                axes.set_xlim(-0.06 * furthest, 1.06 * furthest)
                axes.tick_params(labelbottom=number + grid.across >= len(scores.targets))
                place_labels(axes, _panel(axes, scores, target, titles))
        figure.text(grid.middle, 0.08 / grid.size[1], distance_title(first), ha="center", fontsize=8)
        place = (grid.middle, 1 - 0.05 / grid.size[1])
        figure.legend(
            handles=_legend(first), loc="upper center", bbox_to_anchor=place, ncols=3, frameon=False, borderpad=0
        )
    return figure


@dataclass(frozen=True)
class Grid:
    """Where the panels stand: fixed sizes in inches, which need no search for a layout and are always the same.

    Attributes:
        blocks: number of models, one block of panels each.
        panels: number of panels of a block.
        crowded: whether there are so many languages that the panels have to be large.
    """

    blocks: int
    panels: int
    crowded: bool

    LEFT, RIGHT, GAP = 0.6, 0.2, 0.4  # beside, and between, panels: the numbers of the y axis
    LEGEND, HEADING, TITLE, BELOW, FOOT = 0.3, 0.25, 0.46, 0.3, 0.25  # above and below panels
    NARROWEST = 4.6  # what the legend needs

    @property
    def across(self) -> int:
        """The number of panels side by side."""
        return min(self.panels, 2 if self.crowded else 3)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the figure."""
        width = self.LEFT + self.RIGHT - self.GAP + self.across * ((3.9 if self.crowded else 2.6) + self.GAP)
        return max(self.NARROWEST, width), self.LEGEND + self.blocks * self._block + self.FOOT

    @property
    def middle(self) -> float:
        """The middle of the panels, as a share of the width."""
        return (self.LEFT + self.size[0] - self.RIGHT) / 2 / self.size[0]

    @property
    def _height(self) -> float:
        return 3.0 if self.crowded else 2.2

    @property
    def _block(self) -> float:
        rows = -(-self.panels // self.across)
        return (self.HEADING if self.blocks > 1 else 0) + rows * (self.TITLE + self._height) + self.BELOW

    def heading(self, block: int) -> tuple[float, float]:
        """Return the place of a block's heading, as shares of the figure."""
        down = self.LEGEND + block * self._block + self.HEADING / 2
        return self.LEFT / self.size[0], 1 - down / self.size[1]

    def label(self, block: int) -> tuple[float, float]:
        """Return the place of a block's y label, as shares of the figure."""
        down = self.LEGEND + (block + 0.5) * self._block
        return 0.06 / self.size[0], 1 - down / self.size[1]

    def panel(self, block: int, number: int) -> tuple[float, float, float, float]:
        """Return left, bottom, width and height of a panel, as shares of the figure."""
        row, column = divmod(number, self.across)
        width = (self.size[0] - self.LEFT - self.RIGHT + self.GAP) / self.across
        down = self.LEGEND + (block + 1) * self._block - self.BELOW
        bottom = self.size[1] - down + (-(-self.panels // self.across) - 1 - row) * (self.TITLE + self._height)
        left = self.LEFT + column * width
        return (
            left / self.size[0],
            bottom / self.size[1],
            (width - self.GAP) / self.size[0],
            self._height / self.size[1],
        )


def _ranks(values: Sequence[float]) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    return np.array([(array < value).sum() + ((array == value).sum() + 1) / 2 for value in array])


def _panel(axes: Axes, scores: Scores, target: str, titles: Mapping[str, str]) -> dict[str, list[tuple[float, float]]]:
    """Draw one target and return its points (distance, score) by language."""
    best = best_source(scores, target)
    series = [(BASELINE, NONE_COLOR, "o")] + ([(best.source, BEST_COLOR, "s")] if best else [])
    pairs: dict[str, list[tuple[float, float]]] = {}
    rhos = []
    for source, color, marker in series:
        found = points(scores, source, target)
        rhos.append(f"{source_title(source, titles)} {_rho(distance_correlation(scores, source, target))}")
        _markers(axes, found, color, marker)
        _line(axes, [point for point in found if not point.control], color)
        for point in found:
            pairs.setdefault(point.language, []).append((point.distance, point.score))
    bars = [(x, *sorted((y, other))) for (x, y), (_, other) in (pair for pair in pairs.values() if len(pair) == 2)]
    if bars:
        axes.vlines(*zip(*bars, strict=True), color=FAINT, linewidth=0.7, alpha=0.7, zorder=1)
    _limits(axes, [score for pair in pairs.values() for _, score in pair], crowded=len(pairs) > 16)
    axes.set_title(titles.get(target, target), fontweight="bold", loc="left", pad=15)
    few = sum(code in scores.languages[target] for code in pairs)
    subtitle = f"ρ: {', '.join(rhos)}" if few >= FEWEST or not pairs else f"{few} {_noun(few)}: too few for a fit"
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


def _noun(count: int) -> str:
    return "language" if count == 1 else "languages"


def _rho(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2f}".replace("-", MINUS)


def _line(axes: Axes, found: Sequence[Point], color: str) -> None:
    x = np.array([point.distance for point in found])
    if len(x) < FEWEST or np.ptp(x) == 0:
        return
    slope, intercept = np.polyfit(x, [point.score for point in found], 1)
    ends = np.array([x.min(), x.max()])
    if slope:
        ends = np.clip(ends, *sorted(((0 - intercept) / slope, (100 - intercept) / slope)))  # scores are 0 to 100
    axes.plot(ends, intercept + slope * ends, color=color, linewidth=1, alpha=0.7, zorder=2)


def _limits(axes: Axes, values: Sequence[float], *, crowded: bool) -> None:
    if not values:
        axes.text(0.5, 0.5, "no distance or score known", transform=axes.transAxes, ha="center", fontsize=8)
        axes.set_yticks([])
        return
    low, high = min(values), max(values)
    room = max(4.0, (0.3 if crowded else 0.15) * (high - low))  # for the labels above and below the points
    bottom, top = max(0.0, low - room), min(100.0, high + room)  # scores are 0 to 100
    axes.set_ylim(bottom, top)
    axes.set_yticks([tick for tick in axes.get_yticks() if bottom <= tick <= top])


def _legend(scores: Scores) -> list[Line2D]:
    handles = [
        Line2D([], [], color=NONE_COLOR, marker="o", markersize=5, linewidth=1, label=BASELINE),
        Line2D([], [], color=BEST_COLOR, marker="s", markersize=5, linewidth=1, label="best intermediate task"),
    ]
    if any(scores.controls.values()):
        handles.append(Line2D([], [], color=INK, marker="D", markerfacecolor="none", linestyle="none", label="control"))
    return handles
