"""Faults of the machine in the middle of a study: told in words, and the same command goes on to the same scores."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest

from tests.workflow.test_failures import long_pretraining
from workflow.scripts.files import sha256

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


READ_ONLY = """
set -u
read_only() { mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"; }
read_only results
"$@" > nothing-to-do 2>&1 || exit 7
"$@" --forcerun collect_scores > results-read-only 2>&1 && exit 8
umount results
read_only results/smoke/logs
"$@" --forcerun collect_scores > logs-read-only 2>&1 && exit 9
umount results/smoke/logs
exit 0
"""
"""Runs a command while all results, and then the logs, lie on a file system that is mounted for reading."""


def scores(path):
    return pq.read_table(path, columns=["target", "language", "metric", "value"]).to_pylist()


def in_own_mounts(tree, script, *command):
    """Run a script with its own mounts; skip the test where that is not permitted."""
    if shutil.which("unshare") is None or subprocess.run([*OWN_MOUNTS, "true"], capture_output=True).returncode:
        pytest.skip("name spaces for mounts are not permitted here (unshare --mount)")
    subprocess.run([*OWN_MOUNTS, "bash", "-c", script, "script", *command], cwd=tree.root, check=True)


def hashes(folder):
    return {path.relative_to(folder): sha256(path) for path in folder.rglob("*") if path.is_file()}


def last_byte(path, column):
    """Return the place of the last byte of a column of a Parquet file with one row group."""
    found = pq.read_metadata(path).row_group(0).column(pq.read_schema(path).get_field_index(column))
    return (found.dictionary_page_offset or found.data_page_offset) + found.total_compressed_size - 1


def flip(path, place=None):
    """Change one byte of a file, by default that in the middle; the file keeps its time and size."""
    times, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2 if place is None else place] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_a_full_disk_is_told_and_costs_nothing_but_the_jobs_that_met_it(tree):
    (tree.root / "results").mkdir()
    in_own_mounts(tree, FILLING, sys.executable, "-m", "snakemake", "--nocolor", "scores", *SMALL, *CHOICE)
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
        while not (states := list((smoke.root / "results/smoke/state").glob("*/state.safetensors"))):
            assert first.poll() is None, first.stdout.read()
            time.sleep(0.05)
        training = int(states[0].with_name("lock").read_text().split()[1])
        os.kill(training, signal.SIGSTOP)  # so that it does not end meanwhile
        try:
            refused = smoke.run(target, *SMALL, check=False)
            insisted = smoke.run("--nolock", target, *SMALL, check=False)
        finally:
            os.kill(training, signal.SIGCONT)
        assert "Directory cannot be locked" in refused
        assert "the training 'nano' is under way already: process" in insisted
        assert "Traceback" not in refused + insisted
        assert "pretraining" in first.communicate()[0]
        assert first.returncode == 0
    finally:
        first.kill()


def test_results_that_cannot_be_written_are_told_and_kept(smoke):
    before = hashes(smoke.root / "results")
    in_own_mounts(smoke, READ_ONLY, sys.executable, "-m", "snakemake", "--nocolor", *SMALL)
    printed = {
        name: (smoke.root / name).read_text() for name in ("nothing-to-do", "results-read-only", "logs-read-only")
    }
    assert "Nothing to be done" in printed["nothing-to-do"]
    assert "Write-protected output files for rule " in printed["results-read-only"]
    assert "results/smoke/logs cannot be written to or read" in printed["logs-read-only"]
    assert not any("Traceback" in text for text in printed.values())
    assert hashes(smoke.root / "results") == before


def test_a_wrong_byte_or_a_cut_file_is_told_and_nothing_is_made_of_it(smoke):
    root = smoke.root / "results/smoke"
    flip(root / "tokens/subwords/mnli/train.arrow")
    ccg = root / "tokens/subwords/ccg/train.arrow"
    times = ccg.stat()
    ccg.write_bytes(ccg.read_bytes()[:-100])
    os.utime(ccg, ns=(times.st_atime_ns, times.st_mtime_ns))
    flip(root / "data/xnli/test.parquet")
    flip(root / "intermediate/nano/multi/seed1/model.safetensors")
    predictions = root / "predictions/nano/none/seed1/pawsx.parquet"
    flip(predictions, last_byte(predictions, "prediction"))
    wanted = ["intermediate/nano/mnli/seed1/run.json", "intermediate/nano/ccg/seed1/run.json"]
    wanted += ["scores/nano/none/seed1/xnli.json", "scores/nano/none/seed1/pawsx.json"]
    wanted += ["predictions/nano/multi/seed1/tatoeba.parquet"]
    for name in wanted:
        (root / name).unlink()
    printed = smoke.run(*(f"results/smoke/{name}" for name in wanted), *SMALL, check=False)
    assert "tokens/subwords/mnli/train.arrow is not what was written" in printed
    assert "tokens/subwords/ccg/train.arrow cannot be read as token file" in printed
    assert "data/xnli/test.parquet is not what was written" in printed
    assert "intermediate/nano/multi/seed1/model.safetensors is not what was written" in printed
    assert "predictions/nano/none/seed1/pawsx.parquet" in printed
    assert printed.count("ERROR") == len(wanted)
    assert "Traceback" not in printed
    assert not any((root / name).exists() for name in wanted)


def test_a_clock_that_jumps_repeats_nothing(smoke):
    """What was written before the clock was set back seems newer than what is made of it; its content is the same."""
    tomorrow = time.time() + 86_400
    for folder in ("repositories", "data", "tokenizers", "tokens", "models", "intermediate"):
        for path in (smoke.root / "results/smoke" / folder).rglob("*"):
            os.utime(path, (tomorrow, tomorrow))
    assert smoke.jobs(*SMALL) == {}
