"""Write the tables of a study, each as CSV (tidy, full precision), Markdown and LaTeX.

inputs   scores.parquet, languages.json
outputs  OUT_DIR/transfer.*   the main table: `none` in absolute scores, the other sources as gains over it
         OUT_DIR/best.*       the best intermediate task of each target
         OUT_DIR/languages.*  the scores by language

Of several models each has its own tables, one below the other in the same file.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from workflow.scripts.files import write_text
from workflow.scripts.logs import configure, run
from workflow.scripts.reporting.formats import to_csv, to_latex, to_markdown
from workflow.scripts.reporting.programs import load, scores_parser
from workflow.scripts.reporting.published import read_published
from workflow.scripts.reporting.published_tables import published_texts
from workflow.scripts.reporting.records import best_records, language_records, transfer_records
from workflow.scripts.reporting.scores import Scores
from workflow.scripts.reporting.tables import Table, best_table, language_table, of_model, transfer_table
from workflow.scripts.reporting.titles import display_titles


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables; see the module's docstring and `--help`."""
    parser = scores_parser(__doc__)
    parser.add_argument("--out-dir", type=Path, required=True, help="folder for the files")
    parser.add_argument("--published", type=Path, required=True, help="published numbers (CSV)")
    parser.add_argument("--checkpoints", default="{}", help="checkpoint of each model, as JSON")
    options = parser.parse_args(argv)
    log = configure(options.log, stage="tables")
    models, _ = load(options)
    texts = {
        "transfer.csv": to_csv([record for scores in models for record in transfer_records(scores)]),
        "best.csv": to_csv([record for scores in models for record in best_records(scores)]),
        "languages.csv": to_csv([record for scores in models for record in language_records(scores)]),
    }
    tables = study_tables(models)
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


def study_tables(models: Sequence[Scores]) -> dict[str, list[Table]]:
    """Return the tables of each file, those of the first model first; of one model they do not name it."""
    titles = display_titles()
    tables: dict[str, list[Table]] = {"transfer": [], "best": [], "languages": []}
    for scores in models:
        found = {
            "transfer": [transfer_table(scores, titles)],
            "best": [best_table(scores, titles)],
            "languages": [language_table(scores, target, titles) for target in scores.targets],
        }
        for name, parts in found.items():
            tables[name] += [of_model(table, scores.model) if len(models) > 1 else table for table in parts]
    return tables


if __name__ == "__main__":
    sys.exit(run(main, stage="tables"))
