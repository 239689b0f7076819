import logging
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from workflow.scripts import console
from workflow.scripts.errors import UserError


def record(message="", level=logging.INFO, event=None, **facts):
    made = logging.LogRecord("snakemake.logging", level, "file", 1, message, None, None)
    vars(made).update(facts)
    if event:
        made.event = SimpleNamespace(name=event)
    return made


def test_progress_becomes_one_line_every_few_seconds(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    chosen = console.ProgressFilter()
    first = record(event="PROGRESS", done=1, total=400)
    assert chosen.filter(first)
    assert first.getMessage() == "[study] 1 of 400 jobs done (0%) after 0:00"
    now[0] += console.SECONDS - 1
    assert not chosen.filter(record(event="PROGRESS", done=2, total=400))
    now[0] += 2
    assert chosen.filter(record(event="PROGRESS", done=3, total=400))


def test_the_last_job_is_always_told():
    chosen = console.ProgressFilter()
    assert chosen.filter(record(event="PROGRESS", done=1, total=2))
    assert chosen.filter(record(event="PROGRESS", done=2, total=2))


def test_scheduling_is_left_out_and_everything_else_passes():
    chosen = console.ProgressFilter()
    assert not chosen.filter(record("Select jobs to execute..."))
    assert not chosen.filter(record("Execute 2 jobs..."))
    assert not chosen.filter(record("Finished jobid: 3", event="JOB_FINISHED"))
    assert chosen.filter(record("Building DAG of jobs..."))
    assert chosen.filter(record(None))


def test_errors_pass_unless_the_program_has_told_them():
    chosen = console.ProgressFilter()
    told = "RuleException:\nCalledProcessError in file x.smk: Command '...' returned non-zero exit status 1."
    killed = "RuleException:\nCalledProcessError in file x.smk: Command '...' died with <Signals.SIGKILL: 9>."
    assert not chosen.filter(record(told, logging.ERROR))
    assert chosen.filter(record(killed, logging.ERROR))
    assert chosen.filter(record("MissingInputException", logging.ERROR))


def test_python_is_the_one_that_runs_snakemake(monkeypatch):
    monkeypatch.setenv("PATH", "/somewhere")
    console.prefer_this_python()
    assert os.environ["PATH"].split(os.pathsep) == [str(Path(sys.executable).parent), "/somewhere"]


SNAKEFILE = """
from workflow.scripts.console import start_jobs_at_once

rule all:
    output:
        "made",
    shell:
        "touch {output}"

onstart:
    print("limited before:", workflow.scheduler.job_rate_limiter is not None)
    start_jobs_at_once(workflow)
    print("limited after:", workflow.scheduler.job_rate_limiter is not None)
"""


def test_snakemake_starts_jobs_at_once(tmp_path):
    """With Snakemake itself: what is changed must be what its scheduler reads."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--snakefile", "Snakefile"]
    paths = {**os.environ, "PYTHONPATH": str(Path(console.__file__).parents[2])}
    done = subprocess.run(command, cwd=tmp_path, env=paths, capture_output=True, text=True, check=True)
    assert "limited before: True" in done.stdout
    assert "limited after: False" in done.stdout


def test_jobs_that_a_scheduler_starts_keep_the_limit():
    scheduler = SimpleNamespace(job_rate_limiter="100/1s")
    console.start_jobs_at_once(SimpleNamespace(scheduler=scheduler, local_exec=False))
    assert scheduler.job_rate_limiter == "100/1s"


def test_a_folder_of_logs_that_cannot_be_used_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    console.check_logs("study")  # nothing is there yet
    logs = Path("results/study/logs")
    (logs / "fetch").mkdir(parents=True)
    console.check_logs("study")
    denied = {"results/study/logs/fetch"}
    monkeypatch.setattr(console.os, "access", lambda path, mode: str(path) not in denied)
    with pytest.raises(UserError, match="results/study/logs/fetch cannot be written to or read"):
        console.check_logs("study")
    denied.add("results/study")  # where nothing can be written, reading may be all that is wanted
    console.check_logs("study")


def test_a_file_in_place_of_the_folder_of_logs_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("results/study").mkdir(parents=True)
    Path("results/study/logs").write_text("")
    with pytest.raises(UserError, match=r"results/study/logs cannot be written to or read \(no folder"):
        console.check_logs("study")
