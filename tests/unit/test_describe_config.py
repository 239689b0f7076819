"""The reference of the configuration says what the schema says."""

import pytest

from workflow.scripts.config_schema import resolve, schema
from workflow.scripts.describe_config import COMMAND, REFERENCE, anchor, main, reference, sections, type_text


def test_the_reference_is_up_to_date():
    found = REFERENCE.read_text(encoding="utf-8") if REFERENCE.exists() else ""
    assert found == reference(), f"config/README.md does not fit the schema; write it anew with: {COMMAND}"


def test_a_page_that_differs_is_told_with_the_command_that_mends_it(tmp_path, capsys):
    page = tmp_path / "README.md"
    page.write_text(reference().replace("`xnli`", "`xnly`").replace("≥ 1", "≥ 2", 1), encoding="utf-8")
    before = page.read_text(encoding="utf-8")
    assert main(["--check", "--out", str(page)]) == 1
    printed = capsys.readouterr().out
    assert "≥ 2" in printed
    assert COMMAND in printed
    assert page.read_text(encoding="utf-8") == before


def test_a_missing_page_is_written_and_then_fits(tmp_path):
    page = tmp_path / "config" / "README.md"
    assert main(["--check", "--out", str(page)]) == 1
    assert main(["--out", str(page)]) == 0
    assert main(["--check", "--out", str(page)]) == 0


def keys(node):
    node = resolve(node)
    for name, child in node.get("properties", {}).items():
        yield name, resolve(child)
        yield from keys(child)
    if isinstance(node.get("additionalProperties"), dict):
        yield from keys(node["additionalProperties"])


@pytest.mark.parametrize(("name", "node"), list(keys(schema())))
def test_every_key_is_there_with_its_description(name, node):
    rows = [line for line in reference().splitlines() if line.startswith(f"| `{name}` |")]
    assert rows
    description = " ".join(node.get("description", "").split())
    assert description, f"the schema says nothing on {name}"
    assert any(description.rstrip(".") in row for row in rows)


def stray(node, path="schema"):
    """Yield the keys without a value: pieces of a text with a comma that stands unquoted within braces."""
    if isinstance(node, dict):
        for name, child in node.items():
            if child is None:
                yield f"{path}: '{name}'"
            yield from stray(child, f"{path}.{name}")


def test_no_description_of_the_schema_is_cut_off_at_a_comma():
    assert list(stray(schema())) == [], "put these descriptions of the schema into quotes"


def test_every_link_of_the_reference_has_its_section():
    headings = {anchor(path) for path, _, _ in sections(schema())}
    links = {part.split(")")[0] for part in reference().split("](#")[1:]}
    assert links
    assert links <= headings


UNIQUE = {"type": "array", "items": {"type": "string"}, "minItems": 2, "uniqueItems": True}
SHARES = {"type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": 0}}


@pytest.mark.parametrize(
    ("node", "text"),
    [
        ({"type": "integer", "minimum": 1}, "integer ≥ 1"),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, "number > 0, < 1"),
        ({"enum": ["a", "b"]}, "one of `a`, `b`"),
        (UNIQUE, "list of string, at least 2, no repetition"),
        (SHARES, "names, each with number > 0"),
    ],
)
def test_types_and_bounds_in_words(node, text):
    assert type_text(node) == text


def test_overrides_have_no_defaults():
    page = reference()
    override = page.split("## `intermediate.<name>`")[1].split("\n## ")[0]
    assert "| `epochs` | number > 0 | – |" in override
    assert "| `epochs` | number > 0 | `3` |" in page.split("## `training`")[1].split("\n## ")[0]
