"""The intervals and tests of `statistics/`, as figures and the report show them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow.scripts.files import read_table
from workflow.scripts.reporting.aggregate import overall_gain
from workflow.scripts.reporting.formats import decimal, interval_text, p_text
from workflow.scripts.reporting.gains import CORRECTIONS, LANGUAGE_KEY, MARK, SCHEMAS, Gains, keyed
from workflow.scripts.reporting.scores import Scores
from workflow.scripts.reporting.tables import AVERAGE, source_title

Line = Mapping[str, Any]
Key = tuple[str, str, str, str]
"""Model, source, target, language."""


def read_language_intervals(path: Path) -> dict[Key, Line]:
    """Return the rows of `statistics/languages.parquet` by model, source, target and language.

    Raises:
        UserError: the file is missing or lacks a column.
    """
    return keyed(read_table(path, SCHEMAS["languages"].names), LANGUAGE_KEY)


def mark(row: Line) -> str:
    """Return `*` for a gain that differs from 0 after correction; with one seed none does."""
    return MARK if row["significant"] else ""


def evidence_table(scores: Scores, gains: Gains, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a line for each source and target of a model: names, gain, intervals, p values, mark and caution."""
    lines = []
    for source in scores.intermediates:
        for target in (*scores.targets, AVERAGE):
            row = gains.gains.get((scores.model, source, target))
            if row is not None:
                name = "Avg" if target == AVERAGE else titles.get(target, target)
                lines.append({**row, "title": source_title(source, titles), "name": name, "mark": mark(row)})
    return lines


def verdict(scores: Scores, gains: Gains, titles: Mapping[str, str]) -> str:
    """Return whether the best average is told from chance: its interval and corrected p, or why it is undecided."""
    means = {source: overall_gain(scores, source) for source in scores.intermediates}
    known = {source: gain.mean for source, gain in means.items() if gain is not None}
    if not known:
        return ""
    best = max(known, key=lambda source: known[source])
    row = gains.gains.get((scores.model, best, AVERAGE), {})
    low, high, adjusted = row.get("low"), row.get("high"), row.get(f"p_{gains.settings['correction']}")
    if low is None or high is None or adjusted is None:
        return "Undecided: no interval can be given for it" + (f" ({row['caution']})." if row.get("caution") else ".")
    percent = gains.percent.replace(" ", "\u00a0")
    numbers = f"{percent} interval {interval_text(low, high)}, corrected p {_p_phrase(adjusted)}"
    if row["significant"] is None:
        return f"Undecided: with one seed nothing is known of other seeds; over the test examples alone: {numbers}."
    if not row["significant"]:
        effect = row.get("minimum_detectable_effect")
        limit = f" The study could have found {decimal(effect)} points." if effect else ""
        return f"Undecided: the change by {source_title(best, titles)} may be chance ({numbers}).{limit}"
    return f"The change by {source_title(best, titles)} is not chance ({numbers})."


def _p_phrase(value: float) -> str:
    text = p_text(value, space=" ")
    return text if text.startswith("<") else f"= {text}"


def evidence_sentence(lines: Sequence[Line], gains: Gains) -> str:
    """Return how many gains the tests support, and what could have been seen at all."""
    cells = [line for line in lines if line["target"] != AVERAGE]
    if all(line["significant"] is None for line in cells):
        return (
            "With one seed no gain can be told from the luck of the seed: intervals and p values hold for these runs."
        )
    marked = [line for line in cells if line["significant"]]
    up = sum(line["gain"] > 0 for line in marked)
    text = (
        f"Of {len(cells)} gains, {len(marked)} differ from 0 after {CORRECTIONS[gains.settings['correction']]} "
        f"correction ({up} up, {len(marked) - up} down)."
    )
    effects = sorted(line["minimum_detectable_effect"] for line in cells if line["minimum_detectable_effect"])
    if effects:
        text += f" The median smallest detectable effect is {decimal(effects[len(effects) // 2])} points."
    return text


def cautions(lines: Sequence[Line]) -> list[str]:
    """Return what the tests cannot say, each once."""
    return list(dict.fromkeys(line["caution"] for line in lines if line["caution"]))
