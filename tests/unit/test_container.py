"""The image is built from the pins and the parts of the repository that everything else uses."""

import re
import shlex
import subprocess
from pathlib import Path

import yaml

from benchmarks.source_tree import PARTS

INSTRUCTIONS = {"ARG", "FROM", "ENV", "WORKDIR", "COPY", "RUN", "CMD"}


def steps():
    """Return the instructions of the Containerfile as (name, arguments), in order."""
    text = "\n".join(line for line in Path("Containerfile").read_text().splitlines() if not line.startswith("#"))
    return [tuple(line.split(None, 1)) for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def arguments(name):
    return [text for instruction, text in steps() if instruction == name]


def requirement_files(text):
    return re.findall(r"-r (\S+)", text)


def test_every_instruction_is_known_and_every_command_is_one_of_a_shell():
    assert {name for name, _ in steps()} <= INSTRUCTIONS
    assert arguments("RUN")
    for command in arguments("RUN"):
        done = subprocess.run(["sh", "-n", "-c", command], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_the_packages_are_installed_as_make_installs_them():
    makefile = Path("Makefile").read_text()
    (recipe,) = re.findall(r"^\$\(VENV\)/\.run:.*\n((?:\t.*\n)+)", makefile, flags=re.MULTILINE)
    ours = " ".join(arguments("RUN"))
    assert (
        requirement_files(ours)[:3]
        == requirement_files(recipe)
        == [
            "requirements/torch.txt",
            "requirements/torch.txt",
            "requirements/run.txt",
        ]
    )
    options = "--no-deps --retries 0 --extra-index-url"
    assert options in recipe
    assert options in ours
    assert "==" not in Path("Containerfile").read_text(), "versions stand in requirements/ alone"


def test_the_extras_are_files_with_pins():
    (comment,) = [line for line in Path("Containerfile").read_text().splitlines() if "what a profile needs" in line]
    for extra in re.findall(r"`(\w+)`", comment):
        assert Path(f"requirements/{extra}.txt").is_file()


def test_python_is_that_of_the_rules_environments():
    (version,) = [text.split("=")[1] for text in arguments("ARG") if text.startswith("PYTHON=")]
    for file in Path("envs").glob("*.yaml"):
        assert f"python={version}" in yaml.safe_load(file.read_text())["dependencies"]


def test_the_parts_of_a_study_are_copied_after_the_packages_are_installed():
    copied = [shlex.split(text)[0].rstrip("/") for text in arguments("COPY")]
    assert sorted(copied) == sorted(PARTS)
    assert copied[0] == "requirements"
    names = [name for name, _ in steps()]
    last_run = len(names) - 1 - names[::-1].index("RUN")
    assert names[last_run:].count("COPY") == len(PARTS) - 1


def test_nothing_else_goes_into_the_image():
    lines = [line for line in Path(".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    assert sorted(line[1:] for line in lines if line.startswith("!")) == sorted(PARTS)
