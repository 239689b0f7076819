"""Durations, data sizes, early stopping, bfloat16 and adapters, from the configuration to loadable checkpoints."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors import safe_open
from transformers import AutoModel, AutoTokenizer

from tests.workflow.conftest import copy_tree

STUDY = ("--configfile", "tests/config/engine.yaml", "--cores", "2")
MODELS, SOURCES = ("nano", "adapted"), ("mnli", "mnli-n16", "mnli-s40", "mnli-s80", "pair")


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """A finished study."""
    tree = copy_tree(tmp_path_factory.mktemp("engine") / "tree")
    tree.run(*STUDY)
    return tree


def card(tree, model, source, stage="intermediate"):
    return json.loads((tree.root / f"results/engine/{stage}/{model}/{source}/seed1/run.json").read_text())


def test_a_second_run_does_nothing(engine):
    assert engine.jobs(*STUDY) == {}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("model", MODELS)
def test_every_checkpoint_is_a_model_directory(engine, monkeypatch, model, source):
    monkeypatch.chdir(engine.root)
    folder = f"results/engine/intermediate/{model}/{source}/seed1"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoder = AutoModel.from_pretrained(folder).eval()
    hidden = encoder(**tokenizer("a b", return_tensors="pt")).last_hidden_state
    base = AutoModel.from_pretrained(f"results/engine/models/{model}").eval()
    assert hidden.shape[-1] == 16
    assert not torch.equal(hidden, base(**tokenizer("a b", return_tensors="pt")).last_hidden_state)
    files = {path.name for path in (engine.root / folder).iterdir()}
    assert ("model.safetensors" in files) == (model == "nano")
    assert ("adapter_model.safetensors" in files) == (model == "adapted")


@pytest.mark.parametrize("model", MODELS)
def test_durations_share_a_trunk(engine, model):
    steps = {source: card(engine, model, source, "trunks")["steps"] for source in ("mnli-s40", "mnli-s64", "mnli-s80")}
    assert steps == {"mnli-s40": 32, "mnli-s64": 51, "mnli-s80": 64}
    assert [card(engine, model, source)["steps"] for source in ("mnli-s40", "mnli-s80")] == [40, 80]


def test_run_cards_say_what_was_done(engine):
    stopped = card(engine, "nano", "mnli")
    assert stopped["spec"]["precision"] == "bf16"
    steps = [step for step, _ in stopped["selection"]["evaluations"]]
    assert steps == list(range(2, steps[-1] + 1, 2)) or steps[-1] == 9
    assert stopped["selection"]["best_step"] in steps
    assert stopped["flops"] > 0
    assert set(stopped["data"]) == {"mnli/train.arrow", "mnli/dev.arrow", "mnli/dev.parquet"}
    assert card(engine, "nano", "mnli-n16")["spec"]["examples"] == 16
    assert card(engine, "adapted", "mnli")["spec"]["adapter"] == {"alpha": 4, "rank": 2}
    assert card(engine, "nano", "pair")["spec"]["sampling"] == "temperature"


def test_an_adapter_is_small_and_goes_on_in_the_target(engine):
    folder = engine.root / "results/engine"
    for path in folder.glob("*/adapted/*/seed1/**/adapter_model.safetensors"):
        with safe_open(path, "pt") as file:
            assert all(".lora_" in name for name in file.keys())  # noqa: SIM118 (not a mapping)
    assert len(list(folder.glob("finetuned/adapted/*/seed1/mnli/adapter_model.safetensors"))) == 6


def test_event_files_are_written_and_states_removed(engine):
    folder = engine.root / "results/engine"
    runs = 2 + 2 * 3 + 2 * 5 + 2 * 6  # pretraining, trunks, sources, targets
    assert len(list((folder / "tensorboard").rglob("events*"))) == runs
    assert (folder / "tensorboard/finetuned/nano/pair/seed1/mnli").is_dir()
    assert not list((folder / "state").glob("*/*"))


def test_the_report_names_sources_and_counts_trunks(engine):
    report = (engine.root / "results/engine/report.html").read_text()
    assert "MNLI, 16 examples" in report
    assert "MNLI, 80 steps" in report
    assert "Trunks of durations" in report


def test_the_whole_program_trains_in_two_processes(finished, tmp_path):
    results = finished.root / "results/smoke"
    alone = json.loads((results / "finetuned/nano/none/seed1/mnli/run.json").read_text())
    inputs = {
        "encoder": [results / "models/nano/model.safetensors"],
        "tokenizer": [results / "tokenizers/subwords/tokenizer.json"],
        "tokens": [results / f"tokens/subwords/mnli/{split}.arrow" for split in ("train", "dev")],
        "data": [results / "data/mnli/dev.parquet"],
        "state": [tmp_path / "state"],
        "run": [tmp_path / "model/run.json"],
        "log": [tmp_path / "log"],
    }
    words = [word for name, paths in inputs.items() for word in (f"--{name}", *map(str, paths))]
    launch = [sys.executable, "-m", "workflow.scripts.launch", "--processes", "2", "train", "--stage", "finetuning"]
    spec = json.dumps(alone["spec"], sort_keys=True, separators=(",", ":"))
    command = [*launch, "--title", "in two", "--spec", spec, *words]
    done = subprocess.run(command, cwd=finished.root, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    together = json.loads((tmp_path / "model/run.json").read_text())
    assert (together["processes"], alone["processes"]) == (2, 1)
    assert {name: together[name] for name in ("steps", "examples", "tokens", "spec_hash")} == {
        name: alone[name] for name in ("steps", "examples", "tokens", "spec_hash")
    }
    assert together["loss"] == pytest.approx(alone["loss"], rel=0.1)  # dropout is drawn by each process
    hidden = AutoModel.from_pretrained(tmp_path / "model").eval()
    assert hidden.config.hidden_size == 16
    assert not (tmp_path / "state").exists() or not list((tmp_path / "state").iterdir())


def test_another_collection_takes_trunks_and_adapters_over(engine):
    for part in ("repositories", "data", "tokenizers", "tokens"):  # what it would make itself, bit by bit
        shutil.copytree(engine.root / f"results/engine/{part}", engine.root / f"results/second/{part}", symlinks=True)
    asked = "finetuned/adapted/mnli-s40/seed1/mnli"
    study = (f"results/second/{asked}/run.json", *STUDY, "--config", "collection=second", "reuse=[results/engine]")
    stages = {"pretrain_model": 1, "train_trunk": 1, "train_intermediate_adapter": 1, "finetune_target_adapter": 1}
    assert engine.jobs(*study) == stages | {"total": 4}
    printed = engine.run(*study)
    assert printed.count("taken over from the collection engine") == 4
    first, second = (engine.root / f"results/{name}/{asked}" for name in ("engine", "second"))
    assert (second / "adapter_model.safetensors").read_bytes() == (first / "adapter_model.safetensors").read_bytes()
    assert (
        json.loads((second / "adapter_config.json").read_text())["base_model_name_or_path"]
        == "results/second/models/adapted"
    )
    assert engine.jobs(*study) == {}
