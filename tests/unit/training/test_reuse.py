"""A checkpoint of another collection is taken over where everything that made it is the same, and is refused else."""

import json
import logging
import shutil
from dataclasses import replace

import pytest

from workflow.scripts.files import read_json, sha256, write_json
from workflow.scripts.modeling import adapters
from workflow.scripts.training.reuse import Wanted, input_hashes, take_over

SPEC = {"seed": 1, "tasks": ["mnli"], "version": 1}
INPUTS, DATA = {"encoder": "e" * 64, "tokenizer": "t" * 64}, {"mnli/train.arrow": "d" * 64}
FILES = {"model.safetensors": "weights", "config.json": "{}", "head.safetensors": "head"}


@pytest.fixture
def wanted(tmp_path):
    return Wanted("intermediate", SPEC, INPUTS, DATA, tmp_path / "results/mine/intermediate/m/mnli/seed1/run.json")


def put(folder, content=FILES, **changes):
    """Write a checkpoint as a training does, with changes to its run card; return its folder."""
    folder.mkdir(parents=True)
    for name, text in content.items():
        (folder / name).write_text(text)
    hashes = {name: sha256(folder / name) for name in content}
    card = {"stage": "intermediate", "spec": SPEC, "inputs": INPUTS, "data": DATA, "files": hashes, "seconds": 9.0}
    write_json(folder / "run.json", {key: value for key, value in (card | changes).items() if value is not None})
    return folder


@pytest.fixture
def other(tmp_path):
    return tmp_path / "elsewhere/first"


def test_the_same_run_under_another_name(other, wanted):
    source = put(other / "intermediate/their_model/their_name/seed7")
    card = take_over([other], wanted)
    assert card == read_json(source / "run.json") | {
        "reused": {"collection": "first", "folder": "intermediate/their_model/their_name/seed7"}
    }
    folder = wanted.run.parent
    assert {path.name: path.read_text() for path in folder.iterdir()} == FILES  # the run card is the caller's, and last
    assert (folder / "model.safetensors").stat().st_ino != (source / "model.safetensors").stat().st_ino


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"inputs": INPUTS | {"encoder": "0" * 64}}, "the specification is the same, but not encoder"),
        ({"inputs": INPUTS | {"trunk": "0" * 64}}, "the specification is the same, but not trunk"),
        ({"data": {}}, "the specification is the same, but not mnli/train.arrow"),
        ({"inputs": None}, "lists neither what it was made from nor its files"),
        ({"files": None}, "lists neither what it was made from nor its files"),
        ({"files": {"model.safetensors": "0" * 64}}, "model.safetensors is damaged"),
        ({"files": {"gone.safetensors": "0" * 64}}, "gone.safetensors is missing"),
        ({"files": {"../model.safetensors": "0" * 64}}, "../model.safetensors is missing"),
        ({"spec": SPEC | {"seed": 2}}, ""),
        ({"stage": "finetuning"}, ""),
    ],
)
def test_what_differs_is_refused_and_told(other, wanted, caplog, changes, told):
    caplog.set_level(logging.INFO)
    put(other / "intermediate/m/mnli/seed1", **changes)
    assert take_over([other], wanted) is None
    assert told in caplog.text
    assert bool(told) == ("is not taken over" in caplog.text)
    assert not list(wanted.run.parent.glob("*"))


def test_a_damaged_file_replaces_nothing_and_the_next_candidate_is_taken(other, wanted, caplog):
    damaged = put(other / "intermediate/m/mnli/seed1")
    (damaged / "head.safetensors").write_text("heaD")
    assert take_over([other], wanted) is None
    assert not list(wanted.run.parent.glob("*"))
    assert "head.safetensors is damaged (sha256" in caplog.text
    put(other.parent / "second/intermediate/m/mnli/seed1")
    assert take_over([other, other.parent / "second"], wanted)["reused"]["collection"] == "second"


def test_an_unreadable_run_card_is_told(other, wanted, caplog):
    (put(other / "intermediate/m/mnli/seed1") / "run.json").write_text("{")
    assert take_over([other], wanted) is None
    assert "is not valid JSON" in caplog.text


def test_a_run_is_no_candidate_for_itself(tmp_path, wanted):
    put(wanted.run.parent)
    assert take_over([tmp_path / "results/mine"], wanted) is None


def test_an_adapter_belongs_to_the_model_of_its_new_collection(other, wanted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    described = json.dumps({"base_model_name_or_path": "elsewhere/first/models/m", "r": 2})
    put(other / "intermediate/m/mnli/seed1", {adapters.WEIGHTS: "update", adapters.CONFIG: described})
    (wanted.run.parent).mkdir(parents=True)
    (wanted.run.parent / "config.json").write_text("of a whole model, from an earlier run")
    card = take_over([other], replace(wanted, base=tmp_path / "results/mine/models/m"))
    found = wanted.run.parent / adapters.CONFIG
    assert read_json(found) == {"base_model_name_or_path": "results/mine/models/m", "r": 2}
    assert card["files"][adapters.CONFIG] == sha256(found)
    assert not (wanted.run.parent / "config.json").exists()


def test_inputs_are_weights_configuration_and_tokenizer(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_text(name)
    write_json(folder / "config.json", {"hidden_dropout_prob": 0.1, "transformers_version": "5.1"})

    def hashes():
        return input_hashes(folder / "model.safetensors", folder / "tokenizer.json", {"trunk": None})

    found = hashes()
    assert set(found) == {"encoder", "config", "tokenizer", "tokenizer_config"}
    assert found["encoder"] == sha256(folder / "model.safetensors")
    write_json(folder / "config.json", {"transformers_version": "5.2", "hidden_dropout_prob": 0.1})
    assert hashes() == found
    write_json(folder / "config.json", {"transformers_version": "5.2", "hidden_dropout_prob": 0.2})
    assert hashes() != found
    assert set(input_hashes(None, folder / "tokenizer.json", {})) == {"tokenizer", "tokenizer_config"}


def test_an_adapter_s_model_is_an_input(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("models/m", "intermediate/m"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "tokenizer.json").write_text("{}")
        (tmp_path / name / "tokenizer_config.json").write_text("{}")
    write_json(tmp_path / "models/m/config.json", {})
    (tmp_path / "models/m/model.safetensors").write_text("whole")
    adapter = tmp_path / "intermediate/m" / adapters.WEIGHTS
    adapter.write_text("update")
    write_json(adapter.with_name(adapters.CONFIG), {"base_model_name_or_path": "models/m"})
    found = input_hashes(adapter, adapter.with_name("tokenizer.json"), {})
    assert found["base"] == sha256(tmp_path / "models/m/model.safetensors")
    shutil.copy(adapter, tmp_path / "models/m/model.safetensors")
    assert input_hashes(adapter, adapter.with_name("tokenizer.json"), {})["base"] != found["base"]
