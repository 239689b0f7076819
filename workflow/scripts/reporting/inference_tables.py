"""Tables of what is known beyond the scores: gains with intervals, variants beside their base, costs by stage."""

from collections.abc import Mapping, Sequence
from typing import Any

from workflow.scripts.reporting.aggregate import Estimate
from workflow.scripts.reporting.costs import StageCost
from workflow.scripts.reporting.formats import MISSING, decimal, interval_text, p_text
from workflow.scripts.reporting.gains import AVERAGE, CORRECTIONS, SCHEMAS, Gains, mark_note
from workflow.scripts.reporting.records import Record
from workflow.scripts.reporting.tables import Entry, Number, Row, Table, source_title

NOT_ANALYSED = "The gains of this study have not been analysed."
NO_VARIANTS = (
    "This study has no variant of a task (with masked language modelling, or translated) beside the task itself."
)
COST_FIELDS = (
    "model", "stage", "jobs", "seconds", "cpu_seconds", "tokens", "flops", "peak_memory_mb", "disk_bytes", "devices",
)  # fmt: skip

HEADS = ("Gain", "Interval", "Like these", "p", "Adjusted p", "Detectable")

Gain = Mapping[str, Any]


def gains_table(found: Gains, model: str, titles: Mapping[str, str]) -> Table:
    """Return a row per source and target, averages last of each source: interval, p, detectable effect."""
    rows = [row for row in found.gains.values() if row["model"] == model]
    adjusted = f"p_{found.settings['correction']}"
    lines = [
        Row(source_title(row["source"], titles), _entries(row, adjusted, _target(row, titles)))
        for row in _by_source(rows)
    ]
    heads = ("Intermediate task", "Target", *HEADS)
    notes = (
        f"Gains over none in points, paired by seed and example. Interval: {found.percent}, of these languages; in "
        "brackets that of languages like these, whole families drawn. p: no gain, t test; adjusted: "
        f"{CORRECTIONS[found.settings['correction']]} method. Detectable: the smallest gain that this design finds "
        "in 80 % of studies, without adjustment.",
        mark_note(found, model),
        *_cautions(rows),
    )
    return Table("gains", "Gains with their intervals", tuple((head, "") for head in heads), tuple(lines), notes)


def variants_table(found: Gains, model: str, titles: Mapping[str, str]) -> Table | None:
    """Return the gain of each variant of a source over its base, None where there is none."""
    rows = [row for row in found.variants.values() if row["model"] == model]
    if not rows:
        return None
    adjusted = f"p_{found.settings['correction']}"
    lines = []
    for row in _by_source(rows):
        over_none = [
            found.gains.get((model, name, row["target"]), {}).get("gain") for name in (row["base"], row["source"])
        ]
        both = tuple(_number(value, found.seeds) for value in over_none)
        entries = (source_title(row["base"], titles), _target(row, titles), *both, *_entries(row, adjusted)[:-1])
        lines.append(Row(source_title(row["source"], titles), entries))
    heads = ("Variant", "Base task", "Target", "Base", "Variant", "Difference", *HEADS[1:-1])
    notes = (
        "Base, variant: gains over none. Difference: variant less base, paired by seed and example, with its interval "
        f"({found.percent}, these languages; in brackets languages like these). p is adjusted over this table.",
        *_cautions(rows),
    )
    title = "Variants of intermediate tasks beside the tasks themselves"
    return Table("variants", title, tuple((head, "") for head in heads), tuple(lines), notes)


def costs_table(costs: Sequence[StageCost], *, several: bool) -> Table:
    """Return a row per stage and one for all of them; with several models the model stands in the title of a row."""
    rows = []
    for cost in costs:
        texts = (
            f"{cost.runs:,}",
            *(_count(value, 3600, 2) for value in (cost.seconds, cost.cpu_seconds)),
            _count(cost.tokens, 1e6, 2),
            MISSING if cost.flops is None else f"{cost.flops:.2e}",
            _count(cost.peak_memory_mb, 1024, 2),
            _count(cost.disk_bytes, 1024**3, 3),
        )
        title = f"{cost.title} ({cost.model})" if several and cost.model else cost.title
        rows.append(Row(title, texts, "" if cost.model else "average"))
    heads = ("Stage", "Jobs", "Time", "CPU time", "Tokens", "FLOPs", "Peak memory", "Disk")
    columns = tuple(zip(heads, ("", "", "h", "h", "million", "", "GiB", "GiB"), strict=True))
    notes = (
        "Training runs, as their run cards say. Time: sum over the jobs, which may have run side by side. "
        "FLOPs: 6 per weight and token, estimated. Peak memory: the largest of a job. Disk: the models that are kept.",
    )
    return Table("costs", "Costs by stage", columns, tuple(rows), notes)


def gain_records(rows: Sequence[Gain]) -> list[Record]:
    """Return the rows of gains as records."""
    names = SCHEMAS["gains"].names
    return [{name: row[name] for name in names} for row in rows]


def cost_records(costs: Sequence[StageCost]) -> list[Record]:
    """Return one record per stage."""
    return [
        dict(
            zip(
                COST_FIELDS,
                (
                    *(
                        cost.model or "all",
                        cost.title,
                        cost.runs,
                        cost.seconds,
                        cost.cpu_seconds,
                        cost.tokens,
                        cost.flops,
                    ),
                    *(cost.peak_memory_mb, cost.disk_bytes, "; ".join(cost.devices)),
                ),
                strict=True,
            )
        )
        for cost in costs
    ]


def _entries(row: Gain, adjusted: str, *first: Entry) -> tuple[Entry, ...]:
    brackets = interval_text(row["low_random"], row["high_random"])
    return (
        *first,
        _number(row["gain"], row["n_seeds"], marked=bool(row["significant"])),
        interval_text(row["low"], row["high"]),
        brackets if brackets == MISSING else f"({brackets[1:-1]})",
        p_text(row["p"], space=" "),
        p_text(row[adjusted], space=" "),
        MISSING if row["minimum_detectable_effect"] is None else decimal(row["minimum_detectable_effect"]),
    )


def _number(value: float | None, seeds: int, *, marked: bool = False) -> Number:
    known = None if value is None else Estimate(value, None, seeds)
    return Number((known,), signed=True, rank=value, marked=marked)


def _target(row: Gain, titles: Mapping[str, str]) -> str:
    return "Average" if row["target"] == AVERAGE else titles.get(row["target"], row["target"])


def _by_source(rows: Sequence[Gain]) -> list[Gain]:
    """Return the rows source by source in order, each source's average last."""
    order = list(dict.fromkeys(row["source"] for row in rows))
    return sorted(rows, key=lambda row: order.index(row["source"]))


def _cautions(rows: Sequence[Gain]) -> tuple[str, ...]:
    """Return what the intervals leave out, each caution once with how many rows it holds of."""
    texts = [row["caution"] for row in rows if row["caution"]]
    return tuple(
        f"{text[0].upper()}{text[1:]} ({texts.count(text)} of {len(rows)} rows)." for text in dict.fromkeys(texts)
    )


def _count(value: float | None, unit: float, decimals: int) -> str:
    return MISSING if value is None else f"{value / unit:,.{decimals}f}"
