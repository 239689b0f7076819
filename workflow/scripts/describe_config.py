"""Write the reference of the configuration, `config/README.md`, from its schema.

    python -m workflow.scripts.describe_config            write it
    python -m workflow.scripts.describe_config --check    print how it differs; exit status 1 if it does

Every object of the schema becomes a section with one table row for each key; nothing is said here that the schema does
not say.
"""

import argparse
import difflib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow.scripts.config_schema import SCHEMA_PATH, resolve, schema
from workflow.scripts.files import write_text
from workflow.scripts.headings import anchor as anchor
from workflow.scripts.logs import run

REFERENCE = SCHEMA_PATH.parents[2] / "config" / "README.md"
COMMAND = "make docs"
"""What writes the reference anew, for people."""

_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_INTRODUCTION = f"""# Configuration reference

This page is written by `{COMMAND}` from `workflow/schemas/config.schema.yaml`; edit the schema, not this page.

{{description}}
Snakemake reads `config/config.yaml`; `--configfile FILE` names another study, which then stands alone.
A configuration is checked before anything runs: an unknown key, a wrong type or an impossible value stops with one
message. In the keys below `<name>` is a name of your choice or, where the text says so, the name of a task.
A dash stands for "no default": the key may be left out.
"""


def type_text(node: Mapping[str, Any]) -> str:
    """Return what a value may be, for instance `integer ≥ 1` or `list of string, at least 1`."""
    node = resolve(node)
    if "enum" in node:
        return "one of " + ", ".join(f"`{value}`" for value in node["enum"])
    kind = str(node["type"])
    if kind == "array":
        words = [f"list of {type_text(node['items'])}"]
        words += [f"at least {node['minItems']}"] if "minItems" in node else []
        return ", ".join(words + (["no repetition"] if node.get("uniqueItems") else []))
    if kind == "object":
        extra = node.get("additionalProperties")
        of_scalars = isinstance(extra, Mapping) and resolve(extra).get("type") != "object"
        return f"names, each with {type_text(extra)}" if of_scalars and isinstance(extra, Mapping) else "keys"
    bounds = ", ".join(f"{sign} {node[name]}" for name, sign in _BOUNDS.items() if name in node)
    pattern = f" like `{node['pattern']}`" if "pattern" in node else ""
    return f"{kind} {bounds}".strip() + pattern


def default_text(node: Mapping[str, Any], *, required: bool, overrides: bool) -> str:
    """Return a key's default; among overrides of other keys there is none."""
    if required:
        return "**required**"
    if overrides or "default" not in node or node.get("type") == "object":
        return "–"
    return f"`{json.dumps(node['default'], ensure_ascii=False)}`"


def sections(
    node: Mapping[str, Any], path: str = "", *, overrides: bool = False
) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Yield (dotted key, schema node, whether its values override others) of every object with keys of its own."""
    node = resolve(node)
    overrides = overrides or bool(node.get("x-overrides"))
    if "properties" in node:
        yield path, node, overrides
    for name, child in node.get("properties", {}).items():
        yield from sections(child, f"{path}.{name}" if path else name, overrides=overrides)
    extra = node.get("additionalProperties")
    if isinstance(extra, Mapping):
        yield from sections(extra, f"{path}.<name>", overrides=overrides)


def section(path: str, node: Mapping[str, Any], *, overrides: bool) -> str:
    """Return one section: heading, description and table of keys."""
    lines = [f"## `{path}`" if path else "## Keys of the file", ""]
    if path and "description" in node:
        lines += [_sentence(node["description"]), ""]
    if overrides:
        lines += ["What is not named here is as it is without this entry.", ""]
    lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
    for name, given in node["properties"].items():
        child = resolve(given)
        default = default_text(child, required=name in node.get("required", []), overrides=overrides)
        cells = (f"`{name}`", _value_text(child, path, name), default, _sentence(child.get("description", "")))
        lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join([*lines, ""])


def _value_text(node: Mapping[str, Any], path: str, name: str) -> str:
    """Return what a key's value may be, as a link to the section of its own keys where it has one."""
    inner = next(sections(node, f"{path}.{name}" if path else name), None)
    if inner is None:
        return type_text(node)
    what = "keys" if "properties" in node else "names, each with keys"
    return f"[{what}](#{anchor(inner[0])})"


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if not text or text.endswith((".", ")")) else f"{text}."


def reference() -> str:
    """Return the whole page."""
    root = schema()
    introduction = _INTRODUCTION.format(description=_sentence(root["description"]))
    parts = [section(path, node, overrides=overrides) for path, node, overrides in sections(root)]
    return "\n".join([introduction, *parts])


def main(argv: Sequence[str] | None = None) -> int:
    """Write or check the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit status 1 if the page is not up to date"
    )
    parser.add_argument("--out", type=Path, default=REFERENCE, help="page to write or check")
    arguments = parser.parse_args(argv)
    wanted = reference()
    if not arguments.check:
        write_text(arguments.out, wanted)
        return 0
    found = arguments.out.read_text(encoding="utf-8") if arguments.out.is_file() else ""
    lines = difflib.unified_diff(found.splitlines(), wanted.splitlines(), "found", "expected", lineterm="")
    difference = "\n".join(lines)
    if difference:
        print(f"{difference}\nThe reference does not fit the schema; write it anew with: {COMMAND}")
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(run(main))
