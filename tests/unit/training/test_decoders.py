"""Decoders through the training loop: every family of heads, next-token training, what an echo costs."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from tests.checkpoints import decoder
from workflow.scripts.features.batches import EpochPlan
from workflow.scripts.features.collation import collate_next_tokens
from workflow.scripts.features.store import Features, TokenIds, write_features
from workflow.scripts.modeling.encoders import encode
from workflow.scripts.modeling.heads import NextTokenHead, make_head
from workflow.scripts.schedules import learning_rates
from workflow.scripts.training.costs import head_rows, model_shape, sequence_lengths
from workflow.scripts.training.loop import TrainingLoop
from workflow.scripts.training.plans import text_head
from workflow.scripts.training.task import Hyperparameters, TrainingTask

TOKENS = TokenIds(60, 1, None, (0, 1, 2))
KINDS = ("qwen2", "llama", "xglm")
SETTINGS = ("causal", "unlocked", "echo")
FAMILIES = {
    "classification": "example input_ids label",
    "multiple_choice": "example input_ids label",
    "tagging": "example input_ids positions labels",
    "span": "example input_ids start end context offsets",
    "ranking": "example input_ids side partner group",
    "text": "example input_ids",
}
CPU = torch.device("cpu")


def columns(family):
    """Sequences whose text begins with the answer: a decoder has to remember it to the end."""
    draw = np.random.default_rng(0)
    rows = [draw.integers(5, 60, draw.integers(3, 8)).tolist() for _ in range(24)]
    for number, row in enumerate(rows):
        row[0] = 10 + 30 * (number % 2)
        if family in ("ranking", "text"):
            row[:] = [5 + number // 2] * len(row)
    first = list(range(24))
    one = [number % 2 for number in range(24)]
    return {
        "example": [number // 2 for number in first] if family == "multiple_choice" else first,
        "input_ids": [[0, *row] for row in rows],
        "label": [0] * 24 if family == "multiple_choice" else one,
        "positions": [[1, 2] for _ in rows],
        "labels": [[label, 1 - label] for label in one],
        "start": [1 + label for label in one],
        "end": [1 + label for label in one],
        "context": [1] * 24,
        "offsets": [list(range(2 * len(row))) for row in rows],
        "side": one,
        "partner": [number + 1 if number % 2 == 0 else -1 for number in first],
        "group": [number // 2 for number in first],
    }


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokens")
    for family, names in FAMILIES.items():
        labels = ("a", "b") if family in ("classification", "tagging") else ()
        given = {name: values for name, values in columns(family).items() if name in names.split()}
        write_features(folder / f"{family}.arrow", given, family=family, tokens=TOKENS, labels=labels)
    return {family: Features(folder / f"{family}.arrow") for family in FAMILIES}


def make(kind, attention):
    torch.manual_seed(3)
    model = decoder(kind)
    model.config.transfer_attention = attention
    return model


def train(model, data, state, *, steps, budget=0, precision="fp32"):
    torch.manual_seed(4)
    family = data.family
    head = text_head(model.lm_head, decoder=True) if family == "text" else make_head(family, 16, len(data.labels), 0.0)
    if family == "ranking":
        head.scale.data.fill_(5.0)
    task = TrainingTask(family, data, EpochPlan(data.item_tokens, 8, (1, 0)), head, 0.3 if family == "text" else 0.0)
    rates = learning_rates({"warmup": 0.1}, steps)
    hyper = Hyperparameters(0.01, rates, weight_decay=0.0, gradient_clip=1.0, precision=precision)
    sequence = np.zeros(steps, dtype=np.int64)
    loop = TrainingLoop(model.base_model, [task], sequence, hyper, seed=1, device=CPU, state=state, budget=budget)
    loop.run()
    return loop


@pytest.mark.parametrize("attention", SETTINGS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_learned(features, tmp_path, family, kind, attention):
    losses = train(make(kind, attention), features[family], tmp_path, steps=24).done.losses
    assert np.mean(losses[-4:]) < 0.8 * np.mean(losses[:4])


@pytest.mark.parametrize("attention", SETTINGS)
def test_bfloat16_learns_too(features, tmp_path, attention):
    for kind in KINDS:
        losses = train(make(kind, attention), features["span"], tmp_path / kind, steps=16, precision="bf16").done.losses
        assert np.mean(losses[-4:]) < np.mean(losses[:4])


@pytest.mark.parametrize("attention", SETTINGS)
@pytest.mark.parametrize("family", ["classification", "ranking", "text"])
def test_micro_batches_change_rounding_only(features, tmp_path, family, attention):
    whole, cut = (
        train(make("qwen2", attention), features[family], tmp_path / str(budget), steps=3, budget=budget)
        for budget in (4000, 30)
    )
    assert cut.done.losses == pytest.approx(whole.done.losses, rel=1e-3)
    assert cut.budget == 30


def test_the_next_token_is_asked_at_every_token_but_the_last(features):
    data = features["classification"]
    batch = collate_next_tokens(data, np.array([0, 1, 2]))
    ids, width = batch.tensors["input_ids"], batch.tensors["input_ids"].shape[1]
    asked = [(place // width, place % width) for place in batch.tensors["position"].tolist()]
    expected = [(row, place) for row in range(3) for place in range(len(data.input_ids[row]) - 1)]
    assert asked == expected
    assert batch.tensors["label"].tolist() == [int(ids[row, place + 1]) for row, place in expected]
    assert batch.weight == len(expected)
    assert batch.to(CPU).next_tokens


def test_the_loss_of_text_is_the_models_own(features, tmp_path):
    data, model = features["classification"], make("llama", "echo").eval()
    batch = collate_next_tokens(data, np.arange(4))
    head = NextTokenHead(model.lm_head)
    with torch.no_grad():
        found = head.loss_sum(head(encode(model.base_model, batch)[0], batch), batch) / batch.weight
        mask = batch.tensors["attention_mask"]
        labels = batch.tensors["input_ids"].masked_fill(mask == 0, -100)
        expected = model(batch.tensors["input_ids"], attention_mask=mask, labels=labels).loss
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("attention", SETTINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_operations_are_those_that_pytorch_counts(features, kind, attention):
    model = make(kind, attention)
    encoder = model.base_model
    encoder.set_attn_implementation("eager")  # the counter does not see what sdpa does on a CPU
    data = features["classification"]
    rows = np.flatnonzero(data.input_ids.lengths == data.input_ids.lengths[0])
    for head in (make_head("classification", 16, 2, 0.0), text_head(model.lm_head, decoder=True)):
        task = TrainingTask("one", data, EpochPlan(data.item_tokens, 8, (1, 0)), head)
        batch, shape = task.batch(rows, (1,)), model_shape(encoder, {"one": head})
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            head(encode(encoder, batch)[0], batch)
        counted = counter.get_total_flops()
        assert shape.forward_flops(sequence_lengths(batch), "one", head_rows(batch)) == counted


def test_an_echo_counts_twice_where_memory_is_shared_out(features):
    model, data = make("qwen2", "echo"), features["classification"]
    items = np.arange(4)
    for family, times in (("classification", 2), ("text", 1)):
        data = features[family]
        head = text_head(model.lm_head, decoder=True) if family == "text" else make_head(family, 16, 2, 0.0)
        task = TrainingTask(family, data, EpochPlan(data.item_tokens, 8, (1, 0)), head)
        assert (task.tokens(items, model.base_model) == times * data.item_tokens[items]).all()
