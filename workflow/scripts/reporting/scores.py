"""The long table of scores and the facts about languages, read and checked for the report."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.reporting.long_table import LONG_TABLE
from workflow.scripts.source_names import NONE

BASELINE = NONE
"""What other sources are compared with."""

COLUMNS = tuple(column.name for column in LONG_TABLE)

METRIC_ORDER = ("accuracy", "f1", "exact_match")
METRIC_TITLES = {"accuracy": "acc.", "f1": "F1", "exact_match": "EM", "map_at_20": "mAP@20"}


@dataclass(frozen=True, slots=True)
class Language:
    """One language as `languages.json` describes it.

    `distance` is to English, 0 to 1 by the measure named, or unknown.
    """

    code: str
    name: str
    script: str = ""
    family: str = ""
    distance: float | None = None
    role: str = "language"
    measure: str = ""

    @property
    def is_control(self) -> bool:
        """Whether this is a diagnostic control, which no average includes."""
        return self.role == "control"


@dataclass(frozen=True, slots=True)
class Scores:
    """The main-metric scores (0-100) of one model.

    `values` maps (source, target, metric, seed) to the scores by language. `languages` and `controls` give
    the languages of each target in order of distance, `metrics` its main metrics, all in display order.
    """

    collection: str
    model: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    seeds: tuple[int, ...]
    metrics: Mapping[str, tuple[str, ...]]
    languages: Mapping[str, tuple[str, ...]]
    controls: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, Language]
    values: Mapping[tuple[str, str, str, int], Mapping[str, float]]

    @property
    def intermediates(self) -> tuple[str, ...]:
        """The sources other than `none`."""
        return tuple(source for source in self.sources if source != BASELINE)

    def name(self, code: str) -> str:
        """Return the name of a language, or its code where no name is known."""
        return self.facts[code].name if code in self.facts else code


def read_languages(rows: Iterable[Mapping[str, Any]]) -> dict[str, Language]:
    """Return the languages by code from the rows of `languages.json`.

    Raises:
        UserError: a row lacks its code or has a distance outside 0..1.
    """
    languages = {}
    for number, row in enumerate(rows):
        if not row.get("code"):
            raise UserError(f"languages.json: row {number} has no 'code': {dict(row)}. Write the file again.")
        distance = row.get("distance")
        if distance is not None and not 0 <= float(distance) <= 1:
            raise UserError(
                f"languages.json: {row['code']} has distance {distance}; expected 0 to 1, or null if unknown."
            )
        languages[row["code"]] = Language(
            code=row["code"],
            name=row.get("name") or row["code"],
            script=row.get("script") or "",
            family=row.get("family") or "",
            distance=None if distance is None else float(distance),
            role=row.get("role") or "language",
            measure=row.get("measure") or "",
        )
    return languages


def distance_order(codes: Iterable[str], facts: Mapping[str, Language]) -> list[str]:
    """Order language codes by role (English, others, controls), then distance (unknown last), then code."""

    def key(code: str) -> tuple[int, float, str]:
        language = facts.get(code, Language(code, code))
        rank = {"source": 0, "control": 2}.get(language.role, 1)
        return rank, math.inf if language.distance is None else language.distance, code

    return sorted(codes, key=key)


def read_scores(
    table: pa.Table,
    facts: Mapping[str, Language],
    *,
    models: Sequence[str] = (),
    sources: Sequence[str] = (),
    targets: Sequence[str] = (),
) -> list[Scores]:
    """Return the main-metric scores of each model.

    Sources, targets, seeds, metrics and languages are the study's, the same for every model, so that what one model
    lacks is seen to be missing.

    Args:
        table: the long table (`scores.parquet`).
        facts: languages by code; a language of the table that is not among them is an ordinary one.
        models: the models wanted, in order (empty: all of the table).
        sources: the rows wanted, in order (empty: all); `none` is always added and first.
        targets: the columns wanted, in order (empty: all).

    Raises:
        UserError: a column is missing, a value is impossible, a row is there twice, a model is unknown.
    """
    _check_columns(table)
    everything = table.select([name for name in COLUMNS if name in table.column_names]).to_pylist()
    shown = _models(models, _names(everything, "model"))
    rows = [row for row in everything if row["model"] in shown and row["main_metric"]]
    study = _study(
        rows,
        facts,
        _order(sources, _names(rows, "source"), "source"),
        _order(targets, _names(rows, "target"), "target"),
    )
    return [Scores(model=model, values=_values(rows, model, study), **study) for model in shown]


def _study(
    rows: Sequence[Mapping[str, Any]], facts: Mapping[str, Language], sources: Sequence[str], targets: Sequence[str]
) -> dict[str, Any]:
    """Return the fields of `Scores` that all models share."""
    metrics: dict[str, set[str]] = {name: set() for name in targets}
    codes: dict[str, set[str]] = {name: set() for name in targets}
    for row in rows:
        if row["target"] in metrics:
            metrics[row["target"]].add(row["metric"])
            codes[row["target"]].add(row["language"])
    ordered = {name: distance_order(codes[name], facts) for name in targets}
    controls = {code for code, language in facts.items() if language.is_control}
    return {
        "collection": _only(rows, "collection"),
        "sources": (BASELINE, *(name for name in sources if name != BASELINE)),
        "targets": tuple(targets),
        "seeds": tuple(sorted({row["seed"] for row in rows})),
        "metrics": {name: _metrics(found) for name, found in metrics.items()},
        "languages": {name: tuple(c for c in ordered[name] if c not in controls) for name in targets},
        "controls": {name: tuple(c for c in ordered[name] if c in controls) for name in targets},
        "facts": facts,
    }


def _values(
    rows: Sequence[Mapping[str, Any]], model: str, study: Mapping[str, Any]
) -> dict[tuple[str, str, str, int], dict[str, float]]:
    values: dict[tuple[str, str, str, int], dict[str, float]] = {}
    for row in rows:
        if row["model"] == model and row["source"] in study["sources"] and row["target"] in study["targets"]:
            _add(values, row)
    return values


def _check_columns(table: pa.Table) -> None:
    missing = [name for name in COLUMNS[:10] if name not in table.column_names]
    if missing:
        raise UserError(
            f"the table of scores lacks the column(s) {', '.join(missing)}; it has "
            f"{', '.join(table.column_names)}. Collect the scores again."
        )
    if table.num_rows == 0:
        raise UserError("the table of scores is empty: no target has been scored. Score a target first.")


def _names(rows: Iterable[Mapping[str, Any]], column: str) -> list[str]:
    return list(dict.fromkeys(row[column] for row in rows))


def _models(wanted: Sequence[str], found: Sequence[str]) -> list[str]:
    for name in wanted:
        if name not in found:
            raise UserError(
                f"the table of scores has no model '{name}'; it has {', '.join(found)}.{nearest(name, found)}"
            )
    return _order(wanted, found, "model")


def _only(rows: Sequence[Mapping[str, Any]], column: str) -> str:
    names = _names(rows, column)
    if len(names) != 1:
        found = ", ".join(names) or "no main metric at all"
        raise UserError(f"the table of scores must hold one {column}, it has {found}. Collect the scores again.")
    return names[0]


def _order(wanted: Sequence[str], found: Collection[str], kind: str) -> list[str]:
    doubled = sorted({name for name in wanted if list(wanted).count(name) > 1})
    if doubled:
        raise UserError(f"the {kind} {', '.join(doubled)} is asked for twice; name each {kind} once.")
    return list(wanted) or list(found)


def _add(values: dict[tuple[str, str, str, int], dict[str, float]], row: Mapping[str, Any]) -> None:
    value = row["value"]
    if value is None or math.isnan(value):
        return  # a score that does not exist stays visibly missing
    where = f"{row['model']}, {row['source']} → {row['target']}, {row['language']}, {row['metric']}, seed {row['seed']}"
    if not 0 <= value <= 100:
        raise UserError(f"the score of {where} is {value}; expected 0 to 100. Score that target again.")
    cell = values.setdefault((row["source"], row["target"], row["metric"], row["seed"]), {})
    if row["language"] in cell:
        raise UserError(f"the score of {where} is in the table twice. Collect the scores again.")
    cell[row["language"]] = value


def _metrics(found: Iterable[str]) -> tuple[str, ...]:
    rank = {name: number for number, name in enumerate(METRIC_ORDER)}
    return tuple(sorted(set(found), key=lambda name: (rank.get(name, len(rank)), name)))
