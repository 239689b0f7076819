"""From a run specification to what the loop trains: tasks, their batches, their heads and the task of every step."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from workflow.scripts.errors import UserError
from workflow.scripts.features.batches import EpochPlan
from workflow.scripts.features.store import Features
from workflow.scripts.modeling.heads import MaskedTokenHead, make_head
from workflow.scripts.training.loop import TrainingTask
from workflow.scripts.training.schedule import capped_sizes, task_sequence, with_corpora

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


def supervised(
    spec: dict[str, Any], tokens: Sequence[Path], width: int, language_model_head: nn.Module | None = None
) -> tuple[list[TrainingTask], Array]:
    """Return the tasks of an intermediate or target training and the task of every step.

    A single task has `epochs` passes over its data; a mixture as many steps as its tasks would have together, each
    counted up to `cap` examples (jiant's rule, facts §1d). Corpora come on top of these steps.

    Args:
        spec: `tasks`, `epochs`, `batch_size`, `seed`, `head_dropout`; for mixtures `cap`; with continued pretraining
            `corpora` (shares of all steps), `corpus_batch_size`, `masked`, `sampling_alpha`.
        tokens: the tokenizer's token files, `<task>/<split>.arrow`.
        width: hidden size of the encoder.
        language_model_head: head of the pretrained model, where there are corpora.
    """
    tasks = []
    for number, name in enumerate(spec["tasks"]):
        features = Features(token_file(tokens, name))
        plan = EpochPlan(features.item_tokens, spec["batch_size"], (spec["seed"], number))
        head = make_head(features.family, width, len(features.labels), spec["head_dropout"])
        tasks.append(TrainingTask(name, features, plan, head))
    sizes = capped_sizes([len(task.features) for task in tasks], spec.get("cap"))
    steps = sum(math.ceil(spec["epochs"] * math.ceil(size / spec["batch_size"])) for size in sizes)
    sequence = task_sequence(sizes, steps, spec["seed"])
    shares = spec.get("corpora", {})
    if not shares or language_model_head is None:
        return tasks, sequence
    head = MaskedTokenHead(language_model_head)
    for number, name in enumerate(shares, start=len(tasks)):
        tasks.append(corpus(name, tokens, head, spec | {"batch_size": spec["corpus_batch_size"]}, number))
    return tasks, with_corpora(sequence, list(shares.values()), len(spec["tasks"]), spec["seed"])


def corpus(name: str, tokens: Sequence[Path], head: nn.Module, spec: dict[str, Any], number: int) -> TrainingTask:
    """Return the masked-language-model training of one corpus.

    Args:
        name: of the corpus.
        tokens: token files.
        head: of the masked language model, shared by all corpora.
        spec: `batch_size`, `masked`, `sampling_alpha`, `seed`.
        number: of the corpus among the tasks of the run.

    Raises:
        UserError: the tokenizer has no mask token.
    """
    features = Features(token_file(tokens, name))
    if features.tokens.mask is None:
        raise UserError(f"the tokenizer of {name} has no mask token; masked-language-model training needs one")
    plan = EpochPlan(
        features.item_tokens,
        spec["batch_size"],
        (spec["seed"], number),
        features.columns.get("language"),
        spec["sampling_alpha"],
    )
    return TrainingTask(name, features, plan, head, spec["masked"])


def pretraining(
    spec: dict[str, Any], tokens: Sequence[Path], language_model_head: nn.Module
) -> tuple[list[TrainingTask], Array]:
    """Return the corpora of a masked-language-model training and the corpus of every step.

    Args:
        spec: `corpora` (shares), `steps`, `batch_size`, `masked`, `sampling_alpha`, `seed`.
        tokens: the tokenizer's token files, `<task>/<split>.arrow`.
        language_model_head: the head of the pretrained model, shared by all corpora.

    Raises:
        UserError: the tokenizer has no mask token.
    """
    head = MaskedTokenHead(language_model_head)
    tasks = [corpus(name, tokens, head, spec, number) for number, name in enumerate(spec["corpora"])]
    shares = np.array(list(spec["corpora"].values()), dtype=np.float64)
    return tasks, task_sequence(shares, spec["steps"], spec["seed"])
