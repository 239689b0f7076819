r"""Say what a study takes before anything runs: jobs, tokens, FLOPs, hours, disk, the smallest gain it can show.

    python -m workflow.scripts.plan_study --config config/paper.yaml
    python -m workflow.scripts.plan_study --config config/studies/duration.yaml --target study_duration
    python -m workflow.scripts.plan_study --config config/paper.yaml --gpu H100-80GB --utilisation 0.4 --json plan.json

Nothing is written but the file of `--json`, and nothing is fetched. docs/how-to/plan.md has formulas and sources.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from workflow.scripts.errors import UserError
from workflow.scripts.files import parse_yaml, write_json
from workflow.scripts.logs import run
from workflow.scripts.planning.disk import disk_bytes
from workflow.scripts.planning.graph import default_targets, planned_jobs
from workflow.scripts.planning.jobs import STAGES, Job
from workflow.scripts.planning.parts import parts_of
from workflow.scripts.planning.prices import (
    CPU_FLOPS,
    EXAMPLE_DEVIATION,
    SEED_DEVIATION,
    UTILISATION,
    choose_gpus,
    detectable_effect,
)
from workflow.scripts.planning.text import plan_lines
from workflow.scripts.planning.work import Estimator
from workflow.scripts.study import Study


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True, help="configuration of the study")
    parser.add_argument(
        "--target", nargs="*", default=[], help="of Snakemake; by default all, and studies where declared"
    )
    parser.add_argument("--gpu", nargs="*", default=[], help="GPUs of reference/planning/gpus.csv; none = all")
    parser.add_argument("--peak", nargs="*", default=[], help="other GPUs, <name>=<TFLOPS>")
    parser.add_argument("--utilisation", type=float, default=UTILISATION, help="share of the peak that is reached")
    parser.add_argument("--cpu-gflops", type=float, default=CPU_FLOPS / 1e9, help="10^9 operations a second of a core")
    parser.add_argument("--seed-deviation", type=float, default=SEED_DEVIATION, help="of a gain, in points")
    parser.add_argument("--example-deviation", type=float, default=EXAMPLE_DEVIATION, help="of a gain, in points")
    parser.add_argument("--json", type=Path, help="file for the same figures as JSON")
    arguments = parser.parse_args(argv)
    if not 0 < arguments.utilisation <= 1:
        raise UserError(f"--utilisation {arguments.utilisation:g} is no share; expected more than 0 and at most 1")
    for name in ("cpu_gflops", "seed_deviation", "example_deviation"):
        if not 0 < getattr(arguments, name) < float("inf"):
            raise UserError(f"--{name.replace('_', '-')} {getattr(arguments, name):g}; expected a number above 0")
    return arguments


def read_config(path: Path) -> dict[str, Any]:
    """Return a configuration as it stands in its file.

    Raises:
        UserError: the file is missing, no YAML, or holds something else than keys.
    """
    try:
        config = parse_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); expected a configuration of a study") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(config, dict):
        raise UserError(f"{path} holds no keys; expected a configuration of a study")
    return config


def make_plan(study: Study, arguments: argparse.Namespace, root: Path) -> dict[str, Any]:
    """Return all figures of a plan; `root` is the folder above `results`.

    Raises:
        UserError: a target or GPU is not known.
    """
    targets = list(dict.fromkeys(arguments.target)) or default_targets(study)
    estimator, jobs = Estimator(study, root), planned_jobs(study, targets)
    gpus, share = choose_gpus(arguments.gpu, arguments.peak), arguments.utilisation
    work, states = estimator.estimate(jobs), {job.output: job.state(root) for job in jobs}
    counts = Counter((job.stage, states[job.output]) for job in jobs)
    stages: dict[str, dict[str, Any]] = {}
    for stage in STAGES:
        done, stale, missing = (counts[stage, state] for state in ("done", "stale", "missing"))
        stages[stage] = {"jobs": done + stale + missing, "done": done, "stale": stale}
        if stage in work:
            cpu_hours = work[stage].flops / (arguments.cpu_gflops * 1e9) / 3600
            stages[stage] |= {"tokens": work[stage].tokens, "flops": work[stage].flops, "cpu_hours": cpu_hours}
    total = sum(part.flops for part in work.values())
    left = estimator.estimate(job for job in jobs if states[job.output] != "done")
    deviations = {"seed_deviation": arguments.seed_deviation, "example_deviation": arguments.example_deviation}
    return {
        "collection": study.collection,
        "targets": targets,
        "total_jobs": len(jobs) + len(targets),
        "rules": dict(Counter(job.rule for job in jobs)) | dict.fromkeys(targets, 1),
        "stages": stages,
        "parts": parts_of(estimator, jobs, gpus, share),
        "tokens": sum(part.tokens for part in work.values()),
        "flops": total,
        "flops_left": sum(part.flops for part in left.values()),
        "unknown": sorted(set().union(*(part.unknown for part in work.values()))),
        "estimated": any(part.estimated for part in work.values()),
        "utilisation": share,
        "gpus": [
            {"gpu": g.name, "tflops": g.tflops, "precision": g.precision, "hours": g.hours(total, share)} for g in gpus
        ],
        "disk": disk_bytes(estimator, jobs),
        "present_bytes": present_bytes(jobs, root),
        "detectable": {"seeds": len(study.seeds), "points": detectable_effect(len(study.seeds), **deviations)}
        | deviations,
    }


def present_bytes(jobs: Sequence[Job], root: Path) -> int:
    """Return the bytes of the jobs' outputs that are there: of models with all files in their folder."""
    files: set[Path] = set()
    for job in jobs:
        path = root / job.output
        if path.is_file():
            files |= set(path.parent.iterdir()) if path.name == "run.json" else {path, path.with_suffix(".parquet")}
    return sum(file.stat().st_size for file in files if file.is_file())


def main(argv: Sequence[str] | None = None) -> int:
    """Print the plan; see the module's docstring and `--help`."""
    arguments = parse_arguments(argv)
    plan = make_plan(Study(read_config(arguments.config)), arguments, Path())
    if arguments.json:
        write_json(arguments.json, plan)
    print("\n".join(plan_lines(plan)))
    return 0


if __name__ == "__main__":
    sys.exit(run(main, stage="plan"))
