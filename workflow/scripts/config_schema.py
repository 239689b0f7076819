"""The schema of the configuration (`workflow/schemas/config.schema.yaml`): the one place of defaults and descriptions.

Programs read their defaults here; `settings` checks configurations against it, and is slower to import.
"""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from workflow.scripts.files import parse_yaml

SCHEMA_PATH = Path(__file__).resolve().parents[1] / "schemas" / "config.schema.yaml"

Settings = dict[str, Any]


@cache
def schema() -> dict[str, Any]:
    """Return the configuration schema."""
    loaded: dict[str, Any] = parse_yaml(SCHEMA_PATH.read_text(encoding="utf-8"))
    return loaded


def defaults(kind: str) -> Settings:
    """Return the schema's defaults of one kind of settings; run specifications leave values equal to them out.

    Args:
        kind: `training` (intermediate and target), `pretraining`, `architecture`, or a key of the configuration.
    """
    definitions = schema()["$defs"]
    node = definitions[kind] if kind in definitions else schema()["properties"][kind]
    filled: Settings = with_defaults({}, node)
    return filled


def resolve(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema node with its `$ref`s followed; keys beside a reference win."""
    if "$ref" not in node:
        return node
    target: Mapping[str, Any] = schema()
    for part in node["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**resolve(target), **{key: value for key, value in node.items() if key != "$ref"}}


def with_defaults(value: Any, node: Mapping[str, Any]) -> Any:
    """Return `value` with the defaults of a schema node filled in; maps of overrides are left as given."""
    node = resolve(node)
    if node.get("type") != "object" or node.get("x-overrides"):
        return value
    filled = dict(value)
    for name, child in node.get("properties", {}).items():
        child = resolve(child)
        if name in filled:
            filled[name] = with_defaults(filled[name], child)
        elif "default" in child:
            filled[name] = with_defaults(deepcopy(child["default"]), child)
    extra = node.get("additionalProperties")
    if isinstance(extra, Mapping):
        for name in filled.keys() - node.get("properties", {}).keys():
            filled[name] = with_defaults(filled[name], extra)
    return filled
