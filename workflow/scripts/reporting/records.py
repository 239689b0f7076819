"""The numbers of the tables as tidy records for CSV: one number per field, full precision, empty where unknown."""

from collections.abc import Mapping
from typing import Any

from workflow.scripts.reporting.aggregate import (
    Estimate,
    SeedValues,
    best_overall,
    best_source,
    estimate,
    language_scores,
    metric_scores,
    paired_gain,
    task_language_scores,
)
from workflow.scripts.reporting.gains import Gains
from workflow.scripts.reporting.scores import BASELINE, Scores
from workflow.scripts.reporting.tables import AVERAGE, column_score

Record = dict[str, str | int | float | None]

WHOLE = "score"
"""The metric name of a target's own score: the mean of its main metrics (F1 and exact match, say)."""


def transfer_records(scores: Scores, gains: Gains | None = None) -> list[Record]:
    """Return one record per source, target and metric, and per source its average over the targets.

    With `gains` those over `none` have their intervals and tests; of several metrics only their mean has any.
    """
    records = []
    for source in scores.sources:
        for target in scores.targets:
            for metric in (*scores.metrics[target], WHOLE):
                head: Record = {"model": scores.model, "source": source, "target": target, "metric": metric}
                head["languages"] = len(scores.languages[target])
                head |= _compared(*(_means(scores, s, target, metric) for s in (source, BASELINE)))
                known = metric == WHOLE or len(scores.metrics[target]) == 1
                records.append(head | _tested(gains, (scores.model, source, target) if known else None))
        head = {"model": scores.model, "source": source, "target": AVERAGE, "metric": WHOLE, "languages": None}
        head |= _compared(*(column_score(scores, s, AVERAGE) for s in (source, BASELINE)))
        records.append(head | _tested(gains, (scores.model, source, AVERAGE)))
    return records


def best_records(scores: Scores, gains: Gains | None = None) -> list[Record]:
    """Return one record per target and one for the average over the best of each, `none` beside them."""
    records: list[Record] = []
    for target in (*scores.targets, AVERAGE):
        best = None if target == AVERAGE else best_source(scores, target)
        score, gain = best_overall(scores) if best is None else (best.score, best.gain)
        if target != AVERAGE and best is None:
            score, gain = None, None
        record: Record = {"model": scores.model, "target": target, "source": best.source if best else None}
        record |= _summary(BASELINE, estimate(column_score(scores, BASELINE, target)))
        record |= _summary("score", score) | _summary("gain", gain)
        record |= {"seeds": score.seeds if score else 0, "candidates": best.candidates if best else None}
        if gains is not None:
            row = gains.best.get((scores.model, target), {})
            record |= {f"gain_{name}": row.get(name) for name in ("corrected", "corrected_split")}
            record |= {"method": row.get("method"), "frequency": row.get("frequency")}
        records.append(record)
    return records


def language_records(scores: Scores, gains: Gains | None = None) -> list[Record]:
    """Return one record per target, language, source and metric."""
    records = []
    for target in scores.targets:
        for code in (*scores.languages[target], *scores.controls[target]):
            facts = scores.facts.get(code)
            head: Record = {
                "model": scores.model,
                "target": target,
                "language": code,
                "name": scores.name(code),
                "role": facts.role if facts else None,
                "distance": facts.distance if facts else None,
            }
            for source in scores.sources:
                for metric in (*scores.metrics[target], WHOLE):
                    found = [_of_language(scores, s, target, metric, code) for s in (source, BASELINE)]
                    record = head | {"source": source, "metric": metric} | _compared(*found)
                    if gains is not None:
                        known = metric == WHOLE or len(scores.metrics[target]) == 1
                        key = (scores.model, source, target, code)
                        record |= _intervals(gains.languages.get(key, {}) if known else {})
                    records.append(record)
    return records


def _tested(gains: Gains | None, key: tuple[str, str, str] | None) -> Record:
    """Return the interval and the adjusted test of a gain, empty for `none`; nothing where no gains were analysed."""
    if gains is None:
        return {}
    row = gains.gains.get(key, {}) if key else {}
    names = {"gain_low": "low", "gain_high": "high", "p_adjusted": f"p_{gains.settings['correction']}"}
    return {name: row.get(column) for name, column in (names | {"significant": "significant"}).items()}


def _intervals(row: Mapping[str, Any]) -> Record:
    """Return the ends of the intervals of a language's score and gain; of several metrics only their mean has any."""
    names = {"score_low": "low", "score_high": "high", "gain_low": "gain_low", "gain_high": "gain_high"}
    return {name: row.get(column) for name, column in names.items()}


def _means(scores: Scores, source: str, target: str, metric: str) -> SeedValues:
    if metric == WHOLE:
        return column_score(scores, source, target)
    return metric_scores(scores, source, target, metric)


def _of_language(scores: Scores, source: str, target: str, metric: str, code: str) -> SeedValues:
    if metric == WHOLE:
        return task_language_scores(scores, source, target, code)
    return language_scores(scores, source, target, metric, code)


def _compared(treated: SeedValues, baseline: SeedValues) -> Record:
    record = _summary("score", estimate(treated)) | _summary("gain", estimate(paired_gain(treated, baseline)))
    return record | {"seeds": len(treated)}


def _summary(name: str, found: Estimate | None) -> Record:
    return {name: found.mean if found else None, f"{name}_std": found.std if found else None}
