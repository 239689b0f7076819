"""The language codes beside the points of a panel: placed so that they cover nothing."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from workflow.scripts.reporting.figures import FAINT, INK

Place = tuple[float, float, float]
"""The middle of a label (x, y), and y of the point that it belongs to; in points of 1/72 inch."""


def place_labels(axes: Axes, marks: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """Write each language's code above or below its points, beside them, or further off with a thin leader.

    Places are tried in a fixed order; the first that covers no marker and no other label is taken, off the lines if
    one near the points is. A label that fits nowhere is left out.

    Args:
        axes: a panel whose position and limits are final.
        marks: the points (x, y) of each language in data coordinates.
    """
    scale = 72 / axes.figure.dpi
    frame = axes.get_window_extent()
    limits = (frame.x0 * scale, frame.y0 * scale, frame.x1 * scale + 2, frame.y1 * scale)
    at = {code: [tuple(axes.transData.transform(mark) * scale) for mark in found] for code, found in marks.items()}
    drawn = [np.asarray(line.get_xydata()) for line in axes.lines if line.get_linestyle() == "-"]
    lines = [_steps(axes.transData.transform(ends) * scale) for ends in drawn]
    crossed = [box for line in lines for box in line]
    taken = [(x - 3, y - 3, x + 3, y + 3) for found in at.values() for x, y in found]
    for code, found in at.items():
        x, top, bottom = found[0][0], max(y for _, y in found), min(y for _, y in found)
        half = 2.5 * len(code) + 0.5  # half the width of lower-case letters at 8 pt
        near, far = _places(x, top, bottom, half)
        # near its points and off the lines; else across a line; else further off
        for places, obstacles in ((near, taken + crossed), (near, taken), (far, taken)):
            free = _first_free(places, half, limits, obstacles)
            if free:
                left, middle, anchor = free
                _label(axes, code, (left, middle), (x, anchor))
                taken.append(_box(left, middle, half))
                break


def _box(x: float, y: float, half: float) -> tuple[float, float, float, float]:
    return x - half, y - 4.5, x + half, y + 4.5


def _first_free(
    places: Sequence[Place],
    half: float,
    limits: tuple[float, float, float, float],
    obstacles: Sequence[tuple[float, ...]],
) -> Place | None:
    for x, y, anchor in places:
        box = _box(x, y, half)
        inside = box[0] > limits[0] and box[1] > limits[1] and box[2] < limits[2] and box[3] < limits[3]
        if inside and not any(_overlap(box, other) for other in obstacles):
            return x, y, anchor
    return None


def _steps(ends: np.ndarray) -> list[tuple[float, ...]]:
    """Return small boxes along a straight line between two points."""
    count = max(2, int(np.hypot(*(ends[1] - ends[0])) / 3))
    return [(x - 0.5, y - 0.5, x + 0.5, y + 0.5) for x, y in np.linspace(ends[0], ends[1], count)]


def _places(x: float, top: float, bottom: float, half: float) -> tuple[list[Place], list[Place]]:
    """Return the places near the points and those further off, the best first."""
    near = [(x, top + 8.5, top), (x, bottom - 8.5, bottom)]
    near += [(x + side * (half + 5), y, y) for y in (top, bottom) for side in (1, -1)]
    far = [
        (x + shift, y + direction * (8.5 + 7 * step), y)
        for step in range(1, 6)
        for y, direction in ((top, 1), (bottom, -1))
        for shift in (0, half, -half)
    ]
    return near, far


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
