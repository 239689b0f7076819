"""Draw the simulations of the studies `similarity` and `typology`: rejections without an effect, power with one.

    python -m benchmarks.studies --only studies_similarity studies_typology > simulated.txt
    python -m benchmarks.plot_comparisons simulated.txt --svg comparisons.svg --png comparisons.png

The last line of the text file is the JSON object.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from workflow.scripts.reporting.figures import FAINT, save, style
from workflow.scripts.studies import plots

LEVEL = 0.05
METHODS: Mapping[str, Mapping[str, str]] = {
    "studies_similarity": {"qap": "tasks permuted (QAP)", "t": "t, pairs", "naive": "all cells independent"},
    "studies_typology": {"t": "t, seeds and families", "freedman_lane": "languages permuted (Freedman-Lane)"},
}
TITLES = {"studies_similarity": "similarity x budget", "studies_typology": "slope on the distance"}


def figure(found: Mapping[str, Any]) -> Figure:
    """Return two panels for each study: without an effect, with the planted one."""
    with style():
        made = Figure(figsize=(7.5, 5.6), layout="constrained")
        FigureCanvasAgg(made)
        parts: Any = made.subfigures(len(METHODS), 1)
        for part, (study, methods) in zip(parts, METHODS.items(), strict=True):
            axes = part.subplots(1, 2, sharey=True)
            for panel, planted in zip(axes, (False, True), strict=True):
                rows = [one for one in found[study]["rows"] if bool(one["effect"]) == planted]
                _panel(panel, rows, methods, f"{TITLES[study]}: {'power' if planted else 'no effect'}", planted=planted)
            part.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return made


def _panel(
    axes: Axes, rows: Sequence[Mapping[str, Any]], methods: Mapping[str, str], title: str, *, planted: bool
) -> None:
    places = range(1, len(rows) + 1)
    for place, (name, label) in enumerate(methods.items()):
        shares = [row[name] for row in rows]
        axes.plot(shares, places, plots.MARKERS[place], color=plots.COLORS[place], label=label, markersize=5)
    axes.set_yticks(places, [row["world"] for row in rows])
    axes.set_ylim(len(rows) + 0.5, 0.5)
    axes.axvline(0.8 if planted else LEVEL, color=FAINT, linewidth=1, zorder=0)
    axes.set_xlim(-0.02, 1.02 if planted else 0.27)
    plots.finish(axes, title, "share of studies that reject", "")


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the figure; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("simulated", type=Path, help="what benchmarks.studies printed")
    parser.add_argument("--svg", type=Path, required=True, help="figure to write")
    parser.add_argument("--png", type=Path, required=True, help="the same as pixels")
    options = parser.parse_args(argv)
    lines = options.simulated.read_text(encoding="utf-8").splitlines()
    save(figure(json.loads(lines[-1])), options.svg, options.png)
    return 0


if __name__ == "__main__":
    sys.exit(main())
