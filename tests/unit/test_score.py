"""The program score, from Parquet files to the scores of every language."""

from pathlib import Path

import pytest

from tests.unit.scoring import XNLI, Study, change, mined, pool, predictions_for
from workflow.scripts.files import sha256


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


def test_scores_carry_their_provenance(study: Study) -> None:
    scores = study.score("xnli", predictions_for(XNLI, "label"), test=XNLI)
    assert scores.pop("commit")
    assert scores == {
        "task": "xnli",
        "target": "xnli",
        "collection": "laboratory",
        "model": "tiny",
        "source": "none",
        "seed": 1,
        "task_version": "1",
        "metric_versions": {"accuracy": "accuracy.1"},
        "data_sha": sha256(study.folder / "test.parquet"),
        "spec_hash": "5bec",
        "languages": {code: {"n": 2, "metrics": {"accuracy": 100.0}} for code in ("en", "qaa")},
        "main_metrics": ["accuracy"],
    }


def test_examples_are_matched_by_language_and_id_in_any_order(study: Study) -> None:
    predictions = predictions_for(XNLI, "label")[::-1]
    predictions[0]["prediction"] = "neutral"  # qaa/2
    assert study.metrics("xnli", predictions, test=XNLI) == {"en": {"accuracy": 100.0}, "qaa": {"accuracy": 50.0}}


def test_rows_of_other_splits_are_left_aside(study: Study) -> None:
    wrong = [row | {"prediction": "contradiction"} for row in predictions_for(XNLI, "label", "dev")]
    scores = study.metrics("xnli", wrong + predictions_for(XNLI, "label"), test=XNLI)
    assert scores["en"] == {"accuracy": 100.0}


def test_tags_are_scored_with_chunks_and_tokens(study: Study) -> None:
    data = [{"id": "1", "language": "en", "tokens": ["a", "b"], "tags": ["NOUN", "NOUN"]}]
    predictions = predictions_for(data, "tags")
    predictions[0]["prediction"] = ["NOUN", "VERB"]
    expected = {"f1": 0.0, "accuracy": 50.0, "f1_seqeval_0_0_12": 0.0}
    assert study.metrics("udpos", predictions, test=data) == {"en": expected}


def test_answers_are_scored_by_the_rules_of_their_benchmark(study: Study) -> None:
    answers = [{"text": "der Hund", "start": 3}, {"text": "Hund", "start": 7}]
    data = [{"id": "1", "language": "de", "context": "", "question": "", "answers": answers}]
    found = [{"id": "1", "language": "de", "split": "test", "prediction": "ein Hund", "score": 0.5}]
    assert study.metrics("mlqa", found, test=data) == {"de": {"f1": 100.0, "exact_match": 100.0}}
    xquad = study.metrics("xquad", found, test=data)["de"]
    expected = {"f1": pytest.approx(200 / 3), "exact_match": 0.0}
    assert xquad == expected | {"f1_language_aware": 100.0, "exact_match_language_aware": 100.0}


def test_retrieval_compares_ids(study: Study) -> None:
    data = [{"id": str(i), "language": "qaa", "text_a": "x", "text_b": "y"} for i in range(4)]
    predictions = predictions_for(data, "id")
    predictions[3]["prediction"] = "0"
    assert study.metrics("tatoeba", predictions, test=data) == {"qaa": {"accuracy": 75.0}}


def test_mining_applies_the_threshold_of_dev_to_test(study: Study) -> None:
    dev = mined("dev", (0, 0, 1.5), (1, 1, 1.25), (2, 0, 1.0))
    test = mined("test", (0, 0, 1.2), (1, 2, 1.3), (2, 2, 1.0))
    scores = study.score("bucc2018", dev + test, dev=pool(), test=pool()[::-1])
    expected = {"f1": pytest.approx(40.0), "precision": 50.0, "recall": pytest.approx(100 / 3), "threshold": 1.125}
    (result,) = scores["languages"].values()
    assert result["n"] == 3
    assert {name: result["metrics"][name] for name in expected} == expected
    assert scores["data_sha"] == "+".join(sha256(study.folder / f"{name}.parquet") for name in ("test", "dev"))


def test_mining_leaves_repeated_sentences_out(study: Study) -> None:
    oracle = [(i, i, 1.5) for i in range(3)]
    predictions = mined("dev", *oracle) + mined("test", *oracle)
    scores = study.metrics("bucc2018", predictions, dev=pool(), test=pool(repeated=True))["de"]
    assert (scores["precision"], scores["recall"]) == (100.0, pytest.approx(100 / 3))


@pytest.mark.parametrize("empty", ["dev", "test"])
def test_a_language_without_candidates_is_scored_as_one_that_found_nothing(study: Study, empty: str) -> None:
    nothing = {"id": None, "language": "de", "split": empty, "prediction": None, "score": None}
    other = mined("test" if empty == "dev" else "dev", (0, 1, 1.5))
    assert study.metrics("bucc2018", [nothing, *other], dev=pool(), test=pool())["de"]["f1"] == 0.0


def test_an_unanswered_example_counts_as_wrong_and_is_counted(study: Study) -> None:
    predictions = change(predictions_for(XNLI, "label"), 0, prediction=None, score=None)
    scores = study.score("xnli", predictions, test=XNLI)["languages"]
    assert scores["en"] == {"n": 2, "metrics": {"accuracy": 50.0}, "unanswered": 1}
    assert scores["qaa"] == {"n": 2, "metrics": {"accuracy": 100.0}}


def test_an_untagged_sentence_has_no_chunk_and_no_right_token(study: Study) -> None:
    data = [{"id": str(i), "language": "en", "tags": ["B-PER", "O"]} for i in range(4)]
    predictions = change(predictions_for(data, "tags"), 3, prediction=None, score=None)
    scores = study.score("panx", predictions, test=data)["languages"]["en"]
    assert scores["unanswered"] == 1
    expected = {"f1": pytest.approx(100 * 2 * 0.75 / 1.75), "accuracy": 75.0}
    assert {name: scores["metrics"][name] for name in expected} == expected


@pytest.mark.parametrize("answer", [None, ""])
def test_an_unanswered_question_scores_nothing(study: Study, answer: str | None) -> None:
    data = [{"id": str(i), "language": "de", "answers": [{"text": "Hund", "start": 0}]} for i in range(2)]
    predictions = [
        {"id": str(i), "language": "de", "split": "test", "prediction": text, "score": 0.5}
        for i, text in enumerate((answer, "Hund"))
    ]
    scores = study.score("mlqa", predictions, test=data)["languages"]["de"]
    assert scores == {"n": 2, "metrics": {"f1": 50.0, "exact_match": 50.0}, "unanswered": 1}
