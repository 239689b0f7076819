"""All measures of a study's languages beside each other, and how alike they rank the languages.

Read from the rows of `languages.json`: `describe_languages` writes there what every measure says of a language. Where
a row says nothing of measures (the laboratory), its one distance is known by construction.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from workflow.scripts.reporting.formats import MINUS, MISSING
from workflow.scripts.reporting.tables import Row, Table
from workflow.scripts.statistics.ranking import spearman
from workflow.scripts.typology.measures import TITLES

CONSTRUCTION = "construction"
SOURCE = "source"

FEWEST_LANGUAGES = 5
"""With fewer languages that two measures both know, no correlation is given."""

Facts = Mapping[str, Any]
Record = dict[str, str | float | int | None]


def distance_records(facts: Sequence[Facts]) -> list[Record]:
    """Return a record for each language and measure: distance, features observed of both, coverage, code."""
    records: list[Record] = []
    for row in facts:
        for part in _parts(row):
            for measure, distance in part["distances"].items():
                records.append(
                    {
                        "language": row["code"],
                        "measure": measure,
                        "distance": distance,
                        "shared": part["shared"],
                        "coverage": part["coverage"],
                        "code": part["code"],
                        "chosen": int(row.get("chosen", CONSTRUCTION) == measure),
                    }
                )
    return records


def correlation_records(facts: Sequence[Facts]) -> list[Record]:
    """Return Spearman's rho of each pair of measures over the languages that both know, English left out."""
    found = {measure: _known(facts, measure) for measure in _measures(facts)}
    records: list[Record] = []
    for first, second in combinations(found, 2):
        codes = sorted(found[first].keys() & found[second].keys())
        rho = math.nan
        if len(codes) >= FEWEST_LANGUAGES:
            rho = spearman([found[first][code] for code in codes], [found[second][code] for code in codes])
        known = None if math.isnan(rho) else round(rho, 4)
        records.append({"measure": first, "other": second, "rho": known, "languages": len(codes)})
    return records


def distance_table(facts: Sequence[Facts]) -> Table:
    """Return the distances: a row a language, nearest first, a column a measure."""
    measures = _measures(facts)
    rows = []
    for row in sorted(facts, key=_order):
        parts = _parts(row)
        values = {measure: value for part in parts for measure, value in part["distances"].items()}
        coverage = row.get("coverage")
        entries = (_text(coverage), *(_text(values.get(measure)) for measure in measures))
        rows.append(Row(f"{row['name']} ({row['code']})", entries, "baseline" if row.get("role") == SOURCE else ""))
    columns = (("Language", ""), ("Coverage", ""), *(_heading(measure) for measure in measures))
    return Table("typology", "Typological distance to English by measure", columns, tuple(rows), _notes(facts))


def correlation_table(facts: Sequence[Facts]) -> Table:
    """Return the correlations as a square: how far a finding could hang on the choice of the measure."""
    measures = _measures(facts)
    values: dict[tuple[Any, Any], str] = {}
    for record in correlation_records(facts):
        rho = record["rho"]
        text = MISSING if not isinstance(rho, float) else f"{rho:.2f}".replace("-", MINUS)
        values[record["measure"], record["other"]] = values[record["other"], record["measure"]] = text
    rows = tuple(Row(first, tuple(values.get((first, second), "1.00") for second in measures)) for first in measures)
    note = (
        "Spearman's rho over the languages that both measures know, without English; "
        f"{MISSING}: fewer than {FEWEST_LANGUAGES} of them, or no variation."
    )
    columns = (("Measure", ""), *(_heading(measure) for measure in measures))
    return Table("typology-correlations", "How alike the measures rank the languages", columns, rows, (note,))


def _parts(row: Facts) -> list[Facts]:
    if "typology" in row:
        return list(row["typology"].values())
    return [{"code": None, "shared": None, "coverage": None, "distances": {CONSTRUCTION: row.get("distance")}}]


def _measures(facts: Sequence[Facts]) -> list[str]:
    found = {measure for row in facts for part in _parts(row) for measure in part["distances"]}
    return sorted(found, key=[*TITLES, CONSTRUCTION].index)


def _known(facts: Sequence[Facts], measure: str) -> dict[str, float]:
    """Return the distances of a measure by language, without English, whose 0 says nothing."""
    return {
        row["code"]: part["distances"][measure]
        for row in facts
        for part in _parts(row)
        if row.get("role") != SOURCE and part["distances"].get(measure) is not None
    }


def _order(row: Facts) -> tuple[bool, float, str]:
    distance = row.get("distance")
    return row.get("role") != SOURCE, math.inf if distance is None else distance, row["code"]


def _heading(measure: str) -> tuple[str, str]:
    part, _, formula = measure.partition("_")
    return part, formula


def _text(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2f}"


def _notes(facts: Sequence[Facts]) -> tuple[str, ...]:
    titles = {row["measure"] for row in facts if row.get("measure")}
    if not titles:
        return ("In the laboratory the distance is known by construction.",)
    notes = [
        f"The study uses: {', '.join(sorted(titles))}. Coverage is that of its features: of those observed for English "
        "the share observed for the language."
    ]
    unknown = [f"{row['name']} ({row['note']})" for row in facts if row.get("note")]
    return (*notes, f"Without a distance: {'; '.join(unknown)}.") if unknown else tuple(notes)
