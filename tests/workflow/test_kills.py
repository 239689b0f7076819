"""A study in which a program of every stage is killed at a file that it is about to put in its place."""

import os
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq

from tests.workflow.conftest import SMOKE

STAGES = {
    "data, fetched": "repositories/mnli/manifest.json",
    "data, prepared": "data/xnli/test.json",
    "tokenizer": "tokenizers/subwords/tokenizer_config.json",
    "tokens": "tokens/subwords/mnli/train.arrow",
    "pretraining": "models/nano/run.json",
    "intermediate training": "intermediate/nano/mnli/seed1/head.safetensors",
    "target training": "finetuned/nano/mnli/seed1/mnli/model.safetensors",
    "prediction": "predictions/nano/mnli/seed1/xnli.parquet",
    "scoring": "scores/nano/mnli/seed1/xnli.json",
    "table of scores": "scores.parquet",
    "statistics": "statistics/variants.parquet",
    "tables": "tables/gains.csv",
    "report": "report.html",
}
"""Of every stage the file at which it is killed; others of the same job are there by then."""

HOOK = """
import os, signal, time
from pathlib import Path

rename = os.replace

def replace(source, target, **options):
    struck = os.environ.get("STRUCK")
    for stage in os.environ.get("STAGES", "").split("|") if struck else ():
        stage, _, file = stage.partition("=")
        marker = Path(struck, stage)
        if str(target).endswith(f"results/smoke/{file}") and not marker.exists():
            marker.write_text(str(os.getpid()))
            if os.environ["STRIKE"] == "wait":
                time.sleep(600)
            os.kill(os.getpid(), signal.SIGKILL)
    return rename(source, target, **options)

os.replace = replace
"""
"""Python runs a module of the name `sitecustomize` when it starts."""

SAME = ("models", "intermediate", "finetuned", "tokens", "data", "predictions", "examples")


def environment(folder, strike, stages):
    (folder / "hook").mkdir(exist_ok=True)
    (folder / "hook/sitecustomize.py").write_text(HOOK)
    (folder / "struck").mkdir(exist_ok=True)
    described = "|".join(f"{stage}={file}" for stage, file in stages.items())
    told = {"PYTHONPATH": str(folder / "hook"), "STRUCK": str(folder / "struck"), "STRIKE": strike, "STAGES": described}
    return told | {"OMP_NUM_THREADS": "1"}


def kill_all_at(tree, folder, stage):
    """Run to a stage until its file is about to be there, then kill Snakemake and the program, as a power cut does.

    It is asked for alone: which of the ready jobs come first is the scheduler's choice, and not always the same one.
    """
    told = environment(folder, "wait", {stage: STAGES[stage]})
    target = f"results/smoke/{STAGES[stage]}"
    command = [sys.executable, "-m", "snakemake", target, *SMOKE[:2], "--cores", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    run = subprocess.Popen(command, cwd=tree.root, env=os.environ | told, start_new_session=True, **pipes)
    marker, deadline = folder / "struck" / stage, time.monotonic() + 1200
    while not (marker.exists() and marker.read_text()):
        assert run.poll() is None, run.stdout.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(int(marker.read_text()), signal.SIGKILL)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    assert not (tree.root / "results/smoke" / STAGES[stage]).exists()


def test_a_kill_at_each_stage_changes_no_result(tree, finished, tmp_path):
    kill_all_at(tree, tmp_path, "data, prepared")
    assert not any((tree.root / "results/smoke" / file).exists() for file in STAGES.values())
    tree.run("--unlock", *SMOKE)
    printed = tree.run(*SMOKE, "--retries", "1", env=environment(tmp_path, "die", STAGES))
    assert {path.name for path in (tmp_path / "struck").iterdir()} >= set(STAGES)
    assert "Traceback" not in printed

    root, expected = tree.root / "results/smoke", finished.root / "results/smoke"
    compared = 0
    for folder in SAME:
        for path in sorted((expected / folder).rglob("*")):
            if path.suffix in (".safetensors", ".arrow", ".parquet"):
                compared += 1
                assert (root / path.relative_to(expected)).read_bytes() == path.read_bytes(), path
    assert compared > 80
    assert pq.read_table(root / "scores.parquet") == pq.read_table(expected / "scores.parquet")
    for name in ("transfer", "gains", "best", "languages"):
        assert (root / f"tables/{name}.csv").read_text() == (expected / f"tables/{name}.csv").read_text()
    assert tree.jobs(*SMOKE) == {}
