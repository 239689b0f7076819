"""Scores on the development data of the training tasks, in the language of training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from torch import nn

from workflow.scripts.decoding.prediction import Split, predict
from workflow.scripts.features.store import Features
from workflow.scripts.files import check_data, read_table
from workflow.scripts.metrics.alignment import Table, align_examples
from workflow.scripts.metrics.ranking_alignment import query_table
from workflow.scripts.metrics.registry import score_language
from workflow.scripts.tasks import Family, Task, find_task
from workflow.scripts.training.plans import token_file
from workflow.scripts.training.selection import mean_score

Scores = dict[str, dict[str, float]]


@dataclass(frozen=True)
class DevelopmentSet:
    """The development data of one task."""

    task: Task
    rows: pa.Table
    features: Features


class DevelopmentSets:
    """The development data of all tasks that a run is trained on and that have any.

    Args:
        data: canonical data `<task>/dev.parquet`.
        tokens: token files, among them `<task>/dev.arrow` of the same tasks.
        device: where to compute.
        precision: of the computation.
    """

    def __init__(
        self, data: Sequence[Path], tokens: Sequence[Path], device: torch.device, precision: str = "fp32"
    ) -> None:
        self.device = device
        self.precision = precision
        for path in data:
            check_data(path)
        self.sets = [
            DevelopmentSet(
                find_task(path.parent.name), read_table(path), Features(token_file(tokens, path.parent.name, "dev"))
            )
            for path in data
        ]

    def score(self, encoder: Any, heads: Mapping[str, nn.Module], examples: int | None = None) -> Scores:
        """Return all values of all metrics, by task.

        In the language of training: English, or the mean over the languages of translated data.

        Args:
            encoder: a transformers encoder.
            heads: heads by task.
            examples: only so many, the first ones, of every task.
        """
        scores: Scores = {}
        for data in self.sets:
            rows = data.rows if examples is None else data.rows.slice(0, examples)
            features = data.features if examples is None else data.features.first(rows.num_rows)
            split = Split("dev", rows, features)
            predicted = predict(data.task, encoder, heads[data.task.name], split, self.device, self.precision)
            gold = Table(rows, data.task.name)
            if data.task.family is Family.RANKING:
                gold = query_table(gold)
            aligned = align_examples(data.task.family, gold, Table(predicted, "predictions"), "dev")
            by_language = [score_language(data.task, part.gold, part.predicted, code) for code, part in aligned.items()]
            scores[data.task.name] = {
                name: sum(values[name] for values in by_language) / len(by_language) for name in by_language[0]
            }
        return scores

    def main_score(self, encoder: Any, heads: Mapping[str, nn.Module], examples: int) -> float:
        """Return the mean over tasks of their main metrics (of several, their mean), 0 to 100; arguments as `score`."""
        scores = self.score(encoder, heads, examples)
        return mean_score(
            [mean_score([scores[data.task.name][name] for name in data.task.metrics]) for data in self.sets]
        )
