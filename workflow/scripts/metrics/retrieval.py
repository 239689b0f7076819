"""Accuracy of nearest-neighbour retrieval: Tatoeba."""

from collections.abc import Sequence

from workflow.scripts.metrics.classification import accuracy


def retrieval_accuracy(gold: Sequence[str], predicted: Sequence[str], language: str = "") -> dict[str, float]:
    """Return the share of queries whose nearest neighbour is their own translation.

    A translation with the same text under another id counts as wrong, as in XTREME, where the label of a
    sentence is its line number.

    Args:
        gold: for each query the id of its translation.
        predicted: for each query the id of the sentence found.
        language: not used; all metrics of the registry are called alike.

    Returns:
        `{"accuracy": 0..100}`.

    Raises:
        ValueError: no queries, or not one prediction per query.

    Source: google-research/xtreme `evaluate.py` (tatoeba: accuracy). The search itself is
    `decoding.neighbours.nearest`.
    """
    return accuracy(gold, predicted, language)
