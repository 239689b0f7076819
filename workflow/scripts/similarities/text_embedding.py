"""TextEmb: a task as the mean of its inputs, as the pretrained encoder sees them.

The mean over examples of the mean over tokens (special ones included) of the last hidden states. No label is read.
Source: Vu et al. (2020), section 3.1; tuvuumass/task-transferability, run_textemb_CR.py (`avg_sequence_output`).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from workflow.scripts.devices import token_budget
from workflow.scripts.features.batches import generator, micro_batches
from workflow.scripts.features.collation import collate_rows, item_rows
from workflow.scripts.features.store import Features
from workflow.scripts.modeling.encoders import encode
from workflow.scripts.modeling.precision import choose_kernels, computing

Array = npt.NDArray[np.float64]

ENGLISH = 1
"""The value of the column `side` of English sentences in retrieval and mining."""


def sample_items(features: Features, count: int, seed: int) -> npt.NDArray[np.intp]:
    """Return at most `count` training items of a task, drawn without replacement and sorted."""
    order = generator(seed, 0).permutation(len(features))
    return np.sort(order[:count])


def sample_rows(features: Features, count: int, seed: int) -> npt.NDArray[np.intp]:
    """Return the sequences of at most `count` examples; of retrieval and mining, English sentences."""
    if features.family in ("retrieval", "mining"):
        rows = np.flatnonzero(features.columns["side"] == ENGLISH)
        return np.sort(generator(seed, 0).permutation(rows)[:count])
    return np.asarray(item_rows(features, sample_items(features, count, seed)), dtype=np.intp)


@torch.inference_mode()
def text_vector(
    encoder: Any,
    features: Features,
    rows: npt.NDArray[np.intp],
    device: torch.device,
    precision: str = "fp32",
    budget: int = 0,
) -> Array:
    """Return the mean over sequences of their mean-pooled last hidden states, (D,).

    Args:
        encoder: a transformers encoder.
        features: the token file.
        rows: its sequences that are read.
        device: where to compute.
        precision: fp32 or bf16.
        budget: padded tokens that go through the encoder at once; 0 = by device.
    """
    encoder.to(device).eval()
    choose_kernels(encoder, device, precision)
    total = torch.zeros(encoder.config.hidden_size, dtype=torch.float64, device="cpu")
    lengths = features.input_ids.lengths[rows]
    for some in micro_batches(rows, lengths, budget or token_budget(device)):
        batch = collate_rows(features, some).to(device)
        with computing(device, precision):
            hidden_BLD = encode(encoder, batch)[0]
        mask_BL1 = batch.tensors["attention_mask"].unsqueeze(-1)
        means_BD = (hidden_BLD.float() * mask_BL1).sum(1) / mask_BL1.sum(1)
        total += means_BD.double().sum(0).cpu()
    return np.asarray((total / len(rows)).numpy(), dtype=np.float64)


def cosine(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """Return the cosine of two vectors; 0 where one is 0."""
    first, second = np.asarray(one, dtype=np.float64).ravel(), np.asarray(other, dtype=np.float64).ravel()
    scale = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / scale if scale else 0.0
