"""The training loop: one for pretraining, intermediate and target training, for one task and for mixtures.

A step is one batch of one task. Its loss is normalised over the whole batch, however many micro-batches it is cut into.
Batches, masks and the order of tasks follow from seed and step alone; the rest of the state is in `StateFile`.
"""

import logging
import math
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch import nn

from workflow.scripts.devices import token_budget
from workflow.scripts.errors import UserError
from workflow.scripts.features.batches import micro_batches
from workflow.scripts.features.collation import Batch
from workflow.scripts.modeling.encoders import encode
from workflow.scripts.modeling.heads import RankingHead
from workflow.scripts.modeling.precision import choose_kernels, computing
from workflow.scripts.progress import Progress
from workflow.scripts.schedules import occurrences
from workflow.scripts.training.contrastive import contrastive_gradients
from workflow.scripts.training.costs import Meter, add_costs, head_rows, model_shape, sequence_lengths
from workflow.scripts.training.event_files import EventFiles, open_event_files
from workflow.scripts.training.processes import Processes
from workflow.scripts.training.selection import EarlyStopping, Evaluations
from workflow.scripts.training.state import (
    DamagedStateError,
    Progressed,
    StateFile,
    random_state,
    set_random_state,
)
from workflow.scripts.training.task import Hyperparameters, StepResult, TrainingTask

log = logging.getLogger(__name__)

Array = np.ndarray[Any, Any]

SAVE_SECONDS = float(os.environ.get("SAVE_SECONDS", "120"))
"""Time between two states on disk; machine, not identity, hence from the environment."""

SMOOTHING = 50
"""Steps over which the reported loss is averaged."""

CURVE_POINTS = 200
"""Points of the learning curve in the run card."""


class TrainingLoop:
    """Trains an encoder and heads.

    Args:
        encoder: a transformers encoder; its first output is hidden states (B, L, D).
        tasks: the tasks.
        sequence: task of every step, shape (steps,).
        hyperparameters: of the optimiser.
        seed: seed of dropout and masks.
        device: where to compute.
        state: folder for the state of this very run.
        stopping: when to evaluate and stop; without it the last weights are the result.
        budget: padded tokens that go through the model at once in one process; 0 = by device.
        processes: those that train together; this one alone if it is not given.
        events: folder for TensorBoard's event files; empty for none.
    """

    def __init__(
        self,
        encoder: Any,
        tasks: list[TrainingTask],
        sequence: Array,
        hyperparameters: Hyperparameters,
        *,
        seed: int,
        device: torch.device,
        state: Path,
        stopping: EarlyStopping | None = None,
        budget: int = 0,
        processes: Processes | None = None,
        events: str | Path = "",
    ) -> None:
        self.encoder = encoder
        self.tasks = tasks
        self.sequence = sequence
        self.batch_numbers = occurrences(sequence)
        self.hyper = hyperparameters
        self.seed = seed
        self.device = device
        self.stopping = stopping
        self.budget = budget or token_budget(device)
        self.processes = processes or Processes(device)
        heads = {task.name: task.head for task in tasks}
        self.shape = model_shape(encoder, heads)
        choose_kernels(encoder, device, hyperparameters.precision)
        self.processes.prepare(encoder, heads, hyperparameters.precision)
        self.modules = nn.ModuleDict({"encoder": encoder, "heads": nn.ModuleDict(heads)})
        self.parameters = [parameter for parameter in self.modules.parameters() if parameter.requires_grad]
        self.optimizer = self._optimizer()
        self.state = StateFile(state, self.modules, self.optimizer, self.processes)
        self.done = Progressed()
        self.events = events if self.processes.is_main else ""
        self._stop = False

    def _optimizer(self) -> torch.optim.AdamW:
        """Return AdamW without weight decay on vectors, which are biases and layer norms."""
        groups = [
            {"params": [p for p in self.parameters if p.ndim > 1], "weight_decay": self.hyper.weight_decay},
            {"params": [p for p in self.parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=self.hyper.learning_rate, betas=(0.9, self.hyper.beta2), fused=True)

    def run(self, trunk: Path | None = None) -> Progressed:
        """Train to the end, from the saved state if there is one.

        Args:
            trunk: state of the run that this one branches off, where it has not begun yet.

        Raises:
            UserError: the loss is not finite, or one example does not fit into memory.
            DamagedStateError: the trunk's state cannot be read.
            SystemExit: SIGTERM came (status 143); the state is saved.
        """
        torch.manual_seed(self.seed)
        numbers = self.state.load()
        if numbers is None and trunk is not None:
            numbers = self.state.read(trunk) | {"cost": {}}  # what the trunk has cost stands in its own card
        if numbers is not None:
            self.done = Progressed(**numbers)
            log.info("going on after step %d of %d", self.done.step, len(self.sequence))
        handler = signal.signal(signal.SIGTERM, self._on_sigterm)
        earlier = self.done.cost
        try:
            with Meter(self.device) as meter, open_event_files(self.events, self.done.step) as events:
                self._steps(lambda: add_costs(earlier, self.processes.together(meter.figures())), events)
        finally:
            signal.signal(signal.SIGTERM, handler)
        if self.stopping is not None:
            self._restore_best()
        return self.done

    def _restore_best(self) -> None:
        """Take the best weights.

        Raises:
            UserError: they cannot be read.
        """
        try:
            log.info("the weights after step %d are the best", self.state.load_best())
        except DamagedStateError as error:
            raise UserError(
                f"the best weights of this run cannot be read ({error}); delete {self.state.directory} and run again"
            ) from error

    def _on_sigterm(self, signum: int, frame: FrameType | None) -> None:
        self._stop = True

    def _steps(self, cost: Callable[[], dict[str, Any]], events: EventFiles) -> None:
        """Do all steps that are left; `cost` returns what the run has cost so far."""
        total, saved = len(self.sequence), time.monotonic()
        with Progress(total, start=self.done.step) as bar:
            self.modules.train()
            while self.done.step < total and not self._has_stopped_early():
                result = self._step(self.done.step)
                self._note(result, events)
                bar.update(self.done.step, result.examples, tokens=result.tokens, loss=self.mean_loss)
                stop = self.processes.any(self._stop)
                if stop or self.processes.any(self.processes.is_main and time.monotonic() - saved > SAVE_SECONDS):
                    self.done.cost = cost()
                    self.state.save(vars(self.done))
                    events.flush()
                    saved = time.monotonic()
                if stop:
                    log.info("stopped by SIGTERM after step %d; the state is saved", self.done.step)
                    raise SystemExit(128 + signal.SIGTERM)
        self.done.cost = cost()

    def _has_stopped_early(self) -> bool:
        """Return whether the last evaluations were no better than one before them."""
        evaluations = Evaluations(self.done.evaluations)
        return self.stopping is not None and evaluations.since_best >= self.stopping.patience

    def _note(self, result: StepResult, events: EventFiles) -> None:
        """Add a step to what is done, and evaluate the weights if it is time."""
        done, total = self.done, len(self.sequence)
        done.step += 1
        done.examples += result.examples
        done.tokens += result.tokens
        done.flops += result.flops
        done.losses = [*done.losses[1 - SMOOTHING :], result.loss]
        events.write(done.step, loss=result.loss, learning_rate=self.optimizer.param_groups[0]["lr"])
        if done.step % max(1, total // CURVE_POINTS) == 0 or done.step == total:
            done.curve.append((done.step, round(self.mean_loss(), 4)))
        if self.stopping is not None and self.stopping.is_due(done.step, total):
            score = self.processes.agree(self.stopping.evaluate())
            self.modules.train()
            log.info("step %d: development score %.2f", done.step, score)
            events.write(done.step, development_score=score)
            if Evaluations(done.evaluations).add(done.step, score):
                self.state.save_best(done.step)

    def mean_loss(self) -> float:
        """Return the mean loss of the last steps."""
        return sum(self.done.losses) / max(1, len(self.done.losses))

    def _step(self, step: int) -> StepResult:
        """Do one optimiser step, in smaller pieces if memory does not suffice."""
        number, index = int(self.sequence[step]), int(self.batch_numbers[step])
        task = self.tasks[number]
        items = task.plan.batch(index)
        self.processes.reseed(self.seed, step)
        before = random_state()
        while True:
            try:
                result = self._gradients(task, items, (self.seed, number, index))
                break
            except RuntimeError as error:
                self._halve_budget(error, int(task.tokens(items, self.encoder).max()))
                set_random_state(before)
        if not math.isfinite(result.loss):
            raise UserError(
                f"the loss of '{task.name}' is {result.loss} at step {step + 1}; training has diverged. "
                "Lower its learning_rate or raise warmup"
            )
        self.processes.clip(self.parameters, self.hyper.gradient_clip)
        rate = self.hyper.learning_rate * self.hyper.rate(step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return result

    def _halve_budget(self, error: RuntimeError, longest: int) -> None:
        """Lower what goes through the model at once after a lack of memory.

        Raises:
            RuntimeError: the error is another one.
            UserError: not even one example fits.
        """
        if not isinstance(error, torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
            raise error
        if self.processes.count > 1:
            raise UserError(
                f"{self.budget} tokens at once do not fit into the memory of one of {self.processes.count} devices: "
                f"{error}. Set the resource micro_batch_tokens to a smaller number; the batch stays as it is"
            ) from error
        if self.budget <= longest:
            raise UserError(
                f"one example of {longest} tokens does not fit into the memory of {self.device}: {error}. Set the "
                "resource recompute_activations=1, train an adapter, or take a device with more memory"
            ) from error
        self.budget //= 2
        self.optimizer.zero_grad(set_to_none=True)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        log.warning("out of memory; going on with %d tokens at once (the batch stays as it is)", self.budget)

    def _gradients(self, task: TrainingTask, items: Array, key: tuple[int, int, int]) -> StepResult:
        """Compute the gradients of one batch."""
        if isinstance(task.head, RankingHead):
            return contrastive_gradients(self, task, items)
        processes = self.processes
        batches = self._batches(task, items, key)
        weight = max(1.0, processes.total(sum(batch.weight * share for batch, share in batches)))
        divisor = weight / processes.scale  # processes average their gradients
        tokens, flops, loss = 0.0, 0.0, 0.0
        for batch, share in batches:
            lengths = sequence_lengths(batch)
            tokens += share * float(lengths.sum())
            if self.shape is not None:
                flops += share * self.shape.training_flops(lengths, task.name, head_rows(batch))
            loss += self._backward(task, batch, share, divisor)
        total = processes.total(loss) / processes.scale
        return StepResult(len(items), round(processes.total(tokens)), processes.total(flops), total)

    def _batches(self, task: TrainingTask, items: Array, key: tuple[int, int, int]) -> list[tuple[Batch, float]]:
        """Return this process's part of the micro-batches of one step, and what their loss is multiplied by."""
        batches = []
        for piece in micro_batches(items, task.tokens(items, self.encoder), self.budget * self.processes.count):
            mine, share = self.processes.share(piece)
            batches.append((task.batch(mine, key), share))
        return batches

    def _backward(self, task: TrainingTask, batch: Batch, share: float, divisor: float) -> float:
        """Add a micro-batch's gradient; return its share of the loss."""
        batch = batch.to(self.device)
        with computing(self.device, self.hyper.precision):
            hidden_BLD = encode(self.encoder, batch)[0]
            loss = task.head.loss_sum(task.head(hidden_BLD, batch), batch) * share / divisor  # type: ignore[operator]
        loss.backward()
        return float(loss.detach())
