"""How well an encoder still predicts masked tokens: the loss of every sequence.

One pass with a share of the tokens masked, the same ones for all models, in place of one pass per token (Salazar et al.
2020, "Masked language model scoring", section 2), which costs as many times more as a sentence has tokens.
"""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from workflow.scripts.devices import token_budget
from workflow.scripts.features.batches import micro_batches
from workflow.scripts.features.collation import collate_masked
from workflow.scripts.features.store import Features
from workflow.scripts.modeling.encoders import encode
from workflow.scripts.modeling.heads import MaskedTokenHead
from workflow.scripts.modeling.precision import choose_kernels, computing

Array = np.ndarray[Any, Any]


@torch.inference_mode()
def masked_losses(
    encoder: Any,
    language_model_head: nn.Module,
    features: Features,
    device: torch.device,
    *,
    masked: float,
    seed: int,
    precision: str = "fp32",
    budget: int = 0,
) -> tuple[Array, Array]:
    """Return the cross-entropy (nats) summed over the masked tokens of each sequence, and their number: both (items,).

    Args:
        encoder: a transformers encoder.
        language_model_head: head whose output weights are the encoder's own embeddings.
        features: the token file.
        device: where to compute.
        masked: share of the ordinary tokens to be predicted.
        seed: of the choice of tokens, which depends on the sequence besides, not on the model.
        precision: fp32 or bf16.
        budget: padded tokens that go through the model at once; 0 = by device.

    Raises:
        ValueError: the tokenizer has no mask token.
    """
    encoder.to(device).eval()
    head = MaskedTokenHead(language_model_head).to(device).eval()
    choose_kernels(encoder, device, precision)
    sums, counts = np.zeros(len(features)), np.zeros(len(features), dtype=np.int64)
    for items in micro_batches(np.arange(len(features)), features.item_tokens, budget or token_budget(device)):
        batch = collate_masked(features, items, masked, (seed,)).to(device)
        with computing(device, precision):
            logits = head(encode(encoder, batch)[0], batch)
        losses = functional.cross_entropy(logits.float(), batch.tensors["label"], reduction="none").cpu().numpy()
        length = batch.tensors["input_ids"].shape[1]
        rows = np.asarray(items)[batch.tensors["position"].cpu().numpy() // length]
        np.add.at(sums, rows, losses)
        np.add.at(counts, rows, 1)
    return sums, counts
