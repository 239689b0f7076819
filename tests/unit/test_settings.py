"""Settings: what is refused, and in which words."""

from copy import deepcopy

import pytest

from tests.unit.smoke import SMOKE, changed
from workflow.scripts.config_schema import defaults
from workflow.scripts.errors import UserError
from workflow.scripts.settings import load_settings
from workflow.scripts.study import Study

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
        "unknown key 'batch_size' in models.nano.training",
        "expected learning_rate, warmup",
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


def test_numbers_of_a_list_on_the_command_line_arrive_as_strings():
    assert load_settings(changed("seeds", value=["1", "22"]))["seeds"] == [1, 22]
    assert load_settings(changed("training", "learning_rate", value="1e-4"))["training"]["learning_rate"] == 1e-4
    with pytest.raises(UserError, match=r"seeds\[1\] = 'x' is not possible; expected integer"):
        load_settings(changed("seeds", value=["1", "x"]))
