"""Run cards and model cards."""

import importlib.metadata
import json
import warnings
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from workflow.scripts.files import sha256
from workflow.scripts.training import card
from workflow.scripts.training.card import base_model, data_hashes, model_card, run_card, versions

SPEC = '{"epochs":2,"corpora":{},"seed":1,"tasks":["mnli","toy"],"version":1}'
COST = {
    "steps": 1500,
    "examples": 48000,
    "tokens": 2_500_000,
    "flops": 3.217e15,
    "seconds": 125.2,
    "cpu_seconds": 3700.0,
    "peak_memory_mb": 1834,
    "energy_joules": None,
    "device": "cpu (1 threads)",
    "processes": 1,
}
DEV = {"mnli": {"accuracy": 68.04}}


@pytest.fixture
def run():
    found = {"best_step": 900, "evaluations": [[300, 60.0], [600, 61.0], [900, 62.5], [1200, 62.0]]}
    data = {"mnli/train.arrow": "a" * 64, "mnli/dev.parquet": "b" * 64}
    return run_card("intermediate", SPEC, COST, DEV, data=data, selection=found, base="FacebookAI/xlm-roberta-base")


def test_run_card_holds_what_was_trained_on_what_and_at_what_cost(run):
    assert COST.items() <= run.items()
    assert run["energy_joules"] is None
    assert (run["spec"]["tasks"], run["stage"], run["dev"]) == (["mnli", "toy"], "intermediate", DEV)
    assert (run["selection"]["best_step"], run["base_model"]) == (900, "FacebookAI/xlm-roberta-base")
    assert run["data"]["mnli/dev.parquet"] == "b" * 64
    assert json.loads(json.dumps(run)) == run
    assert not {"selection", "data", "base_model"} & set(run_card("pretrained", SPEC, {}, {}))


def test_versions_name_optional_libraries_only_where_they_are(monkeypatch):
    real = importlib.metadata.version

    def version(name):
        if name == "peft":
            raise importlib.metadata.PackageNotFoundError(name)
        return "1.2" if name == "accelerate" else real(name)

    monkeypatch.setattr(card.importlib.metadata, "version", version)
    found = versions()
    assert found["accelerate"] == "1.2"
    assert "peft" not in found
    assert {"python", "torch", "transformers"} <= set(found)


def test_data_are_named_by_task_and_split(tmp_path):
    paths = [tmp_path / "tokens/mnli/train.arrow", tmp_path / "data/mnli/dev.parquet"]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_text(path.name)
    assert data_hashes(paths) == {"mnli/train.arrow": sha256(paths[0]), "mnli/dev.parquet": sha256(paths[1])}


def test_the_base_model_is_handed_on(tmp_path, run):
    assert base_model(None) == base_model(tmp_path) == ""
    (tmp_path / "run.json").write_text(json.dumps({"checkpoint": {"repository": "org/xlmr", "commit": "1"}}))
    assert base_model(tmp_path) == "org/xlmr"
    (tmp_path / "run.json").write_text(json.dumps({"checkpoint": {"name": "a folder"}}))
    assert base_model(tmp_path) == ""
    (tmp_path / "run.json").write_text(json.dumps(run))
    assert base_model(tmp_path) == "FacebookAI/xlm-roberta-base"


def parsed(text):
    """Return a card as the Hub's library reads it; metadata that it does not like are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return ModelCard(text, ignore_metadata_errors=False)


def test_front_matter_is_valid_for_the_hub(run):
    data = parsed(model_card("MNLI", run, datasets=["nyu-mll/glue", "facebook/xnli", "nyu-mll/glue"])).data.to_dict()
    assert data == {
        "library_name": "transformers",
        "tags": ["cross-lingual-transfer", "intermediate"],
        "language": ["en"],
        "license": "other",
        "license_name": "of-the-data-and-the-pretrained-model",
        "base_model": "FacebookAI/xlm-roberta-base",
        "base_model_relation": "finetune",
        "datasets": ["facebook/xnli", "nyu-mll/glue"],
    }


def test_front_matter_says_no_more_than_is_known():
    adapted = run_card("finetuning", '{"adapter":{"rank":8},"tasks":["toy"]}', COST, DEV, base="org/x")
    data = parsed(model_card("toy", adapted)).data.to_dict()
    assert (data["library_name"], data["base_model_relation"], data.get("datasets")) == ("peft", "adapter", None)
    pretrained = run_card("pretraining", '{"corpora":{"wikipedia":1.0},"version":1}', COST, {})
    data = parsed(model_card("tiny", pretrained)).data.to_dict()
    assert (data["language"], data.get("base_model")) == (["multilingual"], None)


def test_text_tells_scores_selection_hyper_parameters_data_and_cost(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    folder = Path("results/mini/intermediate/tiny/mnli/seed1")
    text = model_card("MNLI on tiny", run, folder=folder, hyperparameters=run["spec"] | {"warmup": 0.1, "a": "x|y"})
    for line in (
        "# MNLI on tiny",
        "| mnli | MNLI | classification |",
        "| mnli | accuracy | 68.0 |",
        "The weights are those after step 900, the best of 4 evaluations.",
        "| warmup | 0.1 |",
        "| a | x\\|y |",
        "| tasks | mnli, toy |",
        "| corpora | none |",
        f"| mnli/train.arrow | `{'a' * 64}` |",
        "| model FLOPs | 3.22e+15 |",
        "| time | 2:05 |",
        "| CPU time | 1:01:40 |",
        "| peak memory | 1,834 MiB |",
        'model = AutoModel.from_pretrained("results/mini/intermediate/tiny/mnli/seed1")',
    ):
        assert line in text.splitlines(), line
    assert "energy" not in text
    assert "energy of the device | 12,346 J" in model_card("MNLI", run | {"energy_joules": 12345.6})
    assert "licence of the data" not in text
    assert "OANC" in model_card("MNLI", run, datasets=["nyu-mll/glue"])


def test_no_path_of_this_machine_is_shown(run, tmp_path):
    text = model_card("MNLI", run, folder=tmp_path / "elsewhere")
    assert str(tmp_path) not in text
    assert 'from_pretrained("path/of/this/folder")' in text


def test_how_a_model_is_loaded_depends_on_what_it_is(run):
    pretrained = model_card("tiny", run_card("pretraining", '{"corpora":{"wikipedia":1.0}}', COST, {}))
    assert "AutoModelForMaskedLM.from_pretrained" in pretrained
    assert "head.safetensors" not in pretrained
    assert "English development scores" not in pretrained
    assert "| wikipedia | " in pretrained
    assert "head.safetensors" in model_card("MNLI", run)
