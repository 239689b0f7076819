"""Draw the scores of every language, sorted by its typological distance to English, with intervals.

inputs   scores.parquet, languages.json, statistics/languages.parquet for the intervals
outputs  an SVG and a PNG file of the same figure
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from workflow.scripts.logs import configure, run
from workflow.scripts.reporting.dots import dots_figure
from workflow.scripts.reporting.evidence import read_language_intervals
from workflow.scripts.reporting.figures import save
from workflow.scripts.reporting.programs import load, scores_parser
from workflow.scripts.reporting.titles import display_titles

STAGE = "figure languages"


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the figure; see the module's docstring and `--help`."""
    parser = scores_parser(__doc__)
    parser.add_argument("--intervals", type=Path, help="intervals by language (Parquet; default: none are drawn)")
    parser.add_argument("--svg", type=Path, required=True, help="figure to write, for screens and papers")
    parser.add_argument("--png", type=Path, required=True, help="the same as pixels, 200 per inch")
    options = parser.parse_args(argv)
    log = configure(options.log, stage=STAGE)
    models, _ = load(options)
    intervals = read_language_intervals(options.intervals) if options.intervals else None
    save(dots_figure(models, display_titles(), intervals), options.svg, options.png)
    log.info("%s, %s", options.svg, options.png)
    return 0


if __name__ == "__main__":
    sys.exit(run(main, stage=STAGE))
