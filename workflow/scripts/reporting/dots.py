"""Scores by language as dots with intervals, the languages in order of their distance to English."""

from collections.abc import Mapping, Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from workflow.scripts.reporting.aggregate import best_source, estimate, task_language_scores
from workflow.scripts.reporting.distance import BEST_COLOR, NONE_COLOR
from workflow.scripts.reporting.evidence import Key, Line
from workflow.scripts.reporting.figures import FAINT, INK, style
from workflow.scripts.reporting.scores import BASELINE, Scores
from workflow.scripts.reporting.tables import source_title

ACROSS = 3
LEFT, RIGHT, PLOT, STEP = 1.4, 0.45, 1.75, 0.17  # inches: names, distances, dots, height of a language
TOP, TITLE, HEADING, BELOW = 0.35, 0.42, 0.3, 0.42
LONGEST = 20
"""Letters of a language's name that fit beside a panel."""


def dots_figure(
    models: Sequence[Scores], titles: Mapping[str, str], intervals: Mapping[Key, Line] | None = None
) -> Figure:
    """Draw the score of every language under `none` and the best source of each target, a panel for each target.

    The languages stand in order of distance to English, nearest on top, with the distance on the right; controls
    come last. Bars are the intervals of the statistics, where there are any.

    Args:
        models: scores of each model; models stand one below the other.
        titles: display names.
        intervals: rows of `statistics/languages.parquet`, by model, source, target and language.
    """
    across = min(ACROSS, max(len(scores.targets) for scores in models))
    width = across * (LEFT + PLOT + RIGHT)
    heights = [_row_heights(scores, across) for scores in models]
    several = len(models) > 1
    height = TOP + sum(sum(rows) + (HEADING if several else 0) for rows in heights)
    with style():
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        down = TOP
        for scores, rows in zip(models, heights, strict=True):
            if several:
                down += HEADING
                place = (0.1 / width, 1 - (down - 0.12) / height)
                figure.text(*place, scores.model, fontsize=11, fontweight="bold")
            for number, target in enumerate(scores.targets):
                row, column = divmod(number, across)
                top = down + sum(rows[:row]) + TITLE
                tall = STEP * (len(_codes(scores, target)) + 0.4)
                left = column * (LEFT + PLOT + RIGHT) + LEFT
                box = (left / width, 1 - (top + tall) / height, PLOT / width, tall / height)
                _panel(figure.add_axes(box), scores, target, titles, intervals or {})
            down += sum(rows)
        place = (0.5, 1 - 0.05 / height)
        handles = _legend(any(any(s.controls.values()) for s in models), bool(intervals))
        figure.legend(handles=handles, loc="upper center", bbox_to_anchor=place, ncols=len(handles), frameon=False)
    return figure


def _codes(scores: Scores, target: str) -> list[str]:
    return [*scores.languages[target], *scores.controls[target]]


def _row_heights(scores: Scores, across: int) -> list[float]:
    """Return the inches of each row of panels: those of its longest list of languages."""
    counts = [len(_codes(scores, target)) for target in scores.targets]
    rows = [counts[start : start + across] for start in range(0, len(counts), across)]
    return [TITLE + STEP * (max(row) + 0.4) + BELOW for row in rows]


def _panel(axes: Axes, scores: Scores, target: str, titles: Mapping[str, str], intervals: Mapping[Key, Line]) -> None:
    best = best_source(scores, target)
    codes = _codes(scores, target)
    series = [(BASELINE, NONE_COLOR, "o", -0.14)] + ([(best.source, BEST_COLOR, "s", 0.14)] if best else [])
    for source, color, marker, shift in series:
        for place, code in enumerate(codes):
            value = estimate(task_language_scores(scores, source, target, code))
            if value is None:
                continue
            row = intervals.get((scores.model, source, target, code))
            if row and row["low"] is not None and row["high"] is not None:
                axes.plot([row["low"], row["high"]], [place + shift] * 2, color=color, linewidth=1, zorder=2)
            hollow = code in scores.controls[target]
            face = "none" if hollow else color
            axes.plot(
                value.mean,
                place + shift,
                marker,
                color=color,
                markerfacecolor=face,
                markersize=3.6,
                clip_on=False,
                zorder=3,
            )
    axes.set_ylim(len(codes) - 0.3, -0.7)
    axes.set_yticks(range(len(codes)), [_name(scores, code) for code in codes])
    _distances(axes, scores, codes)
    low, high = axes.get_xlim()
    axes.set_xlim(max(0.0, low), min(100.0, high))
    axes.xaxis.set_major_locator(MaxNLocator(4))
    subtitle = f"best: {source_title(best.source, titles)}" if best else ""
    axes.set_title(titles.get(target, target), fontweight="bold", loc="left", pad=14)
    axes.annotate(subtitle, (0, 1), (0, 4), xycoords="axes fraction", textcoords="offset points", fontsize=8)
    axes.grid(axis="x", color=FAINT, alpha=0.3, linewidth=0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_axisbelow(True)


def _name(scores: Scores, code: str) -> str:
    name = scores.name(code)
    return name if len(name) <= LONGEST else code


def _distances(axes: Axes, scores: Scores, codes: Sequence[str]) -> None:
    for place, code in enumerate(codes):
        facts = scores.facts.get(code)
        if facts and facts.distance is not None:
            text = f"{facts.distance:.2f}"
            axes.text(1.08, place, text, transform=axes.get_yaxis_transform(), va="center", fontsize=8, color=INK)


def _legend(controls: bool, intervals: bool) -> list[Line2D]:
    line: Literal["-", "none"] = "-" if intervals else "none"
    handles = [
        Line2D([], [], color=NONE_COLOR, marker="o", markersize=4, linestyle=line, linewidth=1, label=BASELINE),
        Line2D([], [], color=BEST_COLOR, marker="s", markersize=4, linestyle=line, linewidth=1, label="best source"),
    ]
    if controls:
        handles.append(Line2D([], [], color=INK, marker="o", markerfacecolor="none", linestyle="none", label="control"))
    return handles
