"""Dual encoders: the loss and gradient of a batch are those of the whole batch, however it is cut."""

import numpy as np
import pytest
import torch

from workflow.scripts.errors import UserError
from workflow.scripts.features.batches import EpochPlan
from workflow.scripts.features.store import Features, TokenIds, write_features
from workflow.scripts.modeling.checkpoints import new_masked_lm
from workflow.scripts.modeling.heads import make_head
from workflow.scripts.schedules import learning_rates
from workflow.scripts.training import contrastive
from workflow.scripts.training.contrastive import Pairing, contrastive_loss, pair
from workflow.scripts.training.loop import TrainingLoop
from workflow.scripts.training.task import Hyperparameters, TrainingTask

TOKENS = TokenIds(vocabulary_size=60, pad=1, mask=4, special=(0, 1, 2, 3, 4))
SHAPE = {"hidden_size": 16, "layers": 2, "attention_heads": 2, "feed_forward_size": 32, "max_positions": 64}
QUERIES = 32


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    """Queries that begin with the same token as their candidate; every fourth shares its candidate with the next."""
    path = tmp_path_factory.mktemp("ranking") / "train.arrow"
    draw = np.random.default_rng(0)
    rows, sides, partners, groups = [], [], [], []
    for number in range(QUERIES):
        shared = number % 4 == 1
        if not shared:
            rows.append([0, 5 + number, *draw.integers(40, 60, draw.integers(8, 20)), 2])
            sides.append(1), partners.append(-1), groups.append(number)
        candidate = max(row for row, side in enumerate(sides) if side)
        rows.append([0, 5 + groups[candidate], *draw.integers(40, 60, draw.integers(1, 6)), 2])
        sides.append(0), partners.append(candidate), groups.append(groups[candidate])
    columns = {"example": range(len(rows)), "input_ids": rows, "side": sides, "partner": partners, "group": groups}
    write_features(path, columns, family="ranking", tokens=TOKENS, labels=())
    return Features(path)


def make(features, state, *, budget=0, dropout=0.0, steps=1, batch=QUERIES, learning_rate=1e-3, precision="fp32"):
    torch.manual_seed(3)
    encoder = new_masked_lm(SHAPE | {"dropout": dropout, "initializer_range": 0.3}, TOKENS).base_model
    task = TrainingTask(
        "pairs", features, EpochPlan(features.item_tokens, batch, (1, 0)), make_head("ranking", 16, 0, 0.0)
    )
    hyper = Hyperparameters(learning_rate, learning_rates({"warmup": 0.1}, steps), 0.0, 1.0, precision=precision)
    sequence = np.zeros(steps, dtype=np.int64)
    cpu = torch.device("cpu")
    return TrainingLoop(encoder, [task], sequence, hyper, seed=1, device=cpu, state=state, budget=budget)


def gradients(loop):
    """Return the step's result and the gradients before clipping."""
    task = loop.tasks[0]
    torch.manual_seed(9)
    loop.modules.train()
    result = loop._gradients(task, task.plan.batch(0), (1, 0, 0))
    return result, {name: p.grad.clone() for name, p in loop.modules.named_parameters() if p.grad is not None}


def test_items_are_queries_with_their_candidates(features):
    assert len(features) == QUERIES
    assert features.item_rows.tolist() == [2] * QUERIES
    longest = [
        max(len(features.input_ids[q]), len(features.input_ids[features.columns["partner"][q]]))
        for q in features.items[:-1]
    ]
    assert features.item_tokens.tolist() == [2 * length for length in longest]
    assert len(features.first(7)) == sum(features.columns["side"][:7] == 0)


@pytest.fixture(autouse=True)
def one_piece_held(monkeypatch):
    """Two micro-batches of these small examples are too many."""
    monkeypatch.setitem(contrastive.PIECES_HELD, "cpu", 1)


@pytest.mark.parametrize("budget", [25, 60, 200, 500])
def test_loss_and_gradients_do_not_depend_on_how_a_batch_is_cut(features, tmp_path, budget):
    whole, expected = gradients(make(features, tmp_path / "whole", budget=100_000))
    cut, found = gradients(make(features, tmp_path / "cut", budget=budget))
    assert whole.examples == cut.examples == QUERIES
    assert cut.loss == pytest.approx(whole.loss, abs=1e-5)
    assert (cut.tokens, cut.flops > whole.flops) == (whole.tokens, True)
    assert expected.keys() == found.keys()
    assert "heads.pairs.scale" in found
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-5, rtol=1e-4)
    assert max(float(gradient.abs().max()) for gradient in expected.values()) > 1e-3


@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-5), ("bf16", 1e-2)])
def test_pieces_are_recomputed_with_the_same_dropout(features, tmp_path, monkeypatch, precision, tolerance):
    """The gradient of cached pieces is that of the same pieces held in memory together."""
    settings = {"budget": 60, "dropout": 0.3, "precision": precision}
    loop = make(features, tmp_path / "cached", **settings)
    cached, found = gradients(loop)
    towers = contrastive._Towers
    monkeypatch.setattr(towers, "cached_backward", towers.backward)
    direct, expected = gradients(make(features, tmp_path / "direct", **settings))
    assert cached.loss == pytest.approx(direct.loss, abs=1e-5)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=tolerance, rtol=10 * tolerance)


def test_a_shared_candidate_stands_once_and_other_right_ones_are_no_negatives(features):
    pairing = pair(features, np.array([0, 1, 2, 3]))
    assert len(pairing.candidates) == 3
    assert pairing.right.tolist() == [0, 0, 1, 2]
    assert not pairing.excluded.any()
    vectors = torch.nn.functional.normalize(torch.randn(5, 4, generator=torch.Generator().manual_seed(0)), dim=1)
    excluded = np.array([[False, True, False], [False, False, False]])
    queries, candidates = np.arange(2), np.arange(3)
    loss = contrastive_loss(vectors, torch.tensor([7.0]), Pairing(queries, candidates, np.array([0, 2]), excluded))
    cosines = 7 * vectors[:2] @ vectors[2:].T
    first = torch.logsumexp(cosines[0, [0, 2]], 0) - cosines[0, 0]
    second = torch.logsumexp(cosines[1], 0) - cosines[1, 2]
    torch.testing.assert_close(loss, (first + second) / 2)


def test_right_candidates_that_are_not_the_own_one_are_found_by_group(tmp_path):
    columns = {
        "example": range(4),
        "input_ids": [[0, 5, 2]] * 4,
        "side": [1, 1, 0, 0],
        "partner": [-1, -1, 0, 1],
        "group": [3, 3, 3, 3],
    }
    write_features(tmp_path / "a.arrow", columns, family="ranking", tokens=TOKENS, labels=())
    assert pair(Features(tmp_path / "a.arrow"), np.array([0, 1])).excluded.tolist() == [[False, True], [True, False]]


def test_a_dual_encoder_learns(features, tmp_path):
    loop = make(features, tmp_path, steps=60, batch=16, learning_rate=5e-3)
    first = gradients(make(features, tmp_path / "first"))[0].loss
    done = loop.run()
    assert sum(done.losses[-5:]) / 5 < 0.5 * first
    assert float(loop.tasks[0].head.scale.detach()) != 100


def test_several_processes_are_refused(features, tmp_path):
    loop = make(features, tmp_path)
    loop.processes.count = 2
    with pytest.raises(UserError, match="'pairs' is trained on 2 devices"):
        gradients(loop)
