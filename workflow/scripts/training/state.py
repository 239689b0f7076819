"""The state of a training run that has not finished: enough to go on as if it had never stopped.

Weights, optimiser moments and random generators are tensors in one safetensors file, numbers are in its header. The
file lives outside the declared outputs, because Snakemake deletes those when a job fails. It is replaced atomically.
"""

import json
import logging
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from workflow.scripts.files import replacing

log = logging.getLogger(__name__)

_FILE = "state.safetensors"


class StateFile:
    """The state file of one run.

    Args:
        directory: folder of the run, named by what identifies it.
        modules: what is trained.
        optimizer: its optimiser; parameters keep their order between runs.
    """

    def __init__(self, directory: Path, modules: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        self.path = directory / _FILE
        self.modules = modules
        self.optimizer = optimizer

    def save(self, numbers: dict[str, Any]) -> None:
        """Write the state; `numbers` is anything JSON can hold."""
        tensors = {f"module.{name}": tensor for name, tensor in self.modules.state_dict(keep_vars=False).items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in moments.items()}
        tensors["rng.cpu"] = torch.get_rng_state()
        if torch.cuda.is_available():
            tensors["rng.cuda"] = torch.cuda.get_rng_state()
        with replacing(self.path) as temporary:
            save_file(_unshared(tensors), temporary, metadata={"numbers": json.dumps(numbers)})

    def load(self) -> dict[str, Any] | None:
        """Restore the state and return its numbers, or return None where there is none that can be read."""
        if not self.path.is_file():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
                numbers: dict[str, Any] = json.loads(file.metadata()["numbers"])
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            log.warning("the saved state %s cannot be read (%s); training begins anew", self.path, error)
            return None
        self.modules.load_state_dict(_part(tensors, "module."), strict=False)
        self._load_optimizer(_part(tensors, "optimizer."))
        torch.set_rng_state(tensors["rng.cpu"])
        if "rng.cuda" in tensors and torch.cuda.is_available():
            torch.cuda.set_rng_state(tensors["rng.cuda"])
        return numbers

    def _load_optimizer(self, moments: dict[str, Tensor]) -> None:
        described = self.optimizer.state_dict()
        described["state"] = {}
        for name, tensor in moments.items():
            index, moment = name.split(".", 1)
            described["state"].setdefault(int(index), {})[moment] = tensor
        self.optimizer.load_state_dict(described)

    def remove(self) -> None:
        """Remove the state of a run that has finished."""
        self.path.unlink(missing_ok=True)
        if self.path.parent.is_dir() and not any(self.path.parent.iterdir()):
            self.path.parent.rmdir()


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _unshared(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Leave out all but one of the names that tied weights have; safetensors refuses shared memory."""
    seen: set[int] = set()
    kept = {}
    for name, tensor in tensors.items():
        if tensor.numel() == 0 or tensor.data_ptr() not in seen:
            seen.add(tensor.data_ptr())
            kept[name] = tensor.contiguous()
    return kept
