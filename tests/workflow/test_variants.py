"""Sources of some size or duration: what they share, and what another one adds. Nothing is trained here."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.workflow.conftest import Tree, copy_tree

STUDY = ("--configfile", "tests/config/variants.yaml", "--cores", "2")
SOURCES = ["none", "mnli", "mnli-s64", "mnli-s256", "mnli-s1024"]
RULES = (
    "analyse_gains", "collect_scores", "make_tables", "measure_slices", "plot_curves", "plot_distance", "plot_gains",
    "plot_languages", "write_report", "all",
)  # fmt: skip
SUMMARY = dict.fromkeys(RULES, 1)
RESIZED = SUMMARY | {"plot_stages": 1}
ADDED = {"train_intermediate": 1, "finetune_target": 1, "predict_target": 2, "score_target": 2} | RESIZED
"""Jobs that follow from another source."""
TRAINED = {name: count for name, count in ADDED.items() if name != "plot_stages"}


def configure(tree, **keys):
    smoke = yaml.safe_load((tree.root / "tests/config/smoke.yaml").read_text())
    config = smoke | {"sources": SOURCES, "targets": ["xnli", "tatoeba"]} | keys
    (tree.root / STUDY[1]).write_text(yaml.safe_dump(config))


def stale(tree, **keys):
    configure(tree, **keys)
    jobs = tree.jobs(*STUDY)
    jobs.pop("total", None)
    return jobs


@pytest.fixture(scope="module")
def touched(tmp_path_factory):
    """A study whose outputs are empty files, finished as far as Snakemake knows."""
    tree = copy_tree(tmp_path_factory.mktemp("touched") / "tree")
    configure(tree)
    printed = tree.run(*STUDY, "--touch")
    for line in re.findall(r"^Output files not touched because they don't exist: (.*)$", printed, flags=re.MULTILINE):
        for name in line.split(", "):
            (tree.root / name).parent.mkdir(parents=True, exist_ok=True)
            (tree.root / name).touch()
    tree.run(*STUDY, "--touch")
    return tree


@pytest.fixture
def study(touched, tmp_path):
    """A fresh copy of that study, times included."""
    shutil.copytree(touched.root, tmp_path / "tree", copy_function=shutil.copy2)
    return Tree(tmp_path / "tree")


def test_durations_share_the_segments_of_one_trunk(touched):
    folder = touched.root / "results/smoke"
    segments = {path.parent.parent.name for path in folder.glob("trunks/nano/*/seed1/run.json")}
    assert segments == {f"mnli-s{steps}" for steps in (64, 128, 256, 512, 1024)}
    checkpoints = {path.parent.parent.name for path in folder.glob("intermediate/nano/*/seed1/run.json")}
    assert checkpoints == set(SOURCES) - {"none"}
    assert stale(touched) == {}


def test_a_longer_duration_continues_the_trunk(study):
    assert stale(study, sources=[*SOURCES, "mnli-s4096"]) == ADDED | {"train_trunk": 2}


def test_a_duration_in_between_branches_off_where_the_trunk_is(study):
    assert stale(study, sources=[*SOURCES, "mnli-s300"]) == ADDED | {"train_trunk": 1}
    assert stale(study, sources=[*SOURCES, "mnli-s512"]) == ADDED  # its segment is there
    assert stale(study, sources=["none", "mnli", "mnli-s256", "mnli-s1024"]) == RESIZED


def test_another_size_has_a_trunk_of_its_own_and_the_same_data(study):
    more = {"train_intermediate": 3, "finetune_target": 3, "predict_target": 6, "score_target": 6}
    sizes = ["mnli-n8", "mnli-n24", "mnli-n24-s128"]
    assert stale(study, sources=[*SOURCES, *sizes]) == ADDED | more | {"train_trunk": 2}


def test_each_model_and_seed_has_a_trunk(study):
    more = {"train_intermediate": 4, "finetune_target": 5, "predict_target": 10, "score_target": 10}
    assert stale(study, seeds=[1, 2]) == RESIZED | more | {"train_trunk": 5}


def test_how_a_trunk_is_trained_does_not_concern_other_sources(study):
    durations = {"train_intermediate": 3, "finetune_target": 3, "predict_target": 6, "score_target": 6} | SUMMARY
    for keys in ({"warmup_steps": 9}, {"cooldown": 0.5}):
        assert stale(study, trunks=keys) == durations | {"train_trunk": 5}


def test_epochs_do_not_concern_durations(study):
    assert stale(study, intermediate={"mnli": {"epochs": 2}}) == TRAINED


def test_checkpoints_outlive_their_trunk_until_it_is_made_again(study):
    shutil.rmtree(study.root / "results/smoke/trunks")
    assert stale(study) == {}
    jobs = stale(study, sources=[*SOURCES, "mnli-s512"])
    assert (jobs["train_trunk"], jobs["train_intermediate"]) == (5, 4)  # all durations, but not `mnli`


def test_another_encoder_has_another_trunk(study):
    configure(study)
    encoder = study.root / "results/smoke/models/nano/model.safetensors"
    encoder.write_text("other weights")
    jobs = study.jobs(*STUDY, "checkpoints")
    assert jobs == {"train_intermediate": 4, "train_trunk": 5, "checkpoints": 1, "total": 10}


def test_a_step_of_the_ladder_is_a_trunk_but_no_source(study):
    shutil.rmtree(study.root / "results/smoke/trunks")
    assert study.jobs(*STUDY, "results/smoke/trunks/nano/mnli-s128/seed1/run.json") == {"train_trunk": 2, "total": 2}
    for name in ("scores/nano/mnli-s128/seed1/xnli.json", "trunks/nano/mnli-s100/seed1/run.json"):
        assert "MissingRuleException" in study.run(*STUDY, "--dry-run", f"results/smoke/{name}", check=False)


def test_the_example_of_the_how_to_page(tree):
    page = Path("docs/how-to/durations.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    config = yaml.safe_load((tree.root / "config/config.yaml").read_text()) | yaml.safe_load(block[1])
    (tree.root / "config/durations.yaml").write_text(yaml.safe_dump(config))
    jobs = tree.jobs("--configfile", "config/durations.yaml")
    told = re.search(r"look at the jobs: (\d+) checkpoints, (\d+) \+ (\d+) segments of trunks", page)
    checkpoints, first, second = map(int, told.groups())
    assert jobs["train_intermediate"] == checkpoints
    assert jobs["train_trunk"] == first + second
