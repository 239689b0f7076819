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
from workflow.scripts.training.schedule import capped_sizes, task_sequence

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


def supervised(spec: dict[str, Any], tokens: Sequence[Path], width: int) -> tuple[list[TrainingTask], Array]:
    """Return the tasks of an intermediate or target training and the task of every step.

    A single task has `epochs` passes over its data; a mixture as many steps as its tasks would have together, each
    counted up to `cap` examples (jiant's rule, facts §1d).

    Args:
        spec: `tasks`, `epochs`, `batch_size`, `seed`, `head_dropout`, and for mixtures `cap`.
        tokens: the tokenizer's token files, `<task>/<split>.arrow`.
        width: hidden size of the encoder.
    """
    tasks = []
    for number, name in enumerate(spec["tasks"]):
        features = Features(token_file(tokens, name))
        plan = EpochPlan(features.item_tokens, spec["batch_size"], (spec["seed"], number))
        head = make_head(features.family, width, len(features.labels), spec["head_dropout"])
        tasks.append(TrainingTask(name, features, plan, head))
    sizes = capped_sizes([len(task.features) for task in tasks], spec.get("cap"))
    steps = sum(math.ceil(spec["epochs"] * math.ceil(size / spec["batch_size"])) for size in sizes)
    return tasks, task_sequence(sizes, steps, spec["seed"])


def pretraining(
    spec: dict[str, Any], tokens: Sequence[Path], language_model_head: nn.Module
) -> tuple[list[TrainingTask], Array]:
    """Return the corpora of a masked-language-model training and the corpus of every step.

    Args:
        spec: `corpora` (shares), `steps`, `batch_size`, `masked`, `seed`.
        tokens: the tokenizer's token files, `<task>/<split>.arrow`.
        language_model_head: the head of the pretrained model, shared by all corpora.

    Raises:
        UserError: the tokenizer has no mask token.
    """
    head = MaskedTokenHead(language_model_head)
    tasks = []
    for number, name in enumerate(spec["corpora"]):
        features = Features(token_file(tokens, name))
        if features.tokens.mask is None:
            raise UserError(f"the tokenizer of {name} has no mask token; masked-language-model training needs one")
        plan = EpochPlan(features.item_tokens, spec["batch_size"], (spec["seed"], number))
        tasks.append(TrainingTask(name, features, plan, head, spec["masked"]))
    shares = np.array(list(spec["corpora"].values()), dtype=np.float64)
    return tasks, task_sequence(shares, spec["steps"], spec["seed"])
