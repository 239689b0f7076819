"""Draw the scores of retrieval targets by layer, and write them as a table.

inputs   the scores by layer of every model, source and target (`sweep_layers`)
outputs  an SVG and a PNG file of the same figure, a CSV file of its numbers
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.files import read_json, write_text
from workflow.scripts.logs import configure, run
from workflow.scripts.reporting.drawing import add_files
from workflow.scripts.reporting.figures import save
from workflow.scripts.reporting.layers import layer_csv, layer_figure, read_sweep
from workflow.scripts.reporting.titles import display_titles

STAGE = "figure layers"


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the figure; see the module's docstring and `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=Path, nargs="+", required=True, help="scores by layer (JSON)")
    add_files(parser)
    parser.add_argument("--csv", type=Path, required=True, help="its numbers")
    add_log_argument(parser)
    options = parser.parse_args(argv)
    log = configure(options.log, stage=STAGE)
    sweeps = [read_sweep(read_json(path), path) for path in options.layers]
    save(layer_figure(sweeps, display_titles()), options.svg, options.png)
    write_text(options.csv, layer_csv(sweeps))
    log.info("%s, %s, %s", options.svg, options.png, options.csv)
    return 0


if __name__ == "__main__":
    sys.exit(run(main, stage=STAGE))
