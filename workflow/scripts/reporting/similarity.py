"""Tables of the similarities of sources and targets: means over seeds, a table for each model and measure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workflow.scripts.reporting.formats import MINUS, MISSING
from workflow.scripts.reporting.records import Record
from workflow.scripts.reporting.tables import Row, Table, of_model, source_title
from workflow.scripts.similarity_measures import MEASURES

Similarity = Mapping[str, Any]
Cells = dict[tuple[str, str, str, str], list[Similarity]]
NOTES = (
    "Higher is more similar; only similarities of one measure can be compared with each other.",
    f"{MISSING}: the measure needs labelled training data of the target, or a loss of single examples; it has none.",
)


def cells(rows: Iterable[Similarity]) -> Cells:
    """Return the rows of all seeds by model, measure, source and target, in the order of the table."""
    found: Cells = defaultdict(list)
    for row in rows:
        found[row["model"], row["measure"], row["source"], row["target"]].append(row)
    return dict(found)


def mean_similarity(rows: Sequence[Similarity]) -> float | None:
    """Return the mean over seeds, None where the measure is not defined."""
    values = [row["similarity"] for row in rows if row["similarity"] is not None]
    return sum(values) / len(values) if values else None


def records(found: Cells) -> list[Record]:
    """Return one record per model, measure, source and target, seeds averaged."""
    return [
        {
            "model": model,
            "measure": measure,
            "source": source,
            "target": target,
            "similarity": mean_similarity(rows),
            "seeds": len(rows),
            "source_flops": sum(row["source_flops"] for row in rows) / len(rows),
            "target_flops": sum(row["target_flops"] for row in rows) / len(rows),
        }
        for (model, measure, source, target), rows in found.items()
    ]


def tables(found: Cells, titles: Mapping[str, str]) -> list[Table]:
    """Return the tables, sources by targets."""
    models = list(dict.fromkeys(key[0] for key in found))
    parts = []
    for model, measure in dict.fromkeys(key[:2] for key in found):
        table = _table(measure, {key[2:]: rows for key, rows in found.items() if key[:2] == (model, measure)}, titles)
        parts.append(of_model(table, model) if len(models) > 1 else table)
    return parts


def _table(measure: str, found: Mapping[tuple[str, str], Sequence[Similarity]], titles: Mapping[str, str]) -> Table:
    values = {key: mean_similarity(rows) for key, rows in found.items()}
    sources, targets = (list(dict.fromkeys(key[side] for key in values)) for side in (0, 1))
    rows = [
        Row(source_title(source, titles), tuple(_text(values[source, target]) for target in targets))
        for source in sources
    ]
    columns = (("Source", ""), *((titles.get(target, target), "") for target in targets))
    return Table(f"similarity-{measure}", f"Similarity: {MEASURES[measure].title}", columns, tuple(rows), NOTES)


def _text(value: float | None) -> str:
    return MISSING if value is None else f"{value:.3f}".replace("-", MINUS)
