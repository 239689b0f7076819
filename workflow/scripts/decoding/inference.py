"""Running an encoder, with or without a head, over all sequences of a task: sorted by length, each computed once."""

import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workflow.scripts.decoding.neighbours import unit
from workflow.scripts.devices import token_budget
from workflow.scripts.features.batches import micro_batches
from workflow.scripts.features.collation import Batch, collate, collate_rows
from workflow.scripts.features.store import Features
from workflow.scripts.modeling.decoders import copies, own_states
from workflow.scripts.modeling.encoders import encode, layers_of, pooled
from workflow.scripts.modeling.precision import choose_kernels, computing
from workflow.scripts.progress import Progress

Array = np.ndarray[Any, Any]

IN_MEMORY = 1 << 29
"""Bytes of sentence vectors up to which they are held in memory: 131,072 of XLM-R Large."""

COPIED = 1 << 12
"""Vectors of repeated sequences that are copied at once."""


def batches(features: Features, device: torch.device, budget: int = 0) -> Iterator[Batch]:
    """Yield all items of a token file in batches, longest first (so that a lack of memory shows at once).

    Args:
        features: the token file.
        device: where batches are needed.
        budget: padded tokens of a batch; 0 = by device.
    """
    with Progress(len(features), what="example") as bar:
        done = 0
        for items in micro_batches(np.arange(len(features)), features.item_tokens, budget or token_budget(device)):
            yield collate(features, items).to(device)
            done += len(items)
            bar.update(done, len(items))


@torch.inference_mode()
def head_outputs(
    encoder: Any, head: nn.Module, features: Features, device: torch.device, precision: str = "fp32", budget: int = 0
) -> Iterator[tuple[Batch, Tensor]]:
    """Yield every batch with its head's logits, on the device and in 32 bits whatever they were computed in.

    Args:
        encoder: a transformers encoder.
        head: the task's head.
        features: the token file.
        device: where to compute.
        precision: fp32 or bf16.
        budget: padded tokens that go through the model at once; 0 = by device.
    """
    encoder.to(device).eval()
    head.to(device).eval()
    choose_kernels(encoder, device, precision)
    for batch in batches(features, device, (budget or token_budget(device)) // copies(encoder)):
        with computing(device, precision):
            logits = head(encode(encoder, batch)[0], batch)
        yield batch, logits.float()


def sentence_vectors(
    encoder: Any,
    features: Features,
    layer: int,
    device: torch.device,
    precision: str = "fp32",
    budget: int = 0,
    *,
    pooling: str = "mean",
    rows: Array | None = None,
) -> Array:
    """Return L2-normalised sentence vectors, shape (rows, D): by default as XTREME and jiant read XLM-R for retrieval.

    Args:
        encoder: a transformers encoder; the layers above the one that is read are not computed.
        features: the token file.
        layer: index into the hidden states, 0 = embeddings.
        device: where to compute.
        precision: fp32 or bf16.
        budget: padded tokens that go through the model at once; 0 = by device.
        pooling: `mean` over all tokens, special ones included, or `cls`, the first token (of decoders the last).
        rows: sequences that are wanted; None: all.
    """
    read = hidden_state_reader(encoder, layer)
    how = (device, precision, budget, pooling)
    vectors: Array = _vectors(encoder, features, lambda batch: [read(batch)], 1, rows, *how)[0]
    return vectors


def layer_vectors(
    encoder: Any,
    features: Features,
    device: torch.device,
    precision: str = "fp32",
    budget: int = 0,
    *,
    pooling: str = "mean",
    rows: Array | None = None,
) -> Array:
    """Return the sentence vectors of all hidden states from one forward pass, shape (layers + 1, rows, D).

    The arguments are those of `sentence_vectors`.
    """

    def read(batch: Batch) -> Sequence[Tensor]:
        states: Sequence[Tensor] = encode(encoder, batch, output_hidden_states=True).hidden_states
        return states

    count = encoder.config.num_hidden_layers + 1
    return _vectors(encoder, features, read, count, rows, device, precision, budget, pooling)


@torch.inference_mode()
def _vectors(
    encoder: Any,
    features: Features,
    read: Callable[[Batch], Sequence[Tensor]],
    count: int,
    rows: Array | None,
    device: torch.device,
    precision: str,
    budget: int,
    pooling: str,
) -> Array:
    """Return the vectors of `count` hidden states, shape (states, rows, D); equal sequences are computed once."""
    encoder.to(device).eval()
    choose_kernels(encoder, device, precision)
    rows = np.arange(len(features.input_ids)) if rows is None else rows
    owner = _first_equal(features, rows)
    own = np.flatnonzero(owner == np.arange(len(rows)))
    vectors = matrix(count, len(rows), encoder.config.hidden_size)
    lengths, done = features.input_ids.lengths[rows[own]] * copies(encoder), 0
    with Progress(len(own), what="example") as bar:
        for places in micro_batches(own, lengths, budget or token_budget(device)):
            batch = collate_rows(features, rows[places]).to(device)
            with computing(device, precision):
                states = read(batch)
            for number, states_BLD in enumerate(states):
                vectors[number, places] = unit(pooled(encoder, states_BLD.float(), batch, pooling)).cpu().numpy()
            done += len(places)
            bar.update(done, len(places))
    repeated = np.flatnonzero(owner != np.arange(len(rows)))
    for start in range(0, len(repeated), COPIED):
        part = repeated[start : start + COPIED]
        vectors[:, part] = vectors[:, owner[part]]
    return vectors


def _first_equal(features: Features, rows: Array) -> Array:
    """Return for each of the rows the place of the first one with the same tokens, shape (rows,)."""
    ids = features.input_ids
    hashes = np.fromiter((hash(ids[row].tobytes()) for row in rows), dtype=np.int64, count=len(rows))
    _, first, group = np.unique(hashes, return_index=True, return_inverse=True)
    owner: Array = first[group]
    for place in np.flatnonzero(owner != np.arange(len(rows))):
        if not np.array_equal(ids[rows[place]], ids[rows[owner[place]]]):
            owner[place] = place  # the same hash by chance
    return owner


def matrix(*shape: int) -> Array:
    """Return an array of float32 for vectors; larger ones are in a temporary file that goes when they do (TMPDIR)."""
    if 4 * math.prod(shape) <= IN_MEMORY:
        return np.zeros(shape, dtype=np.float32)
    with tempfile.TemporaryFile() as file:  # the mapping keeps the file until it is gone itself
        if hasattr(os, "posix_fallocate"):  # a full disk is an error here, SIGBUS later
            os.posix_fallocate(file.fileno(), 0, 4 * math.prod(shape))
        return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)


class _LayerReached(BaseException):
    """The forward pass has come to the layer whose input was asked for; not an error that a model could catch."""

    def __init__(self, states: Tensor) -> None:
        self.states = states


def hidden_state_reader(encoder: Any, layer: int) -> Callable[[Batch], Tensor]:
    """Return what computes one hidden state (B, L, D) of an encoder, 0 = embeddings, and if possible nothing above it.

    In decoders, and in encoders with the parts of XLM-R and BERT, the hidden state is what the next layer is given; the
    forward pass ends there. Of others, and for the last one, all hidden states are computed.
    """
    layers = layers_of(encoder)
    if layers is None or not 0 <= layer < len(layers):
        return lambda batch: encode(encoder, batch, output_hidden_states=True).hidden_states[layer]

    def stop(module: nn.Module, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        raise _LayerReached(arguments[0] if arguments else options["hidden_states"])

    def read(batch: Batch) -> Tensor:
        hook = layers[layer].register_forward_pre_hook(stop, with_kwargs=True)
        try:
            encode(encoder, batch)
        except _LayerReached as reached:
            return own_states(encoder, batch, reached.states)
        finally:
            hook.remove()
        raise AssertionError(f"layer {layer} was not computed")

    return read
