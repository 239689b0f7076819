import json
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from workflow.scripts.errors import UserError
from workflow.scripts.layout import Layout
from workflow.scripts.settings import defaults, load_settings
from workflow.scripts.specifications import Specifications
from workflow.scripts.study import Study
from workflow.scripts.study_values import wildcard_values

SMOKE = yaml.safe_load(Path("tests/config/smoke.yaml").read_text())


def changed(*path, value=None, delete=False):
    config = deepcopy(SMOKE)
    node = config
    for key in path[:-1]:
        node = node[key]
    if delete:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return config


def specify(config):
    return Specifications(Study(config))


BAD = {
    "unknown key": (changed("sorces", value=[]), "unknown key 'sorces'", "Did you mean 'sources'"),
    "unknown nested key": (
        changed("training", "learning_rat", value=1),
        "unknown key 'learning_rat' in training",
        "Did you mean 'learning_rate'",
    ),
    "unknown key of a model": (
        changed("models", "nano", "architecture", "heads", value=1),
        "unknown key 'heads' in models.nano.architecture",
        "attention_heads",
    ),
    "missing key": (changed("models", delete=True), "lacks the key 'models'", "Pretrained encoders"),
    "selection without development data": (
        changed("training", value={"selection": "best"}) | {"targets": ["xquad", "tydiqa"]},
        "selection = 'best' for the target 'tydiqa', which has no development data",
        "finetuning.tydiqa.selection to 'last'",
    ),
    "unknown source": (changed("sources", value=["none", "mnlii"]), "sources = 'mnlii'", "Did you mean 'mnli'"),
    "variant of an unknown source": (
        changed("sources", value=["none", "mlni-n8-s64"]),
        "sources = 'mlni-n8-s64' varies 'mlni'",
        "Did you mean 'mnli-n8-s64'",
    ),
    "variant without a number": (
        changed("sources", value=["none", "multi-s1k"]),
        "has '-s1k' for a number of steps",
        "multi-s1024",
    ),
    "duration without a step before the cool-down": (
        changed("sources", value=["none", "mnli-s1"]),
        "sources = 'mnli-s1' is not possible",
        "more steps",
    ),
    "cool-down that is all of the ladder's first duration": (
        changed("trunks", value={"cooldown": 0.999}) | {"sources": ["none", "mnli-s4096"]},
        "no step of 64 comes before the cool-down",
        "trunks.cooldown = 0.999",
    ),
    "mixture named like a duration": (
        changed("mixtures", "mnli-s64", value={"tasks": ["mnli", "ccg"]}),
        "mixtures.mnli-s64 has the name of a duration of 'mnli'",
        "rename",
    ),
    "hyper-parameters of a single duration": (
        changed("intermediate", value={"mnli-n8-s64": {"batch_size": 8}}),
        "intermediate.mnli-n8-s64 is not possible",
        "intermediate.mnli-n8",
    ),
    "hyper-parameters of no source": (
        changed("intermediate", value={"mnli-n": {"epochs": 2}}),
        "intermediate = 'mnli-n' has '-n'",
        "whole number",
    ),
    "target as source": (changed("sources", value=["none", "xnli"]), "sources = 'xnli'", "no known source"),
    "unknown target": (changed("targets", value=["xnl"]), "targets = 'xnl'", "Did you mean 'xnli'"),
    "unknown language": (changed("languages", value=["en", "qab"]), "languages = 'qab'", "en, qaa, qaf"),
    "unknown language of the world": (
        changed("laboratory", "languages", value=["en", "qzz"]),
        "laboratory.languages = 'qzz'",
        "qaa",
    ),
    "English left out": (changed("languages", value=["qaa"]), "languages lacks 'en'", "add it"),
    "baseline left out": (changed("sources", value=["mnli"]), "lacks 'none'", "gains"),
    "wrong type": (changed("seeds", value="1"), "seeds = '1'", "array"),
    "impossible value": (changed("training", "epochs", value=0), "training.epochs = 0", "> 0"),
    "fraction for a count": (changed("training", "batch_size", value=1.5), "training.batch_size = 1.5", "integer"),
    "mixture of unknown task": (
        changed("mixtures", "multi", "tasks", value=["mnli", "squad"]),
        "mixtures.multi.tasks = 'squad'",
        "Did you mean 'squad_v",
    ),
    "mixture named like a task": (
        changed("mixtures", "mnli", value={"tasks": ["mnli", "ccg"]}),
        "mixtures.mnli has the name of a task",
        "rename",
    ),
    "unknown tokenizer": (
        changed("models", "nano", "tokenizer", value="subword"),
        "models.nano.tokenizer = 'subword'",
        "Did you mean 'subwords'",
    ),
    "unknown corpus": (
        changed("models", "nano", "pretraining", "corpora", value={"wiki": 1}),
        "models.nano.pretraining.corpora = 'wiki'",
        "wikipedia",
    ),
    "heads do not divide the width": (
        changed("models", "nano", "architecture", "attention_heads", value=3),
        "hidden_size = 16 cannot be divided",
        "attention_heads = 3",
    ),
    "batches of one model's own": (
        changed("models", "nano", "training", value={"batch_size": 8}),
        "models.nano.training.batch_size is not possible",
        "expected some of learning_rate",
    ),
    "unknown hyper-parameter of a model": (
        changed("models", "nano", "training", value={"learning_rat": 1}),
        "models.nano.training",
        "Did you mean 'learning_rate'",
    ),
    "layer that is not there": (changed("retrieval", "layer", value=2), "retrieval.layer = 2", "has 1 layers"),
    "sequences longer than positions": (
        changed("tokenization", "max_length", value=512),
        "allows 512 tokens",
        "max_positions = 256",
    ),
    "rows missing": (
        changed("laboratory", "examples", "ccg", value={"train": 8}),
        "laboratory.examples.ccg.dev is missing",
        "number of rows",
    ),
    "collection that is no folder name": (changed("collection", value="../up"), "collection = '../up'", "matching"),
}


@pytest.mark.parametrize(("config", "found", "expected"), BAD.values(), ids=BAD)
def test_a_wrong_configuration_gets_one_clear_sentence(config, found, expected):
    with pytest.raises(UserError) as error:
        Study(config)
    message = str(error.value)
    assert found in message
    assert expected in message
    assert "\n" not in message


def test_defaults_come_from_the_schema_and_overrides_stay_sparse():
    settings = load_settings(changed("intermediate", value={"mnli": {"epochs": 1}}))
    assert settings["provider"] == "laboratory"
    assert settings["training"]["batch_size"] == defaults("training")["batch_size"]
    assert settings["intermediate"] == {"mnli": {"epochs": 1}}


def test_loading_changes_nothing_in_what_it_is_given():
    config = deepcopy(SMOKE)
    load_settings(config)
    assert config == SMOKE


def test_a_specification_depends_on_its_own_settings_only():
    study, other = specify(SMOKE), specify(changed("finetuning", value={"udpos": {"epochs": 9}}))
    assert study.finetuning_spec("nano", "udpos", "1") != other.finetuning_spec("nano", "udpos", "1")
    assert study.finetuning_spec("nano", "pawsx", "1") == other.finetuning_spec("nano", "pawsx", "1")
    assert study.intermediate_spec("nano", "mnli", "1") == other.intermediate_spec("nano", "mnli", "1")


def test_specifications_hold_no_paths():
    study = specify(SMOKE)
    specs = [study.fetch_spec("xnli"), study.pretraining_spec("nano"), study.intermediate_spec("nano", "multi", "1")]
    assert not any("results" in spec or str(Path.cwd()) in spec for spec in specs)


def test_numbers_of_a_list_on_the_command_line_arrive_as_strings():
    assert load_settings(changed("seeds", value=["1", "22"]))["seeds"] == [1, 22]
    assert load_settings(changed("training", "learning_rate", value="1e-4"))["training"]["learning_rate"] == 1e-4
    with pytest.raises(UserError, match=r"seeds\[1\] = 'x' is not possible; expected integer"):
        load_settings(changed("seeds", value=["1", "x"]))


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
