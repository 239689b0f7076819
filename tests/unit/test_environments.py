"""The pinned environments say the same."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
import yaml

LOCKS = [Path("requirements") / name for name in ("torch.txt", "run.txt", "dev.txt")]


def pins(*paths):
    lines = [line.strip() for path in paths for line in path.read_text().splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_conda_environment_has_the_pins_of_pip():
    described = yaml.safe_load(Path("envs/workflow.yaml").read_text())
    (pip,) = [entry["pip"] for entry in described["dependencies"] if isinstance(entry, dict)]
    assert pip == pins(*LOCKS[:2])


def test_every_top_level_package_is_pinned():
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    pinned = {normal(pin.split("==")[0]) for pin in pins(*LOCKS)}
    assert {normal(re.split(r"[<>=]", name)[0]) for name in wanted} <= pinned


@pytest.mark.parametrize("group", ["site", "quality"])
def test_every_package_of_a_group_is_pinned(group):
    wanted = tomllib.loads(Path("pyproject.toml").read_text())["project"]["optional-dependencies"][group]
    assert set(wanted) <= {normal(pin.split("==")[0]) for pin in pins(Path(f"requirements/{group}.txt"))}


def test_no_package_is_pinned_twice():
    names = [normal(pin.split("==")[0]) for pin in pins(*LOCKS)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["torch", "transformers", "snakemake", "pyarrow", "tokenizers", "seqeval"])
def test_the_installed_versions_are_the_pinned_ones(name):
    pinned = dict(pin.split("==") for pin in pins(*LOCKS))
    assert importlib.metadata.version(name).split("+")[0] == pinned[name]
