"""Every task that is scored has metrics, and they return what they promise."""

from typing import Any

import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.metrics import METRICS, score_language, scorer_for
from workflow.scripts.tasks import TASKS, Family

SCORED = [task for task in TASKS.values() if task.family is not Family.TEXT]

PAIRS = {("f", "e")}
ORACLE: dict[Family, tuple[Any, Any]] = {
    Family.CLASSIFICATION: (["a", "b"], ["a", "b"]),
    Family.MULTIPLE_CHOICE: ([0, 1], [0, 1]),
    Family.TAGGING: ([["B-PER", "O"]], [["B-PER", "O"]]),
    Family.SPAN: ([["an answer"]], ["answer"]),
    Family.RETRIEVAL: (["r1"], ["r1"]),
    Family.RANKING: ([["c1", "c2"]], [["c2", "c1", "c3"]]),
    Family.MINING: ({"dev": PAIRS, "test": PAIRS}, {"dev": {("f", "e"): 1.1}, "test": {("f", "e"): 1.1}}),
    Family.RANKING: ([["c1"]], [["c1", "c2"]]),
}
MORE: dict[str, Any] = {
    "best_answer": ["answer"],
    "null_score": [-1.0],
    "all_ids": {"dev": {("f", "e"): 1.1}, "test": {("f", "e"): 1.1}},
}


@pytest.mark.parametrize("task", SCORED, ids=lambda task: task.name)
def test_an_oracle_scores_100_in_every_main_metric(task) -> None:
    gold, predicted = ORACLE[task.family]
    scores = score_language(task, gold, predicted, "en")
    assert task.metrics
    assert {name: scores[name] for name in task.metrics} == dict.fromkeys(task.metrics, 100.0)


@pytest.mark.parametrize("task", SCORED, ids=lambda task: task.name)
def test_metrics_return_the_values_they_declare_and_no_two_the_same(task) -> None:
    gold, predicted = ORACLE[task.family]
    metrics = scorer_for(task)
    declared = [name for metric in metrics for name in metric.values]
    assert list(score_language(task, gold, predicted, "en", MORE)) == declared
    assert len(set(declared)) == len(declared)


@pytest.mark.parametrize(
    ("task", "metrics"),
    [
        ("udpos", ["chunk_f1_syntactic_words", "token_accuracy", "chunk_f1_seqeval_0_0_12"]),
        ("panx", ["chunk_f1", "token_accuracy", "chunk_f1_seqeval_0_0_12"]),
        ("ccg", ["token_accuracy"]),
        ("xquad", ["squad_v1", "span_language_aware"]),
        ("tydiqa", ["squad_v1", "span_language_aware"]),
        ("mlqa", ["mlqa"]),
        ("squad_v2", ["squad_v2", "null_threshold"]),
        ("bucc2018", ["mining_f1", "mining_f1_all_ids"]),
    ],
)
def test_benchmarks_with_scripts_of_their_own_keep_them(task: str, metrics: list[str]) -> None:
    assert [metric.name for metric in scorer_for(TASKS[task])] == metrics


def test_a_metric_without_its_columns_is_left_out() -> None:
    scores = score_language(TASKS["squad_v2"], [[], ["dog"]], ["", "dog"], "en")
    assert scores == {"f1": 100.0, "exact_match": 100.0}
    more = {"best_answer": ["cat", "dog"], "null_score": [2.0, -1.0]}
    scores = score_language(TASKS["squad_v2"], [[], ["dog"]], ["cat", "dog"], "en", more)
    assert (scores["f1"], scores["best_f1"], scores["best_f1_threshold"]) == (50.0, 100.0, -1.0)


def test_plain_text_is_not_scored() -> None:
    with pytest.raises(UserError, match="has no metrics"):
        scorer_for(TASKS["wikipedia"])


def test_metrics_are_named_versioned_and_sourced() -> None:
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.version >= 1
        assert metric.source
        assert metric.label == f"{name}.{metric.version}"
