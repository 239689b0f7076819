"""GPUs are handed out to jobs, which are real processes here; the GPUs are pretended."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workflow.scripts import gpus
from workflow.scripts.errors import UserError

HOLDER = """
import sys, time
from workflow.scripts import gpus
gpus.WAIT_SECONDS = 0.02
print(",".join(gpus.take(int(sys.argv[1]))), flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path):
    """A machine with two GPUs and no scheduler."""
    for name in ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID", "SLURM_STEP_GPUS", "SLURM_JOB_GPUS", gpus.ASSIGNED):
        monkeypatch.setenv(name, "")  # so that what `take` puts there is taken away, too
        monkeypatch.delenv(name)
    monkeypatch.setenv("PRETENDED_GPUS", "2")
    monkeypatch.setenv("GPU_LEASES", str(tmp_path / "leases"))
    monkeypatch.setattr(gpus, "WAIT_SECONDS", 0.02)
    monkeypatch.setattr(gpus, "_held", [])
    yield
    for file in gpus._held:
        os.close(file)


@pytest.fixture
def hold():
    """Return a function that starts a job which holds GPUs; `names` waits for them."""
    jobs = []

    def start(count, seconds=60):
        job = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(count), str(seconds)], stdout=subprocess.PIPE, text=True
        )
        jobs.append(job)
        return job

    yield start
    for job in jobs:
        job.kill()
        job.wait()
        job.stdout.close()


def names(job):
    return job.stdout.readline().strip()


def test_jobs_side_by_side_get_different_gpus(hold):
    first, second, third = hold(1), hold(1), None
    assert {names(first), names(second)} == {"0", "1"}
    third = hold(1)
    time.sleep(0.3)
    first.kill()  # as a crash or the kernel's out-of-memory killer would
    first.wait()
    assert names(third) in {"0", "1"}


def test_several_gpus_are_taken_together_or_not_at_all(hold):
    one = hold(1)
    assert names(one) == "0"
    both = [hold(2, 0.2), hold(2, 0.2)]
    time.sleep(0.3)
    # a job that waits for two holds neither, so the second one is free
    assert gpus.take(1) == ["1"]
    for file in gpus._held:
        os.close(file)
    gpus._held.clear()
    one.kill()
    assert [names(job) for job in both] == ["0,1", "0,1"]


def test_cuda_sees_the_leased_gpus_only(monkeypatch):
    assert gpus.take(1) == ["0"]
    assert os.environ.pop("CUDA_VISIBLE_DEVICES") == "0"
    monkeypatch.setenv("PRETENDED_GPUS", "6")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-8f2a,-1,5")
    assert gpus.visible_gpus() == ["3", "GPU-8f2a"]
    assert gpus.take(2) == ["3", "GPU-8f2a"]


@pytest.mark.parametrize("value", ["", "-1"])
def test_no_gpu_may_be_visible(monkeypatch, value):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert gpus.visible_gpus() == []
    with pytest.raises(UserError, match=r"asks for 1 GPU, and none can be seen .*--set-resources RULE:gpu=0"):
        gpus.take(1)


def test_gpus_that_are_not_there_are_not_visible(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,2,0")  # CUDA, too, ends at the first that it does not know
    assert gpus.visible_gpus() == ["1"]
    monkeypatch.setenv("PRETENDED_GPUS", "0")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-8f2a")
    assert gpus.visible_gpus() == []


def test_the_choice_of_slurm_is_respected(monkeypatch, hold):
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    first, second = hold(1), hold(1)
    assert [names(first), names(second)] == ["1", "1"]


def test_more_than_there_are_is_an_error():
    with pytest.raises(UserError, match="asks for 3 GPUs, and 2 can be seen"):
        gpus.take(3)


def test_the_wait_is_told(hold, caplog):
    job = hold(2, 0.5)
    assert names(job) == "0,1"
    caplog.set_level("INFO")
    gpus.take(1)
    assert f"held by process {job.pid}" in caplog.text


def test_without_a_driver_there_is_none(monkeypatch, tmp_path):
    monkeypatch.delenv("PRETENDED_GPUS")
    monkeypatch.setattr(gpus, "_DRIVER", tmp_path / "nothing")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus.visible_gpus() == []
    (tmp_path / "nothing/0000:01:00.0").mkdir(parents=True)
    assert gpus.visible_gpus() == ["0"]


def test_a_program_in_several_processes_is_stopped_with_a_state(tmp_path, monkeypatch):
    """SIGTERM reaches every process, and the status says so."""
    monkeypatch.setenv("PRETENDED_GPUS", "0")
    package = tmp_path / "programs"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "wait_long.py").write_text(
        "import os, pathlib, signal, sys, time\n"
        "def main(argv):\n    return 0\n"
        "rank = os.environ['RANK']\n"
        "def stop(*_):\n    pathlib.Path(sys.argv[1], 'saved' + rank).touch(); sys.exit(143)\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "pathlib.Path(sys.argv[1], 'began' + rank).touch()\n"
        "time.sleep(60)\n"
    )
    command = ["-m", "workflow.scripts.launch", "--package", "programs", "--processes", "2", "wait_long", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{Path.cwd()}", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen([sys.executable, *command], env=environment) as launched:
        while launched.poll() is None and len(list(tmp_path.glob("began*"))) < 2:
            time.sleep(0.05)
        launched.send_signal(signal.SIGTERM)
        assert launched.wait(timeout=60) == 143
    assert sorted(path.name for path in tmp_path.glob("saved*")) == ["saved0", "saved1"]
