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


def select_device(count: int = 0) -> torch.device:
    """Return the device of this process: the CPU with the threads the job was given, or a GPU of its own.

    Args:
        count: GPUs that the job was given; 0 = the CPU.

    Raises:
        UserError: it was given GPUs, and PyTorch sees none.
    """
    if count == 0:
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        keep_freed_memory()
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
    """Tell glibc, where it is the C library, to keep memory that was freed, up to 1 GiB at a time.

    It would give large tensors back to the system after every step and take them again page by page, which costs up to
    a tenth of the time (benchmarks/RESULTS.md). The most memory that is held stays the same.
    """
    trim_threshold, map_threshold, size = -1, -3, 1 << 30
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(map_threshold, size)
        mallopt(trim_threshold, size)


def device_name(device: torch.device) -> str:
    """Return a device's name as run cards give it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu ({torch.get_num_threads()} threads)"


def token_budget(device: torch.device) -> int:
    """Return how many padded tokens go through the model at once: speed and memory, not the effective batch."""
    return GPU_TOKENS if device.type == "cuda" else CPU_TOKENS
