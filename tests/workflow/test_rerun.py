"""Only stale stages run again: the smoke study is finished, then something is touched or changed."""

import re

import pyarrow.parquet as pq
import yaml

SMOKE = ("--configfile", "tests/config/smoke.yaml")
RULES = (
    "analyse_gains", "collect_scores", "measure_slices", "make_tables", "plot_gains", "plot_distance", "plot_languages",
    "write_report", "all",
)  # fmt: skip
SUMMARY = dict.fromkeys(RULES, 1)
TRAINED = SUMMARY | {"plot_curves": 1}


def stale(smoke):
    jobs = smoke.jobs(*SMOKE)
    jobs.pop("total", None)
    return jobs


def edit(smoke, path, before, after):
    file = smoke.root / path
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))


def configure(smoke, **keys):
    file = smoke.root / SMOKE[1]
    config = yaml.safe_load(file.read_text())
    config.update(keys)
    file.write_text(yaml.safe_dump(config))


def test_the_study_is_complete(finished):
    results = finished.root / "results/smoke"
    scores = pq.read_table(results / "scores.parquet").to_pandas()
    assert set(scores["source"]) == {"none", "mnli", "ccg", "multi"}
    assert set(scores["target"]) == {"xnli", "pawsx", "udpos", "xquad", "bucc2018", "tatoeba"}
    per_cell = scores[scores["main_metric"]].groupby(["source", "target"])["language"].apply(set)
    assert per_cell["multi", "xnli"] == {"en", "qaa", "qaf"}
    assert per_cell["none", "tatoeba"] == {"qaa", "qaf"}
    assert scores["value"].between(0, 100).all()
    assert (scores["n"] > 0).all()
    assert not list(results.rglob(".*.tmp"))
    assert not list((results / "state").glob("*"))
    for name in ("report.html", "tables/transfer.csv", "tables/best.tex", "tables/slices.csv", "figures/gains.svg"):
        assert (results / name).stat().st_size > 0


def test_targets_of_one_training_set_share_the_model(finished):
    folders = {
        path.parent.name for path in (finished.root / "results/smoke/finetuned/nano/none/seed1").glob("*/run.json")
    }
    assert folders == {"mnli", "pawsx", "udpos", "squad_v1"}


def test_people_see_progress_and_where_the_report_is(finished):
    assert re.search(r"\[study\] \d+ of \d+ jobs done", finished.printed)
    assert "[intermediate multi (seed 1)]" in finished.printed
    assert "the report is results/smoke/report.html" in finished.printed
    logs = finished.root / "results/smoke/logs"
    assert "steps on cpu" in (logs / "pretrain/nano.log").read_text()


def test_a_second_run_does_nothing(smoke):
    assert stale(smoke) == {}
    assert "Nothing to be done" in smoke.run(*SMOKE, "--cores", "1")


def test_touching_every_source_runs_nothing_again(smoke):
    for path in [*smoke.root.glob("*"), *smoke.root.glob("[!r]*/**/*")]:
        if path.is_file():
            path.touch()
    assert stale(smoke) == {}


def test_checking_out_anew_runs_nothing_again(smoke):
    for path in smoke.root.glob("workflow/**/*.py"):
        text = path.read_bytes()
        path.unlink()
        path.write_bytes(text)
    assert stale(smoke) == {}


def test_machine_settings_run_nothing_again(smoke):
    assert (
        smoke.jobs(*SMOKE, "--set-threads", "finetune_target=2", "--set-resources", "train_intermediate:mem_mb=9") == {}
    )


def test_a_hyper_parameter_of_one_target(smoke):
    configure(smoke, finetuning={"udpos": {"epochs": 2}})
    assert stale(smoke) == {"finetune_target": 4, "predict_target": 4, "score_target": 4} | TRAINED


def test_a_hyper_parameter_of_one_source(smoke):
    configure(smoke, intermediate={"ccg": {"epochs": 2}})
    expected = {"train_intermediate": 1, "finetune_target": 4, "predict_target": 6, "score_target": 6}
    assert stale(smoke) == expected | TRAINED


def test_how_retrieval_reads_the_encoder(smoke):
    configure(smoke, retrieval={"layer": 0})
    assert stale(smoke) == {"predict_target": 8, "score_target": 8} | SUMMARY


def test_the_definition_of_one_task(smoke):
    literal = 'name="pawsx",'
    edit(smoke, "workflow/scripts/tasks/targets.py", literal, f"{literal}\n    version=2,")
    data = {"fetch_dataset": 1, "prepare_task": 3, "tokenize_task": 3, "measure_overlap": 1}
    assert stale(smoke) == data | {"finetune_target": 4, "predict_target": 4, "score_target": 4} | TRAINED


def test_a_title_is_no_identity(smoke):
    edit(smoke, "workflow/scripts/tasks/targets.py", 'title="PAWS-X"', 'title="PAWS-X (adversarial)"')
    assert stale(smoke) == {}


def test_a_default_written_out_changes_nothing(smoke):
    configure(smoke, training={"epochs": 1, "learning_rate": 1.0e-3, "weight_decay": 0.01, "warmup": 0.1})
    # the report shows the configuration as it was checked, with all defaults: the same
    assert stale(smoke) == {}


def test_a_new_seed_is_computed_beside_the_old(smoke):
    configure(smoke, seeds=[1, 2])
    expected = {"train_intermediate": 3, "finetune_target": 16, "predict_target": 24, "score_target": 24}
    assert stale(smoke) == expected | TRAINED | {"plot_stages": 1}


def test_the_version_of_an_algorithm(smoke):
    edit(smoke, "workflow/scripts/runspec.py", '"predict": 1', '"predict": 2')
    assert stale(smoke) == {"predict_target": 24, "score_target": 24} | SUMMARY
