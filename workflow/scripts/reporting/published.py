"""Published numbers beside those of a study (`reference/published.csv`; `reference/README.md` explains its columns).

A published number is compared with ours where the model starts from the same checkpoint (`models.<name>.checkpoint`)
and the study has its source, target, language and metric. Gains are compared with our gains, paired with `none`.
Ours are scores on the test split; the split of the published number stands beside it.
"""

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.reporting.aggregate import (
    Estimate,
    SeedValues,
    best_overall,
    best_source,
    estimate,
    language_scores,
    metric_scores,
    overall_scores,
    paired_gain,
)
from workflow.scripts.reporting.records import WHOLE
from workflow.scripts.reporting.scores import BASELINE, Scores
from workflow.scripts.reporting.tables import AVERAGE
from workflow.scripts.reporting.titles import MIXTURES
from workflow.scripts.tasks import TASKS, Role
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES

PUBLISHED = Path(__file__).resolve().parents[3] / "reference" / "published.csv"

BEST = "best"
"""The source of the best intermediate task of each target."""
GAIN = "gain"
STATUSES = ("verified", "from memory, checked against published means", "from memory")
SOURCES = (BASELINE, BEST, *(name for name, task in TASKS.items() if task.role is Role.INTERMEDIATE), *MIXTURES)
METRICS = {
    **{name: task.metrics for name, task in TASKS.items() if task.role is Role.TARGET},
    # further targets of XTREME-R
    **{"xcopa": ("accuracy",), "mewsli_x": ("map_at_20",), "lareqa": ("map_at_20",)},
    AVERAGE: (WHOLE,),
}
"""The metrics of each target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One published number; the columns of `reference/README.md`.

    Attributes:
        study: key of the publication or replication.
        model: Hub id of the pretrained checkpoint.
        source, target, language, split, metric: as in the long table of scores; `best`, `average` besides.
        value: 0 to 100, or a gain over `none` in points.
        kind: `absolute` or `gain`.
        averaged: how many languages (target `average`: targets) a mean is over; None for one language.
        status: one of `STATUSES`.
        citation: where the number is to be found.
    """

    study: str
    model: str
    source: str
    target: str
    language: str
    split: str
    metric: str
    value: float
    kind: str
    averaged: int | None
    status: str
    citation: str


COLUMNS = tuple(field.name for field in fields(Published))


@dataclass(frozen=True, slots=True)
class Comparison:
    """A published number and ours: `source` and `averaged` are what ours is of, `like` whether the means are alike."""

    row: Published
    source: str
    ours: Estimate
    averaged: int | None
    like: bool

    @property
    def difference(self) -> float | None:
        """Ours minus the published number; None where the two are means over different languages or targets."""
        return self.ours.mean - self.row.value if self.like else None


def checkpoints(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the Hub id (or folder) that each model of a configuration starts from, where it starts from one."""
    models = config.get("models", {})
    return {name: model["checkpoint"] for name, model in models.items() if model.get("checkpoint")}


def same_checkpoint(first: str, second: str) -> bool:
    """Return whether two Hub ids name one model: whatever the case; an id without organisation matches any."""
    names = [name.casefold() for name in (first, second)]
    if any("/" not in name for name in names):
        names = [name.rpartition("/")[2] if name.count("/") <= 1 else name for name in names]
    return names[0] == names[1]


def read_published(path: Path = PUBLISHED) -> list[Published]:
    """Read and check the table of published numbers.

    Raises:
        UserError: the file is missing, or a row is not as it must be; line and column are named.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            _check_header(path, reader.fieldnames or [])
            lines = [(reader.line_num, line) for line in reader]
    except FileNotFoundError:
        raise UserError(f"{path} is missing; it is part of the repository: restore it") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 ({error}); save it as UTF-8") from error
    rows: list[Published] = []
    seen: dict[tuple[object, ...], int] = {}
    for number, line in lines:
        row = _read_row(f"{path}, line {number}", line)
        key = (*(getattr(row, name) for name in COLUMNS[:7]), row.kind)
        if key in seen:
            raise UserError(f"{path}, line {number}: the number of line {seen[key]} again; remove one of the two")
        seen[key] = number
        rows.append(row)
    return rows


def compare(scores: Scores, rows: Sequence[Published], checkpoint: str) -> list[Comparison]:
    """Return the published numbers of a checkpoint that the study has a counterpart of.

    They are in the order of the study's sources (`best` last), targets (the average last), languages and metrics.

    Args:
        scores: the scores of a model.
        rows: the published numbers.
        checkpoint: the Hub id that the model starts from.
    """
    found = []
    for row in rows:
        if same_checkpoint(row.model, checkpoint) and _position(scores, row) is not None:
            source, ours = _ours(scores, row)
            if ours is not None:
                averaged, like = _extent(scores, row)
                found.append(Comparison(row, source, ours, averaged, like))
    return sorted(found, key=lambda item: _position(scores, item.row) or ())


def _position(scores: Scores, row: Published) -> tuple[int, ...] | None:
    """Return where in the study's order a published number stands, None if the study has nothing like it."""
    sources = (*scores.sources, *([BEST] if scores.intermediates else []))
    targets = (*scores.targets, AVERAGE)
    if row.source not in sources or row.target not in targets:
        return None
    languages = (AVERAGE, *scores.languages.get(row.target, ()))
    metrics = scores.metrics.get(row.target, METRICS[AVERAGE])
    if row.language not in languages or row.metric not in metrics:
        return None
    places = ((sources, row.source), (targets, row.target), (languages, row.language), (metrics, row.metric))
    return tuple(names.index(name) for names, name in places)


def _ours(scores: Scores, row: Published) -> tuple[str, Estimate | None]:
    """Return the source that stands for the published one and our counterpart of the number."""
    source = row.source
    if source == BEST and row.target == AVERAGE:
        score, gain = best_overall(scores)
        return BEST, gain if row.kind == GAIN else score
    if source == BEST:
        best = best_source(scores, row.target)
        if best is None:
            return BEST, None
        source = best.source
    values = _values(scores, row, source)
    if row.kind == GAIN:
        values = paired_gain(values, _values(scores, row, BASELINE))
    return source, estimate(values)


def _values(scores: Scores, row: Published, source: str) -> SeedValues:
    if row.target == AVERAGE:
        return overall_scores(scores, source)
    if row.language == AVERAGE:
        return metric_scores(scores, source, row.target, row.metric)
    return language_scores(scores, source, row.target, row.metric, row.language)


def _extent(scores: Scores, row: Published) -> tuple[int | None, bool]:
    """Return how many languages or targets our mean is over, and whether they are those of the published mean."""
    if row.language != AVERAGE:
        return None, True
    if row.target != AVERAGE:
        count = len(scores.languages[row.target])
        return count, count == row.averaged
    complete = all(len(scores.languages[name]) == len(TASKS[name].languages) for name in scores.targets)
    return len(scores.targets), len(scores.targets) == row.averaged and complete


def _check_header(path: Path, found: Sequence[str]) -> None:
    missing = [name for name in COLUMNS if name not in found]
    unknown = [name for name in found if name not in COLUMNS]
    if missing or unknown:
        raise UserError(
            f"{path}: the first line has the columns {', '.join(found)}; expected {', '.join(COLUMNS)}."
            + (nearest(unknown[0], missing) if unknown else "")
        )


def _read_row(where: str, line: Mapping[str | None, Any]) -> Published:
    if None in line or None in line.values():
        raise UserError(f"{where}: expected {len(COLUMNS)} fields; quote a field that holds a comma")
    values: dict[str, str] = {name: line[name].strip() for name in COLUMNS}
    choices: dict[str, Sequence[str]] = {
        "source": SOURCES,
        "target": tuple(METRICS),
        "language": (AVERAGE, *NATURAL_LANGUAGES),
        "split": ("dev", "test"),
        "kind": ("absolute", GAIN),
        "status": STATUSES,
    }
    for column, valid in choices.items():
        _check_choice(where, column, values[column], valid)
    _check_choice(where, "metric", values["metric"], METRICS[values["target"]])
    for column in ("study", "model", "citation"):
        if not values[column]:
            raise UserError(f"{where}, column {column}: is empty; `reference/README.md` says what belongs there")
    mean = values["language"] == AVERAGE
    if values["target"] == AVERAGE and not mean:
        raise UserError(f"{where}, column language: '{values['language']}'; the target 'average' has only 'average'")
    if not mean and values["averaged"]:
        raise UserError(f"{where}, column averaged: '{values['averaged']}'; leave it empty for a single language")
    return Published(
        **{name: values[name] for name in COLUMNS if name not in ("value", "averaged")},
        value=_score(where, values["value"], signed=values["kind"] == GAIN),
        averaged=_read(where, "averaged", values["averaged"], int, (1, 1000)) if mean else None,
    )


def _check_choice(where: str, column: str, value: str, valid: Sequence[str]) -> None:
    if value not in valid:
        raise UserError(
            f"{where}, column {column}: '{value}'; expected one of {', '.join(valid)}.{nearest(value, valid)}"
        )


def _score(where: str, text: str, *, signed: bool) -> float:
    return float(_read(where, "value", text, float, (-100 if signed else 0, 100)))


def _read(where: str, column: str, text: str, kind: Callable[[str], float], limits: tuple[int, int]) -> Any:
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if not limits[0] <= value <= limits[1]:
        raise UserError(f"{where}, column {column}: '{text}'; expected a number from {limits[0]} to {limits[1]}")
    return value
