"""The counts that stand beside a split, and its comparison with the published sizes."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workflow.scripts.tasks import Family, Task
from workflow.scripts.tasks.ranking_schemas import QUERY

LIMITED_SPLITS = ("train", "dev")


def statistics(task: Task, table: pa.Table) -> dict[str, Any]:
    """Return rows by language, labels or tags, and the lengths of the texts in characters (of sentences in words)."""
    counts: dict[str, Any] = {
        "rows": table.num_rows,
        "languages": dict(sorted(Counter(table["language"].to_pylist()).items())),
    }
    if task.family is Family.RANKING:
        queries = table.filter(pc.equal(table["side"], QUERY))
        counts["languages"] = dict(sorted(Counter(queries["language"].to_pylist()).items()))
        counts["candidates"] = table.num_rows - queries.num_rows
    if task.family is Family.CLASSIFICATION:
        counts["labels"] = dict(sorted(Counter(table["label"].to_pylist()).items()))
    if task.family is Family.TAGGING:
        counts["labels"] = dict(sorted(Counter(pc.list_flatten(table["tags"]).to_pylist()).items()))
    if task.family is Family.SPAN:
        counts["unanswerable"] = int(pc.sum(pc.equal(pc.list_value_length(table["answers"]), 0)).as_py() or 0)
    counts["lengths"] = {
        name: _summary(table[name])
        for name in ("text_a", "text_b", "context", "question", "tokens")
        if name in table.column_names
    }
    counts["lengths"] = {name: summary for name, summary in counts["lengths"].items() if summary}
    return counts


def _summary(column: pa.ChunkedArray) -> dict[str, float]:
    """Return mean, median, 95th percentile and maximum of the lengths; empty for a column without values."""
    measured = pc.list_value_length(column) if pa.types.is_list(column.type) else pc.utf8_length(column)
    lengths = measured.drop_null().to_numpy()
    if not len(lengths):
        return {}
    return {
        "mean": round(float(np.mean(lengths)), 1),
        "median": float(np.median(lengths)),
        "p95": float(np.percentile(lengths, 95)),
        "max": float(np.max(lengths)),
    }


def size_warnings(task: Task, split: str, counts: Mapping[str, int]) -> list[str]:
    """Return one sentence for every number of rows that is not the published one.

    Args:
        task: its `sizes` are the published numbers.
        split: train, dev or test.
        counts: rows by language.
    """
    expected = task.sizes.get(split)
    if expected is None:
        return []
    if split in LIMITED_SPLITS:
        found = sum(counts.values())
        return [] if found == expected else [f"{found:,} rows where {expected:,} are published"]
    published = expected if isinstance(expected, Mapping) else dict.fromkeys(counts, expected)
    wrong = [
        f"{language} {count:,} ({published[language]:,})"
        for language, count in sorted(counts.items())
        if language in published and published[language] != count
    ]
    return [f"rows other than published (in brackets): {', '.join(wrong)}"] if wrong else []
