"""What the documentation names is there: files, headings, commands, programs, configuration keys, languages."""

import re
from pathlib import Path

import pytest

from workflow.scripts.config_schema import resolve, schema
from workflow.scripts.errors import UserError
from workflow.scripts.headings import anchor
from workflow.scripts.laboratory.languages import LANGUAGES, SYNTAX, distance
from workflow.scripts.launch import PACKAGE, find_program
from workflow.scripts.tasks import TASKS

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("", "config/", "docs/**/", "benchmarks/", "reference/**/", "requirements/")
PAGES = sorted({path for folder in FOLDERS for path in ROOT.glob(f"{folder}*.md")})
TEXTS = [*PAGES, ROOT / "CITATION.cff", ROOT / "Makefile", *sorted((ROOT / "requirements").glob("*.txt"))]
SUFFIXES = {"py", "md", "yaml", "smk", "json", "parquet", "arrow", "html", "csv", "tex", "svg", "png", "log"}

NAMES = {"pypi": "org", "pythonhosted": "org", "pytorch": "org/whl", "anaconda": "org"}
FORBIDDEN = [*(f"/{name}/" for name in ("work", "root", "home")), *(f"{name}.{end}" for name, end in NAMES.items())]
"""Put together here, so that this file itself names none of them."""


def each(paths):
    return [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in paths]


def prose(path):
    """Return a page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def commands(path):
    """Return the blocks of code of a page, and what stands in backticks in a line."""
    blocks = re.findall(r"^ *```.*?^ *```", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", prose(path))])


def headings(path):
    return {anchor(line.lstrip("#").strip()) for line in prose(path).splitlines() if line.startswith("#")}


def test_the_pages_are_found():
    assert {"README.md", "docs/laboratory.md", "docs/how-to/run.md", "config/README.md"} <= {
        path.relative_to(ROOT).as_posix() for path in PAGES
    }


@pytest.mark.parametrize("path", each(PAGES))
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        if target.startswith("https://"):
            continue
        file, _, heading = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), f"{target}: there is no {found.relative_to(ROOT)}"
        if heading:
            assert heading in headings(found), f"{target}: there is no such heading"


@pytest.mark.parametrize("path", each(PAGES))
def test_make_commands_are_targets(path):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    named = re.findall(r"^ *make ([a-z-]+)", commands(path), flags=re.MULTILINE)
    assert set(named) <= targets
    variables = re.findall(r"\bmake [a-z-]+ ([A-Z_]+)=", commands(path))
    assert set(variables) <= set(re.findall(r"^([A-Z_]+) \?=", makefile, flags=re.MULTILINE))


@pytest.mark.parametrize("path", each(PAGES))
def test_programs_exist(path):
    text = path.read_text(encoding="utf-8")
    for module in re.findall(r"python -m ((?:workflow\.scripts|benchmarks)(?:\.\w+)+)", text):
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module
    for program in re.findall(r"workflow\.scripts\.launch ([a-z_]+)", text):
        try:
            find_program(PACKAGE, program)
        except UserError as error:
            pytest.fail(str(error))


@pytest.mark.parametrize("path", each(PAGES))
def test_files_of_the_project_exist(path):
    for name in re.findall(r"`((?:workflow|tests|profiles|config|benchmarks|docs)/[\w./-]+)`", prose(path)):
        assert (ROOT / name).exists(), name


def child(node, name):
    """Return the schema node of a key, or None where there is no such key."""
    node = resolve(node)
    known, extra = node.get("properties", {}), node.get("additionalProperties")
    return known.get(name) or (extra if isinstance(extra, dict) else None)


@pytest.mark.parametrize("path", each(PAGES))
def test_configuration_keys_are_in_the_schema(path):
    for key in re.findall(r"`([a-z_]+(?:\.[\w<>]+)+)`", prose(path)):
        parts = key.split(".")
        if parts[0] not in schema()["properties"] or parts[-1] in SUFFIXES:
            continue
        node = schema()
        for part in parts:
            node = child(node, part)
            assert node, f"{key}: the schema has no '{part}' there"


@pytest.mark.parametrize("path", each(TEXTS))
def test_no_path_of_a_machine_and_no_package_index_is_named(path):
    text = path.read_text(encoding="utf-8")
    assert [word for word in FORBIDDEN if word in text] == []


def table(path, heading):
    """Return the rows of the first table below a heading, each as a list of cells."""
    lines = path.read_text(encoding="utf-8").split(f"\n{heading}\n")[1].splitlines()
    rows = [line for line in lines if line.startswith("|")]
    first = lines.index(rows[0])
    block = lines[first : next((i for i in range(first, len(lines)) if not lines[i].startswith("|")), len(lines))]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in block[2:]]


def test_the_languages_of_the_laboratory_are_told_as_they_are():
    rows = table(ROOT / "docs/laboratory.md", "## Languages")
    assert [row[0].strip("`") for row in rows] == list(LANGUAGES)
    for code, name, _, script, cognates, differing, far in rows:
        language, english = LANGUAGES[code.strip("`")], LANGUAGES["en"]
        features = [feature for feature in SYNTAX if getattr(language, feature) != getattr(english, feature)]
        assert (name, script) == (language.name, language.script)
        assert far == f"{distance(language.code):.2f}"
        if language.role == "language":
            assert cognates == f"{language.cognates:.2f}"
        assert differing in {", ".join(features), "nothing but its letters" if not features else ""}


def test_every_task_of_the_laboratory_is_told():
    named = {
        name for row in table(ROOT / "docs/laboratory.md", "## Tasks") for name in re.findall(r"`([\w-]+)`", row[0])
    }
    assert named == set(TASKS)


def test_tasks_of_one_phenomenon_stand_in_one_row():
    for row in table(ROOT / "docs/laboratory.md", "## Tasks"):
        assert len({TASKS[name].laboratory for name in re.findall(r"`([\w-]+)`", row[0])} - {"entities"}) == 1
