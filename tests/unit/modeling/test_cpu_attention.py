"""Attention and dropout for bfloat16 on a CPU do what the libraries' do."""

import copy

import pytest
import torch
from transformers import BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel

from workflow.scripts.modeling import cpu_attention
from workflow.scripts.modeling.cpu_attention import Dropout, attend, drop
from workflow.scripts.modeling.precision import choose_kernels, computing

CPU = torch.device("cpu")
SMALL = {
    "vocab_size": 50,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 40,
}


def encoder_of(model, config, **options):
    torch.manual_seed(1)
    return model(config(**SMALL | options), add_pooling_layer=False)


def padded_batch():
    ids = torch.randint(5, 50, (3, 12), generator=torch.Generator().manual_seed(2))
    mask = torch.ones_like(ids)
    mask[1, 7:] = 0
    mask[2, 2:] = 0
    return ids, mask


@pytest.mark.parametrize(("model", "config"), [(XLMRobertaModel, XLMRobertaConfig), (BertModel, BertConfig)])
def test_an_encoder_computes_what_it_computes_in_32_bits(model, config):
    plain = encoder_of(model, config).eval()
    ours = copy.deepcopy(plain)
    choose_kernels(ours, CPU, "bf16")
    assert ours.config._attn_implementation == cpu_attention.NAME
    ids, mask = padded_batch()
    with torch.no_grad():
        expected = plain(ids, attention_mask=mask)[0]
        with computing(CPU, "bf16"):
            found = ours(ids, attention_mask=mask)[0]
    assert torch.allclose(found[mask == 1].float(), expected[mask == 1], atol=0.05)
    with torch.no_grad(), computing(CPU, "bf16"):
        alone = ours(ids[2:, :2])[0]
    assert torch.allclose(found[2:, :2].float(), alone.float(), atol=0.03)  # nothing is seen of the padding


def test_gradients_are_those_of_plain_attention():
    torch.manual_seed(3)
    inputs = [torch.randn(2, 4, 6, 8, requires_grad=True) for _ in range(3)]
    mask = torch.zeros(2, 1, 6, 6)
    mask[1, ..., 4:] = torch.finfo(torch.float32).min
    module = torch.nn.Module().eval()
    found, _ = attend(module, *inputs, mask)
    weights = torch.softmax(inputs[0] @ inputs[1].transpose(2, 3) / 8**0.5 + mask, -1)
    expected = (weights @ inputs[2]).transpose(1, 2)
    assert torch.allclose(found, expected, atol=1e-6)
    ours = torch.autograd.grad(found.square().sum(), inputs)
    for mine, theirs in zip(ours, torch.autograd.grad(expected.square().sum(), inputs), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-5)


def test_fewer_key_heads_serve_several_query_heads():
    torch.manual_seed(4)
    query, key, value = torch.randn(1, 4, 5, 8), torch.randn(1, 2, 5, 8), torch.randn(1, 2, 5, 8)
    found, weights = attend(torch.nn.Module().eval(), query, key, value, None)
    whole, _ = attend(torch.nn.Module().eval(), query, key.repeat_interleave(2, 1), value.repeat_interleave(2, 1), None)
    assert torch.equal(found, whole)
    assert weights.shape == (1, 4, 5, 5)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.003])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_drops_at_its_rate_and_keeps_the_mean(rate, dtype):
    torch.manual_seed(5)
    values = torch.ones(1_000_003, dtype=dtype, requires_grad=True)
    dropped = drop(values, rate)
    share = float((dropped == 0).double().mean())
    assert share == pytest.approx(rate, abs=5 * (rate / 1e6) ** 0.5)
    assert float(dropped.detach().double().mean()) == pytest.approx(1, abs=0.005)
    (gradient,) = torch.autograd.grad(dropped.sum(), values)
    assert torch.equal(gradient, dropped.detach())  # the same mask and scale


def test_dropout_is_seeded_and_differs_from_call_to_call():
    values = torch.ones(1000)
    torch.manual_seed(6)
    first, second = drop(values, 0.5), drop(values, 0.5)
    torch.manual_seed(6)
    assert torch.equal(drop(values, 0.5), first)
    assert not torch.equal(first, second)


def test_neighbouring_elements_are_dropped_independently():
    torch.manual_seed(7)
    kept = (drop(torch.ones(400_000), 0.5) != 0).double()
    for distance in (1, 2, 3, 4):
        together = float((kept[:-distance] * kept[distance:]).mean())
        assert together == pytest.approx(0.25, abs=0.005)


def test_the_ends_of_the_range_of_rates():
    values = torch.arange(5.0)
    assert drop(values, 0.0) is values
    assert torch.equal(drop(values, 1.0), torch.zeros(5))
    layer = Dropout(0.5)
    assert torch.equal(layer.eval()(values), values)


def test_other_precisions_keep_the_libraries_kernels():
    encoder = encoder_of(XLMRobertaModel, XLMRobertaConfig)
    before = encoder.config._attn_implementation
    choose_kernels(encoder, CPU, "fp32")
    assert encoder.config._attn_implementation == before
    assert not any(type(module) is Dropout for module in encoder.modules())


def test_a_saved_encoder_does_not_name_our_kernels(tmp_path):
    encoder = encoder_of(XLMRobertaModel, XLMRobertaConfig)
    choose_kernels(encoder, CPU, "bf16")
    encoder.save_pretrained(tmp_path)
    assert cpu_attention.NAME not in (tmp_path / "config.json").read_text()
    again = XLMRobertaModel.from_pretrained(tmp_path, add_pooling_layer=False)
    assert again.config._attn_implementation != cpu_attention.NAME
