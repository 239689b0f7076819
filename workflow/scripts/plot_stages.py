"""Draw the stages of a study, with the number of jobs of each.

inputs   nothing but the run specification: the study itself
outputs  an SVG and a PNG file of the same figure
"""

import argparse
import sys
from collections.abc import Sequence

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.logs import configure, run
from workflow.scripts.reporting.diagram import stage_figure
from workflow.scripts.reporting.drawing import add_files, write
from workflow.scripts.reporting.titles import display_titles
from workflow.scripts.runspec import decode

STAGE = "figure stages"


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the figure; see the module's docstring and `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", required=True, help="run specification (JSON) with the counts of `count_stages`")
    add_files(parser)
    add_log_argument(parser)
    options = parser.parse_args(argv)
    log = configure(options.log, stage=STAGE)
    write(stage_figure(decode(options.spec)["stages"], display_titles()), options, log)
    return 0


if __name__ == "__main__":
    sys.exit(run(main, stage=STAGE))
