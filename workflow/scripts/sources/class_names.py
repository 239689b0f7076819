"""Names of the class ids in a Parquet file that `datasets` wrote: its schema's metadata lists them."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from workflow.scripts.tasks.schemas import Row

METADATA = b"huggingface"


def class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Return the class names by column, for columns of class ids and of lists of them."""
    described = json.loads((schema.metadata or {}).get(METADATA, b"{}"))
    found = {}
    for column, feature in described.get("info", {}).get("features", {}).items():
        inner = feature.get("feature", feature) if isinstance(feature, Mapping) else {}
        if isinstance(inner, Mapping) and "names" in inner:
            found[column] = list(inner["names"])
    return found


def renamer(schema: pa.Schema, classes: tuple[str, ...]) -> Callable[[Row], Row]:
    """Return a function that writes names for class ids into a row.

    A file's own names hold where a task has no fixed set of them, or has the same names, in whatever order; ids of
    other names are left as they are.

    Args:
        schema: of the Parquet file.
        classes: names of the task's schema.
    """
    columns = {
        column: names
        for column, names in class_names(schema).items()
        if not classes or (set(names) == set(classes) and tuple(names) != classes)
    }
    return (lambda row: row | {name: _named(row[name], names) for name, names in columns.items()}) if columns else _same


def _same(row: Row) -> Row:
    return row


def _named(value: Any, names: list[str]) -> Any:
    if isinstance(value, list):
        return [_named(item, names) for item in value]
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else value
