"""Studies from their design to their verdict, and what is computed again."""

import json
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from tests.workflow.conftest import copy_tree

STUDIES = ("--configfile", "tests/config/studies.yaml", "--cores", "2")


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    """A copy of the sources in which the main study and then all studies have been run."""
    made = copy_tree(tmp_path_factory.mktemp("studied") / "tree")
    made.run(*STUDIES)
    made.run("studies", *STUDIES)
    return made


def change(tree, update):
    file = tree.root / "tests/config/studies.yaml"
    config = yaml.safe_load(file.read_text())
    update(config["studies"])
    file.write_text(yaml.safe_dump(config))


def test_the_dry_run_tells_what_a_study_could_find(tree):
    printed = tree.run("--dry-run", "study_duration", *STUDIES)
    assert "Primary contrast: duration_by_size" in printed
    assert "Minimum detectable effect" in printed
    assert "nli_scaling:" not in printed


def test_a_wrong_design_stops_before_anything_runs(tree):
    change(tree, lambda studies: studies["duration"]["factors"].update(tasks=["mlni"]))
    printed = tree.run("study_nli_scaling", *STUDIES, check=False)
    assert "'mlni' is no known source" in printed
    assert not (tree.root / "results").exists()


@pytest.mark.parametrize("name", ["duration", "nli_scaling", "similarity", "typology", "domain"])
def test_a_study_ends_in_a_verdict(studied, name):
    folder = studied.root / "results/studied/studies" / name
    verdict = (folder / "verdict.md").read_text()
    assert "% interval" in verdict
    assert "2 seeds" in verdict
    assert "It does not speak of" in verdict
    design = pq.read_table(folder / "design.parquet").to_pylist()
    for row in design:
        run = f"{row['model']}/{row['source']}/seed{row['seed']}/{row['target']}.json"
        assert (studied.root / "results/studied/scores" / run).exists()
    roles = pq.read_table(folder / "estimates.parquet")["role"].to_pylist()
    assert roles.count("primary") == 1
    assert list((folder / "figures").glob("*.svg"))
    assert f'id="study-{name}"' in (studied.root / "results/studied/report.html").read_text()


def test_the_main_study_is_not_that_of_the_studies(studied):
    scores = pq.read_table(studied.root / "results/studied/scores.parquet").to_pandas()
    assert set(scores["model"]) == {"nano"}
    assert set(scores["source"]) == {"none", "mnli"}
    assert studied.jobs(*STUDIES) == studied.jobs("studies", *STUDIES) == {}


def test_a_further_level_runs_only_what_is_new(studied):
    before = (studied.root / "tests/config/studies.yaml").read_text()
    try:
        change(studied, lambda studies: studies["duration"]["factors"].update(steps=[2, 4, 8]))
        jobs = studied.jobs("study_duration", *STUDIES)
    finally:
        (studied.root / "tests/config/studies.yaml").write_text(before)
    assert jobs["train_intermediate"] == jobs["train_trunk"] == 2  # seeds of one model: of the other the study of
    assert jobs["finetune_target"] == 2  # similarity has had them made
    assert jobs["analyse_duration"] == jobs["write_report"] == 1
    assert "pretrain_model" not in jobs
    assert "analyse_nli_scaling" not in jobs


def test_target_examples_are_kept_apart_from_intermediate_ones(studied):
    """The trained examples of source and target, from the same order of MNLI's, do not meet."""
    root = studied.root / "results/studied"
    source = json.loads((root / "intermediate/nano/mnli-n64-s16/seed1/run.json").read_text())
    target = json.loads((root / "finetuned/nano/mnli-n64-s16-t16/seed1/mnli/run.json").read_text())
    assert source["spec"]["examples"] == source["examples"] == 64
    assert target["spec"]["examples"] == target["examples"] == 16
    assert target["spec"]["from_end"] is True
    assert Path(root / "intermediate/nano/mnli-n64-s16-t16").exists() is False


def test_text_has_as_many_steps_wherever_it_stands(studied):
    steps = {
        source: json.loads(
            (studied.root / "results/studied/intermediate/decoder" / source / "seed1/run.json").read_text()
        )["steps"]
        for source in (
            "news-text-d2",
            "mnli-d2",
            "mnli-news50-before-d2",
            "mnli-news50-after-d2",
            "mnli-news50-mixed-d4",
        )
    }
    assert list(steps.values()) == [2, 2, 2, 2, 4]


def test_what_comes_after_a_source_began_with_its_weights(studied):
    """The task after news, after general text and alone: the same seed and steps; what differs is where it began."""

    def run(source, file):
        return (studied.root / "results/studied/intermediate/decoder" / source / "seed1" / file).read_bytes()

    sources = ("mnli-d2", "mnli-news50-before-d2", "mnli-sentences50-before-d2")
    specs = [json.loads(run(source, "run.json"))["spec"] for source in sources]
    assert [spec.pop("after", "") for spec in specs] == ["", "news-text-d2", "sentences-text-d2"]
    assert specs[0] == specs[1] == specs[2]
    assert len({run(source, "model.safetensors") for source in sources}) == 3


def test_slices_of_rows_are_compared(studied):
    rows = (studied.root / "results/studied/studies/domain/tables/slices.csv").read_text()
    assert "of the domain,with text" in rows


def test_a_decoder_reads_text_from_left_to_right(studied):
    """After a task, which has no language-model head: with that of the pretrained decoder."""
    folder = studied.root / "results/studied/intermediate/decoder/mnli-news50-after-d2/seed1"
    config = json.loads((folder / "config.json").read_text())
    assert config["transfer_attention"] == "causal"
    assert json.loads((folder / "run.json").read_text())["steps"] == 2


def test_runs_that_studies_share_are_computed_once(studied):
    """Studies have runs in common, and no two of all their trainings ended in the same weights."""
    root = studied.root / "results/studied"
    cells = [
        {(row["model"], row["source"], row["target"], row["seed"]) for row in pq.read_table(file).to_pylist()}
        for file in sorted(root.glob("studies/*/design.parquet"))
    ]
    assert len(cells) == 5
    assert sum(map(len, cells)) > len(set.union(*cells))
    weights = [*root.glob("intermediate/**/model.safetensors"), *root.glob("finetuned/**/model.safetensors")]
    assert len(weights) > 150
    assert len({sha256(path.read_bytes()).digest() for path in weights}) == len(weights)
