import logging
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from workflow.scripts import console


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


@pytest.mark.parametrize(("local", "limit"), [(True, None), (False, "100/1s")])
def test_jobs_start_at_once_where_no_scheduler_is_asked(local, limit):
    settings = SimpleNamespace(max_jobs_per_timespan="100/1s")
    console.start_jobs_at_once(SimpleNamespace(scheduling_settings=settings, local_exec=local))
    assert settings.max_jobs_per_timespan == limit


def test_a_workflow_that_is_only_read_has_no_schedule():
    console.start_jobs_at_once(SimpleNamespace(scheduling_settings=None, local_exec=True))
