"""What goes wrong is told in words, and nothing that was computed is lost."""

import os
import signal
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

SMOKE = ("--configfile", "tests/config/smoke.yaml", "--cores", "2")


def replace_column(path, column, change):
    table = pq.read_table(path)
    values = change(table[column].to_pylist())
    pq.write_table(table.set_column(table.column_names.index(column), column, pa.array(values)), path)


def break_and_run(smoke, repository_file, breaking, target):
    """Break a fetched file, ask for what is made of it, and return what was printed."""
    breaking(smoke.root / "results/smoke/repositories" / repository_file)
    kept = set((smoke.root / "results/smoke").rglob("*.safetensors"))
    (smoke.root / target).unlink()
    printed = smoke.run(target, *SMOKE, check=False)
    assert "Traceback" not in printed
    assert kept <= set((smoke.root / "results/smoke").rglob("*.safetensors"))
    return printed


MNLI = "mnli/nyu-mll/glue/mnli/train-00000-of-00001.parquet"
XNLI = "xnli/google/xtreme/XNLI/test-00000-of-00001.parquet"


def test_a_truncated_file(smoke):
    def cut(path):
        path.write_bytes(path.read_bytes()[:200])

    printed = break_and_run(smoke, MNLI, cut, "results/smoke/data/mnli/train.parquet")
    assert f"{MNLI} (200 bytes) cannot be read as Parquet" in printed
    assert "makes the next run fetch it" in printed


def test_a_missing_file(smoke):
    printed = break_and_run(smoke, MNLI, lambda path: path.unlink(), "results/smoke/data/mnli/train.parquet")
    assert f"{MNLI} is missing" in printed


def test_a_label_outside_the_set(smoke):
    printed = break_and_run(
        smoke,
        MNLI,
        lambda path: replace_column(path, "label", lambda labels: [*labels[:-1], 3]),
        "results/smoke/data/mnli/train.parquet",
    )
    assert f"{MNLI}, row 47: label 3 is outside the task's set; expected one of entailment, neutral" in printed


def test_an_empty_split(smoke):
    printed = break_and_run(
        smoke,
        MNLI,
        lambda path: pq.write_table(pq.read_table(path).slice(0, 0), path),
        "results/smoke/data/mnli/train.parquet",
    )
    assert "split 'train' of 'mnli' is empty" in printed


def test_a_language_without_data(smoke):
    printed = break_and_run(
        smoke,
        XNLI,
        lambda path: replace_column(path, "language", lambda codes: ["en" if c == "qaf" else c for c in codes]),
        "results/smoke/data/xnli/test.parquet",
    )
    assert "has no row in qaf" in printed
    assert "leave the language out with the config key 'languages'" in printed


def test_a_broken_checkpoint(smoke):
    weights = smoke.root / "results/smoke/intermediate/nano/mnli/seed1/model.safetensors"
    times = weights.stat().st_mtime
    weights.write_bytes(b"nothing")
    os.utime(weights, (times, times))
    target = "results/smoke/predictions/nano/mnli/seed1/tatoeba.parquet"
    (smoke.root / target).unlink()
    printed = smoke.run(target, *SMOKE, check=False)
    assert "holds no model that can be loaded" in printed


def long_pretraining(tree, steps=4000):
    file = tree.root / "tests/config/smoke.yaml"
    config = yaml.safe_load(file.read_text())
    config["models"]["nano"]["pretraining"]["steps"] = steps
    file.write_text(yaml.safe_dump(config))


def test_a_killed_run_resumes_to_the_same_model(smoke, tmp_path):
    """Kill everything at once, as a power cut does; the rerun goes on and ends with the same bits."""
    long_pretraining(smoke)
    target = "results/smoke/models/nano/run.json"
    state = smoke.root / "results/smoke/state"
    command = [sys.executable, "-m", "snakemake", target, *SMOKE]
    environment = os.environ | {"SAVE_SECONDS": "0.5", "PRELOAD": "0"}
    process = subprocess.Popen(
        command,
        cwd=smoke.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not list(state.glob("*/state.safetensors")):
        assert process.poll() is None, process.stdout.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    smoke.run("--unlock", *SMOKE)
    smoke.run(target, *SMOKE)
    log = (smoke.root / "results/smoke/logs/pretrain/nano.log").read_text()
    assert "going on after step" in log
    assert not list(state.glob("*"))
    resumed = (smoke.root / "results/smoke/models/nano/model.safetensors").read_bytes()
    smoke.run(target, "--forcerun", "pretrain_model", *SMOKE)
    assert "going on" not in (smoke.root / "results/smoke/logs/pretrain/nano.log").read_text().rsplit("start of", 1)[1]
    assert (smoke.root / "results/smoke/models/nano/model.safetensors").read_bytes() == resumed


def test_with_and_without_preloading_the_results_are_the_same(smoke):
    target = "results/smoke/intermediate/nano/mnli/seed1/model.safetensors"
    with_server = (smoke.root / target).read_bytes()
    smoke.run(target, "--forcerun", "train_intermediate", *SMOKE, env={"PRELOAD": "0"})
    assert (smoke.root / target).read_bytes() == with_server
