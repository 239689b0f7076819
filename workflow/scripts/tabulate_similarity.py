"""Write the similarities of all models and seeds as tables, seeds averaged: CSV, Markdown and LaTeX.

inputs   the tables of `measure_similarity`
outputs  OUT_DIR/similarity.csv, .md, .tex
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.errors import UserError
from workflow.scripts.files import write_text
from workflow.scripts.logs import configure, run
from workflow.scripts.reporting.formats import to_csv, to_latex, to_markdown
from workflow.scripts.reporting.similarity import cells, records, tables
from workflow.scripts.reporting.titles import display_titles

STAGE = "similarity tables"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables; see the module's docstring and `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--similarities", type=Path, nargs="+", required=True, help="similarities (Parquet)")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder for the files")
    add_log_argument(parser)
    options = parser.parse_args(argv)
    log = configure(options.log, stage=STAGE)
    found = cells(row for path in options.similarities for row in read_similarities(path))
    parts = tables(found, display_titles())
    write_text(options.out_dir / "similarity.csv", to_csv(records(found)))
    write_text(
        options.out_dir / "similarity.md",
        "# Similarities of sources and targets\n\n" + "\n".join(to_markdown(table, level=2) for table in parts),
    )
    write_text(options.out_dir / "similarity.tex", "\n".join(to_latex(table) for table in parts))
    log.info("%d tables in %s", len(parts), options.out_dir)
    return 0


def read_similarities(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a table of `measure_similarity`.

    Raises:
        UserError: it cannot be read, or is another table.
    """
    try:
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    except (OSError, pa.ArrowInvalid) as error:
        raise UserError(f"{path} cannot be read as table of similarities: {error}; delete it and run again") from error
    if not rows or not {"measure", "source", "target", "similarity"} <= set(rows[0]):
        raise UserError(f"{path} is no table of similarities; expected what measure_similarity writes")
    return rows


if __name__ == "__main__":
    sys.exit(run(main, stage=STAGE))
