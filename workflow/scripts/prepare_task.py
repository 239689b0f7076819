r"""Turn one split of a task's repositories into a canonical Parquet file, checked row by row, with its statistics.

python -m workflow.scripts.prepare_task --task xnli --split test --spec '{...}' \
        --manifest repositories/xnli/manifest.json --table data/xnli/test.parquet --statistics data/xnli/test.json
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.files import read_json, sha256, write_json, write_table
from workflow.scripts.logs import configure, run
from workflow.scripts.runspec import decode
from workflow.scripts.sources import canonical, providers, ranking_pools
from workflow.scripts.sources.statistics import size_warnings, statistics
from workflow.scripts.tasks import TASKS, Family, Task, restore_task

DEFAULTS = {"provider": "laboratory", "languages": providers.ALL, "limit": None}


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--split", required=True, choices=("train", "dev", "test"))
    parser.add_argument("--spec", required=True, help="run specification (JSON)")
    parser.add_argument("--manifest", required=True, type=Path, help="list of the task's files")
    parser.add_argument("--table", required=True, type=Path, help="canonical Parquet file to write")
    parser.add_argument("--statistics", required=True, type=Path, help="JSON file of counts to write")
    add_log_argument(parser)
    return parser.parse_args(argv)


def warnings(task: Task, split: str, counts: Mapping[str, int], spec: Mapping[str, Any]) -> list[str]:
    """Return what a reader of the scores has to know of the data: other origins, other sizes, a limit.

    Args:
        task: as the study reads it.
        split: which split.
        counts: rows by language before the limit.
        spec: the run specification.
    """
    if spec["provider"] == "laboratory":
        return []
    found = size_warnings(task, split, counts)
    if task.origins(split) != TASKS[task.name].origins(split):
        found.append("not the benchmark's own origin: scores are not comparable with published ones")
    if spec["limit"] is not None and max(counts.values()) > spec["limit"]:
        found.append(f"a sample of {spec['limit']:,} rows of each language of {sum(counts.values()):,} rows in all")
    return found


def origins(task: Task, split: str, manifest: Mapping[str, Any], provider: str) -> list[dict[str, Any]]:
    """Return where a split is from, with the commits of the manifest; what is of no repository has no revision."""
    if "own_files" in manifest:
        return [{"repository": "own files", "config": manifest["own_files"], "split": split}]
    if provider == "laboratory":
        return [{"repository": "generated", "config": task.laboratory, "split": split}]
    commits = {(entry["repository"], entry["revision"]): entry["commit"] for entry in manifest["repositories"]}
    return [
        {
            "repository": origin.repository,
            "config": origin.config,
            "split": origin.split,
            "revision": origin.revision,
            "commit": commits.get((origin.repository, origin.revision)),
        }
        for origin in task.origins(split)
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    arguments = parse_arguments(argv)
    split, log = arguments.split, configure(arguments.log, f"data {arguments.task} {arguments.split}")
    spec, manifest = decode(arguments.spec, DEFAULTS), read_json(arguments.manifest)
    task = restore_task(arguments.task, spec["task"])
    languages = canonical.split_languages(
        task, split, providers.languages_of(task, spec["provider"], spec["languages"])
    )
    head = spec["limit"] if task.family is Family.TEXT else None
    reader = canonical.Reader(task, split, languages, head=head)
    rows = canonical.join_gold(list(reader.rows(arguments.manifest.parent, manifest["files"])), reader.repairs)
    if task.family is Family.RANKING:
        rows = ranking_pools.merge_candidates(rows)
    whole = canonical.to_table(task.family, rows, task.slices)
    lenient = spec["languages"] == providers.AVAILABLE and (split == "test" or task.family in canonical.MULTILINGUAL)
    missing = canonical.check_table(task, split, whole, languages, lenient=lenient)
    if task.family is Family.RANKING:
        ranking_pools.check_answers(task, split, whole)
        table = ranking_pools.sample_queries(whole, spec["limit"], split)
    else:
        table = canonical.sample(whole, spec["limit"])
    write_table(arguments.table, table)
    described = {
        "task": task.name,
        "split": split,
        "task_version": task.version,
        "sha256": sha256(arguments.table),
        **statistics(task, table),
        "repairs": dict(sorted(reader.repairs.items())),
        "warnings": warnings(task, split, statistics(task, whole)["languages"], spec),
        "missing_languages": missing,
        "origins": origins(task, split, manifest, spec["provider"]),
    }
    write_json(arguments.statistics, described)
    for reason, count in described["repairs"].items():
        log.warning("%d rows %s", count, reason)
    for sentence in described["warnings"]:
        log.warning("%s", sentence)
    if missing:
        log.warning("no rows in %s", ", ".join(missing))
    log.info("%d rows in %d languages", table.num_rows, len(described["languages"]))
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
