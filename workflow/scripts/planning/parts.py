"""What the main study and each study of a configuration take, and how much of it no other one shares."""

from collections.abc import Iterable, Sequence
from typing import Any

from workflow.scripts.planning.disk import disk_bytes
from workflow.scripts.planning.graph import Graph
from workflow.scripts.planning.jobs import MAIN, Job
from workflow.scripts.planning.prices import Gpu
from workflow.scripts.planning.work import Estimator


def parts_of(
    estimator: Estimator, jobs: Sequence[Job], gpus: Sequence[Gpu], utilisation: float
) -> dict[str, dict[str, Any]]:
    """Return jobs, FLOPs, hours and disk of each part of a plan, whole and its own; nothing where there is one part.

    Parts are the main study (`all`) and the studies, of those that the plan holds whole.

    Args:
        estimator: of the study.
        jobs: of the plan.
        gpus: whose hours are told.
        utilisation: share of their peak.
    """
    graph, planned = Graph(estimator.study), {job.output for job in jobs}
    wanted = {MAIN: graph.target(MAIN)} | {name: graph.studies.outputs(name) for name in graph.studies.designs}
    shares = {name: set(graph.behind(paths)) for name, paths in wanted.items()}
    shares = {name: outputs for name, outputs in shares.items() if outputs <= planned}
    if len(shares) < 2:
        return {}
    found = {}
    for name, outputs in shares.items():
        others = set().union(*(outputs for other, outputs in shares.items() if other != name))
        parts = {"whole": outputs, "own": outputs - others}
        chosen = {key: [job for job in jobs if job.output in part] for key, part in parts.items()}
        found[name] = {key: _figures(estimator, part, gpus, utilisation) for key, part in chosen.items()}
    return found


def _figures(estimator: Estimator, jobs: Sequence[Job], gpus: Iterable[Gpu], utilisation: float) -> dict[str, Any]:
    flops = sum(work.flops for work in estimator.estimate(jobs).values())
    hours = {gpu.name: gpu.hours(flops, utilisation) for gpu in gpus}
    return {"jobs": len(jobs), "flops": flops, "hours": hours, "disk_bytes": sum(disk_bytes(estimator, jobs).values())}
