r"""Turn one split of a task's repositories into a canonical Parquet file, checked row by row, with its statistics.

python -m workflow.scripts.prepare_task --task xnli --split test --spec '{...}' \
        --manifest repositories/xnli/manifest.json --table data/xnli/test.parquet --statistics data/xnli/test.json
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from workflow.scripts.files import read_json, sha256, write_json, write_table
from workflow.scripts.logs import configure, run
from workflow.scripts.runspec import decode
from workflow.scripts.sources import canonical, providers
from workflow.scripts.tasks import find_task


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--split", required=True, choices=("train", "dev", "test"))
    parser.add_argument("--spec", required=True, help="run specification (JSON)")
    parser.add_argument("--manifest", required=True, type=Path, help="list of the task's files")
    parser.add_argument("--table", required=True, type=Path, help="canonical Parquet file to write")
    parser.add_argument("--statistics", required=True, type=Path, help="JSON file of counts to write")
    parser.add_argument("--log", type=Path, help="log file")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    arguments = parse_arguments(argv)
    log = configure(arguments.log, f"data {arguments.task} {arguments.split}")
    task, spec = find_task(arguments.task), decode(arguments.spec)
    languages = canonical.split_languages(task, arguments.split, providers.task_languages(task, spec["languages"]))
    by_code = {language.code: language for language in languages}
    files = [entry for entry in read_json(arguments.manifest)["files"] if entry["split"] == arguments.split]
    rows = [row for entry in files for row in canonical.read_entry(task, arguments.manifest.parent, entry, by_code)]
    table = canonical.to_table(task.family, rows)
    canonical.check_table(task, arguments.split, table, languages)
    write_table(arguments.table, table)
    counts = {
        "task": task.name,
        "split": arguments.split,
        "task_version": task.version,
        "sha256": sha256(arguments.table),
    }
    write_json(arguments.statistics, counts | canonical.statistics(task, table))
    log.info("%d rows in %d languages", table.num_rows, len(languages))
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
