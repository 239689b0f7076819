"""What each stage cost and what made the numbers, from the run cards (`run.json`) and the long table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json

STAGES = {
    "pretrained": "Pretrained elsewhere",
    "pretraining": "Pretraining",
    "trunk": "Trunks of durations",
    "intermediate": "Intermediate training",
    "imported": "Imported checkpoints",
    "finetuning": "Fine-tuning",
}

MODEL_FOLDERS = {
    "pretrained": ("models", 1),
    "pretraining": ("models", 1),  # models/{model}/run.json
    "trunk": ("trunks", 3),  # trunks/{model}/{source}/seed{seed}/run.json
    "intermediate": ("intermediate", 3),  # intermediate/{model}/{source}/seed{seed}/run.json
    "imported": ("intermediate", 3),
    "finetuning": ("finetuned", 4),  # finetuned/{model}/{source}/seed{seed}/{task}/run.json
}
"""The folder of a stage's models, and how many levels below it a run card stands."""


@dataclass(frozen=True, slots=True)
class Run:
    """One training run: the model it belongs to, its stage, its run card and the size of its folder."""

    model: str
    stage: str
    card: Mapping[str, Any]
    disk_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class StageCost:
    """The runs of one stage of one model together; None where no run card has the figure."""

    model: str
    title: str
    runs: int
    seconds: float | None
    cpu_seconds: float | None
    tokens: int | None
    peak_memory_mb: float | None
    devices: tuple[str, ...]
    flops: float | None = None
    disk_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the numbers come from; each tuple is sorted and without repetitions.

    `data` holds (target, task version, SHA-256), `specs` (model, source, target, hash of the run specification).
    """

    versions: tuple[tuple[str, str], ...]
    training_commits: tuple[str, ...]
    scoring_commits: tuple[str, ...]
    data: tuple[tuple[str, str, str], ...]
    specs: tuple[tuple[str, str, str, str], ...]


def read_run(path: Path) -> Run:
    """Read a run card; its place below the results says which model it belongs to.

    Raises:
        UserError: the file is missing, is no run card, or stands elsewhere than its stage writes it.
    """
    card = read_json(path)
    stage = card.get("stage") if isinstance(card, dict) else None
    if stage not in MODEL_FOLDERS:
        raise UserError(f"{path} is no run card: its 'stage' is {stage!r}, expected one of {', '.join(STAGES)}.")
    folder, depth = MODEL_FOLDERS[stage]
    above = path.parts[: -depth - 1]
    if not above or above[-1] != folder:
        raise UserError(f"{path} is the run card of {stage}, expected {depth} level(s) below a folder '{folder}'.")
    files = [file for file in path.parent.iterdir() if file.is_file()]
    return Run(path.parts[-depth - 1], stage, card, sum(file.stat().st_size for file in files))


def stage_costs(runs: Sequence[Run]) -> list[StageCost]:
    """Return the cost of each stage of each model in the order of the workflow, and of all together."""
    costs = []
    for model in dict.fromkeys(run.model for run in runs):
        for stage, title in STAGES.items():
            chosen = [run for run in runs if (run.model, run.stage) == (model, stage)]
            if chosen:
                costs.append(_cost(model, title, chosen))
    return [*costs, _cost("", "All", runs)] if len(costs) > 1 else costs


def provenance(table: pa.Table, runs: Sequence[Run]) -> Provenance:
    """Collect versions, commits, data and specification hashes."""
    rows = table.to_pylist()
    cards = [run.card for run in runs]
    versions = {(str(name), str(value)) for card in cards for name, value in (card.get("versions") or {}).items()}
    data = {(row["target"], _text(row, "task_version"), _text(row, "data_sha")) for row in rows}
    specs = {(row["model"], row["source"], row["target"], _text(row, "spec_hash")) for row in rows}
    return Provenance(
        versions=tuple(sorted(versions)),
        training_commits=_distinct(card.get("commit") for card in cards),
        scoring_commits=_distinct(row.get("commit") for row in rows),
        data=tuple(sorted(data)),
        specs=tuple(sorted(specs)),
    )


def _cost(model: str, title: str, runs: Sequence[Run]) -> StageCost:
    cards = [run.card for run in runs]
    sizes = [run.disk_bytes for run in runs if run.disk_bytes is not None]

    def known(key: str) -> list[float]:
        return [card[key] for card in cards if card.get(key) is not None]

    tokens = known("tokens")
    return StageCost(
        model=model,
        title=title,
        runs=len(cards),
        seconds=sum(known("seconds")) if known("seconds") else None,
        cpu_seconds=sum(known("cpu_seconds")) if known("cpu_seconds") else None,
        tokens=int(sum(tokens)) if tokens else None,
        peak_memory_mb=max(known("peak_memory_mb"), default=None),
        devices=_distinct(card.get("device") for card in cards),
        flops=sum(known("flops")) if known("flops") else None,
        disk_bytes=sum(sizes) if sizes else None,
    )


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    return "" if value is None else str(value)


def _distinct(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(sorted({str(value) for value in values if value}))
