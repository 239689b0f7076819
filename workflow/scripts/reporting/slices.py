"""Scores by slice: families, scripts, and what the data say of their rows; tables and records of `slices.json`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json
from workflow.scripts.reporting.aggregate import SeedValues, estimate, mean_over, paired_gain
from workflow.scripts.reporting.records import WHOLE, Record
from workflow.scripts.reporting.scores import BASELINE, METRIC_TITLES, Language
from workflow.scripts.reporting.tables import ONE_SEED, Entry, Number, Row, Table, of_model, source_title
from workflow.scripts.tasks import find_task

TITLE = "Scores by family, script and kind of example"
NAMES = ("model", "target", "dimension", "slice", "languages", "n", "source", "metric")
FIELDS = (*NAMES, "score", "score_std", "gain", "gain_std", "seeds")

Measured = Mapping[str, Any]
Slice = tuple[str, str]
"""Dimension and value, such as `script` and `Latn`."""

DIMENSIONS = ("family", "script")
"""Dimensions that group languages, before those that group rows."""


class Cells:
    """The scores of one model on one target, by slice, source and seed.

    Args:
        measured: what `measure_slices` wrote.
        model, target: of which.
    """

    def __init__(self, measured: Measured, model: str, target: str) -> None:
        chosen = [cell for cell in measured["cells"] if (cell["model"], cell["target"]) == (model, target)]
        self.metrics = find_task(target).metrics
        self._values = {
            (cell["dimension"], cell["slice"], cell["source"], cell["seed"]): cell["metrics"] for cell in chosen
        }
        self.facts: dict[Slice, tuple[list[str], int]] = {
            (cell["dimension"], cell["slice"]): (cell["languages"], cell["n"]) for cell in chosen
        }
        self.seeds: list[int] = measured["seeds"]

    @property
    def slices(self) -> list[Slice]:
        """The slices: groups of languages first, each dimension in alphabetical order."""
        return sorted(self.facts, key=lambda found: (found[0] not in DIMENSIONS, found))

    def scores(self, found: Slice, source: str, metric: str) -> SeedValues:
        """Return the score of a slice by seed; the metric `score` is the mean of the main metrics."""
        if metric == WHOLE:
            return mean_over(self.scores(found, source, name) for name in self.metrics)
        cells = {seed: self._values.get((*found, source, seed)) for seed in self.seeds}
        return {seed: cell[metric] for seed, cell in cells.items() if cell is not None}


def read_measured(path: Path) -> dict[str, Any]:
    """Read what `measure_slices` wrote.

    Raises:
        UserError: the file is missing or holds something else.
    """
    found = read_json(path)
    if not isinstance(found, dict) or not {"cells", "models", "sources", "targets", "seeds"} <= found.keys():
        raise UserError(f"{path} is not as measure_slices writes it; delete it and run measure_slices again")
    return found


def unanswered(measured: Measured, titles: Mapping[str, str]) -> list[tuple[str, str, str, int, str, int]]:
    """Return (model, source, target, seed, language, examples) of all examples without a prediction."""
    return [
        (
            *(row["model"], source_title(row["source"], titles), titles.get(row["target"], row["target"])),
            *(row["seed"], row["language"], row["n"]),
        )
        for row in measured["unanswered"]
    ]


def tables(measured: Measured, facts: Mapping[str, Language], titles: Mapping[str, str]) -> list[Table]:
    """Return one table per model and target that has slices: slices by sources, absolute scores."""
    found = []
    for model in measured["models"]:
        for target in measured["targets"]:
            cells = Cells(measured, model, target)
            if cells.slices:
                table = _table(cells, target, measured["sources"], titles)
                found.append(of_model(table, model) if len(measured["models"]) > 1 else table)
    return found


def records(measured: Measured) -> list[Record]:
    """Return one record per model, target, slice, source and metric, with its gain over `none`."""
    found: list[Record] = []
    for model in measured["models"]:
        for target in measured["targets"]:
            cells = Cells(measured, model, target)
            for place in cells.slices:
                languages, n = cells.facts[place]
                head = dict(zip(NAMES[:6], (model, target, *place, len(languages), n), strict=True))
                for source in measured["sources"]:
                    for metric in (*cells.metrics, WHOLE):
                        found.append(
                            {**head, "source": source, "metric": metric, **_record(cells, place, source, metric)}
                        )
    return found


def _record(cells: Cells, place: Slice, source: str, metric: str) -> Record:
    values = cells.scores(place, source, metric)
    record: Record = {}
    for name, seeds in (("score", values), ("gain", paired_gain(values, cells.scores(place, BASELINE, metric)))):
        known = estimate(seeds)
        record |= {name: known.mean if known else None, f"{name}_std": known.std if known else None}
    return record | {"seeds": len(values)}


def _table(cells: Cells, target: str, sources: list[str], titles: Mapping[str, str]) -> Table:
    rows = []
    for place in cells.slices:
        languages, n = cells.facts[place]
        wholes = {source: estimate(cells.scores(place, source, WHOLE)) for source in sources}
        known = {source: whole.mean for source, whole in wholes.items() if whole}
        top = max(known, key=lambda source: known[source]) if known else None
        numbers: list[Entry] = [
            Number(
                tuple(estimate(cells.scores(place, source, metric)) for metric in cells.metrics),
                best=source == top,
                rank=known.get(source),
            )
            for source in sources
        ]
        title = f"{place[0].replace('_', ' ').capitalize()}: {place[1]}"
        rows.append(Row(title, (str(len(languages)), f"{n:,}", *numbers)))
    metrics = "/".join(METRIC_TITLES.get(metric, metric) for metric in cells.metrics)
    headings = (("Slice", ""), ("Languages", ""), ("Examples", ""), *((source_title(s, titles), "") for s in sources))
    notes = (
        f"Absolute scores ({metrics}): means over the languages of a slice, English included, controls left out. "
        "Bold: the best of a row.",
        "Slices overlap, and the languages of a family or script differ between targets: compare sources within a "
        "row, not rows with each other. Few languages or examples give uncertain numbers.",
        *((ONE_SEED,) if len(cells.seeds) == 1 else (f"Mean ± standard deviation over {len(cells.seeds)} seeds.",)),
    )
    return Table(f"slices-{target}", f"{titles.get(target, target)} by slice", headings, tuple(rows), notes)
