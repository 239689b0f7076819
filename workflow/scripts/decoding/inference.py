"""Running an encoder, with or without a head, over all sequences of a task: sorted by length, each computed once."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workflow.scripts.decoding.neighbours import unit
from workflow.scripts.devices import token_budget
from workflow.scripts.features.batches import micro_batches
from workflow.scripts.features.collation import Batch, collate
from workflow.scripts.features.store import Features
from workflow.scripts.modeling.encoders import encode
from workflow.scripts.progress import Progress

Array = np.ndarray[Any, Any]


def batches(features: Features, device: torch.device) -> Iterator[Batch]:
    """Yield all items of a token file in batches, longest first (so that a lack of memory shows at once)."""
    with Progress(len(features), what="example") as bar:
        done = 0
        for items in micro_batches(np.arange(len(features)), features.item_tokens, token_budget(device)):
            yield collate(features, items).to(device)
            done += len(items)
            bar.update(done, len(items))


@torch.inference_mode()
def head_outputs(
    encoder: Any, head: nn.Module, features: Features, device: torch.device
) -> Iterator[tuple[Batch, Tensor]]:
    """Yield every batch with its head's logits, on the device."""
    encoder.to(device).eval()
    head.to(device).eval()
    for batch in batches(features, device):
        hidden_BLD = encode(encoder, batch)[0]
        yield batch, head(hidden_BLD, batch)


@torch.inference_mode()
def sentence_vectors(encoder: Any, features: Features, layer: int, device: torch.device) -> Array:
    """Return the L2-normalised mean of one layer's states over all tokens, special ones included, shape (rows, D).

    This is how XTREME and jiant read XLM-R for retrieval. `layer` indexes the hidden states, 0 = embeddings.
    """
    encoder.to(device).eval()
    vectors: Array = np.zeros((len(features.input_ids), encoder.config.hidden_size), dtype=np.float32)
    for batch in batches(features, device):
        mask_BL = batch.tensors["attention_mask"]
        states = encode(encoder, batch, output_hidden_states=True).hidden_states
        weights_BL1 = mask_BL.unsqueeze(-1).to(states[layer].dtype)
        mean_BD = (states[layer] * weights_BL1).sum(1) / weights_BL1.sum(1)
        vectors[batch.rows] = unit(mean_BD).cpu().numpy()
    return vectors
