"""Faults of the machine in the middle of a study: told in words, and the same command goes on to the same scores."""

import os
import shutil
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest

from tests.workflow.test_failures import long_pretraining

SMALL = ("--configfile", "tests/config/smoke.yaml", "--cores", "2")
CHOICE = ("--config", "sources=[none]", "targets=[tatoeba]")
OWN_MOUNTS = ("unshare", "--mount", "--map-root-user")

FILLING = """
set -u
mount -t tmpfs -o size=100k tmpfs results
for size in 100k 240k 360k; do
  mount -o remount,size=$size results
  if "$@" >> printed 2>&1; then echo "$size is enough"; exit 9; fi
  echo "full at $size" >> printed
done
mount -o remount,size=100m results
"$@" > last 2>&1
cp -r results/smoke kept
"""
"""Runs a command on ever larger disks that are all too small, then on one that is not."""


def scores(path):
    return pq.read_table(path, columns=["target", "language", "metric", "value"]).to_pylist()


def test_a_full_disk_is_told_and_costs_nothing_but_the_jobs_that_met_it(tree):
    if shutil.which("unshare") is None or subprocess.run([*OWN_MOUNTS, "true"], capture_output=True).returncode:
        pytest.skip("name spaces for mounts are not permitted here (unshare --mount)")
    (tree.root / "results").mkdir()
    study = [sys.executable, "-m", "snakemake", "--nocolor", "scores", *SMALL, *CHOICE]
    subprocess.run([*OWN_MOUNTS, "bash", "-c", FILLING, "fill", *study], cwd=tree.root, check=True)
    printed = (tree.root / "printed").read_text()
    attempts = printed.split("full at")
    assert len(attempts) == 4
    for attempt in attempts[:-1]:
        assert "The disk is full" in attempt
    assert all("The disk is full" in line for line in printed.splitlines() if line.startswith("ERROR"))
    assert "Traceback" not in printed
    fetched = [attempt.count("[study]") and attempt.count("fetch_dataset ") for attempt in attempts[:-1]]
    assert fetched[-1] == 0, "what was fetched before is kept"

    tree.run("scores", *SMALL, *CHOICE)  # on a disk with room from the beginning
    assert scores(tree.root / "kept/scores.parquet") == scores(tree.root / "results/smoke/scores.parquet")


def test_a_second_snakemake_in_the_same_folder_is_refused(smoke):
    long_pretraining(smoke)
    target = "results/smoke/models/nano/run.json"
    first = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--nocolor", target, *SMALL],
        cwd=smoke.root,
        env=os.environ | {"SAVE_SECONDS": "0.5"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        while not list((smoke.root / "results/smoke/state").glob("*/state.safetensors")):
            assert first.poll() is None, first.stdout.read()
            time.sleep(0.05)
        printed = smoke.run(target, *SMALL, check=False)
        assert "Directory cannot be locked" in printed
        assert "pretraining" in first.communicate()[0]
        assert first.returncode == 0
    finally:
        first.kill()
