"""What encoders forget: the loss on masked tokens by language."""

import math

import numpy as np
import pyarrow as pa
import pytest
import torch
from transformers import XLMRobertaConfig, XLMRobertaForMaskedLM

from workflow.scripts.decoding.perplexity import masked_losses
from workflow.scripts.features.store import Features, TokenIds, write_features
from workflow.scripts.files import read_json, write_json, write_table
from workflow.scripts.measure_perplexity import by_language, main
from workflow.scripts.modeling.checkpoints import load_with_head
from workflow.scripts.modeling.conversion import language_model_head
from workflow.scripts.runspec import encode

TOKENS = TokenIds(vocabulary_size=30, pad=1, mask=4, special=(0, 1, 2, 3, 4))
CPU = torch.device("cpu")


def make_model(seed, scale=0.3):
    torch.manual_seed(seed)
    return XLMRobertaForMaskedLM(
        XLMRobertaConfig(
            vocab_size=30,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=40,
            pad_token_id=1,
            initializer_range=scale,
        )
    )


@pytest.fixture
def tokens(tmp_path):
    draw = np.random.default_rng(0)
    ids = [[0, *draw.integers(5, 30, 5 + row).tolist(), 2] for row in range(6)]
    columns = {"example": [0, 1, 2, 0, 1, 2], "side": [0, 0, 0, 1, 1, 1], "input_ids": ids}
    path = tmp_path / "tatoeba" / "test.arrow"
    write_features(path, columns, family="retrieval", tokens=TOKENS, labels=())
    return path


def measured(model, tokens, **more):
    how = {"masked": 0.3, "seed": 0} | more
    return masked_losses(model.base_model, language_model_head(model), Features(tokens), CPU, **how)


def test_losses_of_a_uniform_model_are_those_of_chance(tokens):
    sums, counts = measured(make_model(1, scale=1e-9), tokens)
    assert counts.tolist() == [max(1, round(0.3 * n)) for n in range(5, 11)]
    assert sums / counts == pytest.approx(math.log(30), abs=1e-3)


def test_losses_depend_neither_on_batches_nor_on_another_model(tokens):
    model = make_model(1)
    sums, counts = measured(model, tokens)
    again, same = measured(model, tokens, budget=12)
    assert again == pytest.approx(sums, rel=1e-4)
    assert (same == counts).all()
    others, masked = measured(make_model(2), tokens)
    assert (masked == counts).all()
    assert not np.allclose(others, sums)
    assert not np.allclose(measured(model, tokens, seed=1)[0], sums)


def test_languages_are_means_over_tokens():
    found = by_language(np.array([1.0, 3.0, 2.0]), np.array([1, 3, 1]), ["a", "a", "b"])
    assert found["a"] == {"cross_entropy": 1.0, "perplexity": pytest.approx(math.e), "tokens": 4}
    assert found["b"]["cross_entropy"] == 2.0


def test_the_program_reads_a_tuned_encoder_under_the_pretrained_head(tmp_path, tokens):
    pretrained, tuned = make_model(1), make_model(2)
    pretrained.save_pretrained(tmp_path / "models/nano")
    tuned.roberta.save_pretrained(tmp_path / "tuned")
    write_table(tmp_path / "tatoeba/test.parquet", pa.table({"language": ["qaa", "qaa", "qab"]}))
    for folder in ("models/nano", "tuned"):
        write_json(tmp_path / folder / "run.json", {"spec_hash": "x"})
    loaded = load_with_head(tmp_path / "models/nano", tmp_path / "tuned")
    assert torch.equal(loaded.lm_head.dense.weight, pretrained.lm_head.dense.weight)
    assert torch.equal(loaded.lm_head.decoder.weight, tuned.roberta.embeddings.word_embeddings.weight)
    out = tmp_path / "out.json"
    main([
        "--spec", encode("perplexity", masked=0.3, seed=0), "--pretrained", str(tmp_path / "models/nano/run.json"),
        "--run", str(tmp_path / "tuned/run.json"), "--data", str(tmp_path / "tatoeba/test.parquet"),
        "--tokens", str(tokens), "--out", str(out),
    ])  # fmt: skip
    found = read_json(out)["languages"]
    assert set(found) == {"en", "qaa", "qab"}
    sums, counts = measured(loaded, tokens)
    assert found["en"]["cross_entropy"] == pytest.approx(sums[3:].sum() / counts[3:].sum(), rel=1e-5)
