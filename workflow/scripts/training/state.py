"""The state of a training run that has not finished: enough to go on as if it had never stopped.

Weights, optimiser moments and random generators are tensors in one safetensors file, numbers are in its header, and so
is a checksum of both. The file lives outside the declared outputs, because Snakemake deletes those when a job fails. It
is replaced atomically, and the one before it is kept: should the newer one be damaged, training goes on from the older.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from workflow.scripts.files import replacing
from workflow.scripts.training.processes import Processes

log = logging.getLogger(__name__)

_NEW, _FILE, _PREVIOUS = "new.safetensors", "state.safetensors", "previous.safetensors"
_BEST = "best.safetensors"

Numbers = dict[str, Any]


@dataclass
class Progressed:
    """What a run has done so far; kept in its state.

    Steps, examples, tokens and operations are those of the whole way from step 0, a trunk's included; the cost is this
    run's own.

    Attributes:
        tokens: without padding.
        flops: operations (`costs`).
        cost: seconds, cpu_seconds, peak_memory_mb and energy_joules.
        losses: of the last steps.
        curve: step and mean loss of the last steps, at even distances.
        evaluations: step and score of every evaluation.
    """

    step: int = 0
    examples: int = 0
    tokens: int = 0
    flops: float = 0.0
    cost: dict[str, Any] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)
    curve: list[tuple[int, float]] = field(default_factory=list)
    evaluations: list[tuple[int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take pairs as JSON has them, as lists."""
        self.curve = [(step, loss) for step, loss in self.curve]
        self.evaluations = [(step, score) for step, score in self.evaluations]


class DamagedStateError(Exception):
    """A state file cannot be read, or its content is not what was written."""


def write_tensors(path: Path, tensors: Mapping[str, Tensor], numbers: Numbers) -> None:
    """Write tensors and numbers (anything JSON can hold) with their checksum, atomically.

    Raises:
        OSError: the disk is full, or the folder cannot be written to.
    """
    kept = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps(numbers)
    metadata = {"numbers": text, "sha256": _checksum(kept, text)}
    with replacing(path) as temporary:
        try:
            save_file(kept, temporary, metadata=metadata)
        except SafetensorError as error:
            raise OSError(str(error)) from error


def read_tensors(path: Path) -> tuple[dict[str, Tensor], Numbers]:
    """Read what `write_tensors` has written.

    Raises:
        DamagedStateError: the file cannot be read, or its checksum is another one.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
            metadata = file.metadata()
        text = metadata["numbers"]
        if _checksum(tensors, text) != metadata["sha256"]:
            raise DamagedStateError("its content does not have the checksum it was written with")
        numbers: Numbers = json.loads(text)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise DamagedStateError(str(error)) from error
    return tensors, numbers


class StateFile:
    """The states of one run: the last one, the one before it, and the best weights so far.

    Every process of a run calls the same methods; the main one has the files.

    Args:
        directory: folder of the run, named by what identifies it.
        modules: what is trained; weights that are not trained are not kept.
        optimizer: its optimiser; parameters keep their order between runs.
        processes: those that train together.
    """

    def __init__(
        self, directory: Path, modules: nn.Module, optimizer: torch.optim.Optimizer, processes: Processes
    ) -> None:
        self.directory = directory
        self.modules = modules
        self.optimizer = optimizer
        self.processes = processes

    def save(self, numbers: Numbers) -> None:
        """Write the state; a disk that is full is told, and training goes on."""
        path = self.directory / _FILE
        try:
            self.write(self.directory / _NEW, numbers)
            if self.processes.is_main:
                if path.is_file():
                    path.replace(self.directory / _PREVIOUS)
                (self.directory / _NEW).replace(path)
        except OSError as error:
            log.warning("the state cannot be saved (%s); training goes on without", error)

    def write(self, path: Path, numbers: Numbers) -> None:
        """Write the state to any path (errors as `write_tensors`)."""
        weights = self.processes.full_module_state(self.modules)
        moments = self.processes.full_optimizer_state(self.optimizer)
        if weights is not None and moments is not None:
            write_tensors(path, _named("module.", weights) | _named("optimizer.", moments) | random_state(), numbers)

    def load(self) -> Numbers | None:
        """Restore the last state that is whole and return its numbers, or return None where there is none."""
        for name in (_NEW, _FILE, _PREVIOUS):
            path = self.directory / name
            if not self.processes.any(self.processes.is_main and path.is_file()):
                continue
            try:
                return self.read(path)
            except DamagedStateError as error:
                log.warning(
                    "the saved state %s is damaged (%s); the one before it is used, if there is one", path, error
                )
                if self.processes.is_main:
                    path.unlink()  # it must not take the place of a whole one when the next is saved
        return None

    def read(self, path: Path) -> Numbers:
        """Restore the state in a file and return its numbers (errors as `read_tensors`)."""
        tensors, numbers = self._read(path)
        self.processes.load_module_state(self.modules, _part(tensors, "module."))
        self.processes.load_optimizer_state(self.optimizer, _part(tensors, "optimizer."))
        if tensors:
            set_random_state(tensors)
        return numbers

    def save_best(self, step: int) -> None:
        """Keep the present weights as the best so far (errors as `write_tensors`)."""
        weights = self.processes.full_module_state(self.modules)
        if weights is not None:
            write_tensors(self.directory / _BEST, weights, {"step": step})

    def load_best(self) -> int:
        """Restore the best weights and return their step (errors as `read_tensors`)."""
        tensors, numbers = self._read(self.directory / _BEST)
        self.processes.load_module_state(self.modules, tensors)
        return int(numbers["step"])

    def _read(self, path: Path) -> tuple[dict[str, Tensor], Numbers]:
        """Return a file's content in the main process, its numbers in all; an error is one in all processes."""
        tensors: dict[str, Tensor] = {}
        numbers: Numbers = {}
        problem = ""
        if self.processes.is_main:
            try:
                tensors, numbers = read_tensors(path)
            except DamagedStateError as error:
                problem = str(error)
        numbers, problem = self.processes.agree([numbers, problem])
        if problem:
            raise DamagedStateError(problem)
        return tensors, numbers

    def remove(self) -> None:
        """Remove the states of a run that has finished."""
        for name in (_NEW, _FILE, _PREVIOUS, _BEST):
            (self.directory / name).unlink(missing_ok=True)
        if self.directory.is_dir() and not any(self.directory.iterdir()):
            self.directory.rmdir()


def random_state() -> dict[str, Tensor]:
    """Return the state of the random generators: `rng.cpu`, and `rng.cuda` of the present GPU where there is one."""
    state = {"rng.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["rng.cuda"] = torch.cuda.get_rng_state()
    return state


def set_random_state(state: Mapping[str, Tensor]) -> None:
    """Restore what `random_state` has returned; other entries are left alone."""
    torch.set_rng_state(state["rng.cpu"])
    if "rng.cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["rng.cuda"])


def _named(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}{name}": tensor for name, tensor in tensors.items()}


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _checksum(tensors: Mapping[str, Tensor], numbers: str) -> str:
    """Return the SHA-256 of tensors (names, bytes) and numbers."""
    digest = hashlib.sha256(numbers.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
