"""A copy of the workflow in a folder of its own, and Snakemake run in it, in a fork that has it imported.

Tests of kills, faults and machines without a network, and of the laboratory, start `python -m snakemake` themselves.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from benchmarks.source_tree import copy_sources
from tests.workflow import forked_snakemake


@dataclass
class Tree:
    """A copy of the sources."""

    root: Path

    def run(self, *arguments, check=True, env=None):
        """Run Snakemake; return what it printed, standard error included."""
        words = ["--nocolor", *map(str, arguments)]
        environment = {name: value for name, value in os.environ.items() if name != "MIRROR"} | (env or {})
        status, printed = forked_snakemake.run(words, self.root, environment)
        if check and status:
            raise AssertionError(f"snakemake {' '.join(words)}\n{printed}")
        return printed

    def jobs(self, *arguments, env=None):
        """Return how many jobs of each rule a dry run plans."""
        printed = self.run("--dry-run", *arguments, env=env)
        if "Nothing to be done" in printed:
            return {}
        lines = printed.split("Job stats:")[1].split("\n\n")[0].splitlines()[3:]
        return {rule: int(count) for rule, count in (line.split() for line in lines)}


def copy_tree(target):
    return Tree(copy_sources(target, "tests", compiled=True))


@pytest.fixture
def tree(tmp_path):
    """A copy of the sources that the test may change."""
    return copy_tree(tmp_path / "tree")


SMOKE = ("--configfile", "tests/config/smoke.yaml", "--cores", "2")


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id):
    """A copy of the sources in which the smoke study has been run to its end; one for all processes of pytest."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "finished"
    with FileLock(f"{folder}.lock"):
        if (folder / "printed").exists():
            made = Tree(folder / "tree")
        else:
            made = copy_tree(folder / "tree")
            (folder / "printed").write_text(made.run(*SMOKE))
    made.printed = (folder / "printed").read_text()
    return made


@pytest.fixture
def smoke(finished, tmp_path):
    """A fresh copy of the finished smoke study, times included."""
    shutil.copytree(finished.root, tmp_path / "tree", copy_function=shutil.copy2)
    return Tree(tmp_path / "tree")
