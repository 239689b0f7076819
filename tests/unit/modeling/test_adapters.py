"""Adapters: what is trained, what a checkpoint holds, and that everything that loads one computes the same."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from peft import AutoPeftModelForFeatureExtraction
from safetensors.torch import load_file
from torch import nn
from transformers import AutoModel, AutoTokenizer, LlamaConfig, LlamaModel

from tests.checkpoints import save_xlmr
from workflow.scripts.errors import UserError
from workflow.scripts.features.collation import Batch
from workflow.scripts.modeling import adapters, checkpoints
from workflow.scripts.modeling.encoders import encode
from workflow.scripts.modeling.heads import make_head

SETTINGS = {"rank": 4, "alpha": 8, "dropout": 0.0, "modules": ["query", "value"], "quantization": "none"}
IDS = torch.tensor([[0, 7, 8, 9, 2], [0, 5, 6, 2, 2]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])
RUN = {"spec_hash": "0", "loss": 1.0}


@pytest.fixture
def study(originals, tmp_path, monkeypatch):
    """The folder of a study with the models `xlm-roberta` and `bert`, which is the present folder."""
    for kind, folder in originals.items():
        shutil.copytree(folder, tmp_path / "results/test/models" / kind)
    monkeypatch.chdir(tmp_path)
    return SimpleNamespace(
        root=tmp_path,
        base=(tmp_path / "results/test/models/xlm-roberta").relative_to(tmp_path),
        out=(tmp_path / "results/test/intermediate/xlm-roberta/mnli/seed1").relative_to(tmp_path),
    )


def adapted(directory, seed=1, **settings):
    encoder = checkpoints.load_encoder(directory)
    torch.manual_seed(seed)
    adapters.add_adapter(encoder, SETTINGS | settings)
    return encoder


def trained(encoder, steps=3):
    """The encoder after some steps towards random states."""
    generator = torch.Generator().manual_seed(7)
    wanted = torch.randn(*IDS.shape, encoder.config.hidden_size, generator=generator)
    optimizer = torch.optim.AdamW([p for p in encoder.parameters() if p.requires_grad], lr=0.05)
    for _ in range(steps):
        (encoder(IDS, attention_mask=MASK)[0].float() - wanted).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    return encoder


def hidden(encoder):
    with torch.no_grad():
        return encoder.eval()(IDS, attention_mask=MASK)[0]


def save(directory, model, tokenizer, heads=None):
    checkpoints.save_checkpoint(directory, model, heads or {}, tokenizer, "# card\n", RUN)


def updates(encoder):
    return {name: tensor for name, tensor in encoder.state_dict().items() if ".lora_" in name}


def test_an_adapter_is_trained_in_place_of_the_weights(study):
    before = checkpoints.load_encoder(study.base)
    encoder = adapted(study.base)
    names = {name for name, parameter in encoder.named_parameters() if parameter.requires_grad}
    assert len(names) == 2 * 2 * 2  # layers, modules, factors
    assert all(".lora_" in name and (".query." in name or ".value." in name) for name in names)
    assert torch.equal(hidden(encoder), hidden(before))  # a fresh one changes nothing
    trained(encoder)
    assert (hidden(encoder) - hidden(before)).abs().max() > 0.01
    kept = {name.replace(".base_layer", ""): tensor for name, tensor in encoder.state_dict().items()}
    assert all(torch.equal(kept[name], tensor) for name, tensor in before.state_dict().items())


def test_the_seed_decides_the_fresh_adapter(study):
    one, same, other = (updates(adapted(study.base, seed)) for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_names_of_layers_that_are_not_there_are_told(study):
    encoder = checkpoints.load_encoder(study.base)
    with pytest.raises(UserError, match=r"'querry'.*dense, key, query, value\. Did you mean 'query'\?"):
        adapters.add_adapter(encoder, SETTINGS | {"modules": ["value", "querry"]})
    with pytest.raises(UserError, match="no linear layer"):  # names a block, not a layer
        adapters.add_adapter(encoder, SETTINGS | {"modules": ["attention"]})
    assert not adapters.has_adapter(encoder)
    assert all(parameter.requires_grad for parameter in encoder.parameters())


@pytest.mark.parametrize("modules", [["query", "value"], ["dense"], ["attention.output.dense", "key"]])
def test_a_checkpoint_holds_the_adapter_alone_and_auto_classes_load_it(study, modules, recwarn):
    head = make_head("classification", 16, 3, 0.1)
    encoder = trained(adapted(study.base, modules=modules))
    save(study.out, encoder, study.base, {"mnli": head})
    assert {path.name for path in study.out.iterdir()} == {
        "adapter_model.safetensors",
        "adapter_config.json",
        "head.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "README.md",
        "run.json",
    }
    assert all(".lora_" in name for name in load_file(study.out / "adapter_model.safetensors"))
    described = json.loads((study.out / "adapter_config.json").read_text())
    assert described["base_model_name_or_path"] == "results/test/models/xlm-roberta"
    assert described["target_modules"] == sorted(modules)
    for loaded in (AutoModel.from_pretrained(study.out), checkpoints.load_encoder(study.out)):
        assert torch.allclose(hidden(loaded), hidden(encoder), atol=1e-6, rtol=0)
    assert AutoTokenizer.from_pretrained(study.out)("a dog")["input_ids"][0] == 0
    assert not [str(warning.message) for warning in recwarn if "peft" in warning.filename]


def test_one_adapter_goes_through_both_stages(study):
    save(study.out, trained(adapted(study.base)), study.base)
    encoder = adapted(study.out, seed=9)
    before = updates(checkpoints.load_encoder(study.out))
    assert all(torch.equal(tensor, before[name]) for name, tensor in updates(encoder).items())
    trainable = {name for name, parameter in encoder.named_parameters() if parameter.requires_grad}
    assert trainable == before.keys()
    trained(encoder)
    assert not any(torch.equal(tensor, before[name]) for name, tensor in updates(encoder).items())
    target = study.root / "results/test/finetuned/xlm-roberta/mnli/seed1/mnli"
    save(target, encoder, study.base)
    again = checkpoints.load_encoder(target)
    assert adapters.base_directory(target) == study.base
    assert torch.allclose(hidden(again), hidden(encoder), atol=1e-6, rtol=0)


def test_other_settings_than_those_of_intermediate_training_are_told(study):
    save(study.out, adapted(study.base), study.base)
    for key, value in (("rank", 8), ("alpha", 16), ("modules", ["key"]), ("quantization", "nf4")):
        with pytest.raises(UserError, match=f"trained with {key} .*adapter.{key} = "):
            adapted(study.out, **{key: value})


def test_the_base_is_found_from_elsewhere_or_its_absence_told(study, monkeypatch, tmp_path_factory):
    save(study.out, adapted(study.base), study.base)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert adapters.has_adapter(checkpoints.load_encoder(study.root / study.out))
    shutil.rmtree(study.root / study.base)
    with pytest.raises(UserError, match="belongs to the model results/test/models/xlm-roberta, which is not there"):
        checkpoints.load_encoder(study.root / study.out)


def test_adapters_of_other_models_and_broken_ones_are_told(study):
    save(study.out, adapted(study.base, rank=2), study.base)
    config = study.out / "adapter_config.json"
    config.write_text(config.read_text().replace('"r": 2', '"r": 3'))
    with pytest.raises(UserError, match="names or shapes of weights differ"):
        checkpoints.load_encoder(study.out)
    weights = study.out / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(UserError, match=r"adapter_model\.safetensors cannot be used"):
        checkpoints.load_encoder(study.out)


def test_a_folder_never_holds_a_whole_model_and_an_adapter(study):
    whole = checkpoints.load_encoder(study.base)
    encoder = trained(adapted(study.base))
    save(study.out, whole, study.base)
    save(study.out, encoder, study.base)
    assert torch.allclose(hidden(AutoModel.from_pretrained(study.out)), hidden(encoder), atol=1e-6, rtol=0)
    save(study.out, whole, study.base)
    assert torch.equal(hidden(checkpoints.load_encoder(study.out)), hidden(whole))


def test_the_language_model_head_stays_frozen(study):
    model = checkpoints.load_language_model(study.base)
    adapters.add_adapter(model, SETTINGS)
    assert all(".lora_" in name for name, parameter in model.named_parameters() if parameter.requires_grad)
    trained(model.base_model)
    save(study.out, model, study.base)
    assert not (study.out / "config.json").exists()
    loaded = checkpoints.load_language_model(study.out)
    with torch.no_grad():
        assert torch.allclose(loaded.eval()(IDS).logits, model.eval()(IDS).logits, atol=1e-6, rtol=0)
    assert torch.allclose(hidden(AutoModel.from_pretrained(study.out)), hidden(model.base_model), atol=1e-6, rtol=0)


def test_freezing_layers_freezes_their_adapters(study):
    encoder = adapted(study.base)
    checkpoints.freeze_layers(encoder, 2)
    names = {name for name, parameter in encoder.named_parameters() if parameter.requires_grad}
    assert names
    assert all(name.startswith("encoder.layer.1.") for name in names)


def test_peft_merges_an_adapter_into_a_plain_model(study):
    encoder = trained(adapted(study.base))
    save(study.out, encoder, study.base)
    plain = AutoPeftModelForFeatureExtraction.from_pretrained(study.out).merge_and_unload()
    plain.save_pretrained(study.root / "merged")
    assert torch.allclose(hidden(AutoModel.from_pretrained(study.root / "merged")), hidden(encoder), atol=1e-5)


def test_frozen_weights_in_16_bits_keep_the_adapter_in_32(study):
    encoder = adapted(study.base)
    before = updates(encoder)
    adapters.store_in_bf16(encoder)
    kinds = {".lora_" in name: parameter.dtype for name, parameter in encoder.named_parameters()}
    assert kinds == {True: torch.float32, False: torch.bfloat16}
    assert all(torch.equal(tensor, before[name]) for name, tensor in updates(encoder).items())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        trained(encoder)
    save(study.out, encoder, study.base)
    again = checkpoints.load_encoder(study.out, dtype=torch.bfloat16)
    assert {".lora_" in name: parameter.dtype for name, parameter in again.named_parameters()} == kinds
    assert torch.equal(hidden(again), hidden(encoder))
    whole = checkpoints.load_encoder(study.base)
    adapters.store_in_bf16(whole)
    assert {parameter.dtype for parameter in whole.parameters()} == {torch.bfloat16}


def test_four_bits_need_bitsandbytes_and_a_gpu(study, monkeypatch):
    monkeypatch.setattr(adapters, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"needs the package bitsandbytes.*or set models\.<name>\.adapter\.quantiz"):
        checkpoints.load_encoder(study.base, quantization="nf4")
    monkeypatch.setattr(adapters, "find_spec", lambda name: object())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match=r"needs a CUDA GPU.*precision to bf16_weights"):
        checkpoints.load_encoder(study.base, quantization="nf4")


def test_four_bits_are_trained_over_and_loaded_again(study, texts, monkeypatch):
    pytest.importorskip("bitsandbytes")
    monkeypatch.setattr(adapters, "_device", lambda quantization: "cpu")
    base = save_xlmr(study.root / "results/test/models/wide", texts, width=64)  # bitsandbytes takes no smaller one
    encoder = checkpoints.load_encoder(base, quantization="nf4")
    torch.manual_seed(1)
    adapters.add_adapter(encoder, SETTINGS | {"quantization": "nf4"})
    kinds = {".lora_" in name: p.dtype for name, p in encoder.named_parameters() if name.endswith("weight")}
    assert kinds[True] == torch.float32
    assert encoder.encoder.layer[0].output.dense.weight.dtype == torch.uint8
    adapters.recompute_activations(encoder)
    before = {name: tensor.clone() for name, tensor in updates(encoder).items()}
    trained(encoder.train())
    assert not any(torch.equal(tensor, before[name]) for name, tensor in updates(encoder).items() if "lora_B" in name)
    save(study.out, encoder, base)
    again = adapted(study.out, quantization="nf4")
    assert again.encoder.layer[0].output.dense.weight.dtype == torch.uint8
    assert torch.allclose(hidden(again), hidden(encoder), atol=1e-6, rtol=0)


def test_an_adapter_over_four_bits_says_so(study):
    encoder = adapted(study.base)
    encoder.config.quantization_config = {"quant_method": "bitsandbytes"}
    save(study.out, encoder, study.base)
    assert adapters.stored_quantization(study.out) == "nf4"


def llama(folder):
    torch.manual_seed(1)
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    LlamaModel(LlamaConfig(**shape, vocab_size=50, max_position_embeddings=64, pad_token_id=1)).save_pretrained(folder)


def test_decoders_take_adapters_too(study):
    llama(study.root / "llama")
    encoder = trained(adapted(study.root / "llama", modules=["q_proj", "v_proj"]))
    batch = Batch(np.arange(2), {"input_ids": IDS, "attention_mask": MASK}, 2)
    save(study.out, encoder, study.base)
    loaded = checkpoints.load_encoder(study.out)
    with torch.no_grad():
        states = encode(loaded.eval(), batch)[0]
    assert states.shape == (2, 5, 16)
    assert torch.allclose(states, hidden(encoder), atol=1e-6, rtol=0)
    assert isinstance(loaded.layers[0].self_attn.q_proj, nn.Module)
    adapters.store_in_bf16(encoder)
    assert encoder.rotary_emb.inv_freq.dtype == torch.float32
