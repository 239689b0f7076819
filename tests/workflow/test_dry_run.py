"""Every shipped configuration can be planned, quickly and without the heavy libraries."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.real_data import MIRROR
from tests.workflow.test_plan import PLANNED

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted(
    name
    for path in (*ROOT.glob("config/**/*.yaml"), *ROOT.glob("tests/config/*.yaml"))
    if not (name := path.relative_to(ROOT).as_posix()).endswith(".lock.yaml") and name not in PLANNED
)
"""Those that `test_plan` does not plan."""

LABORATORY = {
    "describe_languages": 1,
    "compare_distances": 1,
    "fetch_dataset": 20,
    "prepare_task": 37,
    "train_tokenizer": 1,
    "tokenize_task": 37,
    "pretrain_model": 1,
    "train_intermediate": 10,
    "finetune_target": 66,
    "predict_target": 99,
    "score_target": 99,
    "collect_scores": 1,
    "measure_slices": 1,
    "measure_overlap": 1,
    "analyse_gains": 1,
    "make_tables": 1,
    "plot_gains": 1,
    "plot_distance": 1,
    "plot_languages": 1,
    "plot_curves": 1,
    "plot_stages": 1,
    "write_report": 1,
    "all": 1,
}
"""11 sources x 9 targets: one intermediate checkpoint a source, six fine-tunes a source for nine targets."""


@pytest.mark.parametrize("config", SHIPPED)
def test_every_shipped_configuration_can_be_planned(tree, config):
    mirrored = yaml.safe_load((ROOT / config).read_text()).get("provider") == "mirror"
    if mirrored and not MIRROR.is_dir():
        pytest.skip(f"no folder of real data at {MIRROR}; name one with the environment variable MIRROR")
    assert tree.jobs("--configfile", config, env={"MIRROR": str(MIRROR)} if mirrored else {})["all"] == 1


def test_the_laboratory_computes_each_checkpoint_once(tree):
    planned = tree.jobs()
    assert {rule: planned.get(rule) for rule in LABORATORY} == LABORATORY
    assert planned["total"] == sum(LABORATORY.values())


def test_more_seeds_share_data_and_pretraining(tree):
    planned = tree.jobs("--config", "seeds=[1,2,3]")
    assert planned["pretrain_model"] == 1
    assert planned["train_intermediate"] == 30
    assert planned["finetune_target"] == 198
    assert planned["tokenize_task"] == LABORATORY["tokenize_task"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("seed=[1]", "config: unknown key 'seed'"),
        ("targets=[xnly]", "Did you mean 'xnli'"),
        ("languages=[en,qba]", "languages = 'qba' is no language of the collection"),
    ],
)
def test_a_mistake_is_told_in_one_sentence_before_anything_runs(tree, option, message):
    printed = tree.run("--cores", "1", "--config", option, check=False)
    assert message in printed
    assert "Traceback" not in printed
    assert not (tree.root / "results").exists()


def test_a_mistyped_file_name_is_not_made(tree):
    printed = tree.run("--dry-run", "results/laboratory/scores/tiny/mnlii/seed1/xnli.json", check=False)
    assert "MissingRuleException" in printed


def test_planning_imports_no_heavy_library(tree):
    code = (
        "import sys; sys.argv = ['snakemake', '--dry-run', '--quiet', 'all']\n"
        "from snakemake.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('HEAVY', sorted({'torch', 'transformers', 'pandas', 'matplotlib', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tree.root, capture_output=True, text=True, check=True)
    assert "HEAVY []" in done.stdout
