"""Accuracy of one decision per example: XNLI, PAWS-X and the multiple-choice tasks."""

from collections.abc import Sequence
from typing import Any


def accuracy(gold: Sequence[Any], predicted: Sequence[Any], language: str = "") -> dict[str, float]:
    """Return the share of examples whose predicted label equals the gold label.

    Args:
        gold: one label per example (a name, or the index of the right choice).
        predicted: one label per example, in the same order.
        language: not used; all metrics of the registry are called alike.

    Returns:
        `{"accuracy": 0..100}`.

    Raises:
        ValueError: no examples, or not one prediction per example.

    Source: `accuracy` in google-research/xtreme `evaluate.py`.
    """
    if not gold:
        raise ValueError("accuracy of no examples is undefined")
    correct = sum(label == expected for expected, label in zip(gold, predicted, strict=True))
    return {"accuracy": 100.0 * correct / len(gold)}
