"""Collect the scores of all models, sources, targets and seeds into one long table.

inputs   any number of scores/{model}/{source}/seed{seed}/{target}.json
outputs  scores.parquet: one row per model, source, target, language, metric and seed, with its provenance
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.errors import UserError
from workflow.scripts.file_patterns import expand
from workflow.scripts.files import read_json, write_table
from workflow.scripts.logs import configure, run
from workflow.scripts.reporting.long_table import KEY, LONG_TABLE

if TYPE_CHECKING:
    import pyarrow as pa


def main(argv: Sequence[str] | None = None) -> int:
    """Write the table; see the module's docstring and `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scores", nargs="+", default=[], help="score files (JSON), paths or patterns with braces")
    parser.add_argument("--list", type=Path, help="text file with one path of a score file per line")
    parser.add_argument("--out", type=Path, required=True, help="table to write (Parquet)")
    add_log_argument(parser)
    options = parser.parse_args(argv)
    log = configure(options.log, stage="collect scores")
    paths = [*expand(options.scores), *(_read_list(options.list) if options.list else ())]
    if not paths:
        raise UserError("no score files given; name them with --scores, or in a file with --list")
    table = score_table([row for path in paths for row in score_rows(path)])
    write_table(options.out, table)
    log.info("%s: %d rows from %d files", options.out, table.num_rows, len(paths))
    return 0


def score_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield one row per language and metric of one score file.

    `task_version` holds the versions of task and metric, such as `1+chunk_f1.1`: either can change a value.

    Raises:
        UserError: the file is missing or not as `score` writes it.
    """
    scores = read_json(path)
    try:
        shared = {
            name: scores[name]
            for name in ("collection", "model", "source", "target", "seed", "data_sha", "spec_hash", "commit")
        }
        for language, result in scores["languages"].items():
            for metric, value in result["metrics"].items():
                yield shared | {
                    "language": language,
                    "metric": metric,
                    "value": float(value),
                    "n": result["n"],
                    "main_metric": metric in scores["main_metrics"],
                    "task_version": f"{scores['task_version']}+{scores['metric_versions'][metric]}",
                }
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is not as score.py writes it ({error!r}); delete it and run again") from error


def score_table(rows: Sequence[dict[str, Any]]) -> "pa.Table":
    """Return the rows as a table with the fixed columns, sorted: the order of files does not matter.

    Raises:
        UserError: two rows have the same name.
    """
    import pyarrow as pa

    schema = pa.schema([(column.name, column.type) for column in LONG_TABLE])
    counts = Counter(tuple(row[name] for name in KEY) for row in rows)
    for key, count in sorted(counts.items()):
        if count > 1:
            named = ", ".join(f"{name}={value}" for name, value in zip(KEY, key, strict=True))
            raise UserError(f"{count} scores for {named}; the same file may have been given twice")
    ordered = sorted(rows, key=lambda row: tuple(row[name] for name in KEY))
    return pa.Table.from_pylist(ordered, schema=schema)


def _read_list(path: Path) -> list[Path]:
    """Return the paths in a text file, one per line; empty lines are skipped."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise UserError(f"{path} is missing; expected a list of score files") from None
    return [Path(line) for line in lines if line.strip()]


if __name__ == "__main__":
    sys.exit(run(main))
