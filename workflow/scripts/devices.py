"""Which device a program computes on."""

import os

import torch

from workflow.scripts import gpus
from workflow.scripts.errors import UserError

CPU_TOKENS = 16_384
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


def device_name(device: torch.device) -> str:
    """Return a device's name as run cards give it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu ({torch.get_num_threads()} threads)"


def token_budget(device: torch.device) -> int:
    """Return how many padded tokens go through the model at once: speed and memory, not the effective batch."""
    return GPU_TOKENS if device.type == "cuda" else CPU_TOKENS
