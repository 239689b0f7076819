"""Draw the scores of every language, sorted by its typological distance to English, with intervals.

inputs   scores.parquet, languages.json, statistics/languages.parquet for the intervals
outputs  an SVG and a PNG file of the same figure
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from workflow.scripts.logs import configure, run
from workflow.scripts.reporting.dots import dots_figure
from workflow.scripts.reporting.drawing import add_files, write
from workflow.scripts.reporting.evidence import read_language_intervals
from workflow.scripts.reporting.programs import load, scores_parser
from workflow.scripts.reporting.titles import display_titles

STAGE = "figure languages"


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the figure; see the module's docstring and `--help`."""
    parser = scores_parser(__doc__)
    parser.add_argument("--intervals", type=Path, help="intervals by language (Parquet; default: none are drawn)")
    add_files(parser)
    options = parser.parse_args(argv)
    log = configure(options.log, stage=STAGE)
    models, _ = load(options)
    intervals = read_language_intervals(options.intervals) if options.intervals else None
    write(dots_figure(models, display_titles(), intervals), options, log)
    return 0


if __name__ == "__main__":
    sys.exit(run(main, stage=STAGE))
