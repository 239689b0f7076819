"""What the programs that draw a figure have in common: everything but the figure."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from logging import Logger
from pathlib import Path

from matplotlib.figure import Figure

from workflow.scripts.logs import configure
from workflow.scripts.reporting.figures import save
from workflow.scripts.reporting.programs import load, scores_parser
from workflow.scripts.reporting.scores import Scores
from workflow.scripts.reporting.titles import display_titles


def draw(
    argv: Sequence[str] | None,
    description: str | None,
    stage: str,
    figure: Callable[[Sequence[Scores], Mapping[str, str]], Figure],
) -> int:
    """Parse the arguments of a figure program, draw its figure and write it as SVG and PNG.

    Args:
        argv: the program's arguments.
        description: what its `--help` says.
        stage: label of its log lines.
        figure: makes the figure from the scores of each model and the display titles.

    Returns:
        The exit status.
    """
    parser = scores_parser(description)
    add_files(parser)
    options = parser.parse_args(argv)
    log = configure(options.log, stage=stage)
    models, _ = load(options)
    write(figure(models, display_titles()), options, log)
    return 0


def add_files(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the files of a figure."""
    parser.add_argument("--svg", type=Path, required=True, help="figure to write, for screens and papers")
    parser.add_argument("--png", type=Path, required=True, help="the same as pixels, 200 per inch")


def write(figure: Figure, options: argparse.Namespace, log: Logger) -> None:
    """Write a figure into the files that `add_files` named."""
    save(figure, options.svg, options.png)
    log.info("%s, %s", options.svg, options.png)
