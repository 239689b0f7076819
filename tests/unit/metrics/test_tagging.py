"""Chunk F1 as XTREME computes it with seqeval, quirks included, and token accuracy."""

import warnings

import pytest

from workflow.scripts.metrics.tagging import chunk_f1, token_accuracy

ENTITIES = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-ORG"]]


def f1(gold: list[str], predicted: list[str]) -> float:
    return chunk_f1([gold], [predicted])["f1"]


def test_gold_as_prediction_scores_100() -> None:
    assert chunk_f1(ENTITIES, ENTITIES) == {"f1": 100.0}
    assert token_accuracy(ENTITIES, ENTITIES) == {"accuracy": 100.0}


def test_entities_count_only_with_both_borders_and_the_type() -> None:
    predicted = [["B-PER", "O", "O", "B-LOC"], ["O", "B-PER"]]  # a short name, a right one, a wrong type
    assert chunk_f1(ENTITIES, predicted)["f1"] == pytest.approx(100 / 3)
    assert token_accuracy(ENTITIES, predicted)["accuracy"] == pytest.approx(400 / 6)


def test_nothing_found_scores_0_and_tokens_outside_still_count() -> None:
    nothing = [["O"] * 4, ["O"] * 2]
    assert chunk_f1(ENTITIES, nothing) == {"f1": 0.0}
    assert token_accuracy(ENTITIES, nothing)["accuracy"] == pytest.approx(200 / 6)


def test_no_entities_on_either_side_score_0_as_in_seqeval() -> None:
    assert f1(["O", "O"], ["O", "O"]) == 0.0


def test_an_inside_tag_opens_a_chunk_where_none_is_open() -> None:
    assert f1(["B-PER", "I-PER"], ["I-PER", "I-PER"]) == 100.0


def test_chunks_do_not_cross_sentences() -> None:
    assert chunk_f1([["NOUN"], ["NOUN"]], [["NOUN"], ["VERB"]])["f1"] == 50.0


def test_adjacent_equal_parts_of_speech_are_one_chunk() -> None:
    # gold: one chunk of two tokens and one of one; found: NOUN, VERB, DET; only DET agrees: P 1/3, R 1/2
    assert f1(["NOUN", "NOUN", "DET"], ["NOUN", "VERB", "DET"]) == pytest.approx(40.0)
    assert token_accuracy([["NOUN", "NOUN", "DET"]], [["NOUN", "VERB", "DET"]])["accuracy"] == pytest.approx(200 / 3)


def test_tags_that_start_with_s_are_single_chunks() -> None:
    # Two chunks, so that one of them can be right; two NOUN would have been one chunk, wholly wrong.
    assert f1(["SYM", "SYM"], ["SYM", "DET"]) == pytest.approx(50.0)


def test_tags_that_differ_in_the_first_letter_only_are_one_type() -> None:
    assert f1(["CCONJ", "DET"], ["SCONJ", "DET"]) == 100.0
    assert token_accuracy([["CCONJ", "DET"]], [["SCONJ", "DET"]]) == {"accuracy": 50.0}


def test_a_tag_of_one_letter_is_a_chunk() -> None:
    assert f1(["X", "DET"], ["X", "VERB"]) == 50.0


def test_seqeval_does_not_warn_about_parts_of_speech() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chunk_f1([["NOUN"]], [["VERB"]])


@pytest.mark.parametrize("metric", [chunk_f1, token_accuracy])
@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        ([["O"]], [], "0 predicted sentences for 1"),
        ([["O"], ["O", "O"]], [["O"], ["O"]], "sentence 1 has 2 tokens but 1 predicted"),
        ([["O"]], [[""]], "sentence 0 has an empty tag"),
        ([], [], "no tokens"),
        ([[]], [[]], "no tokens"),
    ],
)
def test_shapes_that_do_not_fit_are_errors(metric, gold, predicted, message) -> None:
    with pytest.raises(ValueError, match=message):
        metric(gold, predicted)
