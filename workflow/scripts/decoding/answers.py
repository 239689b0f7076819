"""From logits to predictions, family by family: classes, choices, tags of words, spans of text, neighbours.

Every function returns the columns `prediction` and `score`, one entry for each row of the canonical data. Where the
model's outputs are not numbers (NaN) the score is none either, which scoring reports.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from torch import Tensor

from workflow.scripts.features.collation import Batch
from workflow.scripts.features.store import Features

Array = np.ndarray[Any, Any]
Outputs = Iterable[tuple[Batch, Tensor]]
Columns = dict[str, list[Any]]

BEST = 20
"""Start and end positions of a window that are combined (SQuAD baselines, XTREME)."""

LONGEST_ANSWER = 30
"""Most tokens of an answer (SQuAD baselines, XTREME)."""


def classes(outputs: Outputs, features: Features, examples: int) -> Columns:
    """Return the most probable class of every example and its probability."""
    prediction: list[Any] = [None] * examples
    score = [0.0] * examples
    for batch, logits_BC in outputs:
        probability, index = logits_BC.softmax(-1).max(-1)
        # the first row of an item stands for it: one row a sequence, or the first of an example's choices
        first = (
            np.unique(batch.tensors["item"].cpu().numpy(), return_index=True)[1]
            if "item" in batch.tensors
            else slice(None)
        )
        for row, found, value in zip(batch.rows[first], index.tolist(), probability.tolist(), strict=True):
            example = features.columns["example"][row]
            prediction[example] = features.labels[found] if features.labels else found
            score[example] = value
    return {"prediction": prediction, "score": score}


def tags(outputs: Outputs, features: Features, examples: int) -> Columns:
    """Return the tag of every word and their mean probability; a long sentence's sequences are put together again."""
    parts: dict[int, tuple[Array, Array]] = {}
    for batch, logits_WC in outputs:
        probability, found = (values.cpu().numpy() for values in logits_WC.softmax(-1).max(-1))
        bounds = np.cumsum([len(features.columns["positions"][row]) for row in batch.rows])[:-1]
        words = zip(np.split(found, bounds), np.split(probability, bounds), strict=True)
        parts.update(zip(batch.rows.tolist(), words, strict=True))
    prediction: list[list[str]] = [[] for _ in range(examples)]
    score: list[list[float]] = [[] for _ in range(examples)]
    for row in sorted(parts):
        found, probability = parts[row]
        prediction[features.columns["example"][row]] += [features.labels[index] for index in found]
        score[features.columns["example"][row]] += probability.tolist()
    return {"prediction": prediction, "score": [float(np.mean(values)) for values in score]}


def spans(outputs: Outputs, features: Features, contexts: list[str], *, unanswerable: bool) -> Columns:
    """Return the best answer of every question over all windows of its context, and its summed logits.

    An answer is a stretch of the context itself, white space at its ends removed: from the first character of a token
    to the last one of a token at most `LONGEST_ANSWER` tokens on, both among the `BEST` of their window. (XTREME's code
    takes the best tokens of the whole window, question and padding included, lets a token count only in the window with
    most context around it, and puts words together again, which breaks Chinese and Thai.)

    Where a task has unanswerable questions, the answer is empty if the null score (start and end at the first token,
    the lowest over the windows) is higher than the best answer's (BERT's SQuAD v2.0 baseline, threshold 0). The columns
    `best_answer` and `null_score` (null score minus the best answer's) allow for other thresholds.
    """
    found = [""] * len(contexts)
    score = [-np.inf] * len(contexts)
    null = [np.inf] * len(contexts)
    for batch, logits_BL2 in outputs:
        for row, logits_L2 in zip(batch.rows, logits_BL2.float().cpu().numpy(), strict=True):
            example = int(features.columns["example"][row])
            if np.isnan(logits_L2).any():
                score[example] = math.nan
            null[example] = min(null[example], float(logits_L2[0].sum()))
            best = _best_span(logits_L2, features, row)
            if best is not None and best[2] > score[example]:
                start, end, score[example] = best
                found[example] = contexts[example][start:end].strip()
    score = [0.0 if value == -np.inf else value for value in score]
    if not unanswerable:
        return {"prediction": found, "score": score}
    beaten_by = [0.0 if nothing == np.inf else nothing - value for nothing, value in zip(null, score, strict=True)]
    prediction = [text if margin <= 0 else "" for text, margin in zip(found, beaten_by, strict=True)]
    return {"prediction": prediction, "score": score, "best_answer": found, "null_score": beaten_by}


def _best_span(logits_L2: Array, features: Features, row: int) -> tuple[int, int, float] | None:
    """Return (first character, past last character, score) of a window's best answer, None if it has none.

    Of equally good answers the one whose first token is the better start wins, then the one with the better end, then
    the one further to the left.
    """
    first = int(features.columns["context"][row])
    offsets = features.columns["offsets"][row].reshape(-1, 2)
    if len(offsets) == 0:
        return None
    start_scores, end_scores = logits_L2[first : first + len(offsets)].T
    starts = np.argsort(-start_scores, kind="stable")[:BEST]
    ends = np.argsort(-end_scores, kind="stable")[:BEST]
    length = ends[None, :] - starts[:, None]
    possible = (length >= 0) & (length < LONGEST_ANSWER)
    if not possible.any():
        return None
    total = np.where(possible, start_scores[starts][:, None] + end_scores[ends][None, :], -np.inf)
    i, j = divmod(int(total.argmax()), len(ends))
    return int(offsets[starts[i], 0]), int(offsets[ends[j], 1]), float(total[i, j])
