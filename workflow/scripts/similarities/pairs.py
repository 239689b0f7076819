"""All pairs of sources and targets: similarities that models are run for, and what running them costs.

Diagonals and task vectors of the targets are held together, those of the sources one after the other: at the size of
XLM-R Large about 2 GB a task.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from workflow.scripts.errors import UserError
from workflow.scripts.features.collation import collate
from workflow.scripts.features.store import Features
from workflow.scripts.modeling.checkpoints import load_encoder, load_head
from workflow.scripts.modeling.heads import make_head
from workflow.scripts.similarities.fisher import (
    UNFIT,
    Mode,
    component_cosines,
    diagonal_fisher,
    fuse_ranks,
    mean_fisher,
)
from workflow.scripts.similarities.logme import logme
from workflow.scripts.similarities.readings import chosen_items, read_examples
from workflow.scripts.similarities.task_vectors import task_vector, vector_cosine
from workflow.scripts.similarities.text_embedding import Array, cosine, sample_items, sample_rows, text_vector
from workflow.scripts.training.costs import head_rows, model_shape, sequence_lengths


@dataclass
class Found:
    """A measure of all pairs.

    Attributes:
        values: (sources, targets), nan where the measure is not defined.
        source_flops: spent on each source, for all targets together, (sources,).
        target_flops: spent on each target, for all sources together, (targets,).
    """

    values: Array
    source_flops: Array
    target_flops: Array

    @classmethod
    def empty(cls, sources: int, targets: int) -> "Found":
        """Return a measure of nothing yet."""
        return cls(np.full((sources, targets), np.nan), np.zeros(sources), np.zeros(targets))


@dataclass(frozen=True, kw_only=True)
class Material:
    """What the measures read.

    Attributes:
        sources: tasks by source.
        targets: training task by target, None where it is not fine-tuned.
        tokens: token files by task, and by target where it is not fine-tuned.
        source_folders: models after the sources.
        target_folders: fine-tuned models by training task.
        device: where to compute.
        examples: examples of a task whose inputs are read.
        fisher_examples: examples of a task whose gradients are computed.
        fisher: `exact` or `reference`.
        budget: padded tokens at once; 0 = by device.
        precision: fp32 or bf16, of forward passes.
    """

    sources: Mapping[str, Sequence[str]]
    targets: Mapping[str, str | None]
    tokens: Mapping[str, Features]
    source_folders: Mapping[str, Path] = field(default_factory=dict)
    target_folders: Mapping[str, Path] = field(default_factory=dict)
    device: torch.device
    examples: int = 500
    fisher_examples: int = 200
    fisher: Mode = "exact"
    budget: int = 0
    precision: str = "fp32"

    def found(self) -> Found:
        """Return a measure of nothing yet."""
        return Found.empty(len(self.sources), len(self.targets))

    def features(self, task: str) -> Features:
        """Return a task's token file.

        Raises:
            UserError: there is none.
        """
        if task not in self.tokens:
            raise UserError(f"no token file of '{task}' was given; expected tokens/…/{task}/train.arrow or test.arrow")
        return self.tokens[task]


def text_similarities(material: Material, encoder: Any) -> Found:
    """Return the cosines of the mean inputs; a mixture is the mean of its tasks."""
    vectors: dict[str, Array] = {}
    costs: dict[str, float] = {}
    shape = model_shape(encoder)

    def vector(name: str) -> Array:
        if name not in vectors:
            features = material.features(name)
            rows = sample_rows(features, material.examples, 0)
            how = (material.device, material.precision, material.budget)
            vectors[name] = text_vector(encoder, features, rows, *how)
            costs[name] = shape.forward_flops(features.input_ids.lengths[rows]) if shape else 0.0
        return vectors[name]

    found = material.found()
    for i, tasks in enumerate(material.sources.values()):
        source = np.mean([vector(task) for task in tasks], axis=0)
        found.source_flops[i] = sum(costs[task] for task in tasks)
        for j, (target, task) in enumerate(material.targets.items()):
            found.values[i, j] = cosine(source, vector(task or target))
            found.target_flops[j] = costs[task or target]
    return found


def _diagonal(material: Material, folder: Path, task: str) -> tuple[dict[str, torch.Tensor], float] | None:
    """Return a task's diagonal under the model of a folder and its cost; None where the task has none."""
    features = material.features(task)
    if features.family in UNFIT:
        return None
    encoder = load_encoder(folder)
    head = make_head(features.family, encoder.config.hidden_size, len(features.labels), dropout=0.0)
    load_head(folder, task, head)
    items = sample_items(features, material.fisher_examples, 0)
    shape, flops = model_shape(encoder, {task: head}), 0.0
    diagonal = diagonal_fisher(encoder, head, features, items, material.device, material.fisher)
    if shape:
        batch = collate(features, items)
        flops = shape.training_flops(sequence_lengths(batch), task, head_rows(batch))
    return diagonal, flops


def task_similarities(material: Material) -> dict[str, Found]:
    """Return TaskEmb: mean cosine over the components, and their fused ranks among the sources."""
    plain, fused = material.found(), material.found()
    own = {task: _diagonal(material, folder, task) for task, folder in material.target_folders.items()}
    rows: dict[int, dict[int, dict[str, float]]] = {}
    for i, (source, tasks) in enumerate(material.sources.items()):
        parts = [part for task in tasks if (part := _diagonal(material, material.source_folders[source], task))]
        if not parts:
            continue
        mixed = mean_fisher([diagonal for diagonal, _ in parts])
        plain.source_flops[i] = sum(flops for _, flops in parts)
        for j, task in enumerate(material.targets.values()):
            mine = own.get(task) if task else None
            if mine is not None:
                cosines = component_cosines(mixed, mine[0])
                plain.target_flops[j] = mine[1]
                plain.values[i, j] = np.mean(list(cosines.values()))
                rows.setdefault(j, {})[i] = cosines
    for j, by_source in rows.items():
        names = sorted(set.union(*(set(cosines) for cosines in by_source.values())))
        table = [[cosines.get(name, 0.0) for cosines in by_source.values()] for name in names]
        fused.values[list(by_source), j] = fuse_ranks(table)
    fused.source_flops, fused.target_flops = plain.source_flops.copy(), plain.target_flops.copy()
    return {"task_embedding": plain, "task_embedding_fused": fused}


def logme_similarities(material: Material) -> Found:
    """Return the log evidence of each target's labels under each source's features, per example."""
    found = material.found()
    for i, folder in enumerate(material.source_folders[source] for source in material.sources):
        encoder = load_encoder(folder)
        shape = model_shape(encoder)
        done: dict[str, float] = {}
        for j, task in enumerate(material.targets.values()):
            if task is None or material.features(task).family in UNFIT:
                continue
            if task not in done:
                features = material.features(task)
                items = chosen_items(features, sample_items(features, material.examples, 0))
                how = (material.device, material.precision, material.budget)
                done[task] = logme(*read_examples(encoder, features, items, *how))
                found.source_flops[i] += shape.forward_flops(features.item_tokens[items]) if shape else 0.0
            found.values[i, j] = done[task]
    return found


def vector_similarities(material: Material, encoder: Any) -> Found:
    """Return the cosines of what the sources and the targets' training change in the pretrained encoder."""
    found = material.found()
    own = {task: task_vector(load_encoder(folder), encoder) for task, folder in material.target_folders.items()}
    for i, source in enumerate(material.sources):
        change = task_vector(load_encoder(material.source_folders[source]), encoder)
        for j, task in enumerate(material.targets.values()):
            if task is not None:
                found.values[i, j] = vector_cosine(change, own[task])
    return found


def size_of_sources(material: Material) -> Found:
    """Return log2 of the number of training examples of each source, the same for all targets."""
    found = material.found()
    for i, tasks in enumerate(material.sources.values()):
        found.values[i] = np.log2(sum(len(material.features(task)) for task in tasks))
    return found
