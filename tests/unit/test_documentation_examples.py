"""Every command and every piece of configuration that the pages show parses: targets, rules, options, files, keys.

A block that cannot be checked has `<!-- not checked: why -->` in the line above it. Words in angle brackets stand for
something of the reader's.
"""

import re
import shlex
from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from snakemake.cli import get_argument_parser

from workflow.scripts.config_schema import schema
from workflow.scripts.errors import UserError
from workflow.scripts.study import Study

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path for folder in ("", "config/", "docs/**/", "benchmarks/", "reference/**/", "requirements/")
               for path in ROOT.glob(f"{folder}*.md"))  # fmt: skip
LABORATORY = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
RULES = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "Snakefile", *ROOT.glob("workflow/rules/*.smk")])
NAMED = {*re.findall(r"^(?:use )?rule (?:\w+ as )?(\w+)", RULES, flags=re.MULTILINE), "RULE"}
STUDIES = {f"study_{name}" for name in LABORATORY["studies"]}
OUTPUTS = [re.sub(r"\\\{.*?\\\}", ".+", re.escape(text)) for text in re.findall(r'"(results/[^"]*)"', RULES)]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PARSER = get_argument_parser()


def blocks(path, language):
    """Return the blocks of code of a page that are in a language, without their indentation."""
    text = path.read_text(encoding="utf-8")
    found = re.findall(rf"^([^\n]*)\n( *)```{language}\n(.*?)^ *```", text, flags=re.DOTALL | re.MULTILINE)
    return [
        re.sub(rf"^{space}", "", body, flags=re.MULTILINE)
        for before, space, body in found
        if not before.strip().startswith("<!-- not checked: ")
    ]


def commands(path):
    """Yield the commands of a page as lists of words, the assignments before them left out."""
    for block in blocks(path, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r" && ", line):
                words = shlex.split(
                    re.sub(r"<([^>]*)>", lambda found: f"<{found[1].replace(' ', '_')}>".replace("'", ""), part),
                    comments=True,
                )
                while words and re.fullmatch(r"[A-Z_0-9]+=.*", words[0]):
                    words = words[1:]
                if words and words[0] == "sbatch" and "--wrap" in words:
                    words = shlex.split(words[words.index("--wrap") + 1])
                if words[:2] == ["podman", "run"] and "snakemake" in words:
                    words = words[words.index("snakemake") :]
                if words:
                    yield words


def cases(kind):
    return [
        pytest.param(path, words, id=f"{path.relative_to(ROOT)}: {' '.join(words)[:60]}")
        for path in PAGES
        for words in commands(path)
        if words[0].removeprefix(".venv/bin/") == kind or (kind == "python" and "-m" in words and "python" in words[0])
    ]


def is_there(path, name, page):
    """Return whether a file exists, or the page says that the reader makes it of one that does."""
    if "<" in name or (ROOT / name).exists():
        return True
    text = page.read_text(encoding="utf-8")
    return bool(re.search(rf"cp -r \S+ {re.escape(name)}\b", text) or re.search(r"\bcopy of\b|\bCopy `config", text))


def test_commands_are_found():
    assert len(cases("snakemake")) > 20
    assert len(cases("make")) > 15
    assert len(cases("python")) > 3


@pytest.mark.parametrize(("page", "words"), cases("snakemake"))
def test_a_snakemake_command_parses(page, words):
    given, unknown = PARSER.parse_known_args([word for word in words[1:] if "ours" not in word and word != "--profile"])
    assert unknown == []
    for name in map(str, given.configfile or []):
        assert is_there(ROOT, name, page), f"{name} is not there"
    for name in (word for word in words if word.startswith("profiles/")):
        assert is_there(ROOT, name, page), f"{name} is not there"
    for target in given.targets or []:
        known = target in NAMED | STUDIES or any(re.fullmatch(pattern, target) for pattern in OUTPUTS)
        assert known or "<" in target or target.startswith(("profiles/", "study_preference")), f"no rule makes {target}"
    for rule, resources in (given.set_resources or {}).items():
        assert rule in NAMED, f"no rule is called {rule}"
        for resource in resources:
            assert f"{resource}=" in RULES, f"no rule has the resource {resource}"
    for rule in given.forcerun or []:
        assert rule in NAMED, f"no rule is called {rule}"
    for key in re.findall(r"'?(\w+)=", " ".join(map(str, given.config or []))):
        assert key in schema()["properties"], f"the configuration has no key {key}"


@pytest.mark.parametrize(("page", "words"), cases("make"))
def test_a_make_command_parses(page, words):
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE))
    variables = {
        *re.findall(r"^([A-Z_]+) \?=", MAKEFILE, flags=re.MULTILINE),
        *re.findall(r"\$\(([A-Z_]+)\)", MAKEFILE),
    }
    for word in words[1:]:
        name, assigned, value = word.partition("=")
        if not assigned:
            assert name in targets, f"the Makefile has no target {name}"
            continue
        assert name in variables | {"MIRROR"}, f"the Makefile has no variable {name}"
        assert name != "CONFIG" or is_there(ROOT, value, page), f"{value} is not there"


@pytest.mark.parametrize(("page", "words"), cases("python"))
def test_a_python_command_names_a_program_and_its_options(page, words):
    module = words[words.index("-m") + 1]
    if module in {"pip", "venv", "pytest"}:
        for place, word in enumerate(words[:-1]):
            if word == "-r":
                assert (ROOT / words[place + 1]).is_file(), words[place + 1]
        return
    rest = words[words.index("-m") + 2 :]
    if module.endswith(".launch"):
        program = next(word for word in rest if not word.startswith("-") and not word.isdigit())
        module, rest = f"workflow.scripts.{program}", rest[rest.index(program) + 1 :]
    path = ROOT / f"{module.replace('.', '/')}.py"
    assert path.is_file(), f"there is no {module}"
    source = path.read_text(encoding="utf-8")
    for option in (word for word in rest if word.startswith("--") and word != "--help"):
        assert f'"{option}"' in source, f"{module} has no option {option}"


def merged(base, change):
    """Return a configuration with the keys of another put into it: maps are merged, all else is replaced."""
    if isinstance(base, dict) and isinstance(change, dict):
        return {**base, **{key: merged(base.get(key), value) for key, value in change.items()}}
    return deepcopy(change)


def fragments():
    for path in PAGES:
        for place, block in enumerate(blocks(path, "yaml"), start=1):
            yield pytest.param(block, id=f"{path.relative_to(ROOT)} {place}")


@pytest.mark.parametrize("block", list(fragments()))
def test_a_piece_of_configuration_is_one(block, monkeypatch):
    monkeypatch.chdir(ROOT)
    change = yaml.safe_load(block)
    assert set(change) <= set(schema()["properties"])
    base = {key: value for key, value in LABORATORY.items() if key != "studies" or key in change}
    if "imported" in change:  # each model must have the checkpoint
        del base["models"]
    try:
        Study(merged(base, change))
    except UserError as error:
        pytest.fail(str(error))


def test_what_is_wrong_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "a\n```sh\nX=1 .venv/bin/snakemake --core 2 \\\n  nothing\n```\n<!-- not checked: so -->\n```yaml\na: 1\n```\n"
    )
    assert list(commands(page)) == [[".venv/bin/snakemake", "--core", "2", "nothing"]]
    assert blocks(page, "yaml") == []
    for words in (
        ["snakemake", "nothing"],
        ["snakemake", "--configfile", "config/none.yaml"],
        ["snakemake", "--nothing"],
    ):
        with pytest.raises(AssertionError):
            test_a_snakemake_command_parses(page, words)
    for words in (["make", "nothing"], ["make", "run", "CONFIG=config/none.yaml"], ["make", "run", "NOTHING=1"]):
        with pytest.raises(AssertionError):
            test_a_make_command_parses(page, words)
    for words in (
        ["python", "-m", "workflow.scripts.nothing"],
        ["python", "-m", "workflow.scripts.score", "--nothing"],
    ):
        with pytest.raises(AssertionError):
            test_a_python_command_names_a_program_and_its_options(page, words)
