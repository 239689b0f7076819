"""Draw the heat map of gains: intermediate tasks against targets.

inputs   scores.parquet, languages.json
outputs  an SVG and a PNG file of the same figure
"""

import sys
from collections.abc import Sequence

from workflow.scripts.logs import run
from workflow.scripts.reporting.drawing import draw
from workflow.scripts.reporting.figures import gains_figure

STAGE = "figure gains"


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the figure; see the module's docstring and `--help`."""
    return draw(argv, __doc__, STAGE, gains_figure)


if __name__ == "__main__":
    sys.exit(run(main, stage=STAGE))
