from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from workflow.scripts.errors import UserError
from workflow.scripts.settings import defaults, load_settings
from workflow.scripts.specifications import Specifications
from workflow.scripts.study import Study

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
    "unknown source": (changed("sources", value=["none", "mnlii"]), "sources = 'mnlii'", "Did you mean 'mnli'"),
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
    assert study.finetuning_spec("udpos", "1") != other.finetuning_spec("udpos", "1")
    assert study.finetuning_spec("pawsx", "1") == other.finetuning_spec("pawsx", "1")
    assert study.intermediate_spec("mnli", "1") == other.intermediate_spec("mnli", "1")


def test_specifications_hold_no_paths():
    study = specify(SMOKE)
    specs = [study.fetch_spec("xnli"), study.pretraining_spec("nano"), study.intermediate_spec("multi", "1")]
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
    assert plain.tokenize_spec("mnli") == explicit.tokenize_spec("mnli")
    assert "weight_decay" not in explicit.pretraining_spec("nano")
    assert specify(changed("models", "nano", "architecture", "dropout", value=0.1)).pretraining_spec("nano") != (
        plain.pretraining_spec("nano")
    )
