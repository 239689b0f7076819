"""From stored sequences to padded tensors: pure functions of rows, and of a key where tokens are masked."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from workflow.scripts.features.batches import generator
from workflow.scripts.features.store import Features

Array = np.ndarray[Any, Any]

RANDOM_SHARE, KEPT_SHARE = 0.1, 0.1
"""Of the tokens to predict, the shares replaced by a random token and left as they are (BERT's 80/10/10)."""


@dataclass
class Batch:
    """Padded sequences and what their family's head needs.

    Attributes:
        rows: rows of the token file, shape (B,).
        tensors: `input_ids`, `attention_mask` and, where a tokenizer has them, `token_type_ids` (B, L); by family
            `label` (B, E or W), `item` and `choice` (B), `position` (W; index into the flattened B x L tokens),
            `start` and `end` (B).
        weight: number of units the loss is summed over (examples, words with a tag, or tokens to predict).
        next_tokens: whether each token is to be predicted from those before it.
    """

    rows: Array
    tensors: dict[str, Tensor]
    weight: int
    next_tokens: bool = False

    def to(self, device: torch.device) -> "Batch":
        """Return the batch with its tensors on a device."""
        moved = {name: tensor.to(device, non_blocking=True) for name, tensor in self.tensors.items()}
        return Batch(self.rows, moved, self.weight, self.next_tokens)


def pad(sequences: list[Array], value: int) -> tuple[Array, Array]:
    """Return sequences as one array (B, L) filled up with `value` on the right, and the mask of real tokens."""
    lengths = np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences))
    mask = np.arange(lengths.max()) < lengths[:, None]
    padded = np.full(mask.shape, value, dtype=np.int64)
    padded[mask] = np.concatenate(sequences)
    return padded, mask


def item_rows(features: Features, items: Array) -> Array:
    """Return the rows of training items, in the items' order; of ranking each query and its candidate in turn."""
    if features.family == "ranking":
        queries = features.items[items]
        return np.stack([queries, features.columns["partner"][queries]], axis=1).ravel()
    starts, counts = features.items[items], features.item_rows[items]
    return np.repeat(starts, counts) + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def collate_rows(features: Features, rows: Array) -> Batch:
    """Return some sequences, whatever items they belong to, with what an encoder reads and nothing else."""
    input_ids, mask = pad([features.input_ids[row] for row in rows], features.tokens.pad)
    return Batch(rows, _tensors(_encoder_inputs(features, rows, input_ids, mask)), len(rows))


def collate(features: Features, items: Array) -> Batch:
    """Return the batch of some training items of a supervised or retrieval task."""
    rows = item_rows(features, items)
    input_ids, mask = pad([features.input_ids[row] for row in rows], features.tokens.pad)
    arrays = _encoder_inputs(features, rows, input_ids, mask)
    weight = len(items)
    if features.family == "classification":
        arrays["label"] = features.columns["label"][rows]
    elif features.family == "multiple_choice":
        counts = features.item_rows[items]
        arrays["item"] = np.repeat(np.arange(len(items)), counts)
        arrays["choice"] = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        arrays["label"] = features.columns["label"][features.items[items]]
    elif features.family == "tagging":
        positions = [features.columns["positions"][row] + index * mask.shape[1] for index, row in enumerate(rows)]
        arrays["position"] = np.concatenate(positions)
        arrays["label"] = np.concatenate([features.columns["labels"][row] for row in rows])
        weight = int((arrays["label"] >= 0).sum())
    elif features.family == "span":
        arrays["start"], arrays["end"] = features.columns["start"][rows], features.columns["end"][rows]
    return Batch(rows, _tensors(arrays), weight)


def collate_masked(features: Features, items: Array, masked: float, key: tuple[int, ...]) -> Batch:
    """Return a batch for masked-language-model training.

    Of every sequence, `masked` of the ordinary tokens (at least one) are to be predicted; 80 % of them are replaced by
    the mask token, 10 % by a random ordinary token, 10 % stay (Devlin et al. 2019). Masks depend on `key` and the row
    alone, so that they are the same in micro-batches of any size.

    Raises:
        ValueError: the tokenizer has no mask token.
    """
    tokens = features.tokens
    if tokens.mask is None:
        raise ValueError("the tokenizer has no mask token")
    ordinary_ids = np.flatnonzero(features.ordinary)
    inputs, positions, labels = [], [], []
    for row in items:
        original = features.input_ids[row]
        draw = generator(*key, int(row))
        ordinary = np.flatnonzero(features.ordinary[original])
        chosen = np.sort(draw.permutation(ordinary)[: max(1, round(masked * len(ordinary)))])
        fate = draw.random(len(chosen))
        changed = original.copy()
        changed[chosen[fate >= RANDOM_SHARE + KEPT_SHARE]] = tokens.mask
        randomised = chosen[fate < RANDOM_SHARE]
        changed[randomised] = ordinary_ids[draw.integers(0, len(ordinary_ids), len(randomised))]
        inputs.append(changed)
        positions.append(chosen)
        labels.append(original[chosen])
    input_ids, mask = pad(inputs, tokens.pad)
    arrays = _encoder_inputs(features, items, input_ids, mask) | {
        "position": np.concatenate([chosen + index * mask.shape[1] for index, chosen in enumerate(positions)]),
        "label": np.concatenate(labels),
    }
    return Batch(items, _tensors(arrays), len(arrays["label"]))


def collate_next_tokens(features: Features, items: Array) -> Batch:
    """Return a batch for causal language modelling: at every token but the last of a sequence the next one is asked."""
    sequences = [features.input_ids[row] for row in items]
    input_ids, mask = pad(sequences, features.tokens.pad)
    arrays = {
        "input_ids": input_ids,
        "attention_mask": mask,
        "position": np.flatnonzero(mask[:, 1:].ravel()),
        "label": input_ids[:, 1:][mask[:, 1:]],
    }
    width = mask.shape[1]  # the positions above are those of rows that lack one column
    arrays["position"] += arrays["position"] // max(1, width - 1)
    return Batch(items, _tensors(arrays), len(arrays["label"]), next_tokens=True)


def _encoder_inputs(features: Features, rows: Array, input_ids: Array, mask: Array) -> dict[str, Array]:
    """Return what every encoder reads, and where the tokenizer tells two segments apart the segment of each token."""
    arrays = {"input_ids": input_ids, "attention_mask": mask.astype(np.int64)}
    if "second" in features.columns:
        first_of_second = features.columns["second"][rows][:, None]
        arrays["token_type_ids"] = ((np.arange(mask.shape[1]) >= first_of_second) & mask).astype(np.int64)
    return arrays


def _tensors(arrays: dict[str, Array]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.ascontiguousarray(array, dtype=np.int64)) for name, array in arrays.items()}
