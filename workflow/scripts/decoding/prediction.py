"""Predictions of one encoder for one split of a task, as the table that is stored and scored.

Columns: `id`, `language`, `split`, `prediction` (class, choice, tags, text, id, or the best ids by family) and `score`;
one row for each example (ranking: query), for mining one for each candidate pair.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import torch
from torch import nn

from workflow.scripts.decoding import answers, bitext, ranking
from workflow.scripts.decoding.inference import head_outputs, sentence_vectors
from workflow.scripts.features.store import Features
from workflow.scripts.tasks import Family, Task

_TYPES = {
    Family.MULTIPLE_CHOICE: pa.int32(),
    Family.TAGGING: pa.list_(pa.string()),
    Family.RANKING: pa.list_(pa.string()),
}

_NULL_TYPES = {"best_answer": pa.string(), "null_score": pa.float64()}
"""Further columns where questions may have no answer: what the threshold of SQuAD v2.0 is searched with."""


@dataclass(frozen=True)
class Split:
    """One split of a task: its name, canonical rows and token sequences."""

    name: str
    rows: pa.Table
    features: Features


def predict(
    task: Task,
    encoder: Any,
    head: nn.Module,
    split: Split,
    device: torch.device,
    precision: str = "fp32",
    budget: int = 0,
) -> pa.Table:
    """Return the predictions of a fine-tuned model.

    Args:
        task: classification, multiple choice, tagging, span or ranking.
        encoder: a transformers encoder.
        head: the task's head.
        split: what to predict.
        device: where to compute.
        precision: fp32 or bf16.
        budget: padded tokens that go through the model at once; 0 = by device.
    """
    if task.family is Family.RANKING:
        vectors = ranking.ranking_vectors(encoder, head, split.features, device, precision, budget)
        return _ranked(task, split, vectors, device)
    outputs = head_outputs(encoder, head, split.features, device, precision, budget)
    if task.family is Family.SPAN:
        contexts = split.rows["context"].to_pylist()
        columns = answers.spans(outputs, split.features, contexts, unanswerable=task.unanswerable)
    else:
        decode = answers.tags if task.family is Family.TAGGING else answers.classes
        columns = decode(outputs, split.features, split.rows.num_rows)
    return _table(task, split, columns)


def predict_untrained(
    task: Task,
    encoder: Any,
    split: Split,
    *,
    layer: int,
    neighbours: int,
    device: torch.device,
    precision: str = "fp32",
    budget: int = 0,
    pooling: str = "mean",
) -> pa.Table:
    """Return the predictions of an encoder without a head: retrieved or mined translations.

    Args:
        task: retrieval or mining.
        encoder: a transformers encoder.
        split: what to predict.
        layer: hidden state that sentence vectors are read off, 0 = embeddings.
        neighbours: k of the ratio margin.
        device: where to compute.
        precision: fp32 or bf16.
        budget: padded tokens that go through the encoder at once; 0 = by device.
        pooling: how a sentence's states become its vector, mean or cls.
    """

    def vectors_of(rows: bitext.Array | None) -> bitext.Array:
        return sentence_vectors(encoder, split.features, layer, device, precision, budget, pooling=pooling, rows=rows)

    return untrained_table(task, split, vectors_of, split.features.columns["side"], neighbours, device)


def untrained_table(
    task: Task,
    split: Split,
    vectors_of: Callable[[bitext.Array | None], bitext.Array],
    side: bitext.Array,
    neighbours: int,
    device: torch.device,
) -> pa.Table:
    """Return what sentence vectors predict.

    Args:
        task: retrieval or mining.
        split: what to predict.
        vectors_of: returns the vectors of some of the split's sequences, or of all of them (None).
        side: side of every sequence, 0 = foreign, 1 = English; only retrieval needs it.
        neighbours: k of the ratio margin.
        device: where to compare vectors.
    """
    rows = split.rows.to_pydict()
    if task.family is Family.MINING:
        return _table(task, split, bitext.mine(rows, vectors_of, neighbours, device))
    vectors = vectors_of(None)
    return _table(task, split, bitext.retrieve(rows, vectors[side == 0], vectors[side == 1], device))


def _ranked(task: Task, split: Split, vectors: ranking.Array, device: torch.device) -> pa.Table:
    """Return the nearest candidates of every query."""
    rows, sides = split.rows.select(["id", "language"]).to_pydict(), split.features.columns["side"]
    queries = (sides == 0).nonzero()[0]
    predicted, scores = ranking.rank(rows["id"], sides, vectors, device)
    columns = {name: [values[row] for row in queries] for name, values in rows.items()}
    return _table(task, split, columns | {"prediction": predicted, "score": scores})


def _table(task: Task, split: Split, columns: dict[str, list[Any]]) -> pa.Table:
    count = len(columns["prediction"])
    return pa.table(
        {
            "id": pa.array(columns["id"], pa.string()) if "id" in columns else split.rows["id"],
            "language": pa.array(columns["language"], pa.string()) if "language" in columns else split.rows["language"],
            "split": pa.array([split.name] * count, pa.string()),
            "prediction": pa.array(columns["prediction"], _TYPES.get(task.family, pa.string())),
            "score": pa.array(columns["score"], pa.float64()),
        }
        | {name: pa.array(columns[name], kind) for name, kind in _NULL_TYPES.items() if name in columns}
    )
