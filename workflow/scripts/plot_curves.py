"""Draw the learning curves of intermediate and target training.

inputs   the run cards (run.json) of all models
outputs  an SVG and a PNG file of the same figure
"""

import argparse
import sys
from collections.abc import Sequence

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.file_patterns import expand
from workflow.scripts.logs import configure, run
from workflow.scripts.reporting.drawing import add_files, write
from workflow.scripts.reporting.learning import learning_figure, read_curve
from workflow.scripts.reporting.titles import display_titles

STAGE = "figure curves"


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the figure; see the module's docstring and `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", nargs="+", required=True, help="run cards of all models, paths or patterns")
    add_files(parser)
    add_log_argument(parser)
    options = parser.parse_args(argv)
    log = configure(options.log, stage=STAGE)
    curves = [curve for path in expand(options.runs) if (curve := read_curve(path))]
    write(learning_figure(curves, display_titles()), options, log)
    return 0


if __name__ == "__main__":
    sys.exit(run(main, stage=STAGE))
