"""Write the tables of a study, each as CSV (tidy, full precision), Markdown and LaTeX.

inputs   scores.parquet, languages.json
         the files of analyse_gains and the run cards, where given
outputs  OUT_DIR/transfer.*   the main table: `none` in absolute scores, the other sources as gains over it
         OUT_DIR/gains.*      the gains with intervals, p-values and detectable effects
         OUT_DIR/variants.*   variants of a task (with MLM, translated) beside the task itself
         OUT_DIR/costs.*      jobs, time, FLOPs, memory and disk of each stage
         OUT_DIR/best.*       the best intermediate task of each target
         OUT_DIR/languages.*  the scores by language

Of several models each has its own tables, one below the other in the same file.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from workflow.scripts.file_patterns import expand
from workflow.scripts.files import write_text
from workflow.scripts.logs import configure, run
from workflow.scripts.reporting.costs import read_run, stage_costs
from workflow.scripts.reporting.formats import to_csv, to_latex, to_markdown
from workflow.scripts.reporting.gains import SCHEMAS, Gains, read_gains
from workflow.scripts.reporting.inference_tables import (
    COST_FIELDS,
    NO_VARIANTS,
    NOT_ANALYSED,
    cost_records,
    costs_table,
    gain_records,
    gains_table,
    variants_table,
)
from workflow.scripts.reporting.programs import load, scores_parser
from workflow.scripts.reporting.published import read_published
from workflow.scripts.reporting.published_tables import published_texts
from workflow.scripts.reporting.records import Record, best_records, language_records, transfer_records
from workflow.scripts.reporting.scores import Scores
from workflow.scripts.reporting.tables import Table, best_table, language_table, of_model, transfer_table
from workflow.scripts.reporting.titles import display_titles

EMPTY = {
    "gains": ("Gains with their intervals", NOT_ANALYSED),
    "variants": ("Variants of intermediate tasks", NO_VARIANTS),
    "costs": ("Costs by stage", "No run cards were given."),
}
"""Title of a table that may have nothing to show, and why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables; see the module's docstring and `--help`."""
    parser = scores_parser(__doc__)
    parser.add_argument("--out-dir", type=Path, required=True, help="folder for the files")
    parser.add_argument("--published", type=Path, required=True, help="published numbers (CSV)")
    parser.add_argument("--statistics", type=Path, help="folder of the files of analyse_gains (default: no intervals)")
    parser.add_argument("--runs", nargs="*", default=[], help="run cards of all models, paths or patterns with braces")
    parser.add_argument("--checkpoints", default="{}", help="checkpoint of each model, as JSON")
    options = parser.parse_args(argv)
    log = configure(options.log, stage="tables")
    models, _ = load(options)
    gains = read_gains(options.statistics) if options.statistics else None
    costs = stage_costs([read_run(path) for path in expand(options.runs)])
    texts = {
        "transfer.csv": to_csv([record for scores in models for record in transfer_records(scores, gains)]),
        "gains.csv": _csv(gain_records(list(gains.gains.values()) if gains else []), SCHEMAS["gains"].names),
        "best.csv": to_csv([record for scores in models for record in best_records(scores, gains)]),
        "variants.csv": _csv(gain_records(list(gains.variants.values()) if gains else []), SCHEMAS["gains"].names),
        "languages.csv": to_csv([record for scores in models for record in language_records(scores, gains)]),
        "costs.csv": _csv(cost_records(costs), COST_FIELDS),
    }
    tables = study_tables(models, gains) | ({"costs": [costs_table(costs, several=len(models) > 1)]} if costs else {})
    for name, (title, reason) in EMPTY.items():
        texts |= {f"{name}.md": f"# {title}\n\n{reason}\n", f"{name}.tex": f"% {reason}\n"}
    for name, found in tables.items():
        level = 2 if name == "languages" else 1
        texts[f"{name}.md"] = "\n".join(to_markdown(table, level=level) for table in found)
        texts[f"{name}.tex"] = "\n".join(to_latex(table) for table in found)
    texts["languages.md"] = f"# Scores by language\n\n{texts['languages.md']}"
    checkpoints = {model: name for model, name in json.loads(options.checkpoints).items() if name}
    texts |= published_texts(models, read_published(options.published), checkpoints, display_titles())
    for name, text in texts.items():
        write_text(options.out_dir / name, text)
    log.info("%d tables in %s", len(texts), options.out_dir)
    return 0


def _csv(records: Sequence[Record], fields: Sequence[str]) -> str:
    """Return records as CSV, of none the names of their fields."""
    return to_csv(records) if records else f"{','.join(fields)}\n"


def study_tables(models: Sequence[Scores], gains: Gains | None = None) -> dict[str, list[Table]]:
    """Return the tables of each file, those of the first model first; of one model they do not name it."""
    titles = display_titles()
    tables: dict[str, list[Table]] = {}
    for scores in models:
        variants = variants_table(gains, scores.model, titles) if gains else None
        found = {
            "transfer": [transfer_table(scores, titles, gains)],
            "gains": [gains_table(gains, scores.model, titles)] if gains else [],
            "best": [best_table(scores, titles, gains)],
            "variants": [variants] if variants else [],
            "languages": [language_table(scores, target, titles) for target in scores.targets],
        }
        for name, parts in found.items():
            if parts:
                tables.setdefault(name, [])
                tables[name] += [of_model(table, scores.model) if len(models) > 1 else table for table in parts]
    return tables


if __name__ == "__main__":
    sys.exit(run(main, stage="tables"))
