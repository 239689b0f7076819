"""Analyse a study: estimates with intervals, figures, tables and the verdict.

inputs   examples/{model}/{source}/seed{seed}/{target}.parquet of all runs, run cards of the intermediate trainings
outputs  design.parquet and, beside it, estimates.parquet, verdict.md, verdict.json, figures/*, tables/*.csv
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
import pyarrow as pa

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.designs.announcement import detectable_effect
from workflow.scripts.designs.design import from_facts
from workflow.scripts.designs.kind import Design
from workflow.scripts.file_patterns import expand
from workflow.scripts.files import read_json, write_json, write_table, write_text
from workflow.scripts.logs import configure, run
from workflow.scripts.reporting.figures import save
from workflow.scripts.reporting.formats import to_csv
from workflow.scripts.reporting.scores import read_languages
from workflow.scripts.runspec import decode
from workflow.scripts.studies.estimates import Analysis, adjusted, as_table
from workflow.scripts.studies.runs import Runs
from workflow.scripts.studies.verdict import as_json, as_markdown


def main(argv: Sequence[str] | None = None) -> int:
    """Analyse and write; see the module's docstring and `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", required=True, help="run specification (JSON): all that the design depends on")
    parser.add_argument("--examples", type=Path, required=True, help="folder of the tables of examples")
    parser.add_argument("--runs", nargs="*", default=[], help="run cards of the intermediate trainings (patterns)")
    parser.add_argument("--extra", nargs="*", default=[], help="further files that the analysis reads (patterns)")
    parser.add_argument("--languages", type=Path, required=True, help="facts about the languages (JSON)")
    parser.add_argument("--design", type=Path, required=True, help="design.parquet to write; all else stands beside it")
    add_log_argument(parser)
    options = parser.parse_args(argv)
    log = configure(options.log, stage="study")
    facts = {key: value for key, value in decode(options.spec).items() if key != "version"}
    design = from_facts(facts)
    paths = [options.examples / m / source / f"seed{seed}" / f"{t}.parquet" for m, source, t, seed in design.cells()]
    runs = Runs(design, paths, expand(options.runs), read_languages(read_json(options.languages)))
    # the same draws whatever else is declared: a bound or a further level must not move p by chance
    rng = np.random.default_rng(crc32(design.name.encode()))
    module = importlib.import_module(f"workflow.scripts.studies.analyses.{design.name}")
    found: Analysis = module.analyse(design, runs, expand(options.extra), rng)
    write(design, found, options.design.parent)
    log.info("%s", as_json(design, found, detectable_effect(design))["sentence"])
    return 0


def write(design: Design, found: Analysis, folder: Path) -> None:
    """Write the files of a study, the verdict for the report last.

    Raises:
        ValueError: the analysis lacks a figure or table of its kind.
    """
    for kind, names, given in (
        ("figures", design.kind.figures, found.figures),
        ("tables", design.kind.tables, found.tables),
    ):
        if set(names) != set(given):
            raise ValueError(f"{kind} of {design.name}: expected {sorted(names)}, got {sorted(given)}")
    for name, figure in found.figures.items():
        save(figure, folder / "figures" / f"{name}.svg", folder / "figures" / f"{name}.png")
    for name, table in found.tables.items():
        rows = table.to_pylist()
        write_text(folder / "tables" / f"{name}.csv", to_csv(rows) if rows else f"{','.join(table.column_names)}\n")
    estimates = adjusted([found.primary, *found.estimates])
    write_table(folder / "design.parquet", design_table(design))
    write_table(folder / "estimates.parquet", as_table(estimates))
    detectable = detectable_effect(design)
    write_text(folder / "verdict.md", as_markdown(design, found, detectable))
    write_json(folder / "verdict.json", as_json(design, found, detectable))


def design_table(design: Design) -> pa.Table:
    """Return one row per scored run: model, source, target, seed, and the level of every factor."""
    factors = sorted({name for arm in design.arms for name in arm.values})
    rows = [
        {
            "study": design.name,
            "model": arm.model,
            "parameters": arm.parameters,
            "source": arm.source,
            "baseline": arm.baseline,
            "target": target,
            "seed": seed,
            **{name: arm.values.get(name) for name in factors},
        }
        for arm in design.arms
        for target in design.scored
        for seed in design.seeds
    ]
    return pa.Table.from_pylist(rows)


if __name__ == "__main__":
    sys.exit(run(main, stage="study"))
