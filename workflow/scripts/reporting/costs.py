"""What each stage cost and what made the numbers, from the training manifests (`run.json`) and the long table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from workflow.scripts.errors import UserError

STAGES = {"pretraining": "Pretraining", "intermediate": "Intermediate training", "finetuning": "Fine-tuning"}


@dataclass(frozen=True, slots=True)
class StageCost:
    """The runs of one stage together; None where no manifest has the figure."""

    title: str
    runs: int
    seconds: float | None
    cpu_seconds: float | None
    tokens: int | None
    peak_memory_mb: float | None
    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the numbers come from; each tuple is sorted and without repetitions."""

    versions: tuple[tuple[str, str], ...]
    training_commits: tuple[str, ...]
    scoring_commits: tuple[str, ...]
    data: tuple[tuple[str, str, str], ...]
    specs: tuple[tuple[str, str, str], ...]


def stage_costs(runs: Sequence[Mapping[str, Any]]) -> list[StageCost]:
    """Return the cost of each stage in the order of the workflow, and of all together where there are several.

    Raises:
        UserError: a manifest names no stage.
    """
    for number, run in enumerate(runs):
        if not run.get("stage"):
            raise UserError(f"training manifest {number} has no 'stage'; its keys: {', '.join(run)}.")
    names = [*STAGES, *sorted({run["stage"] for run in runs} - set(STAGES))]
    costs = []
    for name in names:
        chosen = [run for run in runs if run["stage"] == name]
        if chosen:
            costs.append(_cost(STAGES.get(name, name), chosen))
    return [*costs, _cost("All stages", runs)] if len(costs) > 1 else costs


def provenance(table: pa.Table, runs: Sequence[Mapping[str, Any]]) -> Provenance:
    """Collect versions, commits, data (target, task version, SHA-256) and specification hashes."""
    rows = table.to_pylist()
    versions = {(str(name), str(value)) for run in runs for name, value in (run.get("versions") or {}).items()}
    data = {(row["target"], _text(row, "task_version"), _text(row, "data_sha")) for row in rows}
    specs = {(row["source"], row["target"], _text(row, "spec_hash")) for row in rows}
    return Provenance(
        versions=tuple(sorted(versions)),
        training_commits=_distinct(run.get("commit") for run in runs),
        scoring_commits=_distinct(row.get("commit") for row in rows),
        data=tuple(sorted(data)),
        specs=tuple(sorted(specs)),
    )


def _cost(title: str, runs: Sequence[Mapping[str, Any]]) -> StageCost:
    def known(key: str) -> list[float]:
        return [run[key] for run in runs if run.get(key) is not None]

    tokens = known("tokens")
    return StageCost(
        title=title,
        runs=len(runs),
        seconds=sum(known("seconds")) if known("seconds") else None,
        cpu_seconds=sum(known("cpu_seconds")) if known("cpu_seconds") else None,
        tokens=int(sum(tokens)) if tokens else None,
        peak_memory_mb=max(known("peak_memory_mb"), default=None),
        devices=_distinct(run.get("device") for run in runs),
    )


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    return "" if value is None else str(value)


def _distinct(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(sorted({str(value) for value in values if value}))
