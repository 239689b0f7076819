"""What training and inference cost: operations, time, memory and energy.

Operations are *model* FLOPs: those of the matrix products that the model is made of, a multiplication and an addition
being two. They follow from the shape of the model and the true lengths of the sequences, so that they are the same on
every machine: padding, activations that are computed again, and everything that is not a matrix product (embeddings,
layer norms, softmax) do not count. With N weights in matrix products, D = heads x size of a head, and sequences of L
tokens (2 N by token: Kaplan et al. 2020, §2.1; the term in L^2, and backward = 2 x forward: Narayanan et al. 2021,
appendix):

    forward    2 N for every token  +  4 L^2 D for every layer and sequence
    backward   2 N for every token, if a gradient goes through the layer, to its input
               2 N for every token, if the weights are trained, to the weights
               8 L^2 D for every layer and sequence that a gradient goes through

Frozen lower layers have no backward pass, frozen weights under an adapter only the half to their input. The lowest
layer that is trained counts like those above it, although its first products need no gradient to their input. Heads
count for the rows that they read: sequences, words, tokens, or tokens to predict with the projection to the vocabulary.
Under a causal mask L^2 counts in full, as is usual; a sequence that is given twice (`echo`) has 2 L tokens.

    shape = model_shape(encoder, {"mnli": head})
    flops = shape.training_flops(sequence_lengths(batch), "mnli", head_rows(batch))
    with Meter(device) as meter: ...
    cost = meter.figures()
"""

import resource
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import nn

from workflow.scripts.features.collation import Batch
from workflow.scripts.modeling.decoders import copies
from workflow.scripts.modeling.heads import NextTokenHead
from workflow.scripts.training.energy import POWERCAP, energy_counter

Array = np.ndarray[Any, Any]

SUMMED = ("seconds", "cpu_seconds", "energy_joules", "flops")
"""Figures of the parts of a run that are added up; the peak of memory is the highest of them."""

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True, slots=True)
class Flops:
    """Operations of one unit of work (a token, a pair of tokens, a row), forward and backward."""

    forward: float = 0.0
    backward: float = 0.0

    def __add__(self, other: "Flops") -> "Flops":
        return Flops(self.forward + other.forward, self.backward + other.backward)

    def __mul__(self, times: float) -> "Flops":
        return Flops(self.forward * times, self.backward * times)


@dataclass(frozen=True)
class ModelShape:
    """Operations of a model, by what they grow with.

    Attributes:
        token: of every token.
        pair: of every pair of tokens of one sequence, that is L^2 times.
        heads: of every row that a head reads, by name.
        copies: how often the model is given a sequence (`echo`: 2).
        once: heads for which it is given but once, those of text that is predicted.
    """

    token: Flops
    pair: Flops
    heads: Mapping[str, Flops] = field(default_factory=dict)
    copies: int = 1
    once: frozenset[str] = frozenset()

    def forward_flops(self, lengths: Array, head: str = "", rows: int = 0) -> float:
        """Return the operations of inference.

        Args:
            lengths: tokens of every sequence without padding, shape (sequences,).
            head: name of the head that reads the encoder's output, if one does.
            rows: what it reads (`head_rows`).
        """
        return self._flops(lengths, head, rows).forward

    def training_flops(self, lengths: Array, head: str = "", rows: int = 0) -> float:
        """Return the operations of forward and backward pass; arguments as `forward_flops`."""
        flops = self._flops(lengths, head, rows)
        return flops.forward + flops.backward

    def _flops(self, lengths: Array, head: str, rows: int) -> Flops:
        exact = np.asarray(lengths, dtype=np.float64) * (1 if head in self.once else self.copies)
        flops = self.token * float(exact.sum()) + self.pair * float((exact * exact).sum())
        return flops + self.heads[head] * rows if head else flops


def model_shape(encoder: Any, heads: Mapping[str, nn.Module] | None = None) -> ModelShape | None:
    """Return the operations of an encoder and its heads, as they are trained at the moment (`requires_grad`).

    None if nothing can be counted, because the encoder has no list of layers with linear weights.

    Args:
        encoder: a transformers encoder, with or without an adapter.
        heads: heads by name.
    """
    config = encoder.config
    layers = list(next((part for part in encoder.modules() if isinstance(part, nn.ModuleList)), ()))
    if not layers or not _weights(layers[0])[1]:
        return None
    width = config.num_attention_heads * (
        getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    )
    times = config.num_hidden_layers / len(layers)  # ALBERT passes through one layer several times
    reached = any(parameter.requires_grad for parameter in encoder.get_input_embeddings().parameters())
    token = pair = Flops()
    for layer in layers:
        reached = reached or any(parameter.requires_grad for parameter in layer.parameters())
        token += _product_flops(layer, reached) * times
        pair += Flops(4.0 * width, 8.0 * width if reached else 0.0) * times
    counted = {id(part) for layer in layers for part in layer.modules()}
    for name, part in encoder.named_modules():  # projections between embeddings and layers (ELECTRA, ALBERT)
        if not list(part.children()) and id(part) not in counted and not name.startswith("pooler."):
            token += _product_flops(part, reached)
    read = heads or {}
    once = frozenset(name for name, head in read.items() if isinstance(head, NextTokenHead))
    flops = {name: _product_flops(head, True) for name, head in read.items()}
    return ModelShape(token, pair, flops, copies(encoder), once)


def _weights(module: nn.Module) -> tuple[int, int]:
    """Return the weights of a module's linear layers: those that are trained, and all."""
    sizes: list[tuple[int, bool]] = []
    parts: Iterable[Any] = module.modules()
    for part in parts:
        if isinstance(part, nn.Linear):  # by features: weights in 4 bits are packed into a tensor of another shape
            sizes.append((part.in_features * part.out_features, part.weight.requires_grad))
        elif type(part).__name__ == "Conv1D":  # GPT-2's linear layer
            sizes.append((part.weight.numel(), part.weight.requires_grad))
    return sum(size for size, trained in sizes if trained), sum(size for size, _ in sizes)


def _product_flops(module: nn.Module, reached: bool) -> Flops:
    """Return the operations of a module's linear layers for one row; if reached, with a gradient to their input."""
    trained, every = _weights(module)
    return Flops(2.0 * every, 2.0 * trained + (2.0 * every if reached else 0.0))


def sequence_lengths(batch: Batch) -> Array:
    """Return the true lengths of a batch's sequences, shape (B,); of a batch on a GPU this waits for it."""
    lengths: Array = batch.tensors["attention_mask"].sum(1).cpu().numpy()
    return lengths


def head_rows(batch: Batch) -> int:
    """Return how many rows of the encoder's output a family's head reads: words, tokens, or sequences."""
    tensors = batch.tensors
    if "position" in tensors:
        return len(tensors["position"])
    if "start" in tensors:
        return int(tensors["attention_mask"].sum())
    return len(tensors["input_ids"])


class Meter:
    """Measures what a part of a program costs: a context manager, readable at any time.

    Seconds of CPU time are those of this process with all its threads. Energy is that of the whole device that is
    computed on, whatever else runs on it, and None where it cannot be measured (`energy`).

    Args:
        device: where is computed.
        powercap: folder with the processors' energy counters.
        nvml: module that reads the GPU's counter; by default `pynvml`, where it is installed.
    """

    def __init__(self, device: torch.device, *, powercap: Path = POWERCAP, nvml: Any = None) -> None:
        self._device = device
        self._sources = powercap, nvml
        self._last: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        else:
            reset_peak()
        self._energy = energy_counter(self._device, *self._sources)
        self._began, self._cpu_began = time.monotonic(), time.process_time()
        self._last = None
        return self

    def __exit__(self, *_: object) -> None:
        self._last = self.figures()
        if self._energy is not None:
            self._energy.close()

    def figures(self) -> dict[str, Any]:
        """Return `seconds`, `cpu_seconds`, `peak_memory_mb` (MiB of the device) and `energy_joules` (or None)."""
        if self._last is not None:
            return dict(self._last)
        return {
            "seconds": time.monotonic() - self._began,
            "cpu_seconds": time.process_time() - self._cpu_began,
            "peak_memory_mb": self._peak_memory() >> 20,
            "energy_joules": self._energy.joules() if self._energy is not None else None,
        }

    def _peak_memory(self) -> int:
        if self._device.type == "cuda":
            return int(torch.cuda.max_memory_allocated(self._device))
        return peak_resident_bytes()


def add_costs(earlier: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cost of a run that was stopped and went on: sums, the higher peak; unknown where a part is unknown.

    Args:
        earlier: figures of the parts before, empty if there are none.
        present: figures of the present part.
    """
    if not earlier:
        return dict(present)
    together = dict(present)
    for name, value in present.items():
        before = earlier.get(name)
        if name in SUMMED:
            together[name] = None if before is None or value is None else before + value
        elif name == "peak_memory_mb":
            together[name] = max(value, before or 0)
    return together


def reset_peak(path: Path = _RESET) -> None:
    """Let the peak of this process's resident memory begin anew at what it holds now, where the system can do so."""
    try:
        path.write_text("5")
    except OSError:
        return


def peak_resident_bytes(status: Path = _STATUS) -> int:
    """Return the most resident memory that this process has held since its start or the last reset, in bytes.

    `VmHWM`, and not `ru_maxrss`: that one goes through `exec`, so that a program started by a large process shows the
    peak of the latter. A forked process begins with the pages it shares at the fork, not with its parent's peak.
    """
    try:
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    except (OSError, ValueError):
        pass  # not Linux
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10
