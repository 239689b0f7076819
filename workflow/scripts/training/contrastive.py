"""Dual encoders: softmax over the candidates of the whole batch, exact in micro-batches of any size.

Every query of a batch is to be told from all its candidates which is its own. What does not fit into memory at once is
computed twice (gradient caching, Gao et al. 2021): all vectors without a graph, the loss and its gradient with respect
to the vectors, then each micro-batch again with a graph, with the same dropout, to pass its part of that gradient on.
The loss and the gradient are those of the whole batch.

A candidate that several queries of a batch share stands in the batch once, and candidates that are right for a query
besides its own (`Features`, group) are left out of its softmax. XTREME-R's script (third_party/bert.py,
run_retrieval_qa.py) counts both as wrong, and knows only the 4 or 8 candidates of a micro-batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from workflow.scripts.errors import UserError
from workflow.scripts.features.batches import micro_batches
from workflow.scripts.features.collation import Batch, collate_rows
from workflow.scripts.features.store import Features
from workflow.scripts.modeling.decoders import copies
from workflow.scripts.modeling.encoders import encode
from workflow.scripts.modeling.heads import RankingHead
from workflow.scripts.modeling.precision import computing
from workflow.scripts.training.costs import head_rows, sequence_lengths
from workflow.scripts.training.state import random_state, set_random_state
from workflow.scripts.training.task import StepResult, TrainingTask

if TYPE_CHECKING:
    from workflow.scripts.training.loop import TrainingLoop

Array = np.ndarray[Any, Any]

PIECES_HELD = {"cpu": 8}
"""Micro-batches whose graphs are held at once before they are computed twice; a CPU's are small for speed alone."""


@dataclass(frozen=True)
class Pairing:
    """The queries and the different candidates of one batch.

    Attributes:
        queries: rows of the queries, shape (Q,).
        candidates: rows of the candidates, each once, shape (C,).
        right: place of each query's own candidate, shape (Q,).
        excluded: candidates that are right for a query but not its own, shape (Q, C).
    """

    queries: Array
    candidates: Array
    right: Array
    excluded: Array


def pair(features: Features, items: Array) -> Pairing:
    """Return the queries and candidates of some training items."""
    queries = features.items[items]
    candidates, right = np.unique(features.columns["partner"][queries], return_inverse=True)
    group = features.columns["group"]
    excluded = group[queries][:, None] == group[candidates][None, :]
    excluded[np.arange(len(queries)), right] = False
    return Pairing(queries, candidates, right, excluded)


def contrastive_loss(vectors_BD: Tensor, scale: Tensor, pairing: Pairing) -> Tensor:
    """Return the mean cross-entropy of the queries, a scalar.

    Args:
        vectors_BD: unit vectors of the queries, then of the candidates.
        scale: what cosines are multiplied by.
        pairing: which candidate is whose.
    """
    device = vectors_BD.device
    queries_BD, candidates_BD = vectors_BD[: len(pairing.queries)], vectors_BD[len(pairing.queries) :]
    logits_EC = (scale * (queries_BD @ candidates_BD.T)).masked_fill(
        torch.from_numpy(pairing.excluded).to(device), -torch.inf
    )
    return torch.nn.functional.cross_entropy(logits_EC, torch.from_numpy(pairing.right).to(device))


def contrastive_gradients(loop: "TrainingLoop", task: TrainingTask, items: Array) -> StepResult:
    """Compute the gradients of one batch of a ranking task.

    Raises:
        UserError: several processes train together.
    """
    if loop.processes.count > 1:
        raise UserError(
            f"'{task.name}' is trained on {loop.processes.count} devices; a dual encoder compares all candidates of a "
            "batch, which is possible on one only. Set the resource gpu=1 for it"
        )
    pairing, features = pair(task.features, items), task.features
    pieces, padded = [], 0
    for first, rows in ((0, pairing.queries), (len(pairing.queries), pairing.candidates)):
        lengths = features.input_ids.lengths[rows] * copies(loop.encoder)
        for part in micro_batches(np.arange(len(rows)), lengths, loop.budget):
            pieces.append((first + part, rows[part]))
            padded += len(part) * int(lengths[part].max())
    towers = _Towers(loop, task, [place for place, _ in pieces])
    batches = [collate_rows(features, rows) for _, rows in pieces]
    cached = padded > loop.budget * PIECES_HELD.get(loop.device.type, 1)
    loss = towers.cached_backward(batches, pairing) if cached else towers.backward(batches, pairing)
    tokens, flops = 0.0, 0.0
    for batch in batches:
        lengths = sequence_lengths(batch)
        tokens += float(lengths.sum())
        if loop.shape is not None:
            flops += loop.shape.training_flops(lengths, task.name, head_rows(batch))
            flops += loop.shape.forward_flops(lengths, task.name, head_rows(batch)) if cached else 0.0
    return StepResult(len(items), round(tokens), flops, loss)


class _Towers:
    """The encoder and head that turn the sequences of a batch into vectors, piece by piece.

    Args:
        loop: has the encoder, its device and precision.
        task: has the head.
        places: which vectors of the batch each piece is, shape (sequences of the piece,).
    """

    def __init__(self, loop: "TrainingLoop", task: TrainingTask, places: Sequence[Array]) -> None:
        assert isinstance(task.head, RankingHead)
        self.loop = loop
        self.head = task.head
        self.order = torch.from_numpy(np.argsort(np.concatenate(places))).to(loop.device)
        self.places = [torch.from_numpy(place).to(loop.device) for place in places]

    def _embed(self, batch: Batch) -> Tensor:
        batch = batch.to(self.loop.device)
        with computing(self.loop.device, self.loop.hyper.precision):
            vectors_BD: Tensor = self.head(encode(self.loop.encoder, batch)[0], batch)
        return vectors_BD

    def backward(self, batches: Sequence[Batch], pairing: Pairing) -> float:
        """Add the gradient of a batch that fits into memory; return its loss."""
        vectors_BD = torch.cat([self._embed(batch) for batch in batches])[self.order]
        loss = contrastive_loss(vectors_BD, self.head.scale, pairing)
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    def cached_backward(self, batches: Sequence[Batch], pairing: Pairing) -> float:
        """Add the gradient of a batch whose pieces fit into memory one at a time; return its loss."""
        states, parts = [], []
        with torch.no_grad():
            for batch in batches:
                states.append(random_state())
                parts.append(self._embed(batch))
        after = random_state()
        vectors_BD = torch.cat(parts)[self.order].requires_grad_()
        loss = contrastive_loss(vectors_BD, self.head.scale, pairing)
        loss.backward()  # type: ignore[no-untyped-call]
        assert vectors_BD.grad is not None
        for batch, state, place in zip(batches, states, self.places, strict=True):
            set_random_state(state)
            torch.autograd.backward(self._embed(batch), vectors_BD.grad[place])
        set_random_state(after)
        return float(loss.detach())
