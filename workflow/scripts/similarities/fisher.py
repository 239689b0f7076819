"""TaskEmb: a task as the diagonal of the Fisher information of the model that was trained on it.

    exact       the mean over examples of the squared gradient of each example's log-likelihood
    reference   what the reference code computes: squared gradients of the *mean* loss of batches, summed over batches
                and divided by the number of examples

The two differ in more than scale: within a batch, gradients cancel before they are squared. Labels are those of the
data (the empirical Fisher), the model does not drop out. Word embeddings are left out: their gradients are those of the
words that occur, which the similarity of the inputs measures already.

Source: Vu et al. (2020), section 3.2; Achille et al. (2019); tuvuumass/task-transferability, run_taskemb_CR.py
(`compute_Fisher_with_labels`, batches of 32).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from workflow.scripts.features.collation import collate
from workflow.scripts.features.store import Features
from workflow.scripts.modeling.encoders import encode
from workflow.scripts.similarities.text_embedding import Array, cosine

Mode = Literal["exact", "reference"]
MODES: tuple[Mode, ...] = ("exact", "reference")

BATCH_SIZE = 32
"""Examples of a batch of the reference code."""

UNFIT = frozenset({"retrieval", "mining", "ranking", "text"})
"""Families without a loss of single examples: no head, or (ranking) a loss in which examples compete."""

RANK_CONSTANT = 60
"""Of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009)."""


def trained_parameters(encoder: Any) -> dict[str, nn.Parameter]:
    """Return the parameters that count: of a model with an adapter the adapter's, else all but the word embeddings."""
    words = encoder.get_input_embeddings().weight
    named = {name: parameter for name, parameter in encoder.named_parameters() if parameter is not words}
    return {name: parameter for name, parameter in named.items() if ".lora_" in name} or named


def diagonal_fisher(
    encoder: Any,
    head: Any,
    features: Features,
    items: npt.NDArray[np.intp],
    device: torch.device,
    mode: Mode = "exact",
    batch_size: int = BATCH_SIZE,
) -> dict[str, Tensor]:
    """Return the diagonal of the Fisher information by parameter of the encoder, on the CPU, in 32 bits.

    Args:
        encoder: a transformers encoder.
        head: the head of the features' task.
        features: the token file.
        items: examples that are read.
        device: where to compute.
        mode: `exact` or `reference`.
        batch_size: examples of a batch of `reference`.

    Raises:
        ValueError: a family without a loss of single examples, no items, an unknown mode.
    """
    if features.family in UNFIT or not len(items) or mode not in MODES:
        raise ValueError(f"no Fisher information ({mode}) of {len(items)} items of the family {features.family}")
    encoder.to(device).eval()
    head.to(device).eval()
    parameters = trained_parameters(encoder)
    trainable = [parameter for parameter in encoder.parameters() if parameter.requires_grad]
    encoder.requires_grad_(False)
    for parameter in parameters.values():
        parameter.requires_grad_(True)
    total = {name: torch.zeros_like(parameter, dtype=torch.float32) for name, parameter in parameters.items()}
    size = 1 if mode == "exact" else batch_size
    for start in range(0, len(items), size):
        batch = collate(features, items[start : start + size]).to(device)
        loss = head.loss_sum(head(encode(encoder, batch)[0], batch), batch)
        if mode == "reference":
            loss = loss / max(batch.weight, 1)
        gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
        for square, gradient in zip(total.values(), gradients, strict=True):
            if gradient is not None:
                square.add_(gradient.float().square())
    encoder.requires_grad_(False)
    for parameter in trainable:
        parameter.requires_grad_(True)
    return {name: (square / len(items)).cpu() for name, square in total.items()}


def mean_fisher(diagonals: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of several tasks' diagonals, each scaled to a trace of 1 so that none rules by its scale."""
    traces = [sum(float(part.sum()) for part in found.values()) for found in diagonals]
    if not diagonals or not all(traces):
        raise ValueError("expected Fisher information of at least one task, none of them 0")
    return {
        name: torch.stack([found[name] / trace for found, trace in zip(diagonals, traces, strict=True)]).mean(0)
        for name in diagonals[0]
    }


def components(names: Iterable[str]) -> dict[str, list[str]]:
    """Return parameters by the module that they belong to: weight and bias of one make a component."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.rpartition(".")[0], []).append(name)
    return found


def component_cosines(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> dict[str, float]:
    """Return the cosine of two diagonals by component; components without information in either are left out."""
    found = {}
    for component, names in components(one).items():
        first, second = (torch.cat([part[name].ravel() for name in names]).numpy() for part in (one, other))
        if first.any() or second.any():
            found[component] = cosine(first, second)
    return found


def fuse_ranks(similarities: npt.ArrayLike) -> Array:
    """Return Σ 1 / (60 + rank) over the components, (sources,); the most similar source of a component has rank 1.

    Equal similarities share their mean rank. Source: Cormack, Clarke and Büttcher (2009); Vu et al. (2020).

    Args:
        similarities: (components, sources).
    """
    values = np.asarray(similarities, dtype=np.float64)
    above = (values[:, None, :] > values[:, :, None]).sum(2)
    same = (values[:, None, :] == values[:, :, None]).sum(2)
    return np.asarray((1 / (RANK_CONSTANT + above + (same + 1) / 2)).sum(0), dtype=np.float64)
