"""Tokens and operations of every stage.

With N weights in the layers (no embeddings), width D and sequences of L tokens, by layer where it matters:

    prediction   2 N tokens + 4 layers D sum(L^2)
    training     6 N tokens + 12 layers D sum(L^2); frozen lower layers and the inputs of adapters: less, below
    adapters     4 N tokens + 12 layers D sum(L^2): the weights have no gradient of their own
    masked LM    6 (D^2 + D V) more for each masked token; decoders 6 D V for every token
    echo         the sequence is given twice: 2 L for L, but not of text that is predicted

Frozen lower layers have no backward pass. Not counted: heads but for masked tokens, development sets, translation.
Early stopping makes runs shorter than is counted here.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from workflow.scripts.config_schema import defaults
from workflow.scripts.planning.jobs import Job
from workflow.scripts.planning.shapes import Shape, model_shape
from workflow.scripts.planning.sizes import Size, split_size
from workflow.scripts.runspec import decode
from workflow.scripts.schedules import branch_point, capped_sizes, mixing_weights
from workflow.scripts.source_names import SourceName
from workflow.scripts.specifications import MASKED, Specifications
from workflow.scripts.study import Study
from workflow.scripts.tasks import TASKS, Family

SPECIAL = 2
"""Tokens of a sequence that are never masked: its beginning and end."""


WORKING = ("pretraining", "trunks", "intermediate", "fine-tuning", "prediction")
"""Stages that compute with a model."""


@dataclass(slots=True)
class Work:
    """Tokens and operations of a stage; what they lack because a size is unknown."""

    tokens: float = 0.0
    flops: float = 0.0
    unknown: set[str] = field(default_factory=set)
    estimated: bool = False

    def add(self, other: "Work", times: int = 1) -> None:
        """Add the work of jobs of which there are so many."""
        self.tokens += other.tokens * times
        self.flops += other.flops * times
        self.unknown |= other.unknown
        self.estimated |= other.estimated


class Estimator:
    """Estimates the work of a study's jobs.

    Args:
        study: which.
        root: the folder above `results`.
    """

    def __init__(self, study: Study, root: Path) -> None:
        self.study, self.root, self.specs = study, root, Specifications(study)
        self.shapes = {model: model_shape(study, model, root) for model in study.every_model()}
        self.size = cache(lambda task, split, tokenizer: split_size(study, task, split, tokenizer, root))
        self._one = cache(self._work)

    def estimate(self, jobs: Iterable[Job]) -> dict[str, Work]:
        """Return the work of each stage that trains or predicts; seeds cost the same."""
        stages = {name: Work() for name in WORKING}
        alike = Counter((job.stage, job.rule, job.model, job.source, job.task) for job in jobs if job.stage in WORKING)
        for (stage, *kind), number in alike.items():
            stages[stage].add(self._one(*kind), number)
        return stages

    def _work(self, rule: str, model: str, source: str, task: str) -> Work:
        """Return the work of one job."""
        work = Work()
        match rule.removesuffix("_adapter"):
            case "pretrain_model":
                spec = decode(self.specs.pretraining_spec(model), defaults("pretraining"))
                shares, whole = spec["corpora"], sum(spec["corpora"].values())
                self._corpora(work, model, spec, shares, spec["steps"] / whole, spec["batch_size"])
            case "train_trunk":
                spec = decode(self.specs.trunk_spec(model, source, "0"), defaults("training"))
                self._supervised(work, model, spec, self._leaves(self.study.source(source).preceding()))
            case "train_intermediate":
                parts = self.study.source(source)
                spec = decode(self.specs.intermediate_spec(model, source, "0"), defaults("training"))
                self._supervised(work, model, spec, self._leaves(None if parts.decayed else parts))
            case "finetune_target":
                spec = decode(self.specs.finetuning_spec(model, task, "0", source), defaults("training"))
                self._supervised(work, model, spec, 0)
            case "predict_target" | "sweep_layers":
                for split in self.study.scored_splits(task):
                    self._add(work, model, task, split, 1.0)
            case "measure_perplexity":
                self._add(work, model, task, "test", 1.0, masked=MASKED)
        return work

    def _leaves(self, source: SourceName | None) -> int:
        """Return the step at which the branch of a source leaves its trunk, 0 where there is none."""
        if source is None or source.steps is None:
            return 0
        return branch_point(source.steps, self.study.settings["trunks"]["cooldown"])

    def _supervised(self, work: Work, model: str, spec: Mapping[str, Any], begins: int) -> None:
        """Add a training of one task or a mixture, of corpora or of both, as `training.plans.supervised` makes it."""
        tasks, batch = spec["tasks"], spec["batch_size"]
        items = [self._items(model, task, spec.get("examples")) for task in tasks]
        if not all(items):
            work.unknown |= {f"{task} train" for task, count in zip(tasks, items, strict=True) if not count}
            return
        sizes = capped_sizes([round(count) for count in items], spec.get("cap"))
        shares = spec.get("corpora", {})
        free = 1 - sum(shares.values()) if tasks else 0.0
        if "steps" in spec:
            together = float(spec["steps"] - begins)
        else:
            together = sum(math.ceil(spec["epochs"] * math.ceil(size / batch)) for size in sizes) / free
        if tasks:
            weights = mixing_weights(sizes, spec.get("sampling", "proportional"), spec.get("temperature", 1))
            exact = len(tasks) == 1 and "steps" not in spec
            for task, count, weight in zip(tasks, items, weights / weights.sum(), strict=True):
                seen = spec["epochs"] * count if exact else together * free * batch * float(weight)
                share = seen / self._items(model, task, None)
                self._add(work, model, task, "train", share, trained=True, frozen=spec["frozen_layers"])
        if shares:
            rows = spec.get("corpus_batch_size", 8)
            self._corpora(work, model, {"masked": MASKED} | dict(spec), shares, together, rows)

    def _items(self, model: str, task: str, examples: int | None) -> float:
        """Return the items of a training set, or of so many of its examples: sequences, or choices together."""
        size = self.size(task, "train", self.study.tokenizer(model))
        together = TASKS[task].family in (Family.MULTIPLE_CHOICE, Family.RANKING)
        items = size.rows if together else size.sequences
        return items if examples is None or not size.rows else items * min(1.0, examples / size.rows)

    def _corpora(
        self, work: Work, model: str, spec: Mapping[str, Any], shares: Mapping[str, float], steps: float, batch: int
    ) -> None:
        """Add the steps on plain text, of which each corpus has a share."""
        for corpus, share in shares.items():
            size = self.size(corpus, "train", self.study.tokenizer(model))
            if not size.sequences:
                work.unknown.add(f"{corpus} train")
                continue
            seen, frozen = steps * share * batch / size.sequences, spec.get("frozen_layers", 0)
            masked, whole = spec["masked"], "tasks" not in spec  # pretraining
            self._add(work, model, corpus, "train", seen, trained=True, frozen=frozen, masked=masked, whole=whole)

    def _add(
        self, work: Work, model: str, task: str, split: str, times: float,
        *, trained: bool = False, frozen: int = 0, masked: float = 0.0, whole: bool = False,
    ) -> None:  # fmt: skip
        """Add so many passes over a split; `whole` of a model that has no adapter yet."""
        size, shape = self.size(task, split, self.study.tokenizer(model)), self.shapes[model]
        if size.certainty == "unknown":
            work.unknown.add(f"{task} {split}")
            return
        work.estimated |= size.certainty == "estimated"
        work.tokens += size.tokens * times
        if shape is None:
            work.unknown.add(f"operations of {model}")
        else:
            shape = replace(shape, adapter=0) if whole else shape
            work.flops += flops(shape, size, trained=trained, frozen=frozen, masked=masked) * times


def flops(shape: Shape, size: Size, *, trained: bool, frozen: int = 0, masked: float = 0.0) -> float:
    """Return the operations of one pass over a split.

    Args:
        shape: of the encoder.
        size: of the split.
        trained: forward and backward, else forward alone.
        frozen: lowest parts that are not trained, the embeddings the first.
        masked: share of tokens that a masked language model predicts; decoders predict all, whatever the share.
    """
    copies = 1 if masked else shape.copies
    weights = 2.0 * shape.layer_weights * size.tokens * copies
    pairs = 4.0 * shape.width * size.squares * copies**2
    forward = shape.layers * (weights + pairs)
    read = size.tokens if shape.decoder else masked * (size.tokens - SPECIAL * size.sequences)
    head = 2.0 * shape.head_weights * read if masked else 0.0
    if not trained:
        return forward + head
    reached = shape.layers - max(0, frozen - 1)
    backward = reached * ((1 if shape.adapter else 2) * weights + 2 * pairs)
    return forward + backward + 3 * head
