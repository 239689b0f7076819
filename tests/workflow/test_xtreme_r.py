"""XTREME-R: a small study under the benchmark's own protocol is scored, and then the protocol is changed."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from safetensors.numpy import load_file

from tests.workflow.conftest import Tree, copy_tree

STUDY = ("--configfile", "tests/config/small_xtreme_r.yaml", "--cores", "2")
TARGETS = ["xcopa", "udpos38", "tatoeba41"]
EXAMPLES = {
    "siqa": {"train": 32, "dev": 8},
    "copa": {"train": 16, "dev": 8},
    **{target: {"test": 12} for target in TARGETS},
}
COMPUTED = ("fetch_dataset", "pretrain_model", "finetune_target", "predict_target", "score_target")


def configure(tree, **keys):
    smoke = yaml.safe_load((tree.root / "tests/config/smoke.yaml").read_text())
    world = smoke["laboratory"] | {"examples": smoke["laboratory"]["examples"] | EXAMPLES}
    config = smoke | {"sources": ["none"], "targets": TARGETS, "laboratory": world, "protocol": "official"}
    config |= {"finetuning": {"copa": {"learning_rate": 1.0e-9}}} | keys
    (tree.root / STUDY[1]).write_text(yaml.safe_dump(config))


def stale(tree, **keys):
    """Return how many jobs of the rules before the summaries are planned."""
    configure(tree, **keys)
    return {rule: count for rule, count in tree.jobs(*STUDY).items() if rule in COMPUTED}


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A copy of the sources in which the small study has been run up to its scores."""
    tree = copy_tree(tmp_path_factory.mktemp("xtreme_r") / "tree")
    configure(tree)
    tree.run(*STUDY, "scores")
    return tree


@pytest.fixture
def study(ended, tmp_path):
    """A fresh copy of that study, times included."""
    shutil.copytree(ended.root, tmp_path / "tree", copy_function=shutil.copy2)
    return Tree(tmp_path / "tree")


def run_card(tree, task):
    return json.loads((tree.root / f"results/smoke/finetuned/nano/none/seed1/{task}/run.json").read_text())


def weights(tree, task):
    """Return the weights of encoder and head that training on a task ended with."""
    folder = tree.root / f"results/smoke/finetuned/nano/none/seed1/{task}"
    head = {f"head.{name.removeprefix(task)}": value for name, value in load_file(folder / "head.safetensors").items()}
    return load_file(folder / "model.safetensors") | head


def test_every_target_is_scored_in_its_languages(ended):
    scores = pq.read_table(ended.root / "results/smoke/scores.parquet").to_pandas()
    languages = scores[scores["main_metric"]].groupby("target")["language"].apply(set).to_dict()
    foreign = {"qaa", "qaf"}  # XCOPA has no English, and in Tatoeba it is the other half of every pair
    assert languages == {"xcopa": foreign, "udpos38": foreign | {"en"}, "tatoeba41": foreign}
    assert scores["value"].between(0, 100).all()


def test_targets_with_more_languages_share_the_models_of_the_others(ended):
    folders = {path.parent.name for path in (ended.root / "results/smoke/finetuned/nano/none/seed1").glob("*/run.json")}
    assert folders == {"siqa", "copa", "udpos", "squad_v1"}


def test_copa_goes_on_from_the_model_of_social_iqa(ended):
    assert run_card(ended, "copa")["spec"]["continues"] == "siqa"
    assert "continues" not in run_card(ended, "siqa")["spec"]
    before, after = weights(ended, "siqa"), weights(ended, "copa")
    assert before.keys() == after.keys()
    assert any(name.startswith("head.") for name in after)
    assert all(np.allclose(after[name], before[name], atol=1e-6) for name in after)  # COPA's learning rate is next to 0


def test_the_direct_protocol_trains_one_model_anew_and_reads_sentences_off_the_encoder(study):
    assert stale(study) == {}
    assert stale(study, protocol="direct") == {"finetune_target": 1, "predict_target": 2, "score_target": 2}


def test_a_study_without_these_targets_does_not_know_the_protocol(study):
    assert stale(study, targets=["udpos38"]) == {}
    assert stale(study, targets=["udpos38"], protocol="direct") == {}
