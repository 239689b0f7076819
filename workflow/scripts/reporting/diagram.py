"""The diagram of a study's stages: from data over intermediate and target training to evaluation, with counts."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from workflow.scripts.reporting.distance import BEST_COLOR, NONE_COLOR
from workflow.scripts.reporting.figures import INK, style

SIZE = (7.6, 3.3)
"""Inches; the coordinates below are inches as well."""

BOXES = {
    "pretrained": (0.1, 1.15, "Pretrained\nencoder"),
    "intermediate": (2.05, 1.15, "Intermediate\ntraining (English)"),
    "target": (4.0, 1.15, "Target training\n(English)"),
    "evaluation": (5.95, 1.15, "Zero-shot test,\nall languages"),
}
WIDTH, HEIGHT = 1.55, 1.0
DATA = (0.1, 2.55, 7.4, 0.6)

NOUNS = {"pretrained": "model", "intermediate": "run", "target": "run", "evaluation": "table"}


def stage_figure(stages: Mapping[str, Mapping[str, Any]], titles: Mapping[str, str]) -> Figure:
    """Draw the stages of a study, the number of jobs of each, and what makes the number.

    Args:
        stages: what `stages.count_stages` found.
        titles: display names of targets.
    """
    with style():
        figure = Figure(figsize=SIZE)
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, SIZE[0])
        axes.set_ylim(0, SIZE[1])
        axes.set_axis_off()
        _box(axes, *DATA)
        data = " · ".join(_count(*factor) for factor in stages["data"]["factors"])
        axes.text(3.8, 2.85, f"Data: {data}", ha="center", va="center", fontsize=10, fontweight="bold")
        for name, (left, bottom, title) in BOXES.items():
            _stage(axes, (left, bottom), title, _counts(name, stages[name]))
            _arrow(axes, (left + WIDTH / 2, DATA[1]), (left + WIDTH / 2, bottom + HEIGHT), INK)
        corners = [(left, bottom) for left, bottom, _ in BOXES.values()]
        for (left, bottom), (right, _) in pairwise(corners):
            _arrow(axes, (left + WIDTH, bottom + HEIGHT / 2), (right, bottom + HEIGHT / 2), BEST_COLOR)
        _detours(axes, stages, titles)
    return figure


def _counts(name: str, stage: Mapping[str, Any]) -> tuple[str, str]:
    """Return how many jobs there are, and the product behind the number."""
    factors = [_count(*factor) for factor in stage["factors"]]
    lines = [" × ".join(factors[start : start + 2]) for start in range(0, len(factors), 2)]
    detail = " ×\n".join(lines) if len(factors) > 1 else ""
    if name == "pretrained":
        detail = "from elsewhere" if stage["fetched"] == stage["jobs"] else "trained here"
        detail = detail if stage["fetched"] in (0, stage["jobs"]) else f"{stage['fetched']} from elsewhere"
    if name == "intermediate" and stage["segments"]:
        detail += f"\n+ {_count(stage['segments'], 'trunk segment')}"
    return _count(stage["jobs"], NOUNS[name]), detail


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _stage(axes: Axes, corner: tuple[float, float], title: str, counts: Sequence[str]) -> None:
    left, bottom = corner
    _box(axes, left, bottom, WIDTH, HEIGHT)
    middle = left + WIDTH / 2
    axes.text(middle, bottom + 0.93, title, ha="center", va="top", fontsize=9, fontweight="bold")
    axes.text(middle, bottom + 0.55, counts[0], ha="center", va="center", fontsize=9, color=INK)
    axes.text(middle, bottom + 0.06, counts[1], ha="center", va="bottom", fontsize=8, color=INK, linespacing=1.15)


def _box(axes: Axes, left: float, bottom: float, width: float, height: float) -> None:
    shape = "round,pad=0,rounding_size=0.06"
    box = FancyBboxPatch((left, bottom), width, height, boxstyle=shape, facecolor="none", edgecolor=INK, linewidth=0.9)
    axes.add_patch(box)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], color: str, curve: float = 0) -> None:
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=9,
            shrinkA=1,
            shrinkB=1,
            color=color,
            linewidth=1.2,
            linestyle="--" if curve else "-",
            connectionstyle=f"arc3,rad={curve}",
        )
    )


def _detours(axes: Axes, stages: Mapping[str, Mapping[str, Any]], titles: Mapping[str, str]) -> None:
    """Draw what skips a stage: `none` the intermediate training, retrieval the target training."""
    low = BOXES["target"][1]
    if stages["intermediate"]["none"]:
        start, end = BOXES["pretrained"][0] + WIDTH / 2, BOXES["target"][0] + WIDTH / 2 - 0.2
        _arrow(axes, (start, low), (end, low), NONE_COLOR, 0.22)
        axes.text((start + end) / 2, 0.5, "none: no intermediate training", ha="center", fontsize=8)
    direct = stages["evaluation"]["direct"]
    if direct:
        start, end = BOXES["intermediate"][0] + WIDTH / 2 + 0.35, BOXES["evaluation"][0] + WIDTH / 2
        _arrow(axes, (start, low), (end, low), BEST_COLOR, 0.3)
        names = ", ".join(titles.get(target, target) for target in direct[:4]) + (", …" if len(direct) > 4 else "")
        axes.text(5.0, 0.22, f"not fine-tuned: {names}", ha="center", fontsize=8)
