"""What a training run is told: its tasks and the optimiser's settings; and what each step of it was."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from torch import nn

from workflow.scripts.features.batches import EpochPlan
from workflow.scripts.features.store import Features


@dataclass(frozen=True)
class Hyperparameters:
    """What the optimiser is told; see the configuration's schema for meanings and sources.

    Attributes:
        rate: share of the peak learning rate by step, from 0 (`schedule.learning_rates`).
    """

    learning_rate: float
    rate: Callable[[int], float]
    weight_decay: float
    gradient_clip: float
    beta2: float = 0.999
    precision: str = "fp32"


@dataclass
class TrainingTask:
    """A task's sequences, their plan of batches and its head; `masked` is the share of masked tokens of plain text."""

    name: str
    features: Features
    plan: EpochPlan
    head: nn.Module
    masked: float = 0.0


class StepResult(NamedTuple):
    """What one step was: its examples, tokens without padding, operations (`costs`) and loss."""

    examples: int
    tokens: int
    flops: float
    loss: float
