"""The table of examples: gold beside prediction, and what each example adds to the metrics of its language.

Columns of all families: `id`, `language`, `split`, `gold`, `prediction` (null where the model left the example
unanswered), `score`, `correct`; then the statistics of the family, from which `corpus_scores` recomputes the metrics
(but thresholds, and jiant's variant of mining, which counts repeated sentences); then what the examples are grouped by,
columns that begin with `slice_`.

    classification, multiple choice, retrieval   accuracy (0 or 1)
    tagging     gold_chunks, predicted_chunks, correct_chunks, the same of seqeval 0.0.12, tokens, correct_tokens
    span        f1, exact_match, and the same by other rules (0 to 1, the best of the gold answers)
    ranking     average_precision (0 to 1, of the first 20); gold: all right candidates; correct: the first one is right
    mining      gold_pairs, predicted_pairs, correct_pairs (0 or 1); one row for each pair of either split that is true
                or proposed, without those of repeated sentences; predicted: its score reaches the threshold of dev

A family is added with its function in `_STATISTICS`, the types of its columns in `_type` and, if its statistics are
new, the metrics they amount to in `corpus_scores`.
"""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from workflow.scripts.errors import UserError
from workflow.scripts.metrics.alignment import MINING_SPLITS, SCORED_SPLIT, Examples
from workflow.scripts.metrics.chunks import behind_last_hyphen, chunk_counts
from workflow.scripts.metrics.mining import scores_of_counts
from workflow.scripts.metrics.ranking import average_precision
from workflow.scripts.metrics.registry import scorer_for
from workflow.scripts.tasks.task import Family, Task

if TYPE_CHECKING:
    import pyarrow as pa

OLD_SEQEVAL = "_seqeval_0_0_12"
"""How the names end that belong to the chunk F1 of that version of seqeval."""

_MEANS = ("accuracy", "f1", "exact_match", "f1_language_aware", "exact_match_language_aware")
"""Metrics that are the means of their columns."""

Columns = dict[str, Any]
Slices = Mapping[str, Mapping[tuple[str, str], str | None]]
"""The value of each example by the name of the column, then language and id."""


def example_table(
    task: Task, examples: Mapping[str, Examples], metrics: Mapping[str, Mapping[str, float]], slices: Slices
) -> "pa.Table":
    """Return one row per example, languages in the order of `examples`, their examples in the order of the data.

    Args:
        task: what the examples are of.
        examples: gold and predictions by language.
        metrics: the metrics of each language; of mining its threshold is needed.
        slices: what the examples are grouped by.

    Raises:
        UserError: the family has no statistics of examples.
    """
    import pyarrow as pa

    if task.family not in _STATISTICS:
        raise UserError(f"the family '{task.family}' of task '{task.name}' has no statistics of single examples")
    parts: list[Columns] = []
    for language, found in examples.items():
        rows = _STATISTICS[task.family](task, found, language, metrics[language])
        named = {name: [values.get((language, row_id)) for row_id in rows["id"]] for name, values in slices.items()}
        parts.append({"id": rows["id"], "language": [language] * len(rows["id"]), **rows, **named})
    columns = {name: [value for part in parts for value in part[name]] for name in parts[0]}
    types = {"score": pa.float64(), "gold": _type(task.family, "gold"), "prediction": _type(task.family, "prediction")}
    types |= dict.fromkeys(slices, pa.string())
    return pa.table({name: pa.array(values, types.get(name)) for name, values in columns.items()})


def _type(family: Family, column: str) -> "pa.DataType":
    """Return the type of the column `gold` or `prediction`: a name, an index, tags, or answers."""
    import pyarrow as pa

    if family is Family.MULTIPLE_CHOICE:
        return pa.int32()
    several = family in (Family.TAGGING, Family.RANKING) or (family is Family.SPAN and column == "gold")
    return pa.list_(pa.string()) if several else pa.string()


def corpus_scores(columns: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics (0-100) that the statistics of some examples amount to.

    Args:
        columns: NumPy arrays by name, one value for each example; of mining the rows of the test split.

    Raises:
        ValueError: no examples.
    """
    n = len(next(iter(columns.values())))
    if n == 0:
        raise ValueError("metrics of no examples are undefined")
    scores = {name: 100.0 * _mean(columns[name], n) for name in _MEANS if name in columns}
    if "average_precision" in columns:
        scores["map_at_20"] = 100.0 * _mean(columns["average_precision"], n)
    for unit, suffix in (("chunks", ""), ("chunks", OLD_SEQEVAL), ("pairs", "")):
        names = [f"{kind}_{unit}{suffix}" for kind in ("correct", "predicted", "gold")]
        if names[0] in columns:
            found = scores_of_counts(*(int(columns[name].sum()) for name in names))
            scores |= {f"{name}{suffix}": value for name, value in found.items()}
    if "tokens" in columns:
        scores["accuracy"] = 100.0 * int(columns["correct_tokens"].sum()) / int(columns["tokens"].sum())
    return scores


def _mean(values: Any, n: int) -> float:
    """Return the mean; summed exactly, so that it is the same in whatever order the rows come."""
    return math.fsum(values.tolist()) / n


def _common(found: Examples, correct: list[bool]) -> Columns:
    """Return the columns that all families but mining share."""
    predictions = [value if known else None for value, known in zip(found.predicted, found.answered, strict=True)]
    return {
        "id": list(found.ids),
        "split": [SCORED_SPLIT] * found.n,
        "gold": found.gold,
        "prediction": predictions,
        "score": list(found.scores),
        "correct": correct,
    }


def _decisions(task: Task, found: Examples, language: str, metrics: Mapping[str, float]) -> Columns:
    """Return the examples of one label, choice or id each."""
    correct = [label == expected for expected, label in zip(found.gold, found.predicted, strict=True)]
    return _common(found, correct) | {"accuracy": [float(right) for right in correct]}


def _sentences(task: Task, found: Examples, language: str, metrics: Mapping[str, float]) -> Columns:
    """Return the examples of one tag per token each; a sentence is correct if all of its tags are."""
    pairs = list(zip(found.gold, found.predicted, strict=True))
    right = [sum(tag == expected for expected, tag in zip(*pair, strict=True)) for pair in pairs]
    tokens = [len(tags) for tags in found.gold]
    counted = dict(zip(_chunks(""), chunk_counts(found.gold, found.predicted), strict=True))
    if any(scorer.name == f"chunk_f1{OLD_SEQEVAL}" for scorer in scorer_for(task)):
        older = chunk_counts(found.gold, found.predicted, behind_last_hyphen)
        counted |= dict(zip(_chunks(OLD_SEQEVAL), older, strict=True))
    return (
        _common(found, [count == n for count, n in zip(right, tokens, strict=True)])
        | {name: counts.tolist() for name, counts in counted.items()}
        | {"tokens": tokens, "correct_tokens": right}
    )


def _chunks(suffix: str) -> list[str]:
    """Return the names of the columns of chunk counts."""
    return [f"{kind}_chunks{suffix}" for kind in ("gold", "predicted", "correct")]


def _answers(task: Task, found: Examples, language: str, metrics: Mapping[str, float]) -> Columns:
    """Return the examples of one extracted answer each; correct is an exact match with one of the gold answers."""
    scorers = [scorer for scorer in scorer_for(task) if not scorer.columns]
    statistics: Columns = {name: [] for scorer in scorers for name in scorer.values}
    for gold, answer in zip(found.gold, found.predicted, strict=True):
        for scorer in scorers:
            for name, value in scorer.compute([gold], [answer], language).items():
                statistics[name].append(value / 100)
    return _common(found, [match == 1 for match in statistics["exact_match"]]) | statistics


def _rankings(task: Task, found: Examples, language: str, metrics: Mapping[str, float]) -> Columns:
    """Return the examples of one ranking of candidates each."""
    pairs = [(gold, ranked or []) for gold, ranked in zip(found.gold, found.predicted, strict=True)]
    correct = [bool(ranked) and ranked[0] in gold for gold, ranked in pairs]
    return _common(found, correct) | {"average_precision": [average_precision(*pair) for pair in pairs]}


def _pairs(task: Task, found: Examples, language: str, metrics: Mapping[str, float]) -> Columns:
    """Return the proposed and the true pairs of both splits: foreign id, English id that is true, that is proposed."""
    columns: Columns = {name: [] for name in ("id", "split", "gold", "prediction", "score", "correct", *_PAIR_COUNTS)}
    for split in MINING_SPLITS:
        gold, candidates = found.gold[split], found.predicted[split]
        missed = sorted(pair for pair in gold if pair not in candidates)
        for pair in (*candidates, *missed):
            foreign, english = pair
            true, score = pair in gold, candidates.get(pair)
            kept = score is not None and score >= metrics["threshold"]
            row = (foreign, split, english if true else None, None if score is None else english, score)
            counts = (int(true), int(kept), int(true and kept))
            for name, value in zip(columns, (*row, true and score is not None, *counts), strict=True):
                columns[name].append(value)
    return columns


_PAIR_COUNTS = ("gold_pairs", "predicted_pairs", "correct_pairs")

_STATISTICS: Mapping[Family, Callable[[Task, Examples, str, Mapping[str, float]], Columns]] = {
    Family.CLASSIFICATION: _decisions,
    Family.MULTIPLE_CHOICE: _decisions,
    Family.RETRIEVAL: _decisions,
    Family.TAGGING: _sentences,
    Family.SPAN: _answers,
    Family.RANKING: _rankings,
    Family.MINING: _pairs,
}
