"""A study through a real Slurm: what the profile asks for, faults in the middle, the same scores as on one machine."""

import re
import shlex
import subprocess
import time

import pytest
import yaml

from tests.cluster.conftest import Tree, copy_sources, environment
from tests.cluster.start_slurm import GPU_MODEL, kill

SMALL = ("--configfile", "tests/config/smoke.yaml", "--config", "sources=[none,mnli]", "targets=[xnli]")
LOG = "results/smoke/logs/pretrain/nano.log"
STEPS = 6000
"""Of pretraining: long enough to be disturbed four times."""


def wait_for(what, found, seconds=600):
    """Return what a function finds as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < deadline, f"no {what} after {seconds} s"
        time.sleep(0.2)
    return result


def site_of(settings):
    """Change what is marked "yours" in the profile, and the times that real clusters need."""
    settings |= {"slurm-status-command": "squeue", "slurm-init-seconds-before-status-checks": 2, "cores": 2, "jobs": 8}
    settings |= {"seconds-between-status-checks": 2, "latency-wait": 10, "local-cores": 2}
    settings["default-resources"] |= {"slurm_account": "'students'", "mem_mb": 700}
    settings["set-resources"] = {rule: dict(resources) for rule, resources in settings["set-resources"].items()}
    for rule, resources in settings[
        "set-resources"
    ].items():  # above, because rules with an anchor share one dictionary
        if "gpu" in resources:  # no job of the small study finds a GPU, but scoring waits for one
            resources["gpu"] = 0
            resources.pop("gpu_model", None)
        resources["mem_mb"] = 1500 if rule == "pretrain_model" else 700
    settings["set-resources"]["compare_distances"] = {"gpu": 1, "gpu_model": f"'{GPU_MODEL}'", "tasks_per_gpu": 0}


def long_pretraining(tree):
    file = tree.root / "tests/config/smoke.yaml"
    config = yaml.safe_load(file.read_text())
    config["models"]["nano"]["pretraining"]["steps"] = STEPS
    file.write_text(yaml.safe_dump(config))


class Controller:
    """Snakemake, itself a job of Slurm, as on clusters that allow nothing else."""

    def __init__(self, slurm, tree, site):
        command = shlex.join([*tree.command("--profile", site, *SMALL)])
        self.slurm, self.printed = slurm, tree.root / "controller.log"
        options = ["--parsable", "--partition", "cpu", "--mem", "1000", "--output", str(self.printed)]
        submitted = subprocess.run(
            ["sbatch", *options, "--chdir", str(tree.root), "--wrap", command],
            env=environment() | {"SAVE_SECONDS": "0.5"},
            text=True,
            capture_output=True,
            check=True,
        )
        self.job = submitted.stdout.strip()

    def state(self):
        return self.slurm.job(self.job)["JobState"]


@pytest.fixture(scope="module")
def story(slurm, tmp_path_factory):
    """A study with three faults: its tree, the jobs that Slurm saw, and notes taken on the way."""
    tree = Tree(copy_sources(tmp_path_factory.mktemp("slurm-study") / "tree", "tests"))
    long_pretraining(tree)
    site = tree.write_profile("slurm", site_of)
    log, notes, resumptions = tree.root / LOG, {}, set()

    def resumed(times):
        """Return whether so many processes have gone on from a state; Snakemake begins a new log for each of them."""
        if log.exists() and (found := re.search(r"process (\d+).*going on after step \d+", log.read_text(), re.DOTALL)):
            resumptions.add(found[1])
        assert not (tree.root / "results/smoke/models/nano/run.json").exists(), "training ended before the fault"
        return len(resumptions) >= times

    def training_job():
        jobs = [job for job in slurm.jobs() if "pretrain_model" in job.get("Comment", "")]
        return next((job["JobId"] for job in jobs if job["JobState"] == "RUNNING"), None)

    first = Controller(slurm, tree, site)
    job = wait_for("training", training_job, seconds=1200)
    wait_for("state", lambda: list((tree.root / "results/smoke/state").glob("*/state.safetensors")))
    # there is no room for both: the node has 8000 MB
    slurm.run("sbatch", "--partition", "urgent", "--mem", "6500", "--output", "/dev/null", "--wrap", "sleep 1")
    wait_for("resumed training after the preemption", lambda: resumed(1))
    notes["preempted"] = slurm.job(job)

    slurm.run("scontrol", "requeue", job)
    wait_for("resumed training after the requeue", lambda: resumed(2))
    notes["requeued"] = slurm.job(job)

    slurm.kill(job)  # what a failing node leaves
    wait_for("resumed training after the kill", lambda: resumed(3))
    notes["after the kill"] = training_job()

    processes = slurm.processes(first.job)
    slurm.run("scancel", first.job)
    wait_for("end of the controller", lambda: first.state() in ("CANCELLED", "FAILED", "COMPLETED"))
    kill(processes)  # Snakemake waits for its jobs at SIGTERM; clusters do not wait for Snakemake
    notes["kept"] = {path: path.stat().st_mtime_ns for path in (tree.root / "results/smoke/data").rglob("*.parquet")}
    slurm.run("scancel", notes["after the kill"])  # it would go on by itself, and nobody would know of its end
    wait_for("end of the cancelled training", lambda: not training_job())

    tree.run("--unlock", *SMALL)
    second = Controller(slurm, tree, site)
    wait_for("end of the study", lambda: second.state() not in ("PENDING", "RUNNING", "COMPLETING"), seconds=1200)
    assert second.state() == "COMPLETED", second.printed.read_text()
    return tree, slurm.jobs(), notes


def of_rule(jobs, rule):
    return [job for job in jobs if rule in job.get("Comment", "")]


def test_the_scores_are_those_of_a_local_run(story, tmp_path):
    tree, _, _ = story
    local = Tree(copy_sources(tmp_path / "tree", "tests"))
    long_pretraining(local)
    local.run("--cores", "2", *SMALL)
    assert tree.scores() == local.scores()
    weights = "results/smoke/models/nano/model.safetensors"
    assert (tree.root / weights).read_bytes() == (local.root / weights).read_bytes()


def test_preempted_and_requeued_jobs_go_on_from_their_state(story):
    _, jobs, notes = story
    assert [notes[fault]["Restarts"] for fault in ("preempted", "requeued")] == ["1", "2"]
    assert [job["JobState"] for job in jobs if job["Partition"] == "urgent"] == ["COMPLETED"]


def test_a_killed_job_is_submitted_again(story):
    _, jobs, notes = story
    assert notes["after the kill"] != notes["requeued"]["JobId"]
    assert len(of_rule(jobs, "pretrain_model")) >= 3


def test_a_cancelled_controller_loses_nothing(story):
    tree, _, notes = story
    assert notes["kept"]
    assert all(path.stat().st_mtime_ns == time_ for path, time_ in notes["kept"].items())
    assert "going on after step" in (tree.root / LOG).read_text()
    assert not list((tree.root / "results/smoke/state").glob("*"))


def test_the_profile_says_what_a_job_asks_for(story):
    _, jobs, _ = story
    for job in of_rule(jobs, "pretrain_model"):
        found = {name: job[name] for name in ("Partition", "Account", "TimeLimit", "MinMemoryNode")}
        expected = {"Partition": "gpu", "Account": "students", "TimeLimit": "1-00:00:00", "MinMemoryNode": "1500M"}
        assert found == expected
    assert {job["Partition"] for job in of_rule(jobs, "measure_overlap")} == {"cpu"}
    (with_gpu,) = of_rule(jobs, "compare_distances")
    assert f"gpu:{GPU_MODEL}:1" in with_gpu["TresPerJob"]


def test_small_jobs_share_a_submission(story):
    _, jobs, _ = story
    assert len(of_rule(jobs, "preparation")) == 1
    assert len(of_rule(jobs, "scoring")) <= 2


def test_what_needs_a_network_is_not_submitted(story):
    _, jobs, _ = story
    assert not of_rule(jobs, "fetch_dataset")
