"""Tokens and operations of every stage.

With N weights in the layers (no embeddings), width D and sequences of L tokens, by layer where it matters:

    prediction   2 N tokens + 4 layers D sum(L^2)
    training     6 N tokens + 12 layers D sum(L^2); frozen lower layers and the inputs of adapters: less, below
    adapters     4 N tokens + 12 layers D sum(L^2): the weights have no gradient of their own
    masked LM    6 (D^2 + D V) more for each masked token

Frozen lower layers have no backward pass. Not counted: heads but for masked tokens, development sets, translation.
Early stopping makes runs shorter than is counted here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from workflow.scripts.planning.shapes import Shape, model_shape
from workflow.scripts.planning.sizes import Size, split_size
from workflow.scripts.runspec import decode
from workflow.scripts.settings import defaults
from workflow.scripts.specifications import Specifications
from workflow.scripts.study import NONE, Study
from workflow.scripts.tasks import TASKS, Family
from workflow.scripts.training.schedule import branch_point, capped_sizes, mixing_weights

SPECIAL = 2
"""Tokens of a sequence that are never masked: its beginning and end."""


@dataclass(slots=True)
class Work:
    """Tokens and operations of a stage; what they lack because a size is unknown."""

    tokens: float = 0.0
    flops: float = 0.0
    unknown: set[str] = field(default_factory=set)
    estimated: bool = False


class Estimator:
    """Estimates the work of a study.

    Args:
        study: which.
        root: the folder above `results`.
    """

    def __init__(self, study: Study, root: Path) -> None:
        self.study, self.root, self.specs = study, root, Specifications(study)
        self.shapes = {model: model_shape(study, model, root) for model in study.models}
        self.size = cache(lambda task, split, tokenizer: split_size(study, task, split, tokenizer, root))
        self.stages: dict[str, Work] = {}

    def estimate(self) -> dict[str, Work]:
        """Return the work of each stage that trains or predicts."""
        names = ("pretraining", "trunks", "intermediate", "fine-tuning", "prediction")
        self.stages = {name: Work() for name in names}
        study, seeds = self.study, len(self.study.seeds)
        for model in study.models:
            if not study.is_fetched(model):
                spec = decode(self.specs.pretraining_spec(model), defaults("pretraining"))
                self._corpora("pretraining", model, spec, spec["corpora"], spec["steps"], spec["batch_size"], 1)
            for source in study.trunk_segments():
                self._train("trunks", model, source, seeds)
            for source in study.sources:
                if source != NONE:
                    self._train("intermediate", model, source, seeds)
            for task in study.training_tasks():
                spec = decode(self.specs.finetuning_spec(model, task, "0"), defaults("training"))
                self._supervised("fine-tuning", model, spec, 0, seeds * len(study.sources))
            for target in study.targets:
                for split in study.scored_splits(target):
                    self._add("prediction", model, target, split, 1.0, seeds * len(study.sources))
        return self.stages

    def _train(self, stage: str, model: str, source: str, runs: int) -> None:
        trunk = stage == "trunks"
        make = self.specs.trunk_spec if trunk else self.specs.intermediate_spec
        spec = decode(make(model, source, "0"), defaults("training"))
        begins, parts = 0, self.study.source(source)
        cooldown = self.study.settings["trunks"]["cooldown"]
        if parts.steps is not None:
            before = parts.preceding() if trunk else parts
            begins = branch_point(before.steps, cooldown) if before is not None and before.steps else 0
        self._supervised(stage, model, spec, begins, runs)

    def _supervised(self, stage: str, model: str, spec: Mapping[str, Any], begins: int, runs: int) -> None:
        """Add a training of one task or a mixture, as `training.plans.supervised` makes it."""
        tasks, batch = spec["tasks"], spec["batch_size"]
        items = [self._items(model, task, spec.get("examples")) for task in tasks]
        if not all(items):
            self.stages[stage].unknown |= {task for task, count in zip(tasks, items, strict=True) if not count}
            return
        sizes = capped_sizes([round(count) for count in items], spec.get("cap"))
        weights = mixing_weights(sizes, spec.get("sampling", "proportional"), spec.get("temperature", 1))
        weights = weights / weights.sum()
        shares = spec.get("corpora", {})
        free = 1 - sum(shares.values())
        if "steps" in spec:
            steps = (spec["steps"] - begins) * free
        else:
            steps = sum(math.ceil(spec["epochs"] * math.ceil(size / batch)) for size in sizes)
        exact = len(tasks) == 1 and "steps" not in spec
        for task, count, weight in zip(tasks, items, weights, strict=True):
            seen = spec["epochs"] * count if exact else steps * batch * float(weight)
            share = seen / self._items(model, task, None)
            self._add(stage, model, task, "train", share, runs, trained=True, frozen=spec["frozen_layers"])
        if shares:
            rows = spec.get("corpus_batch_size", 8)
            self._corpora(stage, model, {"masked": 0.15} | dict(spec), shares, steps / free, rows, runs)

    def _items(self, model: str, task: str, examples: int | None) -> float:
        """Return the items of a training set, or of so many of its examples: sequences, or choices together."""
        size = self.size(task, "train", self.study.tokenizer(model))
        together = TASKS[task].family in (Family.MULTIPLE_CHOICE, Family.RANKING)
        items = size.rows if together else size.sequences
        return items if examples is None or not size.rows else items * min(1.0, examples / size.rows)

    def _corpora(
        self,
        stage: str,
        model: str,
        spec: Mapping[str, Any],
        shares: Mapping[str, float],
        steps: float,
        batch: int,
        runs: int,
    ) -> None:
        whole = sum(shares.values()) if stage == "pretraining" else 1.0
        for corpus, share in shares.items():
            size = self.size(corpus, "train", self.study.tokenizer(model))
            if not size.sequences:
                self.stages[stage].unknown.add(corpus)
                continue
            seen = steps * share / whole * batch / size.sequences
            frozen = spec.get("frozen_layers", 0)
            self._add(stage, model, corpus, "train", seen, runs, trained=True, frozen=frozen, masked=spec["masked"])

    def _add(
        self, stage: str, model: str, task: str, split: str, times: float, runs: int,
        *, trained: bool = False, frozen: int = 0, masked: float = 0.0,
    ) -> None:  # fmt: skip
        size, shape, work = self.size(task, split, self.study.tokenizer(model)), self.shapes[model], self.stages[stage]
        if size.certainty == "unknown":
            work.unknown.add(f"{task} {split}")
            return
        work.estimated |= size.certainty == "estimated"
        work.tokens += size.tokens * times * runs
        if shape is None:
            work.unknown.add(f"operations of {model}")
        else:
            work.flops += flops(shape, size, trained=trained, frozen=frozen, masked=masked) * times * runs


def flops(shape: Shape, size: Size, *, trained: bool, frozen: int = 0, masked: float = 0.0) -> float:
    """Return the operations of one pass over a split.

    Args:
        shape: of the encoder.
        size: of the split.
        trained: forward and backward, else forward alone.
        frozen: lowest parts that are not trained, the embeddings the first.
        masked: share of tokens that a masked language model predicts.
    """
    weights, pairs = 2.0 * shape.layer_weights * size.tokens, 4.0 * shape.width * size.squares
    forward = shape.layers * (weights + pairs)
    if not trained:
        return forward
    reached = shape.layers - max(0, frozen - 1)
    backward = reached * ((1 if shape.adapter else 2) * weights + 2 * pairs)
    head = 6.0 * (shape.width**2 + shape.width * shape.vocabulary) * masked * (size.tokens - SPECIAL * size.sequences)
    return forward + backward + head
