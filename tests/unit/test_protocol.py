"""The key `protocol`: which models it makes others, and which it leaves as they are."""

import json
from copy import deepcopy
from types import SimpleNamespace

import pytest

from tests.unit.smoke import SMOKE
from workflow.scripts.errors import UserError
from workflow.scripts.layout import Layout
from workflow.scripts.specifications import Specifications
from workflow.scripts.study import Study

ROWS = {"train": 10, "dev": 5, "test": 5}
NAMES = ("siqa", "copa", "xcopa", "tatoeba41", "udpos38")
CELL = {"model": "nano", "source": "mnli", "seed": "1"}
FINETUNED = "results/smoke/finetuned/nano/mnli/seed1"


def study(protocol, targets=("xcopa", "tatoeba41", "udpos38", "xnli"), **keys):
    config = deepcopy(SMOKE) | {"targets": list(targets)} | keys
    config["laboratory"]["examples"] |= dict.fromkeys(NAMES, ROWS)
    return Study(config | ({"protocol": protocol} if protocol else {}))


def specs(made):
    """Return the identities of all that is trained, predicted and shown, by what it is."""
    of = Specifications(made)
    tasks = ("siqa", "copa", "squad_v1", "udpos", "mnli")
    return {
        **{task: of.finetuning_spec("nano", task, "1") for task in tasks},
        **{target: of.prediction_spec(target) for target in made.targets},
        "mnli as source": of.intermediate_spec("nano", "mnli", "1"),
        "report": of.report_spec(),
    }


def test_the_protocol_is_part_of_what_it_changes_and_of_nothing_else():
    direct, official = specs(study("direct")), specs(study("official"))
    assert {name for name in direct if direct[name] != official[name]} == {"copa", "tatoeba41", "report"}
    assert json.loads(official["copa"])["continues"] == "siqa"
    assert json.loads(official["tatoeba41"])["encoder"] == "squad_v1"
    assert specs(study("")) == direct


def test_a_study_that_it_does_not_concern_is_the_same_under_both():
    targets = ("udpos38", "xnli", "tatoeba")
    assert specs(study("official", targets)) == specs(study("direct", targets))
    assert "protocol" not in Specifications(study("official", targets)).report_spec()


def test_copa_starts_from_the_model_of_social_iqa():
    for protocol, weights in (
        ("official", f"{FINETUNED}/siqa/model.safetensors"),
        ("direct", "results/smoke/intermediate/nano/mnli/seed1/model.safetensors"),
    ):
        files = Layout(study(protocol))
        assert files.encoder_weights(SimpleNamespace(**CELL, task="copa")) == weights
    first = SimpleNamespace(**CELL, task="siqa")
    assert files.encoder_weights(first) == Layout(study("official")).encoder_weights(first)


def test_sentences_are_compared_in_the_model_of_squad():
    wildcards = SimpleNamespace(**CELL, target="tatoeba41")
    assert Layout(study("official")).tested_run(wildcards) == f"{FINETUNED}/squad_v1/run.json"
    assert Layout(study("direct")).tested_run(wildcards) == "results/smoke/intermediate/nano/mnli/seed1/run.json"


def test_a_second_step_on_an_adapter_starts_from_the_adapter():
    models = deepcopy(SMOKE["models"])
    models["nano"]["adapter"] = {}
    files = Layout(study("official", models=models))
    pretrained = SimpleNamespace(model="nano", source="none", seed="1", task="copa")
    assert files.encoder_weights(pretrained).endswith("finetuned/nano/none/seed1/siqa/adapter_model.safetensors")


def test_the_data_of_every_step_are_needed():
    names = {task.name for task in study("official").needed_tasks()}
    assert {"siqa", "copa", "squad_v1", "udpos"} <= names
    assert not {"siqa", "squad_v1"} & {task.name for task in study("direct").needed_tasks()}
    cards = Layout(study("official")).run_cards(None)
    assert f"{FINETUNED}/siqa/run.json" in cards
    assert len(cards) == len(set(cards))


def test_another_protocol_is_refused():
    with pytest.raises(UserError, match=r"protocol = 'oficial' is not possible.*Did you mean 'official'"):
        study("oficial")
