"""Which device a program computes on."""

import os
import resource

import torch

CPU_TOKENS = 16_384
GPU_TOKENS = 65_536


def select_device() -> torch.device:
    """Return the first visible GPU, or the CPU where there is none; use as many threads as the job was given."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    return torch.device("cpu")


def device_name(device: torch.device) -> str:
    """Return a device's name as run cards give it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu ({torch.get_num_threads()} threads)"


def token_budget(device: torch.device) -> int:
    """Return how many padded tokens go through the model at once: speed and memory, not the effective batch."""
    return GPU_TOKENS if device.type == "cuda" else CPU_TOKENS


def peak_memory_mb(device: torch.device) -> int:
    """Return the most memory that this process has held on the device, in MiB."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device)) >> 20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
