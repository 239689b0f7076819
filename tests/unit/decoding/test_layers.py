"""Retrieval and mining at every layer are what single layers give."""

import numpy as np
import pyarrow as pa
import pytest
import torch
from transformers import XLMRobertaConfig, XLMRobertaModel

from workflow.scripts.decoding.layers import predict_layers
from workflow.scripts.decoding.prediction import Split, predict_untrained
from workflow.scripts.features.store import Features, TokenIds, write_features
from workflow.scripts.sweep_layers import scores
from workflow.scripts.tasks import TASKS

CPU = torch.device("cpu")
TOKENS = TokenIds(vocabulary_size=60, pad=1, mask=4, special=(0, 1, 2, 3, 4))
LAYERS = 3


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(2)
    shape = {"hidden_size": 16, "num_hidden_layers": LAYERS, "num_attention_heads": 2, "intermediate_size": 32}
    config = XLMRobertaConfig(vocab_size=60, max_position_embeddings=40, initializer_range=0.5, **shape)
    return XLMRobertaModel(config, add_pooling_layer=False).eval()


def sequences(count, seed):
    draw = np.random.default_rng(seed)
    return [[0, *draw.integers(5, 60, draw.integers(3, 12)).tolist(), 2] for _ in range(count)]


def write(path, family, columns):
    write_features(path, columns, family=family, tokens=TOKENS, labels=())
    return Features(path)


@pytest.fixture(scope="module")
def tatoeba(tmp_path_factory):
    """Two languages in turn, ten pairs; foreign and English sides share most tokens."""
    english = sequences(10, 1)
    foreign = [[*ids[:-1], 7, 2] for ids in english]
    columns = {
        "example": np.repeat(np.arange(10), 2),
        "input_ids": [ids for pair in zip(foreign, english, strict=True) for ids in pair],
        "side": np.tile([0, 1], 10).astype(np.int8),
    }
    languages = ["qaa", "qab"] * 5
    rows = pa.table({"id": [f"{code}-{row}" for row, code in enumerate(languages)], "language": languages})
    return Split("test", rows, write(tmp_path_factory.mktemp("tatoeba") / "test.arrow", "retrieval", columns))


@pytest.fixture(scope="module")
def bucc(tmp_path_factory):
    """Pools of two languages: eight sentences and their translations each, one of them twice."""
    found = []
    for split in ("dev", "test"):
        english = sequences(16, 5)
        foreign = [[*ids[:-1], 7, 2] for ids in english]
        foreign[1] = foreign[0]
        sides = ["foreign", "english"] * 16
        rows = {
            "id": [f"{side[0]}{row // 2}" for row, side in enumerate(sides)],
            "language": ["qaa"] * 16 + ["qab"] * 16,
            "side": sides,
            "text_a": [str(ids) for pair in zip(foreign, english, strict=True) for ids in pair],
            "gold": [f"e{row // 2}" if side == "foreign" else "" for row, side in enumerate(sides)],
        }
        columns = {
            "example": np.arange(32),
            "input_ids": [ids for pair in zip(foreign, english, strict=True) for ids in pair],
            "side": np.tile([0, 1], 16).astype(np.int8),
        }
        path = tmp_path_factory.mktemp("bucc") / f"{split}.arrow"
        found.append(Split(split, pa.table(rows), write(path, "mining", columns)))
    return found


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_layers_of_retrieval_are_those_read_one_by_one(encoder, tatoeba, pooling):
    how = {"neighbours": 4, "pooling": pooling, "device": CPU}
    found = predict_layers(TASKS["tatoeba"], encoder, tatoeba, **how)
    assert len(found) == LAYERS + 1
    for layer, table in enumerate(found):
        alone = predict_untrained(TASKS["tatoeba"], encoder, tatoeba, layer=layer, **how).to_pylist()
        by_id = {row["id"]: row["prediction"] for row in alone}
        assert {row["id"]: row["prediction"] for row in table.to_pylist()} == by_id
    assert scores(TASKS["tatoeba"], [tatoeba], found[0]).keys() == {"mean", "languages"}


def test_layers_of_mining_are_those_read_one_by_one(encoder, bucc):
    how = {"neighbours": 2, "pooling": "mean", "device": CPU}
    for split in bucc:
        for layer, table in enumerate(predict_layers(TASKS["bucc2018"], encoder, split, **how)):
            alone = predict_untrained(TASKS["bucc2018"], encoder, split, layer=layer, **how)
            for name in ("id", "language", "split", "prediction"):
                assert table[name].to_pylist() == alone[name].to_pylist()


def test_every_sequence_goes_through_the_encoder_once(encoder, tatoeba):
    computed = []
    hook = encoder.embeddings.register_forward_hook(lambda module, inputs, output: computed.append(len(output)))
    predict_layers(TASKS["tatoeba"], encoder, tatoeba, neighbours=4, pooling="mean", device=CPU)
    hook.remove()
    assert sum(computed) == 20


def test_a_perfect_layer_scores_100(tatoeba):
    rows = tatoeba.rows.append_column("prediction", tatoeba.rows["id"])
    rows = rows.append_column("split", pa.array(["test"] * 10)).append_column("score", pa.array([1.0] * 10))
    assert scores(TASKS["tatoeba"], [tatoeba], rows) == {"mean": 100.0, "languages": {"qaa": 100.0, "qab": 100.0}}
