"""Task heads, one for each family, and their losses (layouts of jiant, facts §1b).

A head takes the encoder's last hidden states and a `Batch` and returns logits; its loss is a *sum* over the batch's
examples, to be divided by the number of examples of the whole effective batch, so that micro-batches of any size give
the same gradient. Shape suffixes: B sequences, L tokens, D width, C classes, E examples, W words or masked tokens.
"""

from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from workflow.scripts.features.collation import Batch

IGNORED = -1
"""Label of a word that is left out of the loss (a tag that the training data does not have)."""


INITIAL_SCALE = 100.0
"""What cosines are multiplied by before softmax, at the beginning (XTREME-R, third_party/bert.py)."""


class Head(Protocol):
    """What training and prediction ask of a head."""

    def __call__(self, hidden_BLD: Tensor, batch: Batch) -> Tensor:
        """Return logits."""
        ...

    def loss_sum(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the loss summed over the batch's examples (`Batch.weight` says how many), a scalar."""
        ...


class ClassificationHead(nn.Module):
    """Dropout, dense, tanh, dropout, linear on the first token; logits (B, C)."""

    def __init__(self, width: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(width, width)
        self.output = nn.Linear(width, classes)

    def forward(self, hidden_BLD: Tensor, batch: Batch) -> Tensor:
        """Return logits of shape (B, C)."""
        pooled_BD = torch.tanh(self.dense(self.dropout(hidden_BLD[:, 0])))
        logits_BC: Tensor = self.output(self.dropout(pooled_BD))
        return logits_BC

    def loss_sum(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the summed cross-entropy."""
        return functional.cross_entropy(logits, batch.tensors["label"], reduction="sum")


class MultipleChoiceHead(ClassificationHead):
    """A score for each choice, softmax over the choices of an example; logits (E, choices)."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__(width, 1, dropout)

    def forward(self, hidden_BLD: Tensor, batch: Batch) -> Tensor:
        """Return logits of shape (E, C), with -inf where an example has fewer choices than others."""
        scores_B = super().forward(hidden_BLD, batch).squeeze(-1)
        choices = batch.tensors["choice"]
        logits_EC = scores_B.new_full((int(batch.tensors["item"].max()) + 1, int(choices.max()) + 1), -torch.inf)
        return logits_EC.index_put((batch.tensors["item"], choices), scores_B)


class TaggingHead(nn.Module):
    """Dropout and linear at the sub-token that stands for a word; logits (W, C), the words of all sequences."""

    def __init__(self, width: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(width, classes)

    def forward(self, hidden_BLD: Tensor, batch: Batch) -> Tensor:
        """Return logits of shape (W, C)."""
        words_WD = hidden_BLD.flatten(0, 1)[batch.tensors["position"]]
        logits_WC: Tensor = self.output(self.dropout(words_WD))
        return logits_WC

    def loss_sum(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the cross-entropy summed over the words with a known tag."""
        return functional.cross_entropy(logits, batch.tensors["label"], reduction="sum", ignore_index=IGNORED)


class SpanHead(nn.Module):
    """Linear to start and end scores of every token; logits (B, L, 2)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.output = nn.Linear(width, 2)

    def forward(self, hidden_BLD: Tensor, batch: Batch) -> Tensor:
        """Return logits of shape (B, L, 2), -inf at padding."""
        logits_BL2: Tensor = self.output(hidden_BLD)
        return logits_BL2.masked_fill(batch.tensors["attention_mask"].unsqueeze(-1) == 0, -torch.inf)

    def loss_sum(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the sum of the mean of start and end cross-entropy."""
        start = functional.cross_entropy(logits[..., 0], batch.tensors["start"], reduction="sum")
        end = functional.cross_entropy(logits[..., 1], batch.tensors["end"], reduction="sum")
        return (start + end) / 2


class RankingHead(nn.Module):
    """Dense and tanh on the first token, at length 1; unit vectors (B, D) of queries and candidates alike.

    XTREME-R takes the encoder's own pooler, which has the same form; XLM-R has no weights for it, so there as here they
    are new ones (of BERT its pretrained ones would be at hand). The scale that cosines are multiplied by is learned and
    starts at 100, as there. The loss is over whole batches (`training.contrastive`).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.scale = nn.Parameter(torch.full((1,), INITIAL_SCALE))

    def forward(self, hidden_BLD: Tensor, batch: Batch) -> Tensor:
        """Return vectors of shape (B, D) in 32 bits."""
        pooled_BD = torch.tanh(self.dense(hidden_BLD[:, 0]))
        return functional.normalize(pooled_BD.float(), dim=1)

    def loss_sum(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the summed cross-entropy of logits (queries, candidates) whose right columns are `label`."""
        return functional.cross_entropy(logits, batch.tensors["label"], reduction="sum")


class MaskedTokenHead(nn.Module):
    """A masked language model's own head, at the masked tokens only; logits (W, vocabulary)."""

    def __init__(self, language_model_head: nn.Module) -> None:
        super().__init__()
        self.language_model_head = language_model_head

    def forward(self, hidden_BLD: Tensor, batch: Batch) -> Tensor:
        """Return logits of shape (W, vocabulary)."""
        logits_WV: Tensor = self.language_model_head(hidden_BLD.flatten(0, 1)[batch.tensors["position"]])
        return logits_WV

    def loss_sum(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the cross-entropy summed over the tokens to predict."""
        return functional.cross_entropy(logits, batch.tensors["label"], reduction="sum")


class NextTokenHead(MaskedTokenHead):
    """A causal language model's own head, at every token that another one follows; logits (W, vocabulary)."""


def make_head(family: str, width: int, classes: int, dropout: float) -> Any:
    """Return a new head for a family, with random weights from the global generator.

    Raises:
        ValueError: the family has no head of its own (retrieval, mining, text).
    """
    if family == "classification":
        return ClassificationHead(width, classes, dropout)
    if family == "multiple_choice":
        return MultipleChoiceHead(width, dropout)
    if family == "tagging":
        return TaggingHead(width, classes, dropout)
    if family == "span":
        return SpanHead(width)
    if family == "ranking":
        return RankingHead(width)
    raise ValueError(f"family '{family}' has no head")
