"""Specifications: what a job depends on, and what it does not."""

import json
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.unit.smoke import SMOKE, changed, specify
from workflow.scripts.errors import UserError
from workflow.scripts.layout import Layout
from workflow.scripts.study import Study
from workflow.scripts.study_values import wildcard_values


def test_a_specification_depends_on_its_own_settings_only():
    study, other = specify(SMOKE), specify(changed("finetuning", value={"udpos": {"epochs": 9}}))
    assert study.finetuning_spec("nano", "udpos", "1") != other.finetuning_spec("nano", "udpos", "1")
    assert study.finetuning_spec("nano", "pawsx", "1") == other.finetuning_spec("nano", "pawsx", "1")
    assert study.intermediate_spec("nano", "mnli", "1") == other.intermediate_spec("nano", "mnli", "1")


def test_specifications_hold_no_paths():
    study = specify(SMOKE)
    specs = [study.fetch_spec("xnli"), study.pretraining_spec("nano"), study.intermediate_spec("nano", "multi", "1")]
    assert not any("results" in spec or str(Path.cwd()) in spec for spec in specs)


def test_values_equal_to_their_defaults_are_no_part_of_a_specification():
    config = deepcopy(SMOKE)
    model = config["models"]["nano"]
    model["architecture"] |= {"dropout": 0, "max_positions": 256}
    model["pretraining"] |= {"warmup": 0.06, "weight_decay": 0.01, "seed": 1}
    config["tokenization"]["tasks"] = {"mnli": {"max_length": 128}}
    plain, explicit = specify(SMOKE), specify(config)
    assert plain.pretraining_spec("nano") == explicit.pretraining_spec("nano")
    assert plain.tokenize_spec("mnli", "subwords") == explicit.tokenize_spec("mnli", "subwords")
    assert "weight_decay" not in explicit.pretraining_spec("nano")
    assert specify(changed("models", "nano", "architecture", "dropout", value=0.1)).pretraining_spec("nano") != (
        plain.pretraining_spec("nano")
    )


def spec(config, source, method="intermediate_spec"):
    return json.loads(getattr(specify(config), method)("nano", source, "1"))


VARIANTS = changed("sources", value=["none", "mnli", "mnli-n8", "mnli-s64", "mnli-n8-s300", "multi-n8"])
OF_MNLI = {"learning_rate": 1.0e-3, "seed": 1, "tasks": ["mnli"], "version": 1}


def test_variants_leave_the_specification_of_their_base_alone():
    assert spec(SMOKE, "mnli") == spec(VARIANTS, "mnli") == OF_MNLI | {"epochs": 1}


def test_the_specifications_of_variants():
    trunk = {"warmup_steps": 100}
    assert spec(VARIANTS, "mnli-n8") == OF_MNLI | {"epochs": 1, "examples": 8}
    assert spec(VARIANTS, "mnli-s64") == OF_MNLI | trunk | {"steps": 64, "schedule": "cooldown", "cooldown": 0.2}
    assert spec(VARIANTS, "mnli-n8-s300") == OF_MNLI | trunk | {
        "examples": 8, "steps": 300, "schedule": "cooldown", "cooldown": 0.2,
    }  # fmt: skip
    assert spec(VARIANTS, "multi-n8") == spec(SMOKE, "multi") | {"examples": 8}


def test_a_trunk_ends_where_the_branch_leaves_and_knows_of_no_other_duration():
    longer = deepcopy(VARIANTS) | {"sources": ["none", "mnli-s64", "mnli-s16384"]}
    wanted = OF_MNLI | {"warmup_steps": 100, "steps": 51, "schedule": "stable"}
    assert spec(VARIANTS, "mnli-s64", "trunk_spec") == spec(longer, "mnli-s64", "trunk_spec") == wanted
    assert spec(VARIANTS, "mnli-n8-s128", "trunk_spec") == wanted | {"examples": 8, "steps": 102}
    with pytest.raises(UserError, match="'mnli-n8' has no trunk; expected a number of steps, such as mnli-n8-s1024"):
        spec(VARIANTS, "mnli-n8", "trunk_spec")


def test_hyper_parameters_of_a_variant_win_over_those_of_its_base():
    config = deepcopy(VARIANTS)
    config["intermediate"] = {"mnli": {"batch_size": 8, "weight_decay": 0}, "mnli-n8": {"batch_size": 4, "epochs": 9}}
    assert spec(config, "mnli") == OF_MNLI | {"epochs": 1, "batch_size": 8, "weight_decay": 0}
    sized = OF_MNLI | {"batch_size": 4, "weight_decay": 0, "examples": 8}
    assert spec(config, "mnli-n8") == sized | {"epochs": 9}
    stable = {"schedule": "stable", "steps": 51, "warmup_steps": 100}
    assert spec(config, "mnli-n8-s64", "trunk_spec") == sized | stable
    assert spec(config, "mnli-s64", "trunk_spec") == OF_MNLI | stable | {"batch_size": 8, "weight_decay": 0}


def test_how_long_epochs_go_on_is_no_part_of_a_duration():
    config = deepcopy(VARIANTS)
    config["training"] |= {"warmup": 0.5, "selection": "best", "evaluate_every": 7, "evaluation_examples": 3}
    config["intermediate"] = {"mnli": {"epochs": 9, "patience": 2}}
    for method in ("intermediate_spec", "trunk_spec"):
        assert spec(config, "mnli-s64", method) == spec(VARIANTS, "mnli-s64", method)
    assert spec(config, "mnli")["selection"] == "best"


def test_trunks_go_through_the_ladder_without_making_it_sources():
    study = Study(VARIANTS)
    segments = ["mnli-s64", "mnli-n8-s64", "mnli-n8-s128", "mnli-n8-s256", "mnli-n8-s300"]
    assert study.trunk_segments() == segments
    assert wildcard_values(study)["source"] == VARIANTS["sources"]
    files, wildcards = Layout(study), SimpleNamespace(model="nano", seed="1")
    folder = "results/smoke/trunks/nano/{}/seed1/state.safetensors"
    for source, own, before in (
        ("mnli", [], []),
        ("mnli-n8", [], []),
        ("mnli-s64", ["mnli-s64"], []),
        ("mnli-n8-s300", ["mnli-n8-s300"], ["mnli-n8-s256"]),
    ):
        wildcards.source = source
        assert files.trunk(wildcards) == [folder.format(name) for name in own]
        assert files.preceding_trunk(wildcards) == [folder.format(name) for name in before]


def test_variants_read_the_data_of_their_base():
    config = changed("sources", value=["none", "multi-n8-s64", "ccg-n8"])
    config["mixtures"]["multi"]["corpora"] = {"opus100": 0.5}
    study = Study(config)
    assert study.source_data("multi-n8-s64") == ["mnli", "hellaswag", "squad_v2", "opus100"]
    needed = {task.name for task in study.needed_tasks()}
    assert {"hellaswag", "squad_v2", "ccg", "opus100"} <= needed
    assert "qqp" not in needed
    data = Layout(study).intermediate_data(None)
    assert data == [f"results/smoke/data/{task}/train.parquet" for task in ("mnli", "hellaswag", "squad_v2", "ccg")]


def test_how_mixtures_draw_tasks_is_a_part_of_what_they_are_when_it_is_not_the_default():
    mixture = SMOKE["mixtures"]["multi"]
    explicit = changed("mixtures", "multi", value=mixture | {"sampling": "proportional", "temperature": 5})
    assert spec(explicit, "multi") == spec(SMOKE, "multi")
    drawn = changed("mixtures", "multi", value=mixture | {"sampling": "temperature"})
    assert spec(drawn, "multi") == spec(SMOKE, "multi") | {"sampling": "temperature", "temperature": 2}
    alike = changed("mixtures", "multi", value=mixture | {"sampling": "uniform"})
    assert spec(alike, "multi-s64", "trunk_spec")["sampling"] == "uniform"


def test_adapters_and_precisions_are_a_part_of_what_they_change():
    config = changed("models", "nano", "adapter", value={"rank": 4, "alpha": 32})
    assert spec(config, "mnli-s64") == spec(SMOKE, "mnli-s64") | {"adapter": {"rank": 4}}
    assert json.loads(specify(config).finetuning_spec("nano", "udpos", "1"))["adapter"] == {"rank": 4}
    assert specify(config).pretraining_spec("nano") == specify(SMOKE).pretraining_spec("nano")
    precise, plain = specify(changed("prediction", value={"precision": "bf16"})), specify(SMOKE)
    for target in ("xnli", "tatoeba"):
        found = json.loads(precise.prediction_spec(target))
        assert found == json.loads(plain.prediction_spec(target)) | {"precision": "bf16"}


def test_hyper_parameters_of_a_model_stand_between_those_of_all_and_those_of_a_task():
    config = changed("models", "nano", "training", value={"learning_rate": 0.5, "weight_decay": 0.25})
    config["finetuning"] = {"udpos": {"weight_decay": 0.125}}
    own = {"learning_rate": 0.5, "weight_decay": 0.25}
    assert json.loads(specify(config).finetuning_spec("nano", "pawsx", "1")).items() >= own.items()
    of_task = json.loads(specify(config).finetuning_spec("nano", "udpos", "1"))
    assert of_task.items() >= {"learning_rate": 0.5, "weight_decay": 0.125}.items()
    for source in ("mnli", "mnli-s64"):
        assert spec(config, source) == spec(SMOKE, source) | own
    assert specify(config).pretraining_spec("nano") == specify(SMOKE).pretraining_spec("nano")


def test_event_files_change_no_report():
    assert specify(changed("tensorboard", value=True)).report_spec() == specify(SMOKE).report_spec()
