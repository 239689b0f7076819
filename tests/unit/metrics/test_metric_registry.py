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
    Family.MINING: ({"dev": PAIRS, "test": PAIRS}, {"dev": {("f", "e"): 1.1}, "test": {("f", "e"): 1.1}}),
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
    assert list(score_language(task, gold, predicted, "en")) == declared
    assert len(set(declared)) == len(declared)


@pytest.mark.parametrize(
    ("task", "metrics"),
    [
        ("udpos", ["chunk_f1_syntactic_words", "token_accuracy"]),
        ("panx", ["chunk_f1", "token_accuracy"]),
        ("ccg", ["token_accuracy"]),
        ("xquad", ["squad_v1"]),
        ("tydiqa", ["squad_v1"]),
        ("mlqa", ["mlqa"]),
        ("squad_v2", ["squad_v2"]),
        ("bucc2018", ["mining_f1"]),
    ],
)
def test_benchmarks_with_scripts_of_their_own_keep_them(task: str, metrics: list[str]) -> None:
    assert [metric.name for metric in scorer_for(TASKS[task])] == metrics


def test_plain_text_is_not_scored() -> None:
    with pytest.raises(UserError, match="has no metrics"):
        scorer_for(TASKS["wikipedia"])


def test_metrics_are_named_versioned_and_sourced() -> None:
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.version >= 1
        assert metric.source
        assert metric.label == f"{name}.{metric.version}"
