"""Checkpoints of other people: what is read, what is refused, and that the result is trained like our own."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import BartConfig, BartForConditionalGeneration, GPT2Config, GPT2LMHeadModel

from tests.checkpoints import POSITIONS, save_bert
from workflow.scripts.errors import UserError
from workflow.scripts.features.batches import EpochPlan
from workflow.scripts.features.segments import Segmenter
from workflow.scripts.features.store import Features, TokenIds, write_features
from workflow.scripts.files import read_json, write_json
from workflow.scripts.modeling import conversion, tokenizer_files, weights
from workflow.scripts.modeling.checkpoints import freeze_layers, load_encoder, load_language_model
from workflow.scripts.modeling.heads import MaskedTokenHead, make_head
from workflow.scripts.schedules import learning_rates, task_sequence
from workflow.scripts.training.loop import TrainingLoop
from workflow.scripts.training.task import Hyperparameters, TrainingTask

IDS = torch.tensor([[2, 9, 8, 7, 3]])


def describe(folder):
    return conversion.describe_encoder(folder, weights.weight_files(folder))


def outputs(folder):
    """Return hidden states and logits of the same tokens."""
    with torch.no_grad():
        return load_encoder(folder).eval()(IDS)[0], load_language_model(folder).eval()(IDS).logits


def equal(first, second):
    return all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


def rewrite(folder, change):
    """Write the weights of a checkpoint anew after a change of their dictionary."""
    tensors = change(load_file(folder / "model.safetensors"))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta"])
def test_facts_are_those_of_the_loaded_model(kind, originals):
    facts, encoder = describe(originals[kind]), load_encoder(originals[kind])
    assert (facts.model_type, facts.layers, facts.hidden_size, facts.language_model_head) == (kind, 2, 16, True)
    assert facts.parameters == sum(parameter.numel() for parameter in encoder.parameters())
    assert facts.vocabulary == encoder.embeddings.word_embeddings.num_embeddings
    assert facts.max_positions == conversion.longest_sequence(encoder) == POSITIONS
    encoder(torch.full((1, POSITIONS), 7))
    with pytest.raises((IndexError, RuntimeError)):
        encoder(torch.full((1, POSITIONS + 1), 7))


def test_names_of_old_and_of_headless_checkpoints_are_understood(bert, originals):
    expected = outputs(bert)

    def old(tensors):
        named = {name.replace("LayerNorm.weight", "LayerNorm.gamma"): tensor for name, tensor in tensors.items()}
        named = {name.replace("LayerNorm.bias", "LayerNorm.beta"): tensor for name, tensor in named.items()}
        return named | {"cls.seq_relationship.weight": torch.zeros(2, 16)}

    rewrite(bert, old)
    assert describe(bert) == describe(originals["bert"])
    assert equal(outputs(bert), expected)
    rewrite(bert, lambda tensors: {name[5:]: tensor for name, tensor in tensors.items() if name.startswith("bert.")})
    facts = describe(bert)
    assert not facts.language_model_head
    assert facts.parameters == describe(originals["bert"]).parameters


def test_weights_of_another_shape_or_model_are_told(bert, originals):
    write_json(bert / "config.json", read_json(bert / "config.json") | {"hidden_size": 32})
    with pytest.raises(UserError, match=r"has the shape \(\d+, 16\), but \(\d+, 32\) by its config\.json"):
        describe(bert)
    shutil.copyfile(originals["bert"] / "config.json", bert / "config.json")
    rewrite(
        bert, lambda tensors: {n: tensor for n, tensor in tensors.items() if not n.startswith("bert.encoder.layer.1")}
    )
    with pytest.raises(UserError, match=r"lacks 16 of the weights .*'bert\.encoder\.layer\.1\."):
        describe(bert)


def test_other_kinds_of_models_are_refused(tmp_path):
    shape = {"vocab_size": 50, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    BartForConditionalGeneration(
        BartConfig(
            **shape, d_model=8, encoder_layers=1, decoder_layers=1, encoder_attention_heads=1, decoder_attention_heads=1
        )
    ).save_pretrained(tmp_path / "bart")
    GPT2LMHeadModel(GPT2Config(**shape, n_embd=8, n_layer=1, n_head=1)).save_pretrained(tmp_path / "gpt2")
    with pytest.raises(UserError, match=r"is of a 'bart' model; expected an encoder"):
        describe(tmp_path / "bart")
    with pytest.raises(UserError, match=r"causal language model \('gpt2'\); set models\.<name>\.attention to causal"):
        describe(tmp_path / "gpt2")
    facts = conversion.describe_translator(tmp_path / "bart", weights.weight_files(tmp_path / "bart"))
    assert (facts.model_type, facts.vocabulary, facts.layers) == ("bart", 50, 1)
    with pytest.raises(UserError, match=r"is of a 'gpt2' model; expected a sequence-to-sequence model"):
        conversion.describe_translator(tmp_path / "gpt2", weights.weight_files(tmp_path / "gpt2"))


def test_code_of_a_checkpoint_is_not_run(bert, tmp_path):
    config = read_json(bert / "config.json") | {"auto_map": {"AutoModelForMaskedLM": "evil.Model"}}
    write_json(bert / "config.json", config)
    (bert / "evil.py").write_text("raise SystemExit('run')")
    assert describe(bert).model_type == "bert"
    conversion.write_config(bert, tmp_path / "config.json")
    assert "auto_map" not in read_json(tmp_path / "config.json")
    for unknown in ({"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config"}}, {}):
        write_json(bert / "config.json", unknown)
        with pytest.raises(UserError, match=r"describes no model that transformers knows|has no 'model_type'"):
            describe(bert)


def test_a_fast_tokenizer_is_kept_byte_by_byte(original, tmp_path):
    tokenizer_files.write_tokenizer(original, tmp_path, describe(original))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (tmp_path / name).read_bytes() == (original / name).read_bytes()


def test_a_slow_tokenizer_becomes_a_fast_one_with_the_same_ids(bert, texts, tmp_path):
    fast = Tokenizer.from_file(str(bert / "tokenizer.json"))
    names = fast.get_vocab()
    (bert / "vocab.txt").write_text("\n".join(sorted(names, key=names.__getitem__)) + "\n")
    (bert / "tokenizer.json").unlink()
    tokenizer_files.write_tokenizer(bert, tmp_path / "out", describe(bert))
    converted = Tokenizer.from_file(str(tmp_path / "out/tokenizer.json"))
    assert [converted.encode(text, texts[0]).ids for text in texts] == [
        fast.encode(text, texts[0]).ids for text in texts
    ]


def test_a_tokenizer_that_cannot_be_converted_is_told(originals, tmp_path):
    folder = shutil.copytree(originals["xlm-roberta"], tmp_path / "slow")
    (folder / "tokenizer.json").unlink()
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "XLMRobertaTokenizer"})
    (folder / "sentencepiece.bpe.model").write_bytes(b"\n\x0b\n\x05<unk>")
    with pytest.raises(UserError, match=r"no tokenizer\.json, and its other files could not be converted|could not be"):
        tokenizer_files.write_tokenizer(folder, tmp_path / "out", describe(folder))
    (folder / "sentencepiece.bpe.model").unlink()
    # transformers would make an empty tokenizer of nothing
    with pytest.raises(UserError, match="could not be converted"):
        tokenizer_files.write_tokenizer(folder, tmp_path / "out", describe(folder))


def test_a_tokenizer_of_another_model_is_told(originals, texts, tmp_path):
    facts = describe(originals["bert"])
    larger = save_bert(tmp_path / "larger", texts, pieces=facts.vocabulary + 20)
    with pytest.raises(UserError, match=f"has ids up to .*, but the model embeds {facts.vocabulary} tokens"):
        tokenizer_files.write_tokenizer(larger, tmp_path / "out", facts)
    text = (originals["bert"] / "tokenizer.json").read_text().replace("[PAD]", "[NIL]")
    (larger / "tokenizer.json").write_text(text)
    (larger / "tokenizer_config.json").unlink()
    with pytest.raises(UserError, match=r"has no padding token; expected one of <pad>, \[PAD\]"):
        tokenizer_files.write_tokenizer(larger, tmp_path / "out", facts)
    (larger / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match=r"is no tokenizer\.json of a fast tokenizer"):
        tokenizer_files.write_tokenizer(larger, tmp_path / "out", facts)


def test_names_of_special_tokens_are_found_in_all_files(bert, tmp_path):
    text = (bert / "tokenizer.json").read_text().replace("[PAD]", "[NIL]").replace("[MASK]", "[GAP]")
    (bert / "tokenizer.json").write_text(text)
    settings = read_json(bert / "tokenizer_config.json") | {"mask_token": {"content": "[GAP]"}, "auto_map": {"x": "y"}}
    del settings["pad_token"]
    write_json(bert / "tokenizer_config.json", settings)
    write_json(bert / "special_tokens_map.json", {"pad_token": "[NIL]", "mask_token": "[OLD]"})
    tokenizer_files.write_tokenizer(bert, tmp_path / "out", describe(bert))
    written = read_json(tmp_path / "out/tokenizer_config.json")
    assert (written["pad_token"], written["mask_token"]) == ("[NIL]", {"content": "[GAP]"})
    assert "auto_map" not in written
    tokens = Segmenter(tmp_path / "out/tokenizer.json").token_ids()
    assert (tokens.pad, tokens.mask) == (0, 4)


def test_a_tokenizer_without_settings_gets_some(original, tmp_path):
    folder = shutil.copytree(original, tmp_path / "bare")
    (folder / "tokenizer_config.json").unlink()
    tokenizer_files.write_tokenizer(folder, tmp_path / "out", describe(folder))
    settings, names = (
        read_json(tmp_path / "out/tokenizer_config.json"),
        json.loads((folder / "tokenizer.json").read_text()),
    )
    assert settings["model_max_length"] == POSITIONS
    special = {token["content"] for token in names["added_tokens"]}
    assert {settings[f"{name}_token"] for name in ("pad", "unk", "cls", "sep", "mask")} <= special


def test_the_language_model_head_gives_the_models_own_logits(original):
    model = load_language_model(original).eval()
    with torch.no_grad():
        hidden = model.base_model(IDS)[0]
        assert torch.equal(conversion.language_model_head(model)(hidden), model(IDS).logits)
    with pytest.raises(UserError, match="has no head 'lm_head' or 'cls'"):
        conversion.language_model_head(model.base_model)


@pytest.fixture(scope="module")
def token_folder(tmp_path_factory):
    """Plain text and a classification task for any of the checkpoints: both have ids 0 to 4 for special tokens."""
    folder = tmp_path_factory.mktemp("tokens")
    draw = np.random.default_rng(0)
    rows = [[2, *draw.integers(5, 60, draw.integers(3, 20)).tolist(), 3] for _ in range(48)]
    columns = {"example": list(range(48)), "input_ids": rows}
    tokens = TokenIds(vocabulary_size=60, pad=0, mask=4, special=(0, 1, 2, 3, 4))
    write_features(folder / "plain/train.arrow", columns, family="text", tokens=tokens, labels=())
    columns = columns | {"label": [int(row[1] >= 32) for row in rows]}
    write_features(folder / "toy/train.arrow", columns, family="classification", tokens=tokens, labels=("low", "high"))
    return folder


def test_masked_tokens_and_a_task_are_learned_together(original, token_folder, tmp_path):
    model = load_language_model(original)
    heads = {
        "plain": MaskedTokenHead(conversion.language_model_head(model)),
        "toy": make_head("classification", 16, 2, 0),
    }
    tasks = []
    for number, (name, head) in enumerate(heads.items()):
        features = Features(token_folder / name / "train.arrow")
        plan = EpochPlan(features.item_tokens, 8, (1, number))
        tasks.append(TrainingTask(name, features, plan, head, 0.3 if name == "plain" else 0.0))
    hyper = Hyperparameters(
        learning_rate=5e-3, rate=learning_rates({"warmup": 0.1}, 60), weight_decay=0.01, gradient_clip=1.0
    )
    freeze_layers(model.base_model, 0)
    sequence = task_sequence(np.array([1.0, 1.0]), 60, seed=1)
    before = model.get_output_embeddings().weight.clone()
    loop = TrainingLoop(
        model.base_model, tasks, sequence, hyper, seed=1, device=torch.device("cpu"), state=tmp_path / "state"
    )
    loop.run()
    losses = loop.done.losses
    assert np.mean(losses[-10:]) < 0.85 * np.mean(losses[:10])
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    assert not torch.equal(model.get_output_embeddings().weight, before)


def test_layers_of_brought_encoders_are_frozen_from_below(original):
    encoder = load_encoder(original)
    freeze_layers(encoder, 2)
    trained = {name.split(".layer.")[-1][0] for name, weight in encoder.named_parameters() if weight.requires_grad}
    assert trained == {"1"}
