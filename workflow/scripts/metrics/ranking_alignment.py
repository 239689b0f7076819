"""The right candidates of every query, read off the keys that queries and candidates share."""

from typing import TYPE_CHECKING

from workflow.scripts.errors import UserError
from workflow.scripts.metrics.alignment import Table
from workflow.scripts.tasks.ranking_schemas import CANDIDATE, QUERY

if TYPE_CHECKING:
    import pyarrow as pa

RANKING_COLUMNS = ("id", "language", "side", "gold")


def query_table(data: Table) -> Table:
    """Return the queries of canonical ranking rows, `gold` the ids of their right candidates in every language.

    Args:
        data: canonical rows, `id language side gold`.

    Raises:
        UserError: a row is neither query nor candidate, a candidate is there twice, or a query has no right one.
    """
    import pyarrow as pa

    by_key: dict[str, list[str]] = {}
    names: set[str] = set()
    columns = [data.rows.column(name).to_pylist() for name in RANKING_COLUMNS]
    for name, language, side, keys in zip(*columns, strict=True):
        if side not in (QUERY, CANDIDATE):
            raise UserError(f"{data.path}: {language}/{name} has side '{side}'; expected {QUERY} or {CANDIDATE}")
        if side == CANDIDATE:
            if name in names:
                raise UserError(f"{data.path}: candidate '{name}' is there twice. Delete the data and prepare it again")
            names.add(name)
            for key in keys:
                by_key.setdefault(key, []).append(name)
    rows = []
    for name, language, side, keys in zip(*columns, strict=True):
        if side == QUERY:
            right = dict.fromkeys(found for key in keys for found in by_key.get(key, ()))
            rows.append({"id": name, "language": language, "gold": list(right)})
    lost = [row for row in rows if not row["gold"]]
    if lost:
        raise UserError(
            f"{data.path}: {len(lost)} queries have no right candidate (for example "
            f"{lost[0]['language']}/{lost[0]['id']}), so they cannot be scored. Delete the data and prepare it again"
        )
    return Table(pa.Table.from_pylist(rows, schema=_schema()), data.path)


def _schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([("id", pa.string()), ("language", pa.string()), ("gold", pa.list_(pa.string()))])
