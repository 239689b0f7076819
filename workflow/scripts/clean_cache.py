r"""Say what a finished study can do without, what it costs to make it again and how; with --remove, remove it.

    python -m workflow.scripts.clean_cache --config config/config.yaml
    python -m workflow.scripts.clean_cache --config config/config.yaml --remove

These are prepared data and token files, states of abandoned runs and files that were half written a day ago. No model,
trunk, prediction, score, table or figure is touched, nor what was fetched. `restore_cache` makes all of it again.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from workflow.scripts.logs import run
from workflow.scripts.plan_study import read_config
from workflow.scripts.planning.cache import MADE, Removable, check_finished, removable, remove
from workflow.scripts.planning.graph import planned_jobs
from workflow.scripts.study import Study


def main(argv: Sequence[str] | None = None) -> int:
    """Tell, and remove if that is wanted; see the module's docstring and `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True, help="configuration of the study")
    parser.add_argument("--target", nargs="*", default=[], help="finished targets; by default all and studies")
    parser.add_argument("--remove", action="store_true", help="remove what is told; without it nothing is changed")
    options = parser.parse_args(argv)
    study, root = Study(read_config(options.config)), Path()
    jobs = planned_jobs(study, options.target)
    check_finished(jobs, root)
    files = removable(jobs, root, study.collection)
    print("\n".join(lines(files, options.config, removed=options.remove)))
    if options.remove and files:
        remove(files, jobs, root, study.collection)
    return 0


def lines(files: Sequence[Removable], config: Path, *, removed: bool) -> list[str]:
    """Return what is removed, by kind, and what it costs to make it again."""
    told = [f"{'kind':<26}{'files':>7}{'MB':>10}{'CPU s to make again':>22}"]
    for kind in dict.fromkeys(file.kind for file in files):
        mine = [file for file in files if file.kind == kind]
        known = [file.seconds for file in mine if file.seconds is not None]
        unknown = f" + {len(mine) - len(known)} unknown" if known and len(known) < len(mine) else ""
        cost = f"{sum(known):,.0f}{unknown}" if known else "unknown" if kind in MADE.values() else "-"
        told.append(f"{kind:<26}{len(mine):>7,}{sum(file.bytes for file in mine) / 1e6:>10,.1f}{cost:>22}")
    if not files:
        return ["Nothing to be removed"]
    return [
        *told,
        "",
        "Snakemake has nothing to do afterwards. Before the study is extended, or a part of it run again,",
        f"  make restore-cache CONFIG={config}",
        "makes these files again and gives them their times back; without it Snakemake makes them itself, takes them",
        "for new input, and trains, predicts and scores again all that was made from them.",
        "",
        "Removed." if removed else f"Nothing was removed; make clean-cache CONFIG={config} CONFIRM=yes removes it.",
    ]


if __name__ == "__main__":
    sys.exit(run(main, stage="clean"))
