"""What a training run is told: its tasks and the optimiser's settings; and what each step of it was."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from workflow.scripts.features.batches import EpochPlan
from workflow.scripts.features.collation import Batch, collate, collate_masked, collate_next_tokens
from workflow.scripts.features.store import Features
from workflow.scripts.modeling.decoders import copies
from workflow.scripts.modeling.heads import NextTokenHead

Array = np.ndarray[Any, Any]


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
    """A task's sequences, their plan of batches and its head.

    Attributes:
        masked: share of masked tokens of plain text; decoders predict every token of it and mask none.
    """

    name: str
    features: Features
    plan: EpochPlan
    head: nn.Module
    masked: float = 0.0

    @property
    def is_text(self) -> bool:
        """Whether the head is the pretrained model's own, for plain text."""
        return self.features.family == "text"

    def tokens(self, items: Array, encoder: Any) -> Array:
        """Return the padded tokens that some items are to an encoder, shape (items,)."""
        tokens: Array = self.features.item_tokens[items]
        return tokens if self.is_text else tokens * copies(encoder)

    def batch(self, items: Array, key: tuple[int, ...]) -> Batch:
        """Return the batch of some items; masks depend on `key`."""
        if isinstance(self.head, NextTokenHead):
            return collate_next_tokens(self.features, items)
        if self.masked:
            return collate_masked(self.features, items, self.masked, key)
        return collate(self.features, items)


class StepResult(NamedTuple):
    """What one step was: its examples, tokens without padding, operations (`costs`) and loss."""

    examples: int
    tokens: int
    flops: float
    loss: float
