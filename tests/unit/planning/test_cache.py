"""What is removed from a finished study, what is noted of it, and what happens when it comes back."""

import os
import time

import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json
from workflow.scripts.planning.cache import (
    check_finished,
    made_file,
    missing,
    put_back,
    record_path,
    removable,
    remove,
)
from workflow.scripts.planning.jobs import Job

PREPARED = Job("data", "prepare_task", "results/c/data/mnli/train.json", task="mnli", split="train")
TRANSLATED = Job("data", "translate_task", "results/c/data/mnli-translated/train.json")
TOKENS = Job("data", "tokenize_task", "results/c/tokens/t/mnli/train.arrow", model="t", task="mnli", split="train")
TRAINED = Job("intermediate", "train_intermediate", "results/c/intermediate/m/mnli/seed1/run.json")
TRUNK = Job("trunks", "train_trunk", "results/c/trunks/m/mnli-s8/seed1/run.json")
JOBS = [PREPARED, TRANSLATED, TOKENS, TRAINED, TRUNK]


def write(path, text="x", age=0.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (time.time() - age,) * 2)


@pytest.fixture
def root(tmp_path):
    day = 2 * 24 * 3600
    for job in JOBS:
        write(tmp_path / job.output, age=100)
    for name in (
        "data/mnli/train.parquet",
        "data/mnli-translated/train.parquet",
        "trunks/m/mnli-s8/seed1/state.safetensors",
    ):
        write(tmp_path / "results/c" / name, age=100)
    write(tmp_path / "results/c/state/old/state.safetensors", age=day)
    write(tmp_path / "results/c/state/new/state.safetensors")
    write(tmp_path / "results/c/scores/.xnli.json.1.tmp", age=day)
    write(
        tmp_path / "results/c/logs/prepare/mnli.train.log", "finished: 2.0 s, 1.5 s CPU\nfinished: 2.0 s, 2.5 s CPU\n"
    )
    return tmp_path


def test_data_tokens_and_what_is_left_over_can_go(root):
    found = {file.path.relative_to(root / "results/c").as_posix(): file for file in removable(JOBS, root, "c")}
    assert list(found) == [
        "data/mnli/train.parquet",
        "tokens/t/mnli/train.arrow",
        "state/old/state.safetensors",
        "scores/.xnli.json.1.tmp",
    ]
    assert [file.seconds for file in found.values()] == [2.5, None, None, None]


def test_what_comes_back_as_it_was_has_its_old_time(root):
    files = [root / made_file(job) for job in (PREPARED, TOKENS)]
    times = [path.stat().st_mtime_ns for path in files]
    remove(removable(JOBS, root, "c"), JOBS, root, "c")
    assert not any(path.exists() for path in files)
    assert not (root / "results/c/state/old").exists()
    check_finished(JOBS, root)  # what was removed does not make a study unfinished
    record = read_json(record_path(root, "c"))
    assert missing(record, root, "prepare_task") == ["results/c/data/mnli/train.parquet"]
    assert missing(record, root, "tokenize_task") == [TOKENS.output]
    for path, text in zip(files, ("x", "y"), strict=True):
        write(path, text)
    write(root / PREPARED.output)  # the counts are written with the rows
    assert put_back(record, root, "prepare_task") == []
    assert put_back(record, root, "tokenize_task") == [TOKENS.output]
    assert files[0].stat().st_mtime_ns == times[0]
    assert files[1].stat().st_mtime_ns > times[1]
    assert time.time() - (root / PREPARED.output).stat().st_mtime > 90


def test_a_study_with_a_job_to_do_is_refused(root):
    (root / TRAINED.output).unlink()
    with pytest.raises(UserError, match="1 jobs of the plan are not done, such as results/c/intermediate"):
        check_finished(JOBS, root)
