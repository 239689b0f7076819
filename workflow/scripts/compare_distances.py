"""Write what each measure of typological distance says of the languages, and how alike the measures rank them.

inputs   languages.json
outputs  OUT_DIR/typology.*                  distances to English by language and measure (CSV, Markdown, LaTeX)
         OUT_DIR/typology_correlations.csv   Spearman's rho of each pair of measures
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.files import read_json, write_text
from workflow.scripts.logs import configure, run
from workflow.scripts.reporting.formats import to_csv, to_latex, to_markdown
from workflow.scripts.reporting.typology import (
    correlation_records,
    correlation_table,
    distance_records,
    distance_table,
)

STAGE = "typology"
NO_PAIR = "measure,other,rho,languages\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables; see the module's docstring and `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--languages", type=Path, required=True, help="facts on the languages (JSON)")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder for the files")
    add_log_argument(parser)
    options = parser.parse_args(argv)
    log = configure(options.log, stage=STAGE)
    facts = read_json(options.languages)
    pairs = correlation_records(facts)
    tables = [distance_table(facts), *([correlation_table(facts)] if pairs else [])]
    texts = {
        "typology.csv": to_csv(distance_records(facts)),
        "typology.md": "\n".join(to_markdown(table) for table in tables),
        "typology.tex": "\n".join(to_latex(table) for table in tables),
        "typology_correlations.csv": to_csv(pairs) if pairs else NO_PAIR,
    }
    for name, text in texts.items():
        write_text(options.out_dir / name, text)
    log.info("%d languages, %d pairs of measures in %s", len(facts), len(pairs), options.out_dir)
    return 0


if __name__ == "__main__":
    sys.exit(run(main, stage=STAGE))
