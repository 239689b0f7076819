"""Write the report of a study: one HTML file that opens without a network.

inputs   scores.parquet, languages.json, the tables and figures of `make_tables` and `plot_…`, the run cards,
         the statistics of the data sets and what `measure_overlap` wrote
outputs  report.html
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workflow.scripts.errors import UserError
from workflow.scripts.file_patterns import expand
from workflow.scripts.files import commit, read_json, write_text
from workflow.scripts.layout import FIGURES, TABLES, TYPOLOGY
from workflow.scripts.logs import configure, run
from workflow.scripts.reporting.costs import read_run
from workflow.scripts.reporting.datasets import read_overlap, read_statistics
from workflow.scripts.reporting.gains import read_gains
from workflow.scripts.reporting.programs import load, scores_parser
from workflow.scripts.reporting.published import checkpoints, read_published
from workflow.scripts.reporting.published_tables import published_tables
from workflow.scripts.reporting.report import FORMATS, Material, render
from workflow.scripts.reporting.slices import read_measured
from workflow.scripts.reporting.titles import display_titles
from workflow.scripts.runspec import decode
from workflow.scripts.tasks import TASKS
from workflow.scripts.tasks.parallel_schemas import TranslationSchema
from workflow.scripts.tasks.task import UNTRAINED_FAMILIES


def main(argv: Sequence[str] | None = None) -> int:
    """Write the report; see the module's docstring and `--help`."""
    parser = scores_parser(__doc__)
    parser.add_argument("--spec", required=True, help="run specification (JSON) with the study's configuration")
    parser.add_argument("--runs", nargs="*", default=[], help="run cards of all models, paths or patterns")
    parser.add_argument("--tables", type=Path, required=True, help="folder of the tables, offered for saving")
    parser.add_argument("--figures", type=Path, required=True, help="folder of the figures (SVG)")
    parser.add_argument("--statistics", type=Path, nargs="*", default=[], help="statistics of the splits (JSON)")
    parser.add_argument("--layers", type=Path, nargs="*", default=[], help="figure and table of the layer sweep")
    parser.add_argument("--studies", type=Path, nargs="*", default=[], help="verdicts of studies (JSON)")
    parser.add_argument("--overlap", type=Path, help="overlap.json, its other formats beside it (default: not shown)")
    for name in ("slices", "consistency"):
        parser.add_argument(
            f"--{name}", type=Path, help=f"{name}.json, its other formats beside it (default: not shown)"
        )
    parser.add_argument("--inference", type=Path, help="folder of the files of analyse_gains (default: not shown)")
    parser.add_argument("--published", type=Path, required=True, help="published numbers (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="report to write (HTML)")
    options = parser.parse_args(argv)
    log = configure(options.log, stage="report")
    models, table = load(options)
    config = decode(options.spec)["config"]
    files = [options.tables / f"{name}.{suffix}" for name in (*TABLES, TYPOLOGY) for suffix in FORMATS]
    found = [path for path in (options.overlap, options.slices, options.consistency) if path]
    files += [path.with_suffix(f".{suffix}") for path in found for suffix in FORMATS]
    swept = [path for path in options.layers if path.suffix == ".svg"]
    files += [path for path in options.layers if path.suffix == ".csv"]
    material = Material(
        models=models,
        table=table,
        titles=display_titles(),
        runs=[read_run(path) for path in expand(options.runs)],
        config=config,
        figures={path.stem: _text(path) for path in [options.figures / f"{name}.svg" for name in FIGURES] + swept},
        files={path.name: _text(path) for path in files},
        retrieval=[name for name, task in TASKS.items() if task.family in UNTRAINED_FAMILIES],
        parallel=[name for name, task in TASKS.items() if isinstance(task.schema, TranslationSchema)],
        statistics=[read_statistics(path) for path in options.statistics],
        overlap=read_overlap(options.overlap) if options.overlap else None,
        slices=read_measured(options.slices) if options.slices else None,
        consistency=read_measured(options.consistency) if options.consistency else None,
        published=published_tables(models, read_published(options.published), checkpoints(config), display_titles()),
        described=read_json(options.languages),
        analysed=read_gains(options.inference) if options.inference else None,
        studies=[_verdict(path) for path in options.studies],
        commit=commit(),
    )
    write_text(options.out, render(material))
    log.info("%s", options.out)
    return 0


def _verdict(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = read_json(path)
    return found | {"svg": {name: _text(path.parent / "figures" / f"{name}.svg") for name in found["figures"]}}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path} is missing; the stage that writes it has to run first") from None


if __name__ == "__main__":
    sys.exit(run(main, stage="report"))
