"""Write the report of a study: one HTML file that opens without a network.

inputs   scores.parquet, languages.json, the tables and figures of `make_tables` and `plot_…`, a text file with the
         path of one run.json per line, the study's configuration as JSON
outputs  report.html
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workflow.scripts.errors import UserError
from workflow.scripts.files import commit, read_json, write_text
from workflow.scripts.logs import configure, run
from workflow.scripts.reporting.programs import load, scores_parser
from workflow.scripts.reporting.report import FIGURES, FORMATS, TABLES, Material, render
from workflow.scripts.reporting.titles import display_titles
from workflow.scripts.tasks import TASKS
from workflow.scripts.tasks.task import UNTRAINED_FAMILIES


def main(argv: Sequence[str] | None = None) -> int:
    """Write the report; see the module's docstring and `--help`."""
    parser = scores_parser(__doc__)
    parser.add_argument("--tables", type=Path, required=True, help="folder of the tables, offered for saving")
    parser.add_argument("--figures", type=Path, required=True, help="folder of gains.svg and distance.svg")
    parser.add_argument("--runs", type=Path, required=True, help="text file: one path of a run.json per line")
    parser.add_argument("--config", type=Path, required=True, help="the study's configuration (JSON)")
    parser.add_argument("--out", type=Path, required=True, help="report to write (HTML)")
    options = parser.parse_args(argv)
    log = configure(options.log, stage="report")
    scores, table = load(options)
    names = [f"{name}.{suffix}" for name in TABLES for suffix in FORMATS]
    material = Material(
        scores=scores,
        table=table,
        titles=display_titles(),
        runs=read_runs(options.runs),
        config=read_json(options.config),
        figures={name: _text(options.figures / f"{name}.svg") for name in FIGURES},
        files={name: _text(options.tables / name) for name in names},
        retrieval=[name for name, task in TASKS.items() if task.family in UNTRAINED_FAMILIES],
        commit=commit(),
    )
    write_text(options.out, render(material))
    log.info("%s", options.out)
    return 0


def read_runs(path: Path) -> list[dict[str, Any]]:
    """Read the training manifests that a list of paths names; empty lines are skipped.

    Raises:
        UserError: the list or a manifest is missing or is not JSON.
    """
    lines = [line.strip() for line in _text(path).splitlines()]
    return [read_json(Path(line)) for line in lines if line]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path} is missing; the stage that writes it has to run first") from None


if __name__ == "__main__":
    sys.exit(run(main, stage="report"))
