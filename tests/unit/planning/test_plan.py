"""The plan's figures follow their formulas, and errors are told in one sentence."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from workflow.scripts import plan_study
from workflow.scripts.errors import UserError
from workflow.scripts.planning.graph import planned_jobs
from workflow.scripts.planning.jobs import Job
from workflow.scripts.planning.parts import parts_of
from workflow.scripts.planning.prices import choose_gpus, detectable_effect
from workflow.scripts.planning.shapes import Shape, model_shape
from workflow.scripts.planning.sizes import Size, split_rows, split_size
from workflow.scripts.planning.work import Estimator, flops
from workflow.scripts.schedules import branch_point
from workflow.scripts.stages import count_stages
from workflow.scripts.study import Study

ROOT = Path(__file__).resolve().parents[3]


def study_of(name, **keys):
    return Study(yaml.safe_load((ROOT / name).read_text(encoding="utf-8")) | keys)


def test_operations_are_those_of_the_formulas():
    shape, size = Shape(2, 8, 16, 100, 10), Size(3, 3, 30.0, 300.0, "counted")
    weights = 2 * (4 * 64 + 2 * 8 * 16)
    attention = 4 * 2 * 8 * 300
    assert flops(shape, size, trained=False) == 2 * weights * 30 + attention
    assert flops(shape, size, trained=True) == 6 * weights * 30 + 3 * attention
    adapted = Shape(2, 8, 16, 100, 10, adapter=4)
    assert flops(adapted, size, trained=True) == 4 * weights * 30 + 3 * attention
    half = flops(shape, size, trained=True, frozen=2) - flops(shape, size, trained=False)
    assert half == (4 * weights * 30 + 2 * attention) / 2
    head = flops(shape, size, trained=True, masked=0.5) - flops(shape, size, trained=True)
    assert head == 6 * (64 + 800) * 0.5 * (30 - 2 * 3)


def test_known_checkpoints_have_their_published_number_of_parameters():
    shape = model_shape(study_of("config/paper.yaml"), "xlmr_large", Path("nowhere"))
    assert shape is not None
    assert shape.parameters == pytest.approx(559e6, rel=0.01)


def test_a_checkpoint_that_is_not_known_is_said_to_be_unknown():
    study = study_of("config/paper.yaml", models={"own": {"checkpoint": "someone/something"}})
    work = Estimator(study, Path("nowhere")).estimate(planned_jobs(study))
    assert work["intermediate"].flops == 0
    assert "operations of own" in work["intermediate"].unknown
    assert work["intermediate"].tokens > 0


def test_sizes_are_published_limited_or_unknown(tmp_path):
    study = study_of("config/paper.yaml", limits={"mnli": {"train": 100}, "wikipedia": {"train": 7}})
    assert split_rows(study, "mnli", "train", tmp_path) == 100
    assert split_rows(study, "qqp", "train", tmp_path) == 363_846
    assert split_rows(study, "xnli", "test", tmp_path) == 5010 * 15
    assert split_rows(study, "udpos", "test", tmp_path) is None
    assert split_size(study, "udpos", "test", "xlmr_large", tmp_path).certainty == "unknown"
    counts = tmp_path / "results/paper/data/udpos/test.json"
    counts.parent.mkdir(parents=True)
    counts.write_text('{"rows": 12}')
    assert split_rows(study, "udpos", "test", tmp_path) == 12


def test_both_countings_of_jobs_agree():
    study = study_of("config/paper.yaml")
    jobs, stages = planned_jobs(study), count_stages(study)
    for stage, name in (("intermediate",) * 2, ("fine-tuning", "target"), ("scoring", "evaluation")):
        assert sum(job.stage == stage for job in jobs) == stages[name]["jobs"]
    assert len({job.output for job in jobs}) == len(jobs)


def test_a_run_card_of_another_specification_is_stale(tmp_path):
    job = Job("intermediate", "train_intermediate", "run.json", spec_hash="abc")
    assert job.state(tmp_path) == "missing"
    for text, state in (('{"spec_hash": "abc"}', "done"), ('{"spec_hash": "abd"}', "stale"), ("{", "stale")):
        (tmp_path / "run.json").write_text(text)
        assert job.state(tmp_path) == state


def test_what_several_studies_need_is_counted_once():
    study = study_of("tests/config/studies.yaml")
    estimator, jobs = Estimator(study, Path("nowhere")), planned_jobs(study)
    parts = parts_of(estimator, jobs, choose_gpus(["A100-80GB"], []), 0.2)
    assert list(parts) == ["all", "duration", "nli_scaling", "similarity", "typology", "domain"]
    every = sum(work.flops for work in estimator.estimate(jobs).values())
    assert sum(part["own"]["flops"] for part in parts.values()) < every
    assert sum(part["whole"]["flops"] for part in parts.values()) > every
    alone = planned_jobs(study, ["study_duration"])
    assert parts["duration"]["whole"]["jobs"] == len(alone) == len({job.output for job in alone})
    with pytest.raises(UserError, match="Did you mean 'study_duration'"):
        planned_jobs(study, ["study_durations"])


@pytest.mark.parametrize(
    ("source", "steps"),
    [("mnli-d8", 8), ("mnli-s8", 8 - branch_point(8, 0.2)), ("news-text-d2", 2), ("mnli-news50-mixed-d4", 4)],
)
def test_each_step_of_a_duration_is_counted_in_one_job(source, steps):
    """A run of its own has all its steps, a branch those after the trunk, text as many as a task."""
    study = study_of("tests/config/studies.yaml", trunks={"warmup_steps": 2, "cooldown": 0.2})
    job = next(job for job in planned_jobs(study) if job.rule == "train_intermediate" and job.source == source)
    estimator = Estimator(study, Path("nowhere"))
    tokens = {task: estimator.size(task, "train", "subwords") for task in ("mnli", "news")}
    mean = {task: size.tokens / size.sequences for task, size in tokens.items()}
    share = {"news-text-d2": 1.0, "mnli-news50-mixed-d4": 0.5}.get(source, 0.0)
    expected = steps * ((1 - share) * 4 * mean["mnli"] + share * 8 * mean["news"])
    assert estimator.estimate([job])["intermediate"].tokens == pytest.approx(expected)


def test_decoders_have_gated_layers_and_echo_reads_twice():
    seven = {"checkpoint": "Qwen/Qwen2.5-7B", "adapter": {"rank": 16}, "attention": "echo"}
    study = study_of("config/paper.yaml", models={"seven": seven})
    shape = model_shape(study, "seven", Path("nowhere"))
    assert shape is not None
    assert shape.layers * shape.layer_weights == pytest.approx(6.53e9, rel=0.01)  # as published, without embeddings
    size = Size(3, 3, 30.0, 300.0, "counted")
    once = replace(shape, copies=1)
    weights, attention = 2 * shape.layer_weights * shape.layers * 30, 4 * 3584 * 28 * 300
    assert flops(shape, size, trained=False) == 2 * weights + 4 * attention
    assert flops(shape, size, trained=True) == 4 * weights + 12 * attention
    text = flops(shape, size, trained=True, masked=0.15)
    assert text == flops(once, size, trained=True) + 6 * 3584 * 152_064 * 30


def test_more_seeds_show_smaller_gains():
    effects = [detectable_effect(seeds, 1.0, 0.5) for seeds in (2, 3, 5, 10)]
    assert effects == sorted(effects, reverse=True)


def test_gpus_are_chosen_and_hours_follow():
    (gpu,) = choose_gpus(["A100-40GB"], [])
    assert gpu.hours(312e12 * 0.5 * 3600, 0.5) == pytest.approx(1)
    assert choose_gpus([], ["mine=10"])[-1].tflops == 10
    with pytest.raises(UserError, match="A100-40GB"):
        choose_gpus(["A100-40G"], [])
    with pytest.raises(UserError, match="no peak"):
        choose_gpus([], ["mine"])


def test_the_plan_is_printed_and_written(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "plan.json"
    plan_study.main(["--config", str(ROOT / "tests/config/engine.yaml"), "--json", str(out)])
    plan = json.loads(out.read_text())
    assert f"{plan['total_jobs']} jobs" in capsys.readouterr().out
    assert plan["stages"]["trunks"]["jobs"] == plan["rules"]["train_trunk"] > 0
    assert plan["disk"]["trunks"] > 0
    assert plan["present_bytes"] == 0


@pytest.mark.parametrize(("text", "message"), [("{", "no YAML"), ("[]", "no keys"), (None, "cannot be read")])
def test_a_file_that_is_no_configuration_is_told(tmp_path, text, message):
    path = tmp_path / "config.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=message):
        plan_study.read_config(path)
