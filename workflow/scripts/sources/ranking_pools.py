"""Queries and candidates of retrieval: candidates that stand once, checks, and samples that keep every right answer."""

from collections.abc import Sequence

import pyarrow as pa

from workflow.scripts.errors import UserError
from workflow.scripts.sources.canonical import sample
from workflow.scripts.tasks import Task
from workflow.scripts.tasks.ranking_schemas import CANDIDATE, QUERY
from workflow.scripts.tasks.schemas import Row


def merge_candidates(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with each candidate once, at its first place, with the keys of all its occurrences.

    So a candidate stands before the queries that it is right for, wherever a repository has them in one row; the first
    rows of a split hold the right candidates of all their queries.
    """
    found: dict[str, Row] = {}
    merged: list[Row] = []
    for row in rows:
        earlier = found.get(row["id"]) if row["side"] == CANDIDATE else None
        if earlier is not None:
            earlier["gold"] = list(dict.fromkeys([*earlier["gold"], *row["gold"]]))
            continue
        if row["side"] == CANDIDATE:
            found[row["id"]] = row
        merged.append(row)
    return merged


def check_answers(task: Task, split: str, table: pa.Table) -> None:
    """Check that every query has a right candidate.

    Raises:
        UserError: some have none; how many, and examples.
    """
    keys: set[str] = set()
    for side, gold in zip(table["side"].to_pylist(), table["gold"].to_pylist(), strict=True):
        if side == CANDIDATE:
            keys.update(gold)
    lost = [
        name
        for name, side, gold in zip(*(table[column].to_pylist() for column in ("id", "side", "gold")), strict=True)
        if side == QUERY and keys.isdisjoint(gold)
    ]
    if lost:
        raise UserError(
            f"split '{split}' of '{task.name}' has {len(lost)} queries without a right candidate, for example "
            f"'{lost[0]}'; expected one at least for each: add the candidates or remove the queries"
        )


def sample_queries(table: pa.Table, limit: int | None, split: str) -> pa.Table:
    """Return at most `limit` queries of each language with their candidates, in their order.

    A pool that is searched stays whole; of the training split only right candidates of the kept queries stay.

    Args:
        table: canonical rows.
        limit: queries of each language; None: all rows.
        split: train, dev or test.
    """
    if limit is None:
        return table
    sides = table["side"].to_pylist()
    numbers = pa.array(range(table.num_rows), pa.int64())
    queries = table.append_column("row", numbers).take([row for row, side in enumerate(sides) if side == QUERY])
    kept = sample(queries, limit)
    keys = {key for gold in kept["gold"].to_pylist() for key in gold}
    chosen = set(kept["row"].to_pylist())
    for row, (side, gold) in enumerate(zip(sides, table["gold"].to_pylist(), strict=True)):
        if side == CANDIDATE and (split != "train" or not keys.isdisjoint(gold)):
            chosen.add(row)
    return table.take(sorted(chosen))
