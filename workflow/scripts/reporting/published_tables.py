"""The tables of published numbers beside ours, for the report and as CSV, Markdown and LaTeX."""

from collections.abc import Mapping, Sequence

from workflow.scripts.reporting.aggregate import Estimate
from workflow.scripts.reporting.formats import to_csv, to_latex, to_markdown
from workflow.scripts.reporting.published import BEST, GAIN, STATUSES, Comparison, Published, compare
from workflow.scripts.reporting.records import Record
from workflow.scripts.reporting.scores import BASELINE, METRIC_TITLES, Scores
from workflow.scripts.reporting.tables import (
    AVERAGE,
    BIAS,
    ONE_SEED,
    Entry,
    Number,
    Row,
    Table,
    language_title,
    of_model,
    source_title,
)

NAME = "published"
TITLE = "Published numbers beside ours"
NOTHING = "No published number has a counterpart in this study: none of its models starts from a published checkpoint."
UNLIKE = (
    "–: our mean and the published one are over different languages or targets (ours over 33, not 29), so they are not "
    "subtracted."
)
MEANINGS = dict(
    zip(
        STATUSES,
        (
            "read in the source that is cited",
            "remembered, and means over such values agree with published means",
            "remembered, confirmed by nothing published",
        ),
        strict=True,
    )
)
"""What the statuses mean."""

RECORD_FIELDS = (
    "model", "checkpoint", "study", "source", "ours_source", "target", "language", "metric", "kind", "ours", "ours_std",
    "seeds", "published", "difference", "ours_averaged", "averaged", "split", "status", "citation",
)  # fmt: skip


def published_table(
    scores: Scores,
    rows: Sequence[Published],
    checkpoint: str,
    titles: Mapping[str, str],
    *,
    by_language: bool = False,
) -> Table | None:
    """Return the published numbers of a checkpoint beside ours, None if there is none to show.

    Args:
        scores: the scores of a model.
        rows: the published numbers (`read_published`).
        checkpoint: the Hub id that the model starts from.
        titles: display names of sources and targets.
        by_language: the numbers of single languages instead of the means.
    """
    found = [item for item in compare(scores, rows, checkpoint) if (item.row.language != AVERAGE) == by_language]
    if not found:
        return None
    heads = ("Intermediate task", "Target", *(("Language",) if by_language else ()), "Metric", "Ours", "Seeds")
    heads += ("Published", "Difference", *(() if by_language else ("Mean over",)), "Split", "Status", "Citation")
    subtitles = {"Mean over": "languages"}
    return Table(
        name=f"{NAME}-languages" if by_language else NAME,
        title="Published scores of single languages" if by_language else "Published means over languages",
        columns=tuple((head, subtitles.get(head, "")) for head in heads),
        rows=tuple(_row(scores, item, titles) for item in found),
        notes=_notes(scores, found),
    )


def published_tables(
    models: Sequence[Scores],
    rows: Sequence[Published],
    checkpoints: Mapping[str, str | None],
    titles: Mapping[str, str],
) -> list[Table]:
    """Return the tables of all models that have any: the means first, then the single languages.

    Args:
        models: the scores of each model.
        rows: the published numbers.
        checkpoints: the Hub id that each model starts from, None or no entry for one that starts from none.
        titles: display names of sources and targets.
    """
    tables = []
    for scores in models:
        for by_language in (False, True):
            checkpoint = checkpoints.get(scores.model)
            table = published_table(scores, rows, checkpoint, titles, by_language=by_language) if checkpoint else None
            if table:
                tables.append(of_model(table, scores.model) if len(models) > 1 else table)
    return tables


def published_texts(
    models: Sequence[Scores],
    rows: Sequence[Published],
    checkpoints: Mapping[str, str | None],
    titles: Mapping[str, str],
) -> dict[str, str]:
    """Return the contents of `published.csv`, `.md` and `.tex`; of a study without any they say so.

    The arguments are those of `published_tables`.
    """
    records = published_records(models, rows, checkpoints)
    tables = published_tables(models, rows, checkpoints, titles)
    markdown = "\n".join(to_markdown(table, level=2) for table in tables)
    return {
        f"{NAME}.csv": to_csv(records) if records else ",".join(RECORD_FIELDS) + "\n",
        f"{NAME}.md": f"# {TITLE}\n\n{markdown or NOTHING + chr(10)}",
        f"{NAME}.tex": "\n".join(to_latex(table) for table in tables) or f"% {NOTHING}\n",
    }


def published_records(
    models: Sequence[Scores], rows: Sequence[Published], checkpoints: Mapping[str, str | None]
) -> list[Record]:
    """Return one record per published number that has a counterpart, with full precision."""
    records: list[Record] = []
    for scores in models:
        checkpoint = checkpoints.get(scores.model)
        for item in compare(scores, rows, checkpoint) if checkpoint else ():
            row = item.row
            values: tuple[str | int | float | None, ...] = (
                *(scores.model, checkpoint, row.study, row.source, item.source, row.target, row.language, row.metric),
                *(row.kind, item.ours.mean, item.ours.std, item.ours.seeds, row.value, item.difference),
                *(item.averaged, row.averaged, row.split, row.status, row.citation),
            )
            records.append(dict(zip(RECORD_FIELDS, values, strict=True)))
    return records


def _row(scores: Scores, item: Comparison, titles: Mapping[str, str]) -> Row:
    row, signed = item.row, item.row.kind == GAIN
    published = Estimate(row.value, None, 1)
    difference = () if item.difference is None else (Estimate(item.difference, None, 1),)
    entries: tuple[Entry, ...] = (
        "Average" if row.target == AVERAGE else titles.get(row.target, row.target),
        *(() if row.language == AVERAGE else (language_title(scores, row.language),)),
        METRIC_TITLES.get(row.metric, "mean"),
        Number((item.ours,), signed=signed, partial=item.ours.seeds < len(scores.seeds)),
        str(item.ours.seeds),
        Number((published,), signed=signed),
        Number(difference, signed=True),
        *((_extent(item),) if row.language == AVERAGE else ()),
        row.split if row.split == "test" else f"{row.split} (ours: test)",
        row.status,
        row.citation,
    )
    return Row(_title(item, titles), entries)


def _title(item: Comparison, titles: Mapping[str, str]) -> str:
    if item.row.source != BEST:
        return source_title(item.row.source, titles)
    chosen = "" if item.source == BEST else f" ({source_title(item.source, titles)})"
    return f"best per target{chosen}"


def _extent(item: Comparison) -> str:
    """Return what our mean is over, and what the published one is over where that is something else."""
    text = f"{item.averaged} targets" if item.row.target == AVERAGE else f"{item.averaged}"
    if item.like:
        return text
    return f"{text}, {'fewer languages' if item.averaged == item.row.averaged else f'not {item.row.averaged}'}"


def _notes(scores: Scores, found: Sequence[Comparison]) -> tuple[str, ...]:
    statuses = [status for status in STATUSES if any(item.row.status == status for item in found)]
    seeds = f"Ours: mean ± standard deviation over {len(scores.seeds)} seeds."
    return (
        "Difference: ours minus published. Ours are scores on the test split; a number published on dev is no "
        "measurement of the same data.",
        *(
            (f"Signed numbers of ours and published are gains over {BASELINE}.",)
            * any(i.row.kind == GAIN for i in found)
        ),
        *(f"{status}: {MEANINGS[status]}." for status in statuses),
        *((UNLIKE,) * any(not item.like for item in found)),
        *((BIAS,) * any(item.row.source == BEST for item in found)),
        *(("†: over fewer seeds than the rest.",) * any(i.ours.seeds < len(scores.seeds) for i in found)),
        seeds if len(scores.seeds) > 1 else ONE_SEED,
    )
