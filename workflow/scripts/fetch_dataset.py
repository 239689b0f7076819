"""Bring the repositories of one task into a folder in the Hub's layout and list their files.

    python -m workflow.scripts.fetch_dataset --task xnli --spec '{...}' --manifest repositories/xnli/manifest.json

The specification holds the task's identity, the provider and, for the laboratory, its seed, languages and row counts.
The manifest is written last: where it exists, the files it lists are whole.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from workflow.scripts.files import write_json
from workflow.scripts.logs import configure, run
from workflow.scripts.runspec import decode
from workflow.scripts.sources import providers
from workflow.scripts.tasks import find_task


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--spec", required=True, help="run specification (JSON)")
    parser.add_argument(
        "--manifest", required=True, type=Path, help="list of files to write, in the folder of the repositories"
    )
    parser.add_argument("--log", type=Path, help="log file")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    arguments = parse_arguments(argv)
    log = configure(arguments.log, f"data {arguments.task}")
    task, spec, root = find_task(arguments.task), decode(arguments.spec), arguments.manifest.parent
    providers.generate(task, seed=spec["seed"], languages=spec["languages"], examples=spec["examples"], root=root)
    listed = providers.manifest(task, root, providers.task_languages(task, spec["languages"]))
    write_json(arguments.manifest, listed)
    log.info("%d files under %s", len(listed["files"]), root)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
