"""Which device a program computes on."""

import ctypes
import os
from contextlib import suppress

import torch

from workflow.scripts import gpus
from workflow.scripts.errors import UserError

CPU_TOKENS = 2_048
"""Little enough for a CPU's caches, and long sequences of a batch are padded apart from short ones."""

GPU_TOKENS = 65_536

KEPT_PIECE = 1 << 26
"""Bytes of a piece of memory that is kept after it has been freed: 64 MiB."""

RETURNED_PIECE = 1 << 20


def select_device(count: int = 0) -> torch.device:
    """Return the device of this process: the CPU with the threads the job was given, or a GPU of its own.

    Args:
        count: GPUs that the job was given; 0 = the CPU.

    Raises:
        UserError: it was given GPUs, and PyTorch sees none.
    """
    if count == 0:
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        return torch.device("cpu")
    names = gpus.take(count)
    if not torch.cuda.is_available():
        reason = "is built without CUDA" if torch.version.cuda is None else "cannot use it"
        raise UserError(
            f"the job was given GPU {', '.join(names)}, but PyTorch {torch.__version__} {reason}; install a CUDA build "
            "(requirements/README.md), check the driver with 'nvidia-smi', or run on the CPU with "
            "'--set-resources RULE:gpu=0' (docs/how-to/gpu.md)"
        )
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    return device


def keep_freed_memory() -> None:
    """Tell glibc, where it is the C library, to keep freed memory, but for pieces of more than `KEPT_PIECE`.

    For training on a CPU, whose steps take and free the same tensors again and again: they would be given back to the
    system and taken page by page, which costs up to a tenth of the time (benchmarks/RESULTS.md).
    """
    _set_thresholds(map_piece=KEPT_PIECE, trim=1 << 30)


def return_freed_memory() -> None:
    """Tell it to give freed pieces of more than `RETURNED_PIECE` back at once.

    For a search for neighbours, whose lists grow: left to itself glibc raises the bound and keeps the holes that
    outgrown lists leave, a third to twice as much memory again (benchmarks/RESULTS.md).
    """
    _set_thresholds(map_piece=RETURNED_PIECE, trim=RETURNED_PIECE)


def _set_thresholds(*, map_piece: int, trim: int) -> None:
    trim_threshold, map_threshold = -1, -3  # names of mallopt(3)
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(map_threshold, map_piece)
        mallopt(trim_threshold, trim)


def device_name(device: torch.device) -> str:
    """Return a device's name as run cards give it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu ({torch.get_num_threads()} threads)"


def token_budget(device: torch.device) -> int:
    """Return how many padded tokens go through the model at once: speed and memory, not the effective batch."""
    return GPU_TOKENS if device.type == "cuda" else CPU_TOKENS
