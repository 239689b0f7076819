"""Token files of small tasks, made without a tokenizer, and models of two layers that were (as if) trained on them."""

import numpy as np
import pytest
import torch

from workflow.scripts.features.store import Features, TokenIds, write_features
from workflow.scripts.modeling.checkpoints import TOKENIZER_FILES, new_masked_lm, save_checkpoint
from workflow.scripts.modeling.heads import make_head

TOKENS = TokenIds(vocabulary_size=40, pad=1, mask=4, special=(0, 1, 2, 3, 4))
ARCHITECTURE = {
    "hidden_size": 8,
    "layers": 2,
    "attention_heads": 2,
    "feed_forward_size": 16,
    "dropout": 0.1,
    "max_positions": 40,
    "initializer_range": 0.3,
}
LABELS = {"classification": ("low", "high"), "tagging": ("A", "B", "C"), "span": (), "multiple_choice": ()}


def small_rows(family, seed):
    """Return the columns of a small token file."""
    draw = np.random.default_rng(seed)
    ids = [[0, *draw.integers(5, 40, draw.integers(4, 12)).tolist(), 2] for _ in range(12)]
    columns = {"example": list(range(12)), "input_ids": ids}
    if family == "classification":
        columns["label"] = draw.integers(0, 2, 12).tolist()
    elif family == "multiple_choice":
        columns["example"] = np.repeat(np.arange(4), 3).tolist()
        columns["label"] = np.repeat(draw.integers(0, 3, 4), 3).tolist()
    elif family == "tagging":
        columns["positions"] = [list(range(1, len(row) - 1)) for row in ids]
        columns["labels"] = [[-1, *draw.integers(0, 3, len(row) - 3).tolist()] for row in ids]
    elif family == "span":
        columns |= {"start": [1] * 12, "end": [min(2, len(row) - 2) for row in ids], "context": [1] * 12}
        columns["offsets"] = [np.arange(2 * (len(row) - 2)).tolist() for row in ids]
    elif family == "retrieval":
        columns["side"] = [0, 1] * 6
    return columns


@pytest.fixture(scope="session")
def tokens(tmp_path_factory):
    """Token files by task: the paths."""
    folder, paths = tmp_path_factory.mktemp("tokens"), {}
    families = {
        "mnli": "classification",
        "pawsx": "classification",
        "udpos": "tagging",
        "squad_v1": "span",
        "hellaswag": "multiple_choice",
        "tatoeba": "retrieval",
    }
    for seed, (task, family) in enumerate(families.items()):
        paths[task] = folder / task / ("test.arrow" if family == "retrieval" else "train.arrow")
        write_features(
            paths[task], small_rows(family, seed), family=family, tokens=TOKENS, labels=LABELS.get(family, ())
        )
    return paths


@pytest.fixture
def features(tokens):
    """Token files by task, opened."""
    return {task: Features(path) for task, path in tokens.items()}


def new_model(seed):
    torch.manual_seed(seed)
    return new_masked_lm(ARCHITECTURE, TOKENS)


@pytest.fixture
def encoder():
    return new_model(1).base_model


@pytest.fixture(scope="session")
def checkpoints(tokens, tmp_path_factory):
    """The folder of a study's models, all with random weights: pretrained, after the source mnli, after the targets."""
    folder, tokenizer = tmp_path_factory.mktemp("study"), tmp_path_factory.mktemp("tokenizer")
    for name in TOKENIZER_FILES:
        (tokenizer / name).write_text("{}", encoding="utf-8")
    places = {
        folder / "models/tiny": [],
        folder / "intermediate/tiny/mnli/seed1": ["mnli"],
        folder / "finetuned/tiny/none/seed1/pawsx": ["pawsx"],
        folder / "finetuned/tiny/none/seed1/udpos": ["udpos"],
    }
    for seed, (place, tasks) in enumerate(places.items()):
        model, heads = new_model(seed), {}
        for task in tasks:
            read = Features(tokens[task])
            heads[task] = make_head(read.family, 8, len(read.labels), dropout=0.0)
        save_checkpoint(place, model, heads, tokenizer, "# card\n", {"spec_hash": "0"})
    return folder
