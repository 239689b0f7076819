"""Logits and sentence vectors of random encoders."""

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    XLMRobertaConfig,
    XLMRobertaModel,
    XLMRobertaXLConfig,
    XLMRobertaXLModel,
)

from workflow.scripts.decoding import inference
from workflow.scripts.decoding.inference import head_outputs, layer_vectors, sentence_vectors
from workflow.scripts.features.store import Features, TokenIds, write_features
from workflow.scripts.modeling.heads import make_head

TOKENS = TokenIds(vocabulary_size=60, pad=1, mask=4, special=(0, 1, 2, 3, 4))
CPU = torch.device("cpu")
LAYERS, WIDTH = 3, 16
SHAPE = {
    "vocab_size": 60,
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
    "pad_token_id": 1,
    "initializer_range": 0.5,
}
STACKED = {"xlmr": (XLMRobertaModel, XLMRobertaConfig), "bert": (BertModel, BertConfig)}
STACKED |= {"xlmr_xl": (XLMRobertaXLModel, XLMRobertaXLConfig)}


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    draw = np.random.default_rng(0)
    ids = [[0, *draw.integers(5, 60, draw.integers(3, 20)).tolist(), 2] for _ in range(30)]
    columns = {"example": list(range(30)), "input_ids": ids, "label": [row % 3 for row in range(30)]}
    path = tmp_path_factory.mktemp("tokens") / "test.arrow"
    write_features(path, columns, family="classification", tokens=TOKENS, labels=("a", "b", "c"))
    return Features(path)


def make_encoder(kind):
    torch.manual_seed(2)
    if kind == "distilbert":
        sizes = {"dim": WIDTH, "n_layers": LAYERS, "n_heads": 2, "hidden_dim": 32, "vocab_size": 60, "pad_token_id": 1}
        return DistilBertModel(DistilBertConfig(**sizes)).eval()
    model, config = STACKED[kind]
    return model(config(**SHAPE), add_pooling_layer=False).eval()


def logits_by_row(outputs):
    return {
        int(row): logits for batch, all_logits in outputs for row, logits in zip(batch.rows, all_logits, strict=True)
    }


def run_head(features, **options):
    encoder = make_encoder("xlmr")
    head = make_head("classification", WIDTH, 3, dropout=0.0)
    found = logits_by_row(head_outputs(encoder, head, features, CPU, **options))
    assert sorted(found) == list(range(30))
    return torch.stack([found[row] for row in range(30)])


def means(encoder, features, layer):
    """Return unit means of a hidden state, sequence by sequence and with all layers computed."""
    found = []
    for row in range(len(features)):
        ids = torch.from_numpy(features.input_ids[row].astype(np.int64)).unsqueeze(0)
        with torch.inference_mode():
            states = encoder(ids, attention_mask=torch.ones_like(ids), output_hidden_states=True).hidden_states
        mean = states[layer][0].mean(0)
        found.append((mean / mean.norm()).numpy())
    return np.stack(found)


@pytest.mark.parametrize("kind", [*STACKED, "distilbert"])
@pytest.mark.parametrize("layer", range(LAYERS + 1))
def test_vectors_are_means_of_a_hidden_state(features, kind, layer):
    encoder = make_encoder(kind)
    vectors = sentence_vectors(encoder, features, layer, CPU)
    np.testing.assert_allclose(vectors, means(encoder, features, layer), atol=2e-5)


@pytest.mark.parametrize("kind", STACKED)
@pytest.mark.parametrize("layer", range(LAYERS))
def test_layers_above_are_not_computed_and_the_bits_are_the_same(features, kind, layer):
    encoder = make_encoder(kind)
    calls = []
    for number, part in enumerate(encoder.encoder.layer):
        part.register_forward_hook(lambda module, inputs, output, number=number: calls.append(number))
    early = sentence_vectors(encoder, features, layer, CPU)
    assert set(calls) == set(range(layer))
    encoder.encoder.layer = Opaque(encoder.encoder.layer)  # no list of layers: all hidden states are computed
    assert np.array_equal(sentence_vectors(encoder, features, layer, CPU), early)
    assert max(calls) == LAYERS - 1


class Opaque(torch.nn.Module):
    """Layers that one can go through, but not tell by their type."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def __iter__(self):
        return iter(self.layers)

    def __getitem__(self, index):
        return self.layers[index]


def test_an_encoder_is_whole_after_its_vectors_were_read(features):
    encoder, head = make_encoder("xlmr"), make_head("classification", WIDTH, 3, dropout=0.0)
    before = logits_by_row(head_outputs(encoder, head, features, CPU))
    sentence_vectors(encoder, features, 1, CPU)
    after = logits_by_row(head_outputs(encoder, head, features, CPU))
    assert all(torch.equal(before[row], after[row]) for row in range(30))


def test_bfloat16_differs_by_rounding_and_is_returned_in_32_bits(features):
    exact, rounded = run_head(features), run_head(features, precision="bf16")
    assert exact.dtype == rounded.dtype == torch.float32
    assert not torch.equal(exact, rounded)
    assert (exact - rounded).abs().max() < 0.1 * exact.std()
    exact, rounded = (sentence_vectors(make_encoder("xlmr"), features, 2, CPU, p) for p in ("fp32", "bf16"))
    assert rounded.dtype == np.float32
    assert not np.array_equal(exact, rounded)
    assert np.linalg.norm(rounded, axis=1) == pytest.approx(1, abs=1e-5)
    assert (exact * rounded).sum(1).min() > 0.999


def test_autocast_does_not_reach_the_consumer(features):
    encoder, head = make_encoder("xlmr"), make_head("classification", WIDTH, 3, 0.0)
    for _ in head_outputs(encoder, head, features, CPU, "bf16"):
        assert not torch.is_autocast_enabled("cpu")


def test_the_budget_bounds_batches_and_changes_nothing_but_rounding(features):
    encoder, head = make_encoder("xlmr"), make_head("classification", WIDTH, 3, 0.0)
    sizes = [batch.tensors["input_ids"].numel() for batch, _ in head_outputs(encoder, head, features, CPU, budget=64)]
    assert max(sizes) <= 64
    assert len(sizes) > 3
    torch.testing.assert_close(run_head(features, budget=64), run_head(features), atol=1e-5, rtol=1e-4)
    whole, pieces = (sentence_vectors(encoder, features, 1, CPU, budget=budget) for budget in (0, 64))
    np.testing.assert_allclose(pieces, whole, atol=1e-5)


@pytest.mark.parametrize("kind", [*STACKED, "distilbert"])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_all_layers_come_from_one_pass(features, kind, pooling):
    encoder = make_encoder(kind)
    found = layer_vectors(encoder, features, CPU, pooling=pooling)
    assert found.shape == (LAYERS + 1, 30, WIDTH)
    for layer in range(LAYERS + 1):
        np.testing.assert_array_equal(found[layer], sentence_vectors(encoder, features, layer, CPU, pooling=pooling))


def test_pooling_cls_takes_the_first_token(features):
    encoder = make_encoder("xlmr")
    found = sentence_vectors(encoder, features, 2, CPU, pooling="cls")
    for row in range(5):
        ids = torch.from_numpy(features.input_ids[row].astype(np.int64)).unsqueeze(0)
        with torch.inference_mode():
            first = encoder(ids, output_hidden_states=True).hidden_states[2][0, 0]
        np.testing.assert_allclose(found[row], (first / first.norm()).numpy(), atol=2e-5)


@pytest.fixture(scope="module")
def repeated(tmp_path_factory):
    """Sequences 0, 3 and 4 are equal, and 1 and 5."""
    ids = [[0, 7, 8, 2], [0, 9, 2], [0, 8, 7, 2], [0, 7, 8, 2], [0, 7, 8, 2], [0, 9, 2]]
    columns = {"example": list(range(6)), "input_ids": ids, "label": [0] * 6}
    path = tmp_path_factory.mktemp("repeated") / "test.arrow"
    write_features(path, columns, family="classification", tokens=TOKENS, labels=("a", "b", "c"))
    return Features(path)


def test_equal_sequences_are_computed_once(repeated, monkeypatch):
    encoder, computed = make_encoder("xlmr"), []
    encoder.embeddings.register_forward_hook(lambda module, inputs, output: computed.append(len(output)))
    monkeypatch.setattr(inference, "COPIED", 2)
    vectors = sentence_vectors(encoder, repeated, 1, CPU)
    assert sum(computed) == 3
    np.testing.assert_allclose(vectors, means(make_encoder("xlmr"), repeated, 1), atol=2e-5)


def test_the_same_hash_does_not_make_sequences_equal(repeated, monkeypatch):
    monkeypatch.setattr(inference, "hash", lambda text: 1, raising=False)
    encoder = make_encoder("xlmr")
    np.testing.assert_allclose(sentence_vectors(encoder, repeated, 1, CPU), means(encoder, repeated, 1), atol=2e-5)


def test_some_rows_are_computed_in_the_order_asked_for(features):
    encoder, rows = make_encoder("xlmr"), np.array([17, 3, 20])
    found = sentence_vectors(encoder, features, 2, CPU, rows=rows)
    np.testing.assert_allclose(found, sentence_vectors(encoder, features, 2, CPU)[rows], atol=1e-5)


def test_many_vectors_are_held_in_a_file_that_goes_with_them(features, monkeypatch, tmp_path):
    encoder = make_encoder("xlmr")
    small = sentence_vectors(encoder, features, 1, CPU)
    monkeypatch.setattr(inference, "IN_MEMORY", 4 * 30 * WIDTH - 1)
    monkeypatch.setattr(inference.tempfile, "tempdir", str(tmp_path))
    large = sentence_vectors(encoder, features, 1, CPU)
    assert isinstance(large.base, np.memmap)
    assert not isinstance(small.base, np.memmap)
    np.testing.assert_array_equal(large, small)
    assert list(tmp_path.iterdir()) == []
