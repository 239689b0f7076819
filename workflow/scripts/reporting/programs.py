"""What the reporting programs share: their arguments and the reading of the long table."""

import argparse
from pathlib import Path

import pyarrow as pa

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.files import read_json, read_table
from workflow.scripts.reporting.scores import Scores, read_languages, read_scores


def scores_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the arguments of every reporting program."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scores", type=Path, required=True, help="long table of scores (Parquet)")
    parser.add_argument("--languages", type=Path, required=True, help="facts about the languages (JSON)")
    parser.add_argument("--models", type=names, default=[], help="models in display order (default: all)")
    parser.add_argument("--sources", type=names, default=[], help="sources in display order (default: all)")
    parser.add_argument("--targets", type=names, default=[], help="targets in display order (default: all)")
    add_log_argument(parser)
    return parser


def names(text: str) -> list[str]:
    """Split a comma-separated list."""
    return [name.strip() for name in text.split(",") if name.strip()]


def load(options: argparse.Namespace) -> tuple[list[Scores], pa.Table]:
    """Read what `scores_parser` named; return the scores of each model and the long table.

    Raises:
        UserError: a file is missing or not as it must be.
    """
    table = read_table(options.scores)
    facts = read_languages(read_json(options.languages))
    found = read_scores(table, facts, models=options.models, sources=options.sources, targets=options.targets)
    return found, table
