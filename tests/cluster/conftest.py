"""A copy of the workflow, Snakemake run in it with profiles for clusters, and a Slurm of its own."""

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from benchmarks.source_tree import copy_sources
from tests.cluster.start_slurm import Slurm, missing


@dataclass
class Tree:
    """A copy of the sources."""

    root: Path

    def command(self, *arguments):
        return [sys.executable, "-m", "snakemake", "--nocolor", *map(str, arguments)]

    def run(self, *arguments, prefix=(), check=True, **env):
        """Run Snakemake; return what it printed, standard error included."""
        done = subprocess.run(
            [*prefix, *self.command(*arguments)],
            cwd=self.root,
            env=environment() | env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=1500,
        )
        if check and done.returncode:
            raise AssertionError(f"snakemake {' '.join(map(str, arguments))}\n{done.stdout}")
        return done.stdout

    def scores(self):
        """Return the long table's scores by model, source, target, language and metric."""
        rows = pq.read_table(self.root / "results/smoke/scores.parquet").to_pylist()
        keys = ("model", "source", "target", "language", "metric", "seed")
        return {tuple(row[key] for key in keys): row["value"] for row in rows}

    def write_profile(self, name, change):
        """Write a copy of a shipped profile that a function has changed; return its folder."""
        settings = yaml.safe_load((self.root / "profiles" / name / "profile.yaml").read_text())
        change(settings)
        folder = self.root / "site"
        folder.mkdir()
        (folder / "profile.yaml").write_text(yaml.safe_dump(settings))
        return "site"


def environment():
    """Return the environment of a user who has set nothing."""
    names = ("MIRROR", "SNAKEMAKE_PROFILE")
    return {name: value for name, value in os.environ.items() if name not in names}


def need_plugin(name):
    """Skip a test where a plugin of Snakemake is not installed."""
    if importlib.util.find_spec(f"snakemake_{name}") is None:
        pytest.skip(f"snakemake_{name} is not installed: make test-cluster installs it")


@pytest.fixture
def tree(tmp_path):
    return Tree(copy_sources(tmp_path / "tree", "tests"))


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """A running Slurm."""
    need_plugin("executor_plugin_slurm")
    if reason := missing():
        pytest.skip(reason)
    started = Slurm(tmp_path_factory.mktemp("slurm")).start()
    yield started
    started.stop()
