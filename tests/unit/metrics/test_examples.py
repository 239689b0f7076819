"""Every corpus metric can be recomputed from the table of examples alone."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.scoring import Row, Study, mined, pool, predictions_for
from workflow.scripts.metrics.examples import corpus_scores
from workflow.scripts.metrics.mining import best_threshold, pair_scores

DRAW = random.Random(0)
UPOS = ["ADP", "DET", "NOUN", "SCONJ", "SYM", "VERB", "X"]
WORDS = ["the", "a", "dog", "of", "Köln,", "—", "1.5", "der", "Hund", "狗", "的", "الكلب"]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


def forty_rows(language: str, column: str, value: Any) -> list[Row]:
    """Return forty rows of a language."""
    return [{"id": f"{language}-{i}", "language": language, column: value(i)} for i in range(40)]


def tags(length: int) -> list[str]:
    """Return random tags."""
    return [DRAW.choice(UPOS) for _ in range(length)]


def answer(_: int = 0) -> str:
    """Return a random answer."""
    return " ".join(DRAW.choices(WORDS, k=DRAW.randint(0, 4)))


CASES = {
    "xnli": ("label", lambda i: "neutral", lambda row: DRAW.choice(["neutral", "entailment", None])),
    "tatoeba": ("text_a", str, lambda row: DRAW.choice([row["id"], "en-0"])),
    "udpos": ("tags", lambda i: tags(1 + i % 7), lambda row: DRAW.choice([tags(len(row["tags"])), row["tags"], None])),
    "xquad": ("answers", lambda i: [{"text": answer(), "start": 0} for _ in range(3)], lambda row: answer()),
    "mlqa": ("answers", lambda i: [{"text": answer(), "start": 0} for _ in range(2)], lambda row: answer()),
}


@pytest.mark.parametrize("task", CASES)
def test_the_metrics_are_those_of_the_corpus(study: Study, task: str) -> None:
    column, value, predict = CASES[task]
    data = [row for language in ("en", "de", "zh") for row in forty_rows(language, column, value)]
    made = zip(predictions_for(data, "id"), data, strict=True)
    predictions = [row | {"prediction": predict(example)} for row, example in made]
    scores = study.score(task, DRAW.sample(predictions, len(predictions)), test=data)["languages"]
    table = study.examples(task, predictions, test=data)
    assert table["id"].to_pylist()[:40] == [row["id"] for row in data if row["language"] == "de"]
    for language, result in scores.items():
        rows = table.filter(pa.compute.equal(table["language"], language))
        found = corpus_scores({name: np.asarray(rows[name]) for name in rows.column_names})
        assert {name: found[name] for name in result["metrics"]} == pytest.approx(result["metrics"], abs=1e-11)
        assert rows.num_rows == result["n"]


def test_mined_pairs_give_threshold_and_scores(study: Study) -> None:
    gold = {"dev": pool(), "test": pool(repeated=True)}
    predictions = mined("dev", (0, 0, 1.5), (1, 1, 1.25), (2, 0, 1.0)) + mined(
        "test", (0, 0, 1.2), (1, 1, 1.3), (1, 2, 1.4)
    )
    metrics = study.metrics("bucc2018", predictions, **gold)["de"]
    rows = study.examples("bucc2018", predictions, **gold).to_pylist()
    candidates: dict[str, dict[tuple[str, str], float]] = {"dev": {}, "test": {}}
    true: dict[str, set[tuple[str, str]]] = {"dev": set(), "test": set()}
    for row in rows:
        if row["prediction"]:
            candidates[row["split"]][row["id"], row["prediction"]] = row["score"]
        if row["gold"]:
            true[row["split"]].add((row["id"], row["gold"]))
    threshold = best_threshold(candidates["dev"], true["dev"])
    found = {pair for pair, score in candidates["test"].items() if score >= threshold}
    expected = {**pair_scores(found, true["test"]), "threshold": threshold}
    assert {name: metrics[name] for name in expected} == expected
    names = ("gold_pairs", "predicted_pairs", "correct_pairs")
    counts = {name: np.array([row[name] for row in rows if row["split"] == "test"]) for name in names}
    assert corpus_scores(counts) == {name: metrics[name] for name in ("f1", "precision", "recall")}


def test_a_pair_counts_from_the_threshold_on(study: Study) -> None:
    predictions = mined("dev", (0, 0, 1.5), (1, 1, 1.25)) + mined("test", (0, 0, 1.25), (1, 2, 1.3), (2, 2, 1.0))
    gold = {"dev": pool(), "test": pool()}
    assert study.metrics("bucc2018", predictions, **gold)["de"]["threshold"] == 1.25
    names = ("score", "correct", "gold_pairs", "predicted_pairs", "correct_pairs")
    rows = {
        (row["id"], row["prediction"]): tuple(row[name] for name in names)
        for row in study.examples("bucc2018", predictions, **gold).to_pylist()
        if row["split"] == "test"
    }
    assert rows == {
        ("f0", "e0"): (1.25, True, 1, 1, 1),
        ("f1", "e2"): (1.3, False, 0, 1, 0),
        ("f2", "e2"): (1.0, True, 1, 0, 0),  # proposed, but below the threshold
        ("f1", None): (None, False, 1, 0, 0),
    }


def test_the_columns_are_gold_beside_prediction(study: Study) -> None:
    data = [
        {
            "id": "en-1",
            "language": "en",
            "question": "Who?",
            "slice_genre": "news",
            "answers": [{"text": "the dog", "start": 0}],
        },
        {
            "id": "de-1",
            "language": "de",
            "question": "Wer?",
            "slice_genre": None,
            "answers": [{"text": "Hund", "start": 0}],
        },
    ]
    predictions = [
        row | {"prediction": answer} for row, answer in zip(predictions_for(data, "id"), ("dog", None), strict=True)
    ]
    found = study.examples("xquad", predictions, test=data).to_pylist()
    expected: list[Row] = [
        {"id": "de-1", "language": "de", "split": "test", "gold": ["Hund"], "prediction": None, "score": 0.5},
        {"id": "en-1", "language": "en", "split": "test", "gold": ["the dog"], "prediction": "dog", "score": 0.5},
    ]
    expected[0] |= {"correct": False, "f1": 0.0, "exact_match": 0.0, "slice_genre": None}
    expected[1] |= {"correct": True, "f1": 1.0, "exact_match": 1.0, "slice_genre": "news"}
    expected = [row | {"slice_question_type": "who"} for row in expected]
    assert [{name: row[name] for name in expected[0]} for row in found] == expected


def test_choices_keep_their_numbers_and_tags_their_lists(study: Study) -> None:
    choice = [{"id": "en-1", "language": "en", "label": 1}]
    table = study.examples("hellaswag", predictions_for(choice, "label"), test=choice)
    assert (str(table.schema.field("gold").type), table["prediction"].to_pylist()) == ("int32", [1])
    sentence = [{"id": "en-1", "language": "en", "tags": ["NOUN", "VERB"]}]
    (row,) = study.examples("udpos", predictions_for(sentence, "tags"), test=sentence).to_pylist()
    assert (row["gold"], row["correct"], row["tokens"], row["correct_tokens"]) == (["NOUN", "VERB"], True, 2, 2)


def test_metrics_of_nothing_are_undefined() -> None:
    with pytest.raises(ValueError, match="no examples"):
        corpus_scores({"accuracy": np.array([])})
