"""Shipped profiles name rules that exist, and change no number."""

import re
from pathlib import Path

import pytest
import yaml

PROFILES = sorted(Path("profiles").glob("*/profile.yaml"))
CLUSTERS = ("cluster-generic", "kubernetes", "slurm")
TRAINING = ("pretrain_model", "train_trunk", "train_intermediate", "finetune_target")


def rules():
    text = "\n".join(path.read_text() for path in Path("workflow/rules").glob("*.smk"))
    return dict(re.findall(r"^rule (\w+):\n(.*?)(?=^rule |\Z)", text, flags=re.DOTALL | re.MULTILINE))


def profile(name):
    return yaml.safe_load(Path(f"profiles/{name}/profile.yaml").read_text())


def test_the_profiles_are_found():
    assert {path.parent.name for path in PROFILES} >= {"default", "gpu", *CLUSTERS}
    assert {"fetch_dataset", *TRAINING} <= set(rules())


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_every_named_rule_exists(path):
    """Snakemake takes resources of unknown rules without a word."""
    settings = yaml.safe_load(path.read_text())
    named = {*settings.get("set-resources", {}), *settings.get("groups", {}), *settings.get("set-threads", {})}
    assert named <= set(rules())
    assert set(settings.get("group-components", {})) == set(settings.get("groups", {}).values())


@pytest.mark.parametrize("name", CLUSTERS)
def test_every_rule_that_computes_on_a_gpu_gets_one_and_no_other_does(name):
    with_gpu = {rule for rule, text in rules().items() if "gpu=GPUS" in text}
    assert set(TRAINING) < with_gpu
    given = {rule for rule, resources in profile(name)["set-resources"].items() if resources.get("gpu")}
    assert given == with_gpu


def test_slurm_says_partition_memory_and_time_of_every_job():
    settings = profile("slurm")
    assert {"slurm_partition", "slurm_account", "mem_mb", "runtime"} <= set(settings["default-resources"])
    for rule in TRAINING:
        assert {"slurm_partition", "gpu", "gpu_model", "mem_mb", "runtime"} <= set(settings["set-resources"][rule])


@pytest.mark.parametrize("name", CLUSTERS)
def test_the_jobs_of_a_group_do_not_wait_for_one_another(name):
    """A group of jobs in a row would need all its files before it is submitted."""
    groups = profile(name)["groups"]
    assert len(set(groups.values())) == len(groups)
