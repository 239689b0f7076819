"""Accuracy of labels, choices and retrieved ids."""

import pytest

from workflow.scripts.metrics.classification import accuracy
from workflow.scripts.metrics.retrieval import retrieval_accuracy


def test_gold_as_prediction_scores_100() -> None:
    assert accuracy(["neutral", "entailment"], ["neutral", "entailment"]) == {"accuracy": 100.0}


def test_a_constant_prediction_scores_the_share_of_that_label() -> None:
    assert accuracy([0, 1, 2, 2, 2, 0, 1, 3], [2] * 8) == {"accuracy": 37.5}


def test_a_label_is_not_equal_to_its_number() -> None:
    assert accuracy(["1", "0"], [1, "0"]) == {"accuracy": 50.0}


def test_a_translation_with_the_same_text_under_another_id_is_wrong() -> None:
    assert retrieval_accuracy(["r0", "r1", "r2"], ["r0", "r0", "r2"])["accuracy"] == pytest.approx(200 / 3)


def test_no_examples_are_an_error() -> None:
    with pytest.raises(ValueError, match="no examples"):
        accuracy([], [])


def test_one_prediction_too_few_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        accuracy(["a", "b"], ["a"])
