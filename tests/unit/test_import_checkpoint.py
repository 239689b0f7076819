"""An intermediate checkpoint from elsewhere is taken where it has the shape and the tokenizer of the study's model."""

import hashlib
import json
import shutil

import pytest
import torch
from tokenizers import Tokenizer, normalizers
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

from tests.checkpoints import save_bert, save_xlmr
from workflow.scripts import import_checkpoint
from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json, sha256
from workflow.scripts.modeling.checkpoints import load_encoder

SPEC = '{"version":1}'


@pytest.fixture(scope="module")
def texts(world):
    return [row["text_a"] for row in world.rows("documents", split="train", languages=["en"], examples=60)]


@pytest.fixture(scope="module")
def pretrained(texts, tmp_path_factory):
    return save_xlmr(tmp_path_factory.mktemp("study") / "xlmr", texts)


@pytest.fixture
def trained(pretrained, tmp_path):
    """What others publish: the model with a classifier on it, trained on."""
    folder = shutil.copytree(pretrained, tmp_path / "theirs")
    torch.manual_seed(5)
    config = XLMRobertaConfig.from_pretrained(pretrained, num_labels=3, hidden_dropout_prob=0.2)
    XLMRobertaForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture
def bring(pretrained, tmp_path):
    """Return a function that imports a folder and returns the source's folder and run card."""

    def run(folder, spec=SPEC):
        target = tmp_path / "intermediate/xlmr/theirs/seed1"
        words = ["--title", "theirs", "--spec", spec, "--checkpoint", folder, "--run", target / "run.json"]
        words += ["--pretrained", pretrained / "model.safetensors", "--tokenizer", pretrained / "tokenizer.json"]
        assert import_checkpoint.main([*map(str, words), "--lock", str(tmp_path / "lock.yaml")]) == 0
        return target, read_json(target / "run.json")

    return run


def test_a_classifier_becomes_a_source(bring, trained, pretrained):
    target, card = bring(trained)
    assert card["stage"] == "imported"
    assert card["checkpoint"] == {"name": "theirs", "sha256": sha256(trained / "model.safetensors")}
    assert card["files"] == {name: sha256(target / name) for name in card["files"]}
    assert card["spec"]["sha256"] == card["checkpoint"]["sha256"]
    expected = XLMRobertaForSequenceClassification.from_pretrained(trained).roberta.state_dict()
    found = load_encoder(target).state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in found)
    assert (target / "tokenizer.json").read_bytes() == (pretrained / "tokenizer.json").read_bytes()
    assert "library_name: transformers" in (target / "README.md").read_text()


def test_another_model_is_refused(bring, texts, tmp_path):
    with pytest.raises(UserError, match=r"was not trained from the model in .*hidden_size is 32, of the model 16"):
        bring(save_xlmr(tmp_path / "wide", texts, width=32))
    with pytest.raises(UserError, match=r"model_type is bert, of the model xlm-roberta"):
        bring(save_bert(tmp_path / "bert", texts))


def test_other_heads_of_attention_in_weights_of_the_same_shape_are_refused(bring, trained):
    config = read_json(trained / "config.json")
    (trained / "config.json").write_text(json.dumps(config | {"num_attention_heads": 4}))
    with pytest.raises(UserError, match="num_attention_heads is 4, of the model 2"):
        bring(trained)


def test_another_tokenizer_is_refused(bring, trained, texts, tmp_path):
    other = Tokenizer.from_file(str(trained / "tokenizer.json"))
    other.normalizer = normalizers.Lowercase()
    other.save(str(trained / "tokenizer.json"))
    with pytest.raises(UserError, match=r"has the pieces of the model's, but takes .* apart differently"):
        bring(trained)
    described = json.loads((trained / "tokenizer.json").read_text())
    pieces = described["model"]["vocab"]
    pieces[-1], pieces[-2] = pieces[-2], pieces[-1]
    (trained / "tokenizer.json").write_text(json.dumps(described))
    with pytest.raises(UserError, match="2 pieces differ"):
        bring(trained)


def test_padding_and_truncation_of_a_tokenizer_do_not_count(bring, trained):
    other = Tokenizer.from_file(str(trained / "tokenizer.json"))
    other.enable_truncation(8)
    other.enable_padding(length=8)
    other.save(str(trained / "tokenizer.json"))
    assert bring(trained)[0].is_dir()


def test_a_damaged_file_of_a_published_folder_is_refused(bring, trained):
    digest = hashlib.sha256((trained / "model.safetensors").read_bytes()).hexdigest()
    (trained / "SHA256SUMS").write_text(f"{digest}  model.safetensors\n{digest}  left_out.json\n")
    bring(trained)
    (trained / "SHA256SUMS").write_text(f"{'0' * 64}  model.safetensors\n")
    with pytest.raises(UserError, match=r"model\.safetensors is damaged \(sha256"):
        bring(trained)
    (trained / "SHA256SUMS").write_text(f"{digest}  ../elsewhere\n")
    with pytest.raises(UserError, match="expected a SHA-256"):
        bring(trained)


def test_pickled_weights_are_refused(bring, trained):
    (trained / "model.safetensors").rename(trained / "pytorch_model.bin")
    with pytest.raises(UserError, match="pickled weights"):
        bring(trained)
