"""Predictions of one encoder for one split of a task, as the table that is stored and scored.

Columns: `id`, `language`, `split`, `prediction` (class, choice, tags, text, or id by family) and `score`; one row for
each example, for mining one for each candidate pair.
"""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import torch
from torch import nn

from workflow.scripts.decoding import answers, bitext
from workflow.scripts.decoding.inference import head_outputs, sentence_vectors
from workflow.scripts.features.store import Features
from workflow.scripts.tasks import Family, Task

_TYPES = {Family.MULTIPLE_CHOICE: pa.int32(), Family.TAGGING: pa.list_(pa.string())}


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
        task: classification, multiple choice, tagging or span.
        encoder: a transformers encoder.
        head: the task's head.
        split: what to predict.
        device: where to compute.
        precision: fp32 or bf16.
        budget: padded tokens that go through the model at once; 0 = by device.
    """
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
) -> pa.Table:
    """Return the predictions of an encoder without a head: retrieved or mined translations.

    Args:
        task: retrieval or mining.
        encoder: a transformers encoder.
        split: what to predict.
        layer: hidden state that sentence vectors are the mean of, 0 = embeddings.
        neighbours: k of the ratio margin.
        device: where to compute.
        precision: fp32 or bf16.
        budget: padded tokens that go through the encoder at once; 0 = by device.
    """
    vectors = sentence_vectors(encoder, split.features, layer, device, precision, budget)
    rows = split.rows.to_pydict()
    if task.family is Family.MINING:
        return _table(task, split, bitext.mine(rows, vectors, neighbours))
    side = split.features.columns["side"]
    return _table(task, split, bitext.retrieve(rows, vectors[side == 0], vectors[side == 1]))


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
    )
