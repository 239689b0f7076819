"""Decoders as encoders: who sees whom, where states are read, and what is trained."""

import numpy as np
import pytest
import torch

from tests.checkpoints import decoder
from workflow.scripts.decoding.inference import hidden_state_reader
from workflow.scripts.errors import UserError
from workflow.scripts.features.collation import Batch
from workflow.scripts.features.store import TokenIds
from workflow.scripts.modeling import adapters, cpu_attention, decoders
from workflow.scripts.modeling.checkpoints import (
    freeze_layers,
    load_encoder,
    load_language_model,
    new_language_model,
)
from workflow.scripts.modeling.conversion import check_lengths, language_model_head
from workflow.scripts.modeling.encoders import encode, pooled

KINDS = ("qwen2", "llama", "xglm")
SETTINGS = ("causal", "unlocked", "echo")
ROWS = [[2, 7, 8, 9, 11], [2, 5, 6], [2, 21, 22, 23, 24, 25, 26, 27]]
SHAPE = {"hidden_size": 16, "layers": 2, "attention_heads": 2, "feed_forward_size": 32, "dropout": 0.1}
SHAPE |= {"max_positions": 64, "initializer_range": 0.05}
TOKENS = TokenIds(60, 1, 4, (0, 1, 2, 3, 4))


def make(kind, attention, implementation=None):
    torch.manual_seed(3)
    model = decoder(kind).base_model.eval()
    model.config.transfer_attention = attention
    if implementation == cpu_attention.NAME:
        cpu_attention.register()
    if implementation:
        model.set_attn_implementation(implementation)
    return model


def batch_of(rows, padding=0, **options):
    length = max(map(len, rows)) + padding
    ids = torch.tensor([[*row, *[1] * (length - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows])
    return Batch(np.arange(len(rows)), {"input_ids": ids, "attention_mask": mask}, len(rows), **options)


@torch.no_grad()
def states(model, rows, padding=0, **options):
    return encode(model, batch_of(rows, padding, **options))[0]


@pytest.mark.parametrize("implementation", ["sdpa", "eager", cpu_attention.NAME])
@pytest.mark.parametrize("attention", SETTINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_has_the_same_states_alone_and_in_a_padded_batch(kind, attention, implementation):
    if kind == "xglm" and implementation == "sdpa":
        implementation = None  # XGLM has its own attention only
    model = make(kind, attention, implementation)
    together = states(model, ROWS, padding=2)
    for row, found in zip(ROWS, together, strict=True):
        torch.testing.assert_close(found[: len(row)], states(model, [row])[0], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_causal_tokens_see_those_before_them_unlocked_ones_all_and_echoes_the_first_copy(kind, padding):
    row = ROWS[2]
    for place in range(1, len(row)):
        other = row.copy()
        other[place] = 50
        for attention in SETTINGS:
            model = make(kind, attention)
            one, two = (states(model, [ids], padding)[0, 1 : len(row)] for ids in (row, other))
            changed = ((one - two).abs().amax(1) > 1e-5).tolist()
            expected = [attention != "causal" or position >= place for position in range(1, len(row))]
            assert changed == expected, (attention, place)


@pytest.mark.parametrize("kind", KINDS)
def test_an_echo_is_the_second_copy(kind):
    model, plain = make(kind, "echo"), make(kind, "causal")
    for row, found in zip(ROWS, states(model, ROWS), strict=True):
        twice = states(plain, [row + row])[0, len(row) :]
        torch.testing.assert_close(found[1 : len(row)], twice[1:], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(found[0], twice[-1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("attention", SETTINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_position_0_has_the_state_of_the_last_token(kind, attention):
    found = states(make(kind, attention), ROWS, padding=1)
    for number, row in enumerate(ROWS):
        assert torch.equal(found[number, 0], found[number, len(row) - 1])


@pytest.mark.parametrize("attention", SETTINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_tokens_that_are_to_be_predicted_are_not_given_away(kind, attention):
    model = make(kind, attention)
    for place in range(1, len(ROWS[2])):
        other = ROWS[2].copy()
        other[place:] = [50] * (len(other) - place)
        one, two = (states(model, [row, ROWS[0]], next_tokens=True)[0] for row in (ROWS[2], other))
        torch.testing.assert_close(one[:place], two[:place], atol=1e-5, rtol=1e-4)
        assert (one[place] - two[place]).abs().max() > 1e-3


@pytest.mark.parametrize("attention", SETTINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_hidden_states_are_read_layer_by_layer_and_pooled_over_real_tokens(kind, attention):
    model, batch = make(kind, attention), batch_of(ROWS, padding=2)
    with torch.no_grad():
        every = encode(model, batch, output_hidden_states=True).hidden_states
        assert len(every) == 3
        for layer, expected in enumerate(every):
            found = hidden_state_reader(model, layer)(batch)
            assert found.shape == (3, 10, 16)
            torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)
    for number, row in enumerate(ROWS):
        own = every[1][number, : len(row)]
        torch.testing.assert_close(pooled(model, every[1], batch, "mean")[number], own.mean(0))
        assert torch.equal(pooled(model, every[1], batch, "cls")[number], own[-1])
    assert not torch.equal(every[2][:, 0], encode(model, batch)[0][:, 0])  # only heads get the last token's


@pytest.mark.parametrize("kind", KINDS)
def test_layers_above_the_one_that_is_read_are_not_computed(kind):
    model, calls = make(kind, "echo"), []
    for number, part in enumerate(decoders.decoder_layers(model)):
        part.register_forward_hook(lambda module, inputs, output, number=number: calls.append(number))
    hidden_state_reader(model, 1)(batch_of(ROWS))
    assert calls == [0]


@pytest.mark.parametrize("kind", KINDS)
def test_lower_parts_can_be_frozen(kind):
    model = make(kind, "causal")
    freeze_layers(model, 2)
    learned = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert learned
    assert all(name.startswith("layers.1.") or "norm" in name for name in learned)
    with pytest.raises(UserError, match="embeddings and 2 layers"):
        freeze_layers(model, 4)


@pytest.mark.parametrize("attention", SETTINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_learns_comes_back_and_keeps_the_setting(kind, attention, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(3)
    whole = decoder(kind)
    whole.config.transfer_attention = attention
    whole.save_pretrained("base")
    model = load_encoder(tmp_path / "base").eval()
    settings = {"rank": 2, "alpha": 4, "dropout": 0.0, "modules": ["q_proj", "v_proj"], "quantization": "none"}
    adapters.add_adapter(model, settings)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.05)
    goal, losses = torch.randn(3, 16), []
    for _ in range(8):
        loss = (encode(model, batch_of(ROWS))[0][:, 0] - goal).square().mean()
        losses.append(float(loss.detach()))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert losses[-1] < losses[0]
    (tmp_path / "adapter").mkdir()
    adapters.save_adapter(tmp_path / "adapter", model)
    loaded = load_encoder(tmp_path / "adapter").eval()
    assert decoders.attention_of(loaded.config) == attention
    torch.testing.assert_close(states(loaded, ROWS), states(model, ROWS), atol=1e-5, rtol=1e-4)
    both = load_language_model(tmp_path / "adapter")
    assert type(both) is type(whole)
    assert not any(p.requires_grad for name, p in both.named_parameters() if ".lora_" not in name)


def test_names_of_encoders_layers_are_refused_with_those_that_there_are(tmp_path):
    model = make("qwen2", "causal")
    with pytest.raises(UserError, match=r"'query'.*k_proj, o_proj, q_proj, up_proj, v_proj"):
        adapters.add_adapter(model, {"modules": ["query"]})


@pytest.mark.parametrize("kind", KINDS)
def test_the_heads_logits_are_the_models(kind):
    torch.manual_seed(3)
    model = decoder(kind).eval()
    model.config.transfer_attention = "unlocked"  # text is predicted causally all the same
    batch = batch_of(ROWS[:1], next_tokens=True)
    with torch.no_grad():
        logits = language_model_head(model)(encode(model.base_model, batch)[0])
        torch.testing.assert_close(logits, model(batch.tensors["input_ids"]).logits, atol=1e-5, rtol=1e-4)
    model.config.final_logit_softcapping = 30.0
    with pytest.raises(UserError, match="changes its logits by final_logit_softcapping"):
        language_model_head(model)


def test_our_own_decoder_is_saved_with_its_setting(tmp_path):
    model = new_language_model(SHAPE, TOKENS, "echo")
    assert type(model).__name__ == "LlamaForCausalLM"
    assert model.lm_head.weight is model.model.embed_tokens.weight
    model.save_pretrained(tmp_path)
    loaded = load_language_model(tmp_path)
    assert decoders.attention_of(loaded.config) == decoders.attention_of(load_encoder(tmp_path).config) == "echo"
    assert loaded.lm_head.weight is loaded.model.embed_tokens.weight
    assert type(new_language_model(SHAPE, TOKENS, "bidirectional")).__name__ == "XLMRobertaForMaskedLM"


def test_an_echo_needs_twice_the_positions(tmp_path):
    from workflow.scripts.features.store import write_features

    columns = {"example": [0], "input_ids": [[2, *[7] * 39]], "label": [0]}
    for name, family in (("mnli", "classification"), ("wikipedia", "text")):
        write_features(tmp_path / name / "train.arrow", columns, family=family, tokens=TOKENS, labels=("a",))
    model = make("qwen2", "echo")
    with pytest.raises(UserError, match=r"40 tokens, but folder takes 32 given twice; lower .* to 32"):
        check_lengths(model, "folder", [tmp_path / "mnli/train.arrow"])
    check_lengths(model, "folder", [tmp_path / "wikipedia/train.arrow"])
    check_lengths(make("qwen2", "unlocked"), "folder", [tmp_path / "mnli/train.arrow"])


@pytest.mark.parametrize("attention", SETTINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_activations_can_be_computed_again(kind, attention):
    gradients = []
    for again in (False, True):
        model = make(kind, attention).train()
        if again:
            adapters.recompute_activations(model)
        encode(model, batch_of(ROWS))[0][:, 0].square().sum().backward()
        gradients.append({name: parameter.grad for name, parameter in model.named_parameters()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, atol=1e-4, rtol=1e-4)
