"""Retrieval and mining at every hidden state of an encoder, from one forward pass."""

from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from workflow.scripts.decoding.bitext import Array
from workflow.scripts.decoding.inference import layer_vectors
from workflow.scripts.decoding.prediction import Split, untrained_table
from workflow.scripts.tasks import Family, Task


def predict_layers(
    task: Task,
    encoder: Any,
    split: Split,
    *,
    neighbours: int,
    pooling: str,
    device: torch.device,
    precision: str = "fp32",
    budget: int = 0,
) -> list[pa.Table]:
    """Return the predictions of a split at every hidden state, as `predict_untrained` returns those of one.

    Languages are read one after the other, so that the vectors of one language at all layers are held, not of all.

    Args:
        task: retrieval or mining.
        encoder: a transformers encoder.
        split: what to predict.
        neighbours: k of the ratio margin.
        pooling: mean or cls.
        device: where to compute.
        precision: fp32 or bf16.
        budget: padded tokens that go through the encoder at once; 0 = by device.
    """
    languages = np.array(split.rows["language"].to_pylist())
    tables: list[list[pa.Table]] = [[] for _ in range(encoder.config.num_hidden_layers + 1)]
    for language in dict.fromkeys(languages.tolist()):
        rows = np.flatnonzero(languages == language)
        part = Split(split.name, split.rows.take(rows), split.features)
        sequences = rows if task.family is Family.MINING else _of_examples(split, rows)
        held: dict[bytes, Array] = {}

        def vectors_of(chosen: Array | None, layer: int, sequences: Array = sequences, held: Any = held) -> Array:
            wanted = sequences if chosen is None else sequences[chosen]
            key = wanted.tobytes()
            if key not in held:
                held[key] = layer_vectors(
                    encoder, split.features, device, precision, budget, pooling=pooling, rows=wanted
                )
            vectors: Array = held[key][layer]
            return vectors

        sides = split.features.columns["side"][sequences] if task.family is Family.RETRIEVAL else sequences[:0]
        for layer, found in enumerate(tables):
            found.append(untrained_table(task, part, partial(vectors_of, layer=layer), sides, neighbours, device))
    return [pa.concat_tables(found) for found in tables]


def _of_examples(split: Split, rows: Array) -> Array:
    """Return the sequences of some examples, (sequences,), in their order."""
    sequences: Array = np.flatnonzero(np.isin(split.features.columns["example"], rows))
    return sequences
