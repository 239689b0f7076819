"""Files that can be made again are removed from a finished study without anything running again, and come back."""

import os
import subprocess
import sys
import time

from tests.workflow.test_rerun import SMOKE, SUMMARY, TRAINED, configure, stale

KEPT = ("models", "intermediate", "finetuned", "predictions", "scores", "examples", "tables", "figures", "repositories")


def program(tree, name, *arguments):
    """Return what a program prints in a copy of the sources."""
    words = [sys.executable, "-m", f"workflow.scripts.{name}", "--config", SMOKE[1], *arguments]
    done = subprocess.run(words, cwd=tree.root, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def files(tree):
    root = tree.root / "results/smoke"
    return {path.relative_to(root): path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def test_what_can_be_made_again_is_told_removed_and_comes_back(smoke):
    root = smoke.root / "results/smoke"
    abandoned = root / "state/0123456789abcdef/state.safetensors"
    abandoned.parent.mkdir(parents=True)
    abandoned.write_bytes(b"0")
    os.utime(abandoned, (time.time() - 2 * 24 * 3600,) * 2)
    before = files(smoke)
    status, told = program(smoke, "clean_cache")
    assert status == 0
    assert "CONFIRM=yes" in told
    assert "make restore-cache" in told
    assert files(smoke) == before

    assert program(smoke, "clean_cache", "--remove")[0] == 0
    gone = before.keys() - files(smoke).keys()
    assert {path.parts[0] for path in gone} == {"data", "tokens", "state"}
    assert {path.suffix for path in gone} == {".parquet", ".arrow", ".safetensors"}
    assert [path for path in before if path.parts[0] in KEPT and path in gone] == []
    assert not list(root.glob("tokens/*/*/*.arrow"))
    assert stale(smoke) == {}

    status, told = program(smoke, "restore_cache", "--cores", "2")
    assert status == 0, told
    after = files(smoke)
    assert "NOT as they were" not in told
    lost = {path for path in gone if path.parts[0] != "state"}
    assert {path: after.get(path) for path in lost} == {path: before[path] for path in lost}
    configure(smoke, seeds=[1, 2])
    expected = {"train_intermediate": 3, "finetune_target": 16, "predict_target": 24, "score_target": 24}
    assert stale(smoke) == expected | TRAINED | {"plot_stages": 1}


def test_an_unfinished_study_keeps_its_files(smoke):
    before = files(smoke)
    configure(smoke, seeds=[1, 2])
    status, told = program(smoke, "clean_cache", "--remove")
    assert status == 1
    assert "jobs of the plan are not done" in told
    assert files(smoke) == before


def test_without_restoring_everything_made_from_the_files_runs_again(smoke):
    """What the documentation says: the reason for `restore_cache`."""
    assert program(smoke, "clean_cache", "--remove")[0] == 0
    configure(smoke, finetuning={"udpos": {"epochs": 2}})
    found = stale(smoke)
    assert found["finetune_target"] > 4
    assert found["tokenize_task"] > 0
    assert SUMMARY.keys() <= found.keys()
