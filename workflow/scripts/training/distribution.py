"""Which processes train: this one alone, or those of torchrun."""

import os

import torch

from workflow.scripts.training.processes import Processes


def current_processes(device: torch.device) -> Processes:
    """Return the processes that torchrun has started (`WORLD_SIZE`), or this one alone.

    Args:
        device: kind of device to compute on.

    Raises:
        UserError: this machine has fewer GPUs than processes.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return Processes(device)
    # here, because one process need not wait for these imports
    from workflow.scripts.training.sharding import ShardedProcesses

    return ShardedProcesses.started(device)
