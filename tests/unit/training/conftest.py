"""Token files of a small task, made without a tokenizer, and encoders of two layers."""

import numpy as np
import pytest
import torch

from workflow.scripts.features.batches import EpochPlan
from workflow.scripts.features.store import Features, TokenIds, write_features
from workflow.scripts.modeling.checkpoints import new_masked_lm
from workflow.scripts.modeling.heads import MaskedTokenHead, make_head
from workflow.scripts.schedules import learning_rates, task_sequence
from workflow.scripts.training.loop import TrainingLoop
from workflow.scripts.training.task import Hyperparameters, TrainingTask

TOKENS = TokenIds(vocabulary_size=60, pad=1, mask=4, special=(0, 1, 2, 3, 4))
ARCHITECTURE = {
    "hidden_size": 16,
    "layers": 2,
    "attention_heads": 2,
    "feed_forward_size": 32,
    "dropout": 0.1,
    "max_positions": 64,
    "initializer_range": 0.05,
}
CLASSES = ("low", "high")


@pytest.fixture(scope="session")
def token_folder(tmp_path_factory):
    """A classification task that can be learned (class = first token is large) and plain text."""
    folder = tmp_path_factory.mktemp("tokens")
    draw = np.random.default_rng(0)
    rows = [draw.integers(5, 60, draw.integers(3, 20)).tolist() for _ in range(96)]
    ids = [[0, *row, 2] for row in rows]
    labels = [int(row[0] >= 32) for row in rows]
    columns = {"example": list(range(96)), "input_ids": ids, "label": labels}
    write_features(folder / "toy/train.arrow", columns, family="classification", tokens=TOKENS, labels=CLASSES)
    del columns["label"]
    write_features(folder / "plain/train.arrow", columns, family="text", tokens=TOKENS, labels=())
    return folder


@pytest.fixture
def make_loop(token_folder):
    """Return a function that builds a loop from scratch; the same arguments give the same loop."""

    def make(
        state,
        *,
        names=("toy",),
        steps=24,
        batch_size=8,
        dropout=0.1,
        learning_rate=5e-3,
        precision="fp32",
        stopping=None,
        budget=0,
        **schedule,
    ):
        torch.manual_seed(5)
        model = new_masked_lm(ARCHITECTURE | {"dropout": dropout}, TOKENS)
        tasks = []
        for number, name in enumerate(names):
            features = Features(token_folder / name / "train.arrow")
            plan = EpochPlan(features.item_tokens, batch_size, (1, number))
            text = features.family == "text"
            head = MaskedTokenHead(model.lm_head) if text else make_head(features.family, 16, 2, dropout)
            tasks.append(TrainingTask(name, features, plan, head, 0.3 if text else 0.0))
        sequence = task_sequence(np.ones(len(tasks)), steps, seed=1)
        rates = learning_rates({"warmup": 0.1} | schedule, steps)
        hyper = Hyperparameters(
            learning_rate=learning_rate, rate=rates, weight_decay=0.01, gradient_clip=1.0, precision=precision
        )
        cpu = torch.device("cpu")
        stop = stopping and stopping(model.base_model, tasks)
        return TrainingLoop(
            model.base_model, tasks, sequence, hyper, seed=1, device=cpu, state=state, stopping=stop, budget=budget
        )

    return make
