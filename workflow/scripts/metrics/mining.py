"""Precision, recall and F1 of bitext mining: BUCC 2018.

Mining proposes pairs with scores. The threshold above which a pair counts as a translation is chosen on the
dev pool so that F1 is highest there, and applied to the test pool (XTREME §3; jiant `xtreme_submission.py`).

Source: `bucc_optimize`, `bucc_extract`, `bucc_eval` and `read_sent2id` in google-research/xtreme
`third_party/utils_retrieve.py`, `bucc_f1` in `evaluate.py`. Where we are sounder than they are:

* the official loop looks one candidate beyond the best cut and stops with an IndexError where the best cut
  keeps all candidates; we then take the lowest score itself as the threshold;
* among candidates with equal scores the official result depends on their order in the file and may be an F1
  that no threshold reaches; we only cut between different scores. Without ties both are the same.

jiant, and so the paper, treats repeated sentences in another way than XTREME and LASER, see `mining_f1_all_ids`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from itertools import groupby, product

Pair = tuple[str, str]
"""A foreign id and an English id."""


def best_threshold(candidates: Mapping[Pair, float], gold: Set[Pair]) -> float:
    """Return the threshold that maximises F1 on `gold` when pairs with `score >= threshold` are kept.

    It lies midway between the scores of the last pair kept and the first one dropped; of equally good cuts
    the one that keeps fewest pairs is taken. Where no candidate is right it is 0, which keeps all pairs, as
    in the official script.

    Args:
        candidates: score of each proposed pair, in any order.
        gold: the true pairs; not empty.
    """
    ranked = sorted(candidates.items(), key=lambda item: -item[1])
    levels = [(score, [pair in gold for pair, _ in items]) for score, items in groupby(ranked, lambda item: item[1])]
    threshold = best_f1 = 0.0
    kept = correct = 0
    for i, (score, hits) in enumerate(levels):
        kept += len(hits)
        correct += sum(hits)
        f1 = _f1(correct, kept, len(gold))
        if f1 > best_f1:
            best_f1 = f1
            threshold = _between(levels[i + 1][0], score) if i + 1 < len(levels) else score
    return threshold


def _between(lower: float, upper: float) -> float:
    """Return the midpoint, or `upper` where rounding would return `lower`, whose pair is to be dropped."""
    midpoint = (upper + lower) / 2
    return midpoint if midpoint > lower else upper


def _f1(correct: int, kept: int, true: int) -> float:
    """Return F1 (0..1) in the official order of operations: cuts tie, or not, as they do there."""
    if correct == 0:
        return 0.0
    precision, recall = correct / kept, correct / true
    return 2 * precision * recall / (precision + recall)


def pair_scores(found: Set[Pair], gold: Set[Pair]) -> dict[str, float]:
    """Return `{"f1", "precision", "recall"}`, each 0-100, of the pairs found; 0 where none is right."""
    return scores_of_counts(len(found & gold), len(found), len(gold))


def scores_of_counts(correct: int, found: int, true: int) -> dict[str, float]:
    """Return `{"f1", "precision", "recall"}`, each 0-100, of what was found and what is true; 0 where none is right."""
    if correct == 0:
        return {"f1": 0.0, "precision": 0.0, "recall": 0.0}
    return {
        "f1": 100.0 * _f1(correct, found, true),
        "precision": 100.0 * correct / found,
        "recall": 100.0 * correct / true,
    }


def repeated_ids(ids: Sequence[str], texts: Sequence[str]) -> frozenset[str]:
    """Return the ids of the sentences of one side whose text, stripped, occurs more than once there.

    XTREME maps mined sentences back to ids by their text and deletes texts that occur twice: such pairs can
    neither be right nor wrong, but gold pairs among them still count for recall. (jiant keeps them, with
    every combination of ids.)
    """
    return frozenset(ids_of_repeated(ids, texts))


def ids_of_repeated(ids: Sequence[str], texts: Sequence[str]) -> dict[str, list[str]]:
    """Return all ids of the same sentence, in order, by each id whose text, stripped, occurs more than once."""
    stripped = [text.strip() for text in texts]
    occurrences = Counter(stripped)
    groups: dict[str, list[str]] = {}
    if len(occurrences) == len(stripped):
        return groups
    by_text: dict[str, list[str]] = {}
    for name, text in zip(ids, stripped, strict=True):
        if occurrences[text] > 1:
            groups[name] = by_text.setdefault(text, [])
            groups[name].append(name)
    return groups


def without_repeated(candidates: Mapping[Pair, float], foreign: Set[str], english: Set[str]) -> dict[Pair, float]:
    """Return the candidates of which neither side is among the `repeated_ids` of that side."""
    return {pair: score for pair, score in candidates.items() if pair[0] not in foreign and pair[1] not in english}


def with_all_ids(
    candidates: Mapping[Pair, float], foreign: Mapping[str, Sequence[str]], english: Mapping[str, Sequence[str]]
) -> Mapping[Pair, float]:
    """Return the candidates with every combination of the ids of repeated sentences (`ids_of_repeated`).

    Source: `Bucc2018EvaluationScheme.get_preds_from_accumulator` in nyu-mll/jiant `jiant/tasks/evaluate/core.py`.
    """
    if not foreign and not english:
        return candidates
    found: dict[Pair, float] = {}
    for pair, score in candidates.items():
        left, right = pair
        if left in foreign or right in english:
            found |= dict.fromkeys(product(foreign.get(left, (left,)), english.get(right, (right,))), score)
        else:
            found[pair] = score
    return found


def mining_f1(
    gold: Mapping[str, Set[Pair]], predicted: Mapping[str, Mapping[Pair, float]], language: str = ""
) -> dict[str, float]:
    """Return the test scores of one language at the threshold that is best on its dev pool.

    Args:
        gold: the true pairs of the splits `dev` and `test`.
        predicted: the candidates with their scores of both splits, repeated sentences already removed.
        language: not used; all metrics of the registry are called alike.

    Returns:
        `{"f1", "precision", "recall"}`, each 0-100, and `"threshold"`, a margin score (about 1), no
        percentage.

    Raises:
        ValueError: a split without gold pairs.
    """
    _check_gold(gold)
    threshold = best_threshold(predicted["dev"], gold["dev"])
    found = {pair for pair, score in predicted["test"].items() if score >= threshold}
    return {**pair_scores(found, gold["test"]), "threshold": threshold}


def mining_f1_all_ids(
    gold: Mapping[str, Set[Pair]],
    predicted: Mapping[str, Mapping[Pair, float]],
    language: str,
    all_ids: Mapping[str, Mapping[Pair, float]],
) -> dict[str, float]:
    """Return the test scores of one language if repeated sentences are kept, with all of their ids, as in jiant.

    A sentence with two ids that is mined once gives two candidates, of which at most one may be true. They have the
    same score, and the threshold is jiant's: among candidates with equal scores the first ones alone may make the best
    cut, in the order of `all_ids`, although the threshold then keeps all of them.

    Args:
        gold: the true pairs of the splits `dev` and `test`.
        predicted: not used: the candidates without repeated sentences.
        language: not used.
        all_ids: the candidates with their scores of both splits, all ids (`with_all_ids`).

    Returns:
        The values of `mining_f1`, each name followed by `_all_ids`.

    Raises:
        ValueError: a split without gold pairs.

    Source: `bucc_eval` and `bucc_optimize` in nyu-mll/jiant `jiant/tasks/lib/bucc2018.py`.
    """
    _check_gold(gold)
    threshold = _first_best_threshold(all_ids["dev"], gold["dev"])
    found = {pair for pair, score in all_ids["test"].items() if score >= threshold}
    scores = {**pair_scores(found, gold["test"]), "threshold": threshold}
    return {f"{name}_all_ids": value for name, value in scores.items()}


def _first_best_threshold(candidates: Mapping[Pair, float], gold: Set[Pair]) -> float:
    """Return jiant's threshold: a cut may lie between candidates with equal scores, which keeps all of them."""
    ranked = sorted(candidates.items(), key=lambda item: -item[1])
    threshold = best_f1 = 0.0
    correct = 0
    for i, (pair, score) in enumerate(ranked):
        correct += pair in gold
        f1 = _f1(correct, i + 1, len(gold))
        if f1 > best_f1:
            best_f1 = f1
            threshold = (score + ranked[i + 1][1]) / 2 if i + 1 < len(ranked) else score
    return threshold


def _check_gold(gold: Mapping[str, Set[Pair]]) -> None:
    """Raise `ValueError` for a split without gold pairs."""
    for split in ("dev", "test"):
        if not gold[split]:
            raise ValueError(f"split '{split}' has no gold pairs")
