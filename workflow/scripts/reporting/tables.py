"""What the tables hold: the paper's main table, the best source per target, the scores by language.

A table is built once and written by `formats` (Markdown, LaTeX) and by the report (HTML); `records` holds the same
numbers tidily for CSV. Names are shown through `titles`, a mapping from the names of tasks to those of the paper;
a name without a title is shown as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from workflow.scripts.reporting.aggregate import (
    Estimate,
    SeedValues,
    best_overall,
    best_source,
    estimate,
    language_scores,
    mean_over,
    metric_scores,
    overall_scores,
    paired_gain,
    task_scores,
)
from workflow.scripts.reporting.gains import AVERAGE as AVERAGE
from workflow.scripts.reporting.gains import Gains, correction_note, mark_note
from workflow.scripts.reporting.scores import BASELINE, METRIC_TITLES, Scores
from workflow.scripts.source_names import split

ONE_SEED = "One seed: differences of a few points are not evidence."
BIAS = (
    "The best task of each target was chosen on the very scores shown here, so its score and gain, and their "
    "averages, are biased upward; the gain of a task chosen beforehand would be smaller."
)


@dataclass(frozen=True, slots=True)
class Number:
    """An entry of one or two estimates (F1 and EM), absolute or a gain; `rank` is what a reader sorts by.

    `marked` entries are gains that differ from 0 after correction for their number.
    """

    parts: tuple[Estimate | None, ...] = ()
    signed: bool = False
    best: bool = False
    rank: float | None = None
    partial: bool = False
    marked: bool = False

    @property
    def known(self) -> tuple[Estimate, ...]:
        """The estimates, or nothing where one of them is unknown: half a pair is not shown."""
        found = tuple(part for part in self.parts if part is not None)
        return found if len(found) == len(self.parts) else ()


Entry = Number | str


@dataclass(frozen=True, slots=True)
class Row:
    """A titled line of a table; `kind` is `baseline`, `average`, `control` or nothing."""

    title: str
    entries: tuple[Entry, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `columns` are (title, subtitle) pairs, the first for the titles of the rows."""

    name: str
    title: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def of_model(table: Table, model: str) -> Table:
    """Return a table with the model in its title and its name, for a study of several."""
    return replace(table, name=f"{table.name}-{model}", title=f"{table.title}: {model}")


def transfer_table(scores: Scores, titles: Mapping[str, str], gains: Gains | None = None) -> Table:
    """Return the paper's main table: `none` in absolute scores, the other sources as gains over it.

    With `gains` those are marked that differ from 0 after correction, and the notes explain the marks.
    """
    names = (*scores.targets, AVERAGE)
    tops = {name: _top({s: column_score(scores, s, name) for s in scores.sources}) for name in names}

    def entry(source: str, name: str) -> Number:
        found = _transfer_entry(scores, source, name, best=source == tops[name])
        marked = gains is not None and gains.is_significant(scores.model, source, name)
        return replace(found, marked=marked)

    rows = tuple(
        Row(
            source_title(source, titles),
            tuple(entry(source, name) for name in names),
            "baseline" if source == BASELINE else "",
        )
        for source in scores.sources
    )
    columns = (("Intermediate task", ""), *(_heading(scores, t, titles) for t in scores.targets), ("Avg", ""))
    notes = (
        "First row: absolute scores (0-100) without intermediate training. Other rows: gains over it, in points. "
        "Bold: the best of a column, which is the first row where nothing gains.",
        *((mark_note(gains, scores.model),) if gains else ()),
        *_seed_notes(scores),
        *_gap_notes(rows),
    )
    return Table("transfer", "Scores and gains from intermediate training", columns, rows, notes)


def best_table(scores: Scores, titles: Mapping[str, str], gains: Gains | None = None) -> Table:
    """Return for each target its best intermediate source, the score and the gain over `none`.

    With `gains` the gain without the luck of having been the best stands beside it, and how often it is the best.
    """
    rows = []
    for target in scores.targets:
        best = best_source(scores, target)
        name = source_title(best.source, titles) if best else "–"
        entries: tuple[Entry, ...] = (
            name,
            _number(scores, [estimate(task_scores(scores, BASELINE, target))]),
            _number(scores, [best.score if best else None]),
            _number(scores, [best.gain if best else None], signed=True),
            *_corrected(gains, scores.model, target),
            str(best.candidates if best else 0),
        )
        rows.append(Row(titles.get(target, target), entries))
    score, gain = best_overall(scores)
    average: tuple[Entry, ...] = (
        "best per target",
        _number(scores, [estimate(overall_scores(scores, BASELINE))]),
        _number(scores, [score]),
        _number(scores, [gain], signed=True),
        *_corrected(gains, scores.model, AVERAGE),
        "",
    )
    rows.append(Row("Avg", average, "average"))
    added = ("Corrected gain", "Best in") if gains else ()
    headings = ("Target", "Best intermediate task", BASELINE, "Score", "Gain", *added, "Candidates")
    pairs = any(len(metrics) > 1 for metrics in scores.metrics.values())
    notes = (
        BIAS,
        *((correction_note(gains),) if gains else ()),
        *(("A question-answering score is the mean of F1 and EM.",) if pairs else ()),
        *_seed_notes(scores),
        *_gap_notes(rows),
    )
    return Table("best", "Best intermediate task per target", tuple((h, "") for h in headings), tuple(rows), notes)


def language_table(scores: Scores, target: str, titles: Mapping[str, str]) -> Table:
    """Return the absolute scores of a target: a row per language in order of distance, a column per source."""
    rows = []
    for code in (*scores.languages[target], *scores.controls[target]):
        cells = {
            source: [language_scores(scores, source, target, m, code) for m in scores.metrics[target]]
            for source in scores.sources
        }
        control = code in scores.controls[target]
        rows.append(_score_row(scores, language_title(scores, code), cells, "control" if control else ""))
    cells = {
        source: [metric_scores(scores, source, target, m) for m in scores.metrics[target]] for source in scores.sources
    }
    rows.append(_score_row(scores, "Mean", cells, "average"))
    title, metrics = _heading(scores, target, titles)
    columns = (("Language", ""), *((source_title(source, titles), "") for source in scores.sources))
    notes = (
        f"Absolute scores ({metrics}); languages in order of their distance to English. Bold: the best of a row.",
        *(("Controls (*) are diagnostics and enter no mean.",) if scores.controls[target] else ()),
        *_seed_notes(scores),
        *_gap_notes(rows),
    )
    return Table(target, title, columns, tuple(rows), notes)


def column_score(scores: Scores, source: str, column: str) -> SeedValues:
    """Return the scores by seed of a column of the main table: a target's name, or `AVERAGE`."""
    return overall_scores(scores, source) if column == AVERAGE else task_scores(scores, source, column)


def column_parts(scores: Scores, source: str, column: str) -> list[SeedValues]:
    """Return what such a column shows: one mean over languages per main metric, or the average."""
    if column == AVERAGE:
        return [overall_scores(scores, source)]
    return [metric_scores(scores, source, column, metric) for metric in scores.metrics[column]]


def source_title(source: str, titles: Mapping[str, str]) -> str:
    """Return the display name of a source, such as `MNLI, 1,000 examples, 64 steps`."""
    if source == BASELINE:
        return BASELINE
    parts = split(source, titles)
    words = [titles.get(parts.base, parts.base)]
    words += [f"{number:,} {what}" for number, what in ((parts.examples, "examples"), (parts.steps, "steps")) if number]
    return ", ".join(words)


def language_title(scores: Scores, code: str) -> str:
    """Return name and code of a language, controls marked with a star."""
    name = scores.name(code)
    star = "*" if code in scores.facts and scores.facts[code].is_control else ""
    return f"{name}{star}" if name == code else f"{name}{star} ({code})"


def _transfer_entry(scores: Scores, source: str, column: str, *, best: bool) -> Number:
    parts, whole = column_parts(scores, source, column), column_score(scores, source, column)
    if source != BASELINE:
        baseline = column_parts(scores, BASELINE, column)
        parts = [paired_gain(part, none) for part, none in zip(parts, baseline, strict=True)]
        whole = paired_gain(whole, column_score(scores, BASELINE, column))
    rank = estimate(whole)
    estimates = [estimate(part) for part in parts]
    return _number(scores, estimates, signed=source != BASELINE, best=best, rank=rank.mean if rank else None)


def _corrected(gains: Gains | None, model: str, target: str) -> tuple[Entry, ...]:
    """Return the corrected gain and how often its source is the best, nothing where no gains were analysed."""
    if gains is None:
        return ()
    row = gains.best.get((model, target), {})
    value, share = row.get("corrected"), row.get("frequency")
    known = None if value is None else Estimate(value, None, gains.seeds)
    return Number((known,), signed=True, rank=value), "" if share is None else f"{100 * share:.0f} %"


def _score_row(scores: Scores, title: str, cells: Mapping[str, Sequence[SeedValues]], kind: str) -> Row:
    wholes = {source: mean_over(parts) for source, parts in cells.items()}
    top = _top(wholes)
    entries = []
    for source, parts in cells.items():
        rank = estimate(wholes[source])
        numbers = [estimate(part) for part in parts]
        entries.append(_number(scores, numbers, best=source == top, rank=rank.mean if rank else None))
    return Row(title, tuple(entries), kind)


def _number(
    scores: Scores,
    parts: Sequence[Estimate | None],
    *,
    signed: bool = False,
    best: bool = False,
    rank: float | None = None,
) -> Number:
    known = [part for part in parts if part is not None]
    partial = any(part.seeds < len(scores.seeds) for part in known)
    if rank is None and len(known) == 1 == len(parts):
        rank = known[0].mean
    return Number(tuple(parts), signed=signed, best=best, rank=rank, partial=partial)


def _top(values: Mapping[str, SeedValues]) -> str | None:
    """Return the name with the highest mean, by paired gain where `none` is there; the first of equals.

    A gain that is shown as 0.0 is no gain: then `none` comes first.
    """
    none = values.get(BASELINE, {})
    compared = {name: estimate(paired_gain(found, none) if none else found) for name, found in values.items()}
    known = {name: found.mean for name, found in compared.items() if found is not None}
    if none:
        known = {name: gain if round(gain, 1) else 0.0 for name, gain in known.items()}
    return max(known, key=lambda name: known[name]) if known else None


def _heading(scores: Scores, target: str, titles: Mapping[str, str]) -> tuple[str, str]:
    return titles.get(target, target), "/".join(METRIC_TITLES.get(m, m) for m in scores.metrics[target])


def _seed_notes(scores: Scores) -> tuple[str, ...]:
    if len(scores.seeds) == 1:
        return (ONE_SEED,)
    return (f"Mean ± standard deviation over {len(scores.seeds)} seeds; gains are paired within seeds.",)


def _gap_notes(rows: Iterable[Row]) -> tuple[str, ...]:
    numbers = [entry for row in rows for entry in row.entries if isinstance(entry, Number)]
    missing = any(not entry.known for entry in numbers)
    partial = any(entry.partial and entry.known for entry in numbers)
    return (
        *(("–: not every score that this needs is there.",) if missing else ()),
        *(("†: over fewer seeds than the rest.",) if partial else ()),
    )
