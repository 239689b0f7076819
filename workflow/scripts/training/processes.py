"""Several processes that train one model together (fully sharded data parallelism; Zhao et al. 2023).

torchrun starts them and tells each its number. Each holds a part of every weight, gradient and moment, computes a part
of every micro-batch, and does the same steps in the same order: whatever is called here is called by all of them.

    processes = current_processes(select_device())                   # of `training/distribution`
    processes.prepare(encoder, heads, precision)                     # then make the optimiser
    mine, share = processes.share(piece)
    loss = head.loss_sum(logits, batch) * share * processes.scale / processes.total(weight)
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

Array = np.ndarray[Any, Any]


class Processes:
    """One process: nothing is divided, and nothing is imported.

    Attributes:
        device: where this process computes.
        rank: number of this process.
        count: number of processes.
        scale: what a process multiplies its loss by, because the gradients of all processes are averaged.
    """

    def __init__(self, device: torch.device, rank: int = 0, count: int = 1) -> None:
        self.device = device
        self.rank = rank
        self.count = count
        self.scale = float(count)

    @property
    def is_main(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def prepare(self, encoder: nn.Module, heads: Mapping[str, nn.Module], precision: str = "fp32") -> None:
        """Bring encoder and heads to the device, in place; divide them where there are several processes.

        One model at a time; the optimiser is made afterwards, because the parameters are other ones then.

        Args:
            encoder: a transformers encoder.
            heads: heads by task; each is called on its own, after the encoder.
            precision: `fp32`, `bf16` (32-bit weights, gathered in 16 bits) or `bf16_weights`.

        Raises:
            UserError: the weights are of a kind that cannot be divided.
        """
        for module in (encoder, *heads.values()):
            module.to(self.device)

    def share(self, piece: Array) -> tuple[Array, float]:
        """Return this process's items of a micro-batch, and what their loss is multiplied by.

        A process that none is left for computes the first item with factor 0, because all have to take part.
        """
        mine = piece[self.rank :: self.count]
        return (mine, 1.0) if len(mine) else (piece[:1], 0.0)

    def total(self, value: float) -> float:
        """Return the sum of a number over all processes."""
        return value

    def any(self, flag: bool) -> bool:
        """Return whether the flag is set in any process."""
        return self.total(float(flag)) > 0

    def agree(self, value: Any) -> Any:
        """Return the main process's value, a JSON object, in all processes."""
        return value

    def together(self, figures: Mapping[str, Any]) -> dict[str, Any]:
        """Return what all processes have cost (`costs.Meter`): sums, the highest peak, the main process's time."""
        return dict(figures)

    def barrier(self) -> None:
        """Wait for all processes."""

    def reseed(self, seed: int, step: int) -> None:
        """Make dropout differ between processes and follow from seed and step; of one process the state is kept."""

    def clip(self, parameters: Iterable[Tensor], norm: float) -> None:
        """Scale the gradients down to a global norm, that over all processes."""
        nn.utils.clip_grad_norm_(parameters, norm)

    def full_module_state(self, modules: nn.Module) -> dict[str, Tensor] | None:
        """Return what training changes (weights with gradients, and buffers), by name; None but in the main process.

        With several processes the tensors are whole and on the CPU, with one they are the modules' own.
        """
        return trained(modules)

    def full_optimizer_state(self, optimizer: torch.optim.Optimizer) -> dict[str, Tensor] | None:
        """Return the moments as `<index of the parameter>.<moment>`, like `full_module_state`."""
        return moments(optimizer)

    def load_module_state(self, modules: nn.Module, tensors: Mapping[str, Tensor] | None) -> None:
        """Restore what `full_module_state` has returned, with any number of processes; other names are left alone."""
        modules.load_state_dict(tensors or {}, strict=False)

    def load_optimizer_state(self, optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor] | None) -> None:
        """Restore what `full_optimizer_state` has returned, with any number of processes."""
        set_moments(optimizer, tensors or {})

    def gather(self, modules: nn.Module) -> None:
        """Undo `prepare` after training: the main process's modules hold whole weights on the CPU, the others' do not.

        They can be saved then, but not trained or called.
        """

    def close(self) -> None:
        """Take leave of the other processes; only what needs none of them may follow."""


def trained(modules: nn.Module) -> dict[str, Tensor]:
    """Return weights with gradients and buffers by name, tied ones once."""
    kept: dict[int, str] = {}
    state = modules.state_dict(keep_vars=True)
    for name, tensor in state.items():
        if tensor.requires_grad or not isinstance(tensor, nn.Parameter):
            kept.setdefault(id(tensor), name)
    return {name: state[name].detach() for name in kept.values()}


def moments(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return what an optimiser remembers, as `<index of the parameter>.<moment>`."""
    state = optimizer.state_dict()["state"]
    return {f"{index}.{name}": value for index, values in state.items() for name, value in values.items()}


def set_moments(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Restore what `moments` has returned, or the parts of it that this process has."""
    described = optimizer.state_dict()
    described["state"] = {}
    for name, tensor in tensors.items():
        index, moment = name.split(".", 1)
        described["state"].setdefault(int(index), {})[moment] = tensor
    optimizer.load_state_dict(described)
