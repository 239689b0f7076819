"""The training loop: one for pretraining, intermediate and target training, for one task and for mixtures.

A step is one batch of one task. Its loss is normalised over the whole batch, however many micro-batches it is cut into.
Batches, masks and the order of tasks follow from seed and step alone; the rest of the state is in `StateFile`.
"""

import logging
import math
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch import nn

from workflow.scripts.devices import token_budget
from workflow.scripts.errors import UserError
from workflow.scripts.features.batches import EpochPlan, micro_batches
from workflow.scripts.features.collation import Batch, collate, collate_masked
from workflow.scripts.features.store import Features
from workflow.scripts.modeling.encoders import encode
from workflow.scripts.progress import Progress
from workflow.scripts.training.schedule import occurrences, warmup_linear
from workflow.scripts.training.state import StateFile

log = logging.getLogger(__name__)

SAVE_SECONDS = float(os.environ.get("SAVE_SECONDS", "120"))
"""Time between two states on disk; machine, not identity, hence from the environment."""

SMOOTHING = 50
"""Steps over which the reported loss is averaged."""


@dataclass(frozen=True)
class Hyperparameters:
    """What the optimiser is told; see the configuration's schema for meanings and sources."""

    learning_rate: float
    warmup: float
    weight_decay: float
    gradient_clip: float
    beta2: float = 0.999


@dataclass
class TrainingTask:
    """A task's sequences, their plan of batches and its head; `masked` is the share of masked tokens of plain text."""

    name: str
    features: Features
    plan: EpochPlan
    head: nn.Module
    masked: float = 0.0


@dataclass
class Progressed:
    """What a run has done so far; kept in its state."""

    step: int = 0
    examples: int = 0
    tokens: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)


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
    """

    def __init__(
        self,
        encoder: Any,
        tasks: list[TrainingTask],
        sequence: np.ndarray[Any, Any],
        hyperparameters: Hyperparameters,
        *,
        seed: int,
        device: torch.device,
        state: Path,
    ) -> None:
        self.encoder = encoder.to(device)
        self.tasks = tasks
        self.sequence = sequence
        self.batch_numbers = occurrences(sequence)
        self.hyper = hyperparameters
        self.seed = seed
        self.device = device
        self.modules = nn.ModuleDict(
            {"encoder": self.encoder, "heads": nn.ModuleDict({t.name: t.head for t in tasks})}
        ).to(device)
        self.parameters = [parameter for parameter in self.modules.parameters() if parameter.requires_grad]
        self.optimizer = self._optimizer()
        self.state = StateFile(state, self.modules, self.optimizer)
        self.done = Progressed()
        self._stop = False

    def _optimizer(self) -> torch.optim.AdamW:
        """Return AdamW without weight decay on vectors, which are biases and layer norms."""
        groups = [
            {"params": [p for p in self.parameters if p.ndim > 1], "weight_decay": self.hyper.weight_decay},
            {"params": [p for p in self.parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=self.hyper.learning_rate, betas=(0.9, self.hyper.beta2), fused=True)

    def run(self) -> Progressed:
        """Train to the end, from the saved state if there is one.

        Raises:
            UserError: the loss is not finite.
            SystemExit: SIGTERM came (status 143); the state is saved.
        """
        torch.manual_seed(self.seed)
        numbers = self.state.load()
        if numbers is not None:
            self.done = Progressed(**numbers)
            log.info("going on after step %d of %d", self.done.step, len(self.sequence))
        handler = signal.signal(signal.SIGTERM, self._on_sigterm)
        try:
            self._steps()
        finally:
            signal.signal(signal.SIGTERM, handler)
        return self.done

    def _on_sigterm(self, signum: int, frame: FrameType | None) -> None:
        self._stop = True

    def _steps(self) -> None:
        self.modules.train()
        total = len(self.sequence)
        resumed, began = self.done.seconds, time.monotonic()
        saved = began
        with Progress(total, start=self.done.step) as bar:
            for step in range(self.done.step, total):
                items, tokens, loss = self._step(step)
                now = time.monotonic()
                self.done.step, self.done.seconds = step + 1, resumed + now - began
                self.done.examples += items
                self.done.tokens += tokens
                self.done.losses = [*self.done.losses[1 - SMOOTHING :], loss]
                bar.update(step + 1, items, loss=self.mean_loss)
                if self._stop or now - saved > SAVE_SECONDS:
                    self.state.save(vars(self.done))
                    saved = now
                if self._stop:
                    log.info("stopped by SIGTERM after step %d; the state is saved", step + 1)
                    raise SystemExit(128 + signal.SIGTERM)

    def mean_loss(self) -> float:
        """Return the mean loss of the last steps."""
        return sum(self.done.losses) / max(1, len(self.done.losses))

    def _step(self, step: int) -> tuple[int, int, float]:
        """Do one optimiser step; return its examples, tokens and loss."""
        number = int(self.sequence[step])
        task = self.tasks[number]
        items = task.plan.batch(int(self.batch_numbers[step]))
        batches = self._batches(task, number, items, int(self.batch_numbers[step]))
        weight = max(1, sum(batch.weight for batch in batches))
        loss = 0.0
        for batch in batches:
            loss += self._backward(task, batch, weight)
        if not math.isfinite(loss):
            raise UserError(
                f"the loss of '{task.name}' is {loss} at step {step + 1}; training has diverged. "
                "Lower its learning_rate or raise warmup"
            )
        nn.utils.clip_grad_norm_(self.parameters, self.hyper.gradient_clip)
        rate = self.hyper.learning_rate * warmup_linear(step, len(self.sequence), self.hyper.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return len(items), sum(int(batch.tensors["attention_mask"].sum()) for batch in batches), loss

    def _batches(self, task: TrainingTask, number: int, items: np.ndarray[Any, Any], index: int) -> list[Batch]:
        """Return the micro-batches of one step."""
        pieces = micro_batches(items, task.features.item_tokens[items], token_budget(self.device))
        if task.masked:
            return [collate_masked(task.features, piece, task.masked, (self.seed, number, index)) for piece in pieces]
        return [collate(task.features, piece) for piece in pieces]

    def _backward(self, task: TrainingTask, batch: Batch, weight: int) -> float:
        """Add a micro-batch's gradient; return its share of the loss."""
        batch = batch.to(self.device)
        hidden_BLD = encode(self.encoder, batch)[0]
        loss = task.head.loss_sum(task.head(hidden_BLD, batch), batch) / weight  # type: ignore[operator]
        loss.backward()
        return float(loss.detach())
