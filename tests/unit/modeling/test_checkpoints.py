"""Checkpoints are ordinary Hugging Face folders."""

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer

from workflow.scripts.errors import UserError
from workflow.scripts.features.collation import Batch
from workflow.scripts.features.store import TokenIds
from workflow.scripts.files import write_json
from workflow.scripts.modeling import checkpoints
from workflow.scripts.modeling.heads import make_head
from workflow.scripts.train_tokenizer import tokenizer_config, train

SHAPE = {
    "hidden_size": 16,
    "layers": 2,
    "attention_heads": 2,
    "feed_forward_size": 32,
    "dropout": 0.0,
    "max_positions": 64,
    "initializer_range": 0.05,
}
RUN = {"spec_hash": "0", "loss": 1.0}


@pytest.fixture(scope="module")
def tokenizer(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    rows = world.rows("documents", split="train", languages=["en"], examples=100)
    train((row["text_a"] for row in rows), 300).save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", tokenizer_config(64))
    return folder


@pytest.fixture
def model():
    torch.manual_seed(1)
    return checkpoints.new_masked_lm(SHAPE, TokenIds(300, 1, 4, (0, 1, 2, 3, 4)))


IDS = torch.tensor([[0, 7, 8, 9, 2]])


def hidden(encoder):
    with torch.no_grad():
        return encoder.eval()(IDS)[0]


def test_auto_classes_load_a_pretrained_model(model, tokenizer, tmp_path):
    checkpoints.save_checkpoint(tmp_path, model, {}, tokenizer, "# card\n", RUN)
    assert torch.equal(hidden(AutoModel.from_pretrained(tmp_path)), hidden(model.base_model))
    assert torch.equal(hidden(AutoModelForMaskedLM.from_pretrained(tmp_path)), hidden(model))
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded("a dog", "a cat")["input_ids"][0] == 0
    assert loaded.pad_token_id == 1
    assert loaded.mask_token_id == 4
    assert not list(tmp_path.glob("*.bin"))
    assert not list(tmp_path.glob(".*"))


def test_encoder_and_head_come_back_as_they_were(model, tokenizer, tmp_path):
    head = make_head("classification", 16, 3, 0.1)
    checkpoints.save_checkpoint(tmp_path, model.base_model, {"mnli": head}, tokenizer, "# card\n", RUN)
    encoder, again = checkpoints.load_encoder(tmp_path), make_head("classification", 16, 3, 0.1)
    checkpoints.load_head(tmp_path, "mnli", again)
    batch = Batch(np.array([0]), {"label": torch.tensor([0])}, 1)
    expected = head.eval()(hidden(model.base_model), batch)
    assert torch.equal(again.eval()(hidden(encoder), batch), expected)


def test_an_encoder_has_no_pooler(model, tokenizer, tmp_path):
    checkpoints.save_checkpoint(tmp_path, model, {}, tokenizer, "# card\n", RUN)
    assert checkpoints.load_encoder(tmp_path).pooler is None


def test_a_head_of_another_task_or_shape_is_told(model, tokenizer, tmp_path):
    heads = {"mnli": make_head("classification", 16, 3, 0.1)}
    checkpoints.save_checkpoint(tmp_path, model.base_model, heads, tokenizer, "# card\n", RUN)
    for task, head in (("mnli", make_head("classification", 16, 2, 0.1)), ("qqp", make_head("span", 16, 0, 0.1))):
        with pytest.raises(UserError, match=f"does not fit the head of '{task}'"):
            checkpoints.load_head(tmp_path, task, head)


def test_missing_and_broken_models_are_told(model, tokenizer, tmp_path):
    with pytest.raises(UserError, match="holds no model that can be loaded"):
        checkpoints.load_encoder(tmp_path)
    with pytest.raises(UserError, match=r"has no head\.safetensors"):
        checkpoints.load_head(tmp_path, "mnli", make_head("span", 16, 0, 0.1))
    checkpoints.save_checkpoint(tmp_path, model, {}, tokenizer, "# card\n", RUN)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(UserError, match="holds no model that can be loaded"):
        checkpoints.load_encoder(tmp_path)


def test_families_without_training_have_no_head():
    with pytest.raises(ValueError, match="'retrieval' has no head"):
        make_head("retrieval", 16, 0, 0.1)


def test_frozen_parts_are_counted_from_below(model):
    encoder = model.base_model
    checkpoints.freeze_layers(encoder, 0)
    assert all(parameter.requires_grad for parameter in encoder.parameters())
    checkpoints.freeze_layers(encoder, 2)
    trained = {name.split(".")[0] + name.split(".")[2] for name, p in encoder.named_parameters() if p.requires_grad}
    assert trained == {"encoder1"}
    with pytest.raises(UserError, match=r"frozen_layers = 4.*embeddings and 2 layers"):
        checkpoints.freeze_layers(encoder, 4)
