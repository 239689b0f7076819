"""Rankings of candidates: exact, with ties in the order of the file, one row for each query."""

import numpy as np
import pyarrow as pa
import pytest
import torch

from workflow.scripts.decoding import inference, ranking
from workflow.scripts.decoding.prediction import Split, predict
from workflow.scripts.errors import UserError
from workflow.scripts.features.store import Features, TokenIds, write_features
from workflow.scripts.modeling.checkpoints import new_masked_lm
from workflow.scripts.modeling.heads import make_head
from workflow.scripts.tasks import TASKS

CPU = torch.device("cpu")
TOKENS = TokenIds(vocabulary_size=40, pad=1, mask=4, special=(0, 1, 2, 3, 4))
SHAPE = {"hidden_size": 16, "layers": 1, "attention_heads": 2, "feed_forward_size": 16, "max_positions": 32}
SHAPE |= {"dropout": 0.0, "initializer_range": 0.3}


def units(rows, width, seed=0):
    vectors = np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_rankings_are_those_of_all_cosines():
    vectors = units(300, 8)
    sides = (np.arange(300) % 5 > 0).astype(np.int8)
    ids = [f"row{number}" for number in range(300)]
    ranked, cosines = ranking.rank(ids, sides, vectors, CPU)
    queries, candidates = np.flatnonzero(sides == 0), np.flatnonzero(sides == 1)
    all_cosines = vectors[queries] @ vectors[candidates].T
    order = np.argsort(-all_cosines, axis=1, kind="stable")[:, :20]
    assert ranked == [[ids[candidates[column]] for column in row] for row in order]
    np.testing.assert_allclose(cosines, all_cosines.max(axis=1), atol=1e-6)


def test_ties_keep_the_order_of_the_file():
    vectors = np.concatenate([units(1, 4), np.repeat(units(1, 4, seed=1), 30, axis=0)])
    sides = np.array([0] + [1] * 30, dtype=np.int8)
    ((ranked), _) = ranking.rank(["q", *(f"c{number}" for number in range(30))], sides, vectors, CPU)
    assert ranked == [[f"c{number}" for number in range(20)]]


def test_a_pool_of_fewer_than_twenty_is_ranked_whole_and_an_empty_one_refused():
    sides = np.array([1, 0, 1], dtype=np.int8)
    ranked, _ = ranking.rank(["a", "q", "b"], sides, units(3, 4), CPU)
    assert sorted(ranked[0]) == ["a", "b"]
    with pytest.raises(UserError, match="3 queries and 0 candidates"):
        ranking.rank(["a", "b", "c"], sides * 0, units(3, 4), CPU)


@pytest.fixture
def split(tmp_path):
    rows = [[0, 5 + number % 30, 7, 2][: 3 + number % 2] for number in range(24)]
    sides = [number % 3 > 0 for number in range(24)]
    columns = {
        "example": range(24),
        "input_ids": rows,
        "side": sides,
        "partner": [-1 if side else number + 1 for number, side in enumerate(sides)],
        "group": range(24),
    }
    write_features(tmp_path / "test.arrow", columns, family="ranking", tokens=TOKENS, labels=())
    table = pa.table({"id": [f"i{n}" for n in range(24)], "language": ["en", "de"] * 12})
    return Split("test", table, Features(tmp_path / "test.arrow"))


def test_every_query_gets_a_prediction_whatever_the_budget(split, monkeypatch):
    torch.manual_seed(0)
    encoder, head = new_masked_lm(SHAPE, TOKENS).base_model, make_head("ranking", 16, 0, 0.0)
    made = predict(TASKS["lareqa"], encoder, head, split, CPU)
    assert made["id"].to_pylist() == [f"i{number}" for number in range(0, 24, 3)]
    assert made["language"].to_pylist() == ["en", "de"] * 4
    assert all(len(ranked) == 16 for ranked in made["prediction"].to_pylist())
    vectors = ranking.ranking_vectors(encoder, head, split.features, CPU)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    monkeypatch.setattr(inference, "IN_MEMORY", 0)  # in a file from now on
    small = ranking.ranking_vectors(encoder, head, split.features, CPU, budget=5)
    assert isinstance(small, np.memmap)
    np.testing.assert_allclose(small, vectors, atol=1e-5)
