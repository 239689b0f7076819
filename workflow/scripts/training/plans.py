"""From a run specification to what the loop trains: tasks, their batches, their heads and the task of every step."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from workflow.scripts.errors import UserError
from workflow.scripts.features.batches import EpochPlan, nested_order
from workflow.scripts.features.store import Features
from workflow.scripts.modeling.heads import MaskedTokenHead, NextTokenHead, make_head
from workflow.scripts.schedules import capped_sizes, mixing_weights, task_sequence, with_corpora
from workflow.scripts.training.task import TrainingTask

Array = np.ndarray[Any, Any]


def token_file(paths: Sequence[Path], task: str, split: str = "train") -> Path:
    """Return the path of a task's token file among paths that end in `<task>/<split>.arrow`.

    Raises:
        UserError: it is not there.
    """
    for path in paths:
        if path.parent.name == task and path.stem == split:
            return path
    raise UserError(f"no token file {task}/{split}.arrow was given; got {', '.join(map(str, paths))}")


def _chosen(features: Features, task: str, examples: int | None, seed: int, *, from_end: bool = False) -> Array | None:
    """Return the items of a nested subset of the training examples, or None for all of them.

    With `from_end` these are the last examples of the nested order, in place of the first.

    Raises:
        UserError: the task has fewer examples.
    """
    if examples is None:
        return None
    of_item = features.columns["example"][features.items[:-1]]
    numbers, first = np.unique(of_item, return_index=True)
    if examples > len(numbers):
        raise UserError(
            f"{examples:,} training examples of {task} are asked for, it has {len(numbers):,}; lower the number after "
            f"-{'t' if from_end else 'n'} in the source's name, or take {task} as it is"
        )
    label = features.columns.get("label")
    labels = np.zeros(len(numbers), dtype=np.int64) if label is None else label[features.items[:-1]][first]
    order = nested_order(labels, seed)
    kept = numbers[order[-examples:] if from_end else order[:examples]]
    return np.flatnonzero(np.isin(of_item, kept))


def supervised(
    spec: dict[str, Any], tokens: Sequence[Path], width: int, text: nn.Module | None = None
) -> tuple[list[TrainingTask], Array]:
    """Return the tasks of an intermediate or target training and the task of every step.

    A single task has `epochs` passes over its data; a mixture as many steps as its tasks would have together, each
    counted up to `cap` examples (jiant's rule, facts §1d). Corpora come on top of these steps. A specification with
    `steps` has so many, and a beginning of them is the same however many there are.

    Args:
        spec: `tasks`, `epochs`, `batch_size`, `seed`, `head_dropout`; for mixtures `cap`, `sampling`, `temperature`;
            with continued pretraining `corpora` (shares of all steps), `corpus_batch_size`, `masked`,
            `sampling_alpha`; for nested subsets `examples`, `from_end`; for durations `steps`.
        tokens: the tokenizer's token files, `<task>/<split>.arrow`.
        width: hidden size of the encoder.
        text: the pretrained model's head for masked or for next tokens (`text_head`), where there are corpora.
    """
    tasks = []
    for number, name in enumerate(spec["tasks"]):
        features = Features(token_file(tokens, name))
        chosen = _chosen(features, name, spec.get("examples"), spec["seed"], from_end=spec.get("from_end", False))
        plan = EpochPlan(features.item_tokens, spec["batch_size"], (spec["seed"], number), items=chosen)
        head = make_head(features.family, width, len(features.labels), spec["head_dropout"])
        tasks.append(TrainingTask(name, features, plan, head))
    sizes = capped_sizes([len(task.plan.items) for task in tasks], spec.get("cap"))
    weights = mixing_weights(sizes, spec.get("sampling", "proportional"), spec.get("temperature", 1))
    shares = spec.get("corpora", {})
    if shares and text is not None:
        for number, name in enumerate(shares, start=len(tasks)):
            tasks.append(corpus(name, tokens, text, spec | {"batch_size": spec["corpus_batch_size"]}, number))
    if "steps" in spec:
        together = sum(shares.values())
        weights = np.array([*(weights / weights.sum() * (1 - together)), *shares.values()])
        return tasks, task_sequence(weights, spec["steps"], spec["seed"])
    steps = sum(math.ceil(spec["epochs"] * math.ceil(size / spec["batch_size"])) for size in sizes)
    sequence = task_sequence(weights, steps, spec["seed"])
    if not shares:
        return tasks, sequence
    return tasks, with_corpora(sequence, list(shares.values()), len(spec["tasks"]), spec["seed"])


def text_head(language_model_head: nn.Module, *, decoder: bool) -> MaskedTokenHead:
    """Return the head of a training on plain text: for next tokens of decoders, else for masked ones."""
    return NextTokenHead(language_model_head) if decoder else MaskedTokenHead(language_model_head)


def corpus(name: str, tokens: Sequence[Path], head: nn.Module, spec: dict[str, Any], number: int) -> TrainingTask:
    """Return the training on plain text of one corpus.

    Args:
        name: of the corpus.
        tokens: token files.
        head: for masked or for next tokens (`text_head`), shared by all corpora.
        spec: `batch_size`, `masked`, `sampling_alpha`, `seed`; `languages`, if not all that the corpus has.
        number: of the corpus among the tasks of the run.

    Raises:
        UserError: tokens are to be masked, but the tokenizer has no mask token; or the corpus not all of the languages.
    """
    features = Features(token_file(tokens, name))
    languages = features.columns.get("language")
    if features.tokens.mask is None and not isinstance(head, NextTokenHead):
        raise UserError(f"the tokenizer of {name} has no mask token; masked-language-model training needs one")
    plan = EpochPlan(
        features.item_tokens,
        spec["batch_size"],
        (spec["seed"], number),
        languages,
        spec["sampling_alpha"],
        _in_languages(features, name, spec["languages"]) if spec.get("languages") else None,
    )
    return TrainingTask(name, features, plan, head, spec["masked"])


def _in_languages(features: Features, corpus: str, wanted: Sequence[str]) -> Array:
    """Return the items of a corpus that are in some languages.

    Raises:
        UserError: it has no text in one of them.
    """
    missing = [code for code in wanted if code not in features.languages]
    if missing:
        raise UserError(
            f"the corpus {corpus} has no text in {', '.join(missing)}; it has {', '.join(features.languages)}. Leave "
            "them out of the mixture's languages"
        )
    numbers = [features.languages.index(code) for code in wanted]
    return np.flatnonzero(np.isin(features.columns["language"], numbers))


def pretraining(spec: dict[str, Any], tokens: Sequence[Path], text: nn.Module) -> tuple[list[TrainingTask], Array]:
    """Return the corpora of a training on plain text and the corpus of every step.

    Args:
        spec: `corpora` (shares), `steps`, `batch_size`, `masked`, `sampling_alpha`, `seed`.
        tokens: the tokenizer's token files, `<task>/<split>.arrow`.
        text: the model's head for masked or for next tokens (`text_head`), shared by all corpora.

    Raises:
        UserError: as `corpus`.
    """
    tasks = [corpus(name, tokens, text, spec, number) for number, name in enumerate(spec["corpora"])]
    shares = np.array(list(spec["corpora"].values()), dtype=np.float64)
    return tasks, task_sequence(shares, spec["steps"], spec["seed"])
