"""Slices of the test rows: which are of a domain, which are not, and which are left aside."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from workflow.scripts.designs.domain import TOPIC
from workflow.scripts.files import read_table
from workflow.scripts.metrics.slices import parallel_id
from workflow.scripts.studies.domain_contrasts import Mask
from workflow.scripts.tasks import SOURCE_LANGUAGE
from workflow.scripts.tasks.task import SLICE

INSIDE, OUTSIDE = 1, -1

Values = Mapping[str, Mapping[tuple[str, str], str | None]]
"""Value of each row, by dimension, then language and id."""

TEXTS = ("tokens", "context", "question", "text_a", "text_b")
"""Columns with words; of a retrieval target `text_b` is the English side."""


def read_slices(paths: Sequence[Path], dimensions: Sequence[str]) -> dict[str, Values]:
    """Return the values of the test rows of each target, by dimension.

    Args:
        paths: data `…/{target}/test.parquet`.
        dimensions: `topic`, which the words of the laboratory's rows tell, and others, which columns `slice_…` tell.
    """
    return {path.parent.name: slice_values(read_table(path), dimensions) for path in paths}


def slice_values(data: pa.Table, dimensions: Sequence[str]) -> Values:
    """Return the values of rows by dimension, without dimensions that the data do not tell."""
    keys = list(zip(data["language"].to_pylist(), data["id"].to_pylist(), strict=True))
    found: dict[str, Mapping[tuple[str, str], str | None]] = {}
    for dimension in dimensions:
        if f"{SLICE}{dimension}" in data.column_names:
            found[dimension] = dict(zip(keys, data[f"{SLICE}{dimension}"].to_pylist(), strict=True))
        elif dimension == TOPIC:
            found[TOPIC] = topics(data)
    return found


def topics(data: pa.Table) -> dict[tuple[str, str], str | None]:
    """Return the topic of rows of the laboratory: that of their English translation, or of their English side."""
    from workflow.scripts.laboratory.topics import topic_of

    rows = data.select([name for name in ("id", "language", *TEXTS) if name in data.column_names]).to_pylist()
    english = {
        parallel_id(SOURCE_LANGUAGE, row["id"]): topic_of(_words(row)) for row in rows if row["language"] == "en"
    }
    if not english:
        return {(row["language"], row["id"]): topic_of(row.get("text_b") or "") for row in rows}
    return {(row["language"], row["id"]): english.get(parallel_id(row["language"], row["id"])) for row in rows}


def _words(row: Mapping[str, Any]) -> str:
    parts = [row[name] for name in TEXTS if row.get(name)]
    return " ".join(" ".join(part) if isinstance(part, list) else part for part in parts)


def sides(values: Values, chosen: Mapping[str, Sequence[str]], ids: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return, by language, which examples are of the domain (1) and which are not (−1), (examples,) each.

    Args:
        values: of the rows of a target.
        chosen: values that are of the domain, by dimension; the first dimension that the target has counts.
        ids: of the examples by language.

    Returns:
        Nothing where the target has none of the dimensions. Rows without a value are on neither side.
    """
    for dimension, inside in chosen.items():
        if dimension in values:
            return {code: _split(values[dimension], code, names, inside) for code, names in ids.items()}
    return {}


def _split(
    values: Mapping[tuple[str, str], str | None], code: str, ids: Sequence[str], inside: Sequence[str]
) -> dict[int, Mask]:
    of_row = [values.get((code, name)) for name in ids]
    known = np.array([value is not None for value in of_row])
    within = np.array([value in inside for value in of_row])
    return {INSIDE: known & within, OUTSIDE: known & ~within}
