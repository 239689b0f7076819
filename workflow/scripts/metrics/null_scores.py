"""When to leave a question unanswered: the threshold of SQuAD v2.0, searched after the fact.

A model has for each question its best answer and the score by which "no answer" beats it (the null score). The
predictions apply the threshold 0. The official script, given the null scores, also reports what the best threshold
would have given, one for F1 and one for exact match: chosen on the questions that it is reported on, so too high.
"""

from collections.abc import Sequence

from workflow.scripts.metrics.spans import Answers, v2_scores

NULL_COLUMNS = ("best_answer", "null_score")
"""Columns of predictions where questions may have no answer: the best answer, and by how much "no answer" beats it."""


def best_null_thresholds(
    gold: Sequence[Answers],
    predicted: Sequence[str | None],
    language: str,
    best_answers: Sequence[str | None],
    null_scores: Sequence[float | None],
) -> dict[str, float]:
    """Return the highest F1 and exact match that a threshold on the null scores gives, and these thresholds.

    A question is answered, with its best answer, if its null score is at most the threshold. As officially,

    * thresholds are the null scores one after the other; questions with equal ones are taken in the order of the
      data, so that a cut may lie between them,
    * where no cut beats leaving everything unanswered the threshold is 0.

    Args:
        gold: for each question the texts of its gold answers; none means unanswerable.
        predicted: the answers at threshold 0; None marks a question without prediction, which is never right. (The
            official script leaves it out of the mean.)
        language: not used.
        best_answers: for each question the best answer, never "no answer".
        null_scores: for each question the score of "no answer" minus that of the best answer.

    Returns:
        `{"best_f1", "best_exact_match"}`, 0-100, and `{"best_f1_threshold", "best_exact_match_threshold"}`.

    Raises:
        ValueError: a question with a prediction lacks the best answer or the null score, or there are no questions.

    Source: `find_all_best_thresh` in rajpurkar/SQuAD-explorer `evaluate-v2.0.py`.
    """
    for i, (answer, best, null) in enumerate(zip(predicted, best_answers, null_scores, strict=True)):
        if answer is not None and (best is None or null is None):
            raise ValueError(f"question {i} has a prediction, but no best answer with a null score")
    asked = [i for i, answer in enumerate(predicted) if answer is not None]
    # Official: a question is unanswerable here if it has no gold answers, even empty ones
    unanswerable = [not gold[i] for i in asked]
    f1s, matches = v2_scores([gold[i] for i in asked], [best_answers[i] for i in asked])
    nulls = [value for i in asked if (value := null_scores[i]) is not None]
    empty = [not best_answers[i] for i in asked]
    found: dict[str, float] = {}
    for name, scores in (("f1", f1s), ("exact_match", matches)):
        gains = [
            (0.0 if nothing else -1.0) if no_answer else score
            for score, no_answer, nothing in zip(scores, unanswerable, empty, strict=True)
        ]
        best_score, threshold = _best_cut(gains, nulls, float(sum(unanswerable)))
        found |= {f"best_{name}": 100.0 * best_score / len(gold), f"best_{name}_threshold": threshold}
    return found


def _best_cut(gains: Sequence[float], nulls: Sequence[float], start: float) -> tuple[float, float]:
    """Return the highest sum of `start` and the gains of the lowest null scores, and the last of these (or 0)."""
    best, threshold = start, 0.0
    total = start
    for i in sorted(range(len(nulls)), key=lambda i: nulls[i]):
        total += gains[i]
        if total > best:
            best, threshold = total, nulls[i]
    return best, threshold
