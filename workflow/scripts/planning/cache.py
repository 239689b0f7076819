"""What a finished study can do without: files that its data are made into again, and states that no run goes on from.

Prepared data and token files are made again from the repositories without training or network. What is removed is
noted in `results/{collection}/removed.json` with content and times, so that what is made again can be put in its place
as if it had never been away: Snakemake would else take it for new input, and train again.
"""

import os
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json, sha256, write_json
from workflow.scripts.planning.jobs import Job

MADE = {"prepare_task": "prepared data", "tokenize_task": "tokens"}
"""Rules whose outputs are removed, in the order in which they are made again. Translations cost too much."""

ABANDONED, UNFINISHED = "states of abandoned runs", "files half written"
DAY = 24 * 3600

Record = dict[str, dict[str, Any]]
"""By path from the project's folder: `rule`, `bytes`, `sha256`, `mtime_ns`; those with `kept` were never removed."""


@dataclass(frozen=True, slots=True)
class Removable:
    """A file that can be removed, why, and the CPU seconds that making it took (None: not known, or not made again)."""

    path: Path
    kind: str
    bytes: int
    seconds: float | None = None


def check_finished(jobs: Iterable[Job], root: Path) -> None:
    """Check that all but data is done, for what is made later would need the removed files, and so would all beside it.

    Raises:
        UserError: a job is not done, or a training is of another specification.
    """
    open_ = [job for job in jobs if job.stage != "data" and job.state(root) != "done"]
    if open_:
        raise UserError(
            f"{len(open_)} jobs of the plan are not done, such as {open_[0].output}: what they need would be made "
            "again, and with it all that has been made from it. Expected a finished study; finish it, or name what is "
            "finished with CLEAN='--target all' (the main study) or study_<name>"
        )


def removable(jobs: Iterable[Job], root: Path, collection: str) -> list[Removable]:
    """Return what a finished study can do without.

    Args:
        jobs: of the plan, all done.
        root: the folder above `results`.
        collection: of the study.
    """
    found, folder = [], root / f"results/{collection}"
    for job in jobs:
        if job.rule in MADE:
            path = root / made_file(job)
            if path.is_file():
                found.append(Removable(path, MADE[job.rule], path.stat().st_size, cpu_seconds(folder, job)))
    for pattern, kind in (("state/*/*", ABANDONED), ("**/.*.tmp", UNFINISHED)):
        old = time.time() - DAY  # a run of another configuration may be going on
        paths = [path for path in sorted(folder.glob(pattern)) if path.is_file() and path.stat().st_mtime < old]
        found += [Removable(path, kind, path.stat().st_size) for path in paths]
    return found


def made_file(job: Job) -> str:
    """Return the file of a job that is removed: of prepared data the rows, not the counts beside them."""
    return job.output.removesuffix(".json") + ".parquet" if job.rule == "prepare_task" else job.output


def cpu_seconds(folder: Path, job: Job) -> float | None:
    """Return the CPU seconds that a job took at last, as its log file says, None where it does not."""
    name = f"{job.task}.{job.split}.log"
    path = folder / "logs" / (f"tokenize/{job.model}/{name}" if job.rule == "tokenize_task" else f"prepare/{name}")
    if not path.is_file():
        return None
    times = re.findall(r"finished: [\d.]+ s, ([\d.]+) s CPU", path.read_text(encoding="utf-8", errors="replace"))
    return float(times[-1]) if times else None


def record_path(root: Path, collection: str) -> Path:
    """Return the file that says what was removed."""
    return root / f"results/{collection}/removed.json"


def remove(files: Sequence[Removable], jobs: Iterable[Job], root: Path, collection: str) -> None:
    """Note what is made again, then remove everything."""
    path = record_path(root, collection)
    record: Record = read_json(path) if path.is_file() else {}
    going = {file.path for file in files}
    for job in jobs:
        file = root / made_file(job)
        if job.rule in MADE and file in going:
            record[made_file(job)] = _noted(file, job.rule)
            beside = root / job.output
            if beside != file and beside.is_file():
                record[job.output] = _noted(beside, job.rule) | {"kept": True}
    write_json(path, record)
    for one in files:
        one.path.unlink()
        if one.kind == ABANDONED and not list(one.path.parent.iterdir()):
            one.path.parent.rmdir()


def _noted(path: Path, rule: str) -> dict[str, Any]:
    found = path.stat()
    return {"rule": rule, "bytes": found.st_size, "sha256": sha256(path), "mtime_ns": found.st_mtime_ns}


def missing(record: Record, root: Path, rule: str) -> list[str]:
    """Return what a rule has to make again."""
    return [path for path, noted in record.items() if noted["rule"] == rule and not (root / path).is_file()]


def put_back(record: Record, root: Path, rule: str) -> list[str]:
    """Give files that are as they were their times back, and return those that are not."""
    changed = []
    for path, noted in record.items():
        file = root / path
        if noted["rule"] != rule or not file.is_file():
            continue
        if sha256(file) == noted["sha256"]:
            os.utime(file, ns=(file.stat().st_atime_ns, noted["mtime_ns"]))
        else:
            changed.append(path)
    return changed
