"""Which GPUs a job computes on where no scheduler decides: leases, so that jobs side by side get different ones.

Snakemake counts the GPUs of a workstation but does not hand them out. A lease is a lock (`flock`) on one file for each
GPU in a folder of this machine. The kernel gives it back when the process that holds it ends, however it ends. This
module imports the standard library only; rules read it.

Environment:
    CUDA_VISIBLE_DEVICES   the GPUs to choose from; empty or -1 for none.
    GPU_LEASES             folder of the locks.
    PRETENDED_GPUS         so many GPUs are assumed to be there (for tests of what hands them out).
"""

import fcntl
import logging
import os
import random
import subprocess
import tempfile
import time
from pathlib import Path

from workflow.scripts.errors import UserError

log = logging.getLogger(__name__)

ASSIGNED = "GPUS_ASSIGNED"
"""Set for the processes that `launch` starts together: their GPUs have been chosen."""

WAIT_SECONDS = 1.0
TOLD_EVERY = 60.0

_DRIVER = Path("/proc/driver/nvidia/gpus")
_held: list[int] = []


def visible_gpus() -> list[str]:
    """Return the GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them (numbers or UUIDs)."""
    count = _count()
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is None or not count:
        return [str(number) for number in range(count)]
    ids = [entry.strip() for entry in named.split(",")]
    # CUDA sees what stands before the first entry that is no GPU
    end = next((place for place, entry in enumerate(ids) if not _names_gpu(entry, count)), len(ids))
    return ids[:end]


def _names_gpu(entry: str, count: int) -> bool:
    """Return whether an entry of CUDA_VISIBLE_DEVICES names one of the machine's GPUs, by number or UUID."""
    return int(entry) < count if entry.isdigit() else entry not in ("", "-1")


def _count() -> int:
    """Return how many GPUs the driver knows."""
    if "PRETENDED_GPUS" in os.environ:
        return int(os.environ["PRETENDED_GPUS"])
    if _DRIVER.is_dir():
        return len(list(_DRIVER.iterdir()))
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    return sum(line.startswith("GPU ") for line in listed.splitlines())


def are_assigned() -> bool:
    """Return whether somebody else has chosen this job's GPUs: Slurm, or `launch` for several processes."""
    if os.environ.get(ASSIGNED) == "1":
        return True
    names = ("CUDA_VISIBLE_DEVICES", "SLURM_STEP_GPUS", "SLURM_JOB_GPUS")
    return "SLURM_JOB_ID" in os.environ and any(name in os.environ for name in names)


def take(count: int) -> list[str]:
    """Choose this job's GPUs, wait for them if need be, and make CUDA see no others; return their names.

    Several are taken together or not at all, so that two jobs never wait for each other. They are held until the
    process ends. CUDA must not have been used before.

    Raises:
        UserError: the machine does not have so many.
    """
    there = visible_gpus()
    if count > len(there):
        raise UserError(
            f"the job asks for {count} GPU{'s' * (count > 1)}, and {len(there) or 'none'} can be seen "
            f"(CUDA_VISIBLE_DEVICES = {os.environ.get('CUDA_VISIBLE_DEVICES', 'not set')}); check 'nvidia-smi', or run "
            "on the CPU with '--set-resources RULE:gpu=0' (docs/how-to/gpu.md)"
        )
    if are_assigned():
        return there[:count]
    chosen = _wait(count, there)
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(chosen)
    return chosen


def _wait(count: int, there: list[str]) -> list[str]:
    told = -TOLD_EVERY
    while True:
        locks = _try(count, there)
        if len(locks) == count:
            _held.extend(locks.values())
            for file in locks.values():
                os.ftruncate(file, 0)
                os.write(file, f"{os.getpid()}\n".encode())
            return list(locks)
        for file in locks.values():
            os.close(file)
        if time.monotonic() - told >= TOLD_EVERY:
            told = time.monotonic()
            log.info("waiting for %d of the GPUs %s; they are held by %s", count, ", ".join(there), _holders(there))
        time.sleep(WAIT_SECONDS * random.uniform(0.5, 1.5))


def _try(count: int, there: list[str]) -> dict[str, int]:
    """Lock up to `count` free GPUs; return their open lock files."""
    locks: dict[str, int] = {}
    for gpu in there:
        # not inherited by programs that the job starts: the lease ends with the job
        file = os.open(_lock_path(gpu), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        locks[gpu] = file
        if len(locks) == count:
            break
    return locks


def _lock_path(gpu: str) -> Path:
    named = os.environ.get("GPU_LEASES")
    runtime = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = Path(named) if named else Path(runtime) / f"workflow-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{gpu.replace('/', '_')}.lock"


def _holders(there: list[str]) -> str:
    """Say which processes hold GPUs, for the log."""
    numbers = [_lock_path(gpu).read_text(encoding="utf-8").strip() or "?" for gpu in there]
    return ", ".join(f"process {number}" for number in dict.fromkeys(numbers))
