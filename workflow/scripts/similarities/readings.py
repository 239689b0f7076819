"""What LogME explains from what: the features and labels of a task's units.

classification     an example: mean over its tokens; its class
multiple choice    a choice: mean over its tokens; whether it is right
tagging            a word with a known tag: its first sub-token; its tag
span               a token: its hidden state; whether the answer starts, and whether it ends there
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from workflow.scripts.devices import token_budget
from workflow.scripts.features.batches import generator, micro_batches
from workflow.scripts.features.collation import Batch, collate
from workflow.scripts.features.store import Features
from workflow.scripts.modeling.encoders import encode
from workflow.scripts.modeling.precision import choose_kernels, computing
from workflow.scripts.similarities.text_embedding import Array

MOST_UNITS = 20_000
"""Units that are read at most: the evidence per unit hardly changes beyond."""


def chosen_items(features: Features, items: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return so many of a task's examples that their units are no more than `MOST_UNITS`, one at least.

    Which ones is drawn, and hangs neither on their lengths nor on how many go through the encoder at once.
    """
    drawn = items[generator(0, 1).permutation(len(items))]
    of_tokens = features.family in ("tagging", "span")
    units = np.cumsum(features.item_tokens[drawn] if of_tokens else np.ones(len(drawn)))
    return np.sort(drawn[: max(1, int(np.searchsorted(units, MOST_UNITS, side="right")))])


@torch.inference_mode()
def read_examples(
    encoder: Any,
    features: Features,
    items: npt.NDArray[np.intp],
    device: torch.device,
    precision: str = "fp32",
    budget: int = 0,
) -> tuple[Array, npt.NDArray[np.generic]]:
    """Return the features (units, D) of a task's examples and their labels, (units,) or (units, 2) for spans.

    Args:
        encoder: a transformers encoder.
        features: the token file.
        items: examples that are read.
        device: where to compute.
        precision: fp32 or bf16.
        budget: padded tokens at once; 0 = by device.

    Raises:
        ValueError: a family without labels of examples.
    """
    encoder.to(device).eval()
    choose_kernels(encoder, device, precision)
    read = []
    for some in micro_batches(items, features.item_tokens[items], budget or token_budget(device)):
        batch = collate(features, some).to(device)
        with computing(device, precision):
            hidden_BLD = encode(encoder, batch)[0]
        states, truth = _units(features.family, hidden_BLD.float(), batch)
        read.append((states.double().cpu().numpy(), truth.cpu().numpy()))
    units, labels = (np.concatenate(parts) for parts in zip(*read, strict=True))
    return units, labels


def _units(family: str, hidden_BLD: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    tensors = batch.tensors
    mask_BL1 = tensors["attention_mask"].unsqueeze(-1)
    means_BD = (hidden_BLD * mask_BL1).sum(1) / mask_BL1.sum(1)
    if family == "classification":
        return means_BD, tensors["label"]
    if family == "multiple_choice":
        return means_BD, (tensors["choice"] == tensors["label"][tensors["item"]]).long()
    if family == "tagging":
        known = tensors["label"] >= 0
        return hidden_BLD.flatten(0, 1)[tensors["position"][known]], tensors["label"][known]
    if family == "span":
        places = torch.arange(hidden_BLD.shape[1], device=hidden_BLD.device)
        ends = torch.stack([places == tensors[side].unsqueeze(1) for side in ("start", "end")], dim=-1)
        real = tensors["attention_mask"].bool()
        return hidden_BLD[real], ends[real].long()
    raise ValueError(f"family '{family}' has no labels of single examples")
