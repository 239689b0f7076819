"""Draw the heat map of gains: intermediate tasks against targets.

inputs   scores.parquet, languages.json
outputs  an SVG and a PNG file of the same figure
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from workflow.scripts.logs import configure, run
from workflow.scripts.reporting.figures import gains_figure, save
from workflow.scripts.reporting.programs import load, scores_parser
from workflow.scripts.reporting.titles import display_titles


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the figure; see the module's docstring and `--help`."""
    parser = scores_parser(__doc__)
    parser.add_argument("--svg", type=Path, required=True, help="figure to write, for screens and papers")
    parser.add_argument("--png", type=Path, required=True, help="the same as pixels, 200 per inch")
    options = parser.parse_args(argv)
    log = configure(options.log, stage="figure gains")
    models, _ = load(options)
    save(gains_figure(models, display_titles()), options.svg, options.png)
    log.info("%s, %s", options.svg, options.png)
    return 0


if __name__ == "__main__":
    sys.exit(run(main, stage="figure gains"))
