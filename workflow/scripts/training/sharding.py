"""The model of several processes, divided among them (FSDP2: torch.distributed.fsdp.fully_shard).

Accelerate finds the backend and the device. Its own `prepare` is not used: its FSDP2 plugin is for accelerators only
(on CPU it is ignored without a word), and it shards one module that is called as a whole, where the loop calls encoder
and head one after the other.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from accelerate import PartialState
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from workflow.scripts.errors import UserError
from workflow.scripts.training.processes import Processes, moments, set_moments, trained


class ShardedProcesses(Processes):
    """Several processes, each with a part of the model."""

    def __init__(self, device: torch.device, rank: int, count: int) -> None:
        super().__init__(device, rank, count)
        self.mesh = init_device_mesh(device.type, (count,))
        self._sharded: list[Any] = []
        self._ties: list[tuple[nn.Module, str, nn.Module, str]] = []

    @classmethod
    def started(cls, device: torch.device) -> "ShardedProcesses":
        """Return the processes of torchrun (errors as `distribution.current_processes`)."""
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if device.type == "cuda" and local >= torch.cuda.device_count():
            raise UserError(
                f"process {local} of this machine has no GPU: {torch.cuda.device_count()} can be seen here; "
                "start at most as many processes as there are GPUs (resource gpu)"
            )
        state = PartialState(cpu=device.type == "cpu")
        return cls(state.device, state.process_index, state.num_processes)

    def prepare(self, encoder: nn.Module, heads: Mapping[str, nn.Module], precision: str = "fp32") -> None:
        _check_divisible(encoder)
        policy = MixedPrecisionPolicy(
            param_dtype=torch.bfloat16 if precision == "bf16" else None,
            reduce_dtype=None if precision == "fp32" else torch.float32,
            cast_forward_inputs=False,  # autocast decides, as it does in one process
        )
        tied = _ties(encoder, heads)
        self._sharded = []
        for layer in transformer_layers(encoder):
            self._sharded.append(fully_shard(layer, mesh=self.mesh, mp_policy=policy))
        # the embeddings stay whole until the backward pass: tied heads read them after the encoder
        self._sharded.append(fully_shard(encoder, mesh=self.mesh, mp_policy=policy, reshard_after_forward=False))
        self._ties = [tie for ties in tied.values() for tie in ties]
        self._tie()
        for head, name in {head: name for name, head in heads.items()}.items():  # corpora share one head
            read = {getattr(module, weight) for module, weight, _, _ in tied[name]}
            self._sharded.append(fully_shard(head, mesh=self.mesh, mp_policy=policy, ignored_params=read))
            if read:
                head.register_forward_pre_hook(lambda *_: self._tie())
        for module in self._sharded:
            # makes the buffers for whole weights; made in an evaluation (inference mode), training could not use them
            module.unshard()
            module.reshard()
        for module in (encoder, *heads.values()):
            # FSDP refuses to move modules even to where they are, which evaluation asks for
            module.__dict__["to"] = lambda *_, module=module, **__: module

    def total(self, value: float) -> float:
        tensor = torch.tensor(value, dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(tensor)
        return float(tensor)

    def agree(self, value: Any) -> Any:
        values = [value]
        torch.distributed.broadcast_object_list(values, src=0, device=self.device)
        return values[0]

    def together(self, figures: Mapping[str, Any]) -> dict[str, Any]:
        parts: list[dict[str, Any]] = [{}] * self.count
        torch.distributed.all_gather_object(parts, dict(figures))
        found = parts[0] | {"cpu_seconds": sum(part["cpu_seconds"] for part in parts)}
        found["peak_memory_mb"] = max(part["peak_memory_mb"] for part in parts)
        energies = [part["energy_joules"] for part in parts]
        if self.device.type == "cuda" and None not in energies:  # that of a CPU is the whole machine's already
            found["energy_joules"] = sum(energies)
        return found

    def barrier(self) -> None:
        self.total(0.0)

    def reseed(self, seed: int, step: int) -> None:
        torch.manual_seed(int(np.random.SeedSequence((seed, step, self.rank)).generate_state(1, np.uint64)[0]))

    def full_module_state(self, modules: nn.Module) -> dict[str, Tensor] | None:
        self._divide()
        return self._whole(trained(modules))

    def full_optimizer_state(self, optimizer: torch.optim.Optimizer) -> dict[str, Tensor] | None:
        return self._whole(moments(optimizer))

    def load_module_state(self, modules: nn.Module, tensors: Mapping[str, Tensor] | None) -> None:
        self._divide()
        state = modules.state_dict()
        with torch.no_grad():
            for name in self._names(tensors):
                if name in state:
                    state[name].copy_(self._part((tensors or {}).get(name), state[name]))

    def load_optimizer_state(self, optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor] | None) -> None:
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        parts = {}
        for name in self._names(tensors):
            index, moment = name.split(".", 1)
            # counts of steps are scalars, everything else has the shape of its parameter
            like = torch.zeros((), device=self.device) if moment == "step" else parameters[int(index)]
            parts[name] = self._part((tensors or {}).get(name), like)
        set_moments(optimizer, parts)

    def gather(self, modules: nn.Module) -> None:
        self._divide()
        whole: dict[int, nn.Parameter] = {}
        for module, name, parameter in list(_places(modules)):
            if id(parameter) not in whole:
                tensor = _full(parameter.detach()).cpu()
                kept = tensor if self.is_main else tensor.new_empty(0)
                whole[id(parameter)] = nn.Parameter(kept, parameter.requires_grad)
            setattr(module, name, whole[id(parameter)])
        for module in modules.modules():
            module.__dict__.pop("to", None)

    def close(self) -> None:
        torch.distributed.destroy_process_group()

    def _divide(self) -> None:
        """Leave each process with its parts only; after an evaluation some weights are whole."""
        for module in self._sharded:
            module.reshard()
        self._tie()

    def _tie(self) -> None:
        """Let the heads have the encoder's tied weights as they are at the moment: whole, or a part."""
        for module, name, source, source_name in self._ties:
            setattr(module, name, getattr(source, source_name))

    def _whole(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
        """Put the processes' parts together, one tensor after the other."""
        whole = {}
        for name, tensor in tensors.items():
            full = _full(tensor)
            if self.is_main:
                whole[name] = full.cpu()
        return whole if self.is_main else None

    def _names(self, tensors: Mapping[str, Tensor] | None) -> list[str]:
        return list(self.agree(list(tensors or {})))

    def _part(self, tensor: Tensor | None, like: Tensor) -> Tensor:
        """Return this process's part of the main process's tensor, divided as another one is."""
        empty = torch.empty(like.shape, dtype=like.dtype, device=self.device)
        whole = empty if tensor is None else tensor.to(self.device, like.dtype)
        if isinstance(like, DTensor):
            return distribute_tensor(whole, like.device_mesh, like.placements)
        torch.distributed.broadcast(whole, src=0)
        return whole


def transformer_layers(encoder: nn.Module) -> list[nn.Module]:
    """Return an encoder's layers: what its outermost lists of modules hold."""
    layers: list[nn.Module] = []
    for child in encoder.children():
        layers += list(child) if isinstance(child, nn.ModuleList) else transformer_layers(child)
    return layers


def _check_divisible(encoder: nn.Module) -> None:
    """Check that FSDP can divide the weights.

    Raises:
        UserError: it cannot.
    """
    for name, parameter in encoder.named_parameters():
        if not parameter.is_floating_point():
            raise UserError(
                f"the weights of the encoder are quantised ({name} is {str(parameter.dtype).removeprefix('torch.')}) "
                "and cannot be divided among processes; train with one GPU, or without quantisation"
            )


def _ties(encoder: nn.Module, heads: Mapping[str, nn.Module]) -> dict[str, list[tuple[nn.Module, str, nn.Module, str]]]:
    """Return for every head where it has a parameter of the encoder, and where the encoder has it."""
    owners = {id(parameter): (module, name) for module, name, parameter in _places(encoder)}
    return {
        task: [(module, name, *owners[id(found)]) for module, name, found in _places(head) if id(found) in owners]
        for task, head in heads.items()
    }


def _places(modules: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Parameter]]:
    """Yield every parameter of modules with the module and the name under which it stands; tied ones repeatedly."""
    for module in modules.modules():
        for name, parameter in module.named_parameters(recurse=False, remove_duplicate=False):
            yield module, name, parameter


def _full(tensor: Tensor) -> Tensor:
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
