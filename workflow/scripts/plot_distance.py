"""Draw the scores of each target against the typological distance of the languages to English.

inputs   scores.parquet, languages.json
outputs  an SVG and a PNG file of the same figure
"""

import sys
from collections.abc import Sequence

from workflow.scripts.logs import run
from workflow.scripts.reporting.distance import distance_figure
from workflow.scripts.reporting.drawing import draw

STAGE = "figure distance"


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the figure; see the module's docstring and `--help`."""
    return draw(argv, __doc__, STAGE, distance_figure)


if __name__ == "__main__":
    sys.exit(run(main, stage=STAGE))
