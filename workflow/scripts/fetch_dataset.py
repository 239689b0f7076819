"""Bring the repositories of one task into a folder in the Hub's layout and list their files.

    python -m workflow.scripts.fetch_dataset --task xnli --spec '{...}' --manifest repositories/xnli/manifest.json

The specification holds the task's identity and the provider; for the laboratory its seed, languages and row counts.
Where a mirror or a user's files are is an argument, not identity. The manifest is written last: where it exists, the
files it lists are whole.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.files import write_json
from workflow.scripts.logs import configure, run
from workflow.scripts.runspec import decode
from workflow.scripts.sources import generated, providers, user_files
from workflow.scripts.sources.lock import LOCK_PATH
from workflow.scripts.sources.mirror import Clones
from workflow.scripts.tasks import Task, restore_task

DEFAULTS = {"provider": "laboratory", "languages": providers.ALL, "commits": {}}


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--spec", required=True, help="run specification (JSON)")
    parser.add_argument("--mirror", default="mirror", help="folder of clones (provider mirror)")
    parser.add_argument("--local", default="{}", help="folders of a user's own files by task, as JSON (provider local)")
    parser.add_argument("--lock", type=Path, default=Path(LOCK_PATH), help="pinned commits (provider hub)")
    parser.add_argument(
        "--manifest", required=True, type=Path, help="list of files to write, in the folder of the repositories"
    )
    add_log_argument(parser)
    return parser.parse_args(argv)


def repositories(task: Task, spec: dict[str, Any], arguments: argparse.Namespace) -> providers.Repositories:
    """Return the repositories that a provider offers; those that it makes itself are written first."""
    provider, root = spec["provider"], arguments.manifest.parent
    if provider == "mirror":
        return providers.clones(arguments.mirror)
    if provider == "hub":
        return providers.HubRepositories(arguments.lock)
    if provider == "local":
        languages = providers.languages_of(task, provider, spec["languages"])
        lenient = spec["languages"] == providers.AVAILABLE
        folder = Path(json.loads(arguments.local)[task.name])
        user_files.write(task, spec["format"], folder, root, languages, lenient=lenient)
    else:
        generated.generate(task, seed=spec["seed"], languages=spec["languages"], examples=spec["examples"], root=root)
    return Clones(root)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    arguments = parse_arguments(argv)
    log = configure(arguments.log, f"data {arguments.task}")
    spec, root = decode(arguments.spec, DEFAULTS), arguments.manifest.parent
    task = restore_task(arguments.task, spec["task"])
    offered = repositories(task, spec, arguments)
    languages = providers.languages_of(task, spec["provider"], spec["languages"])
    lenient = spec["languages"] == providers.AVAILABLE
    manifest = providers.bring(task, offered, languages, root, lenient=lenient)
    if "format" in spec:
        manifest["own_files"] = spec["format"]
    write_json(arguments.manifest, manifest | {"asked": spec["commits"]})
    log.info("%d files under %s", len(manifest["files"]), root)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
