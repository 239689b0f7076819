"""Gold as prediction scores the most there is, in every task and language; a constant what one computes by hand."""

import subprocess
import sys
from typing import Any

import pytest

from workflow.scripts.metrics import score_language, scorer_for
from workflow.scripts.tasks import TASKS, Family, Task

PHRASES = {
    "ar": "القاهرة، سنة ١٩٩٠",
    "el": "η παλιά γέφυρα",
    "hi": "राम का घर",
    "ja": "東京タワー",
    "ko": "오래된 돌다리",
    "ru": "«старый» мост",
    "th": "บ้านของฉัน",
    "te": "పాత వంతెన",
    "bn": "পুরানো সেতু",
    "zh": "北京大学，1998年",
}
"""Answers; in other languages an English one."""

CELLS = [
    pytest.param(task, language, id=f"{task.name}-{language}")
    for task in TASKS.values()
    if task.family is not Family.TEXT
    for language in task.languages
]


def gold_of(task: Task, language: str) -> list[Any]:
    """Return gold for four examples; of the labels the first one twice."""
    phrase = PHRASES.get(language, "old bridge 1990")
    chunked = [name for name in task.labels if name != "O"] or ["N", "NP/N"]
    return {
        Family.CLASSIFICATION: [*(task.labels * 3)[:3], *task.labels[:1]],
        Family.MULTIPLE_CHOICE: [0, 1, 1, 0],
        Family.TAGGING: [[name] for name in (chunked * 4)[:4]],
        Family.SPAN: [[phrase], [phrase, "x"], ["y z"], [] if task.unanswerable else ["w"]],
        Family.RETRIEVAL: ["r0", "r1", "r2", "r3"],
        Family.RANKING: [["c0"], ["c1"], ["c2", "c3"], ["c4"]],
    }[task.family]


def as_prediction(task: Task, gold: list[Any]) -> list[Any]:
    """Return the predictions that repeat the gold."""
    return [(answers or [""])[0] for answers in gold] if task.family is Family.SPAN else gold


@pytest.mark.parametrize(("task", "language"), CELLS)
def test_gold_scores_100(task: Task, language: str) -> None:
    if task.family is Family.MINING:
        pairs = {("f0", "e0"), ("f1", "e1")}
        gold: Any = {"dev": pairs, "test": pairs}
        predicted: Any = {split: dict.fromkeys(pairs, 1.1) for split in gold}
        more: dict[str, Any] = {"all_ids": predicted}
    else:
        gold = gold_of(task, language)
        predicted = as_prediction(task, gold)
        nulls = [1.0 if answer == "" else -1.0 for answer in predicted]
        more = {"best_answer": [answer or "no" for answer in predicted], "null_score": nulls}
    scores = score_language(task, gold, predicted, language, more)
    percentages = {name: value for name, value in scores.items() if "threshold" not in name}
    assert percentages == dict.fromkeys(percentages, 100.0)
    assert set(task.metrics) <= set(percentages)


CONSTANT = {
    "xnli": (["entailment", "neutral", "neutral", "contradiction"], ["neutral"] * 4, {"accuracy": 50.0}),
    "pawsx": (["0", "1", "1", "1"], ["0"] * 4, {"accuracy": 25.0}),
    "hellaswag": ([0, 1, 2, 3], [2] * 4, {"accuracy": 25.0}),
    # found: one chunk a sentence; gold: two, of which none has its borders, then one that is right
    "udpos": ([["NOUN", "VERB"], ["NOUN"]], [["NOUN", "NOUN"], ["NOUN"]], {"f1": 40.0, "accuracy": 200 / 3}),
    "panx": ([["B-PER", "O"], ["B-LOC", "O"]], [["B-PER", "O"]] * 2, {"f1": 50.0, "accuracy": 75.0}),
    "xquad": ([["red fox"], ["fox"], ["owl"]], ["fox"] * 3, {"f1": 100 * (2 / 3 + 1) / 3, "exact_match": 100 / 3}),
    "mlqa": ([["北京"], ["北"], ["南"]], ["北"] * 3, {"f1": 100 * (2 / 3 + 1) / 3, "exact_match": 100 / 3}),
    "tydiqa": ([["a fox"], ["owl"]], ["fox"] * 2, {"f1": 50.0, "exact_match": 50.0}),
    "squad_v2": ([["fox"], [], ["owl"], []], [""] * 4, {"f1": 50.0, "exact_match": 50.0}),
    "tatoeba": (["r0", "r1", "r2", "r3"], ["r1"] * 4, {"accuracy": 25.0}),
    "lareqa": ([["c0"], ["c1"], ["c2"]], [["c0", "c1"]] * 3, {"map_at_20": 50.0}),
}


@pytest.mark.parametrize("name", CONSTANT)
def test_a_constant_prediction_scores_what_one_computes(name: str) -> None:
    gold, predicted, expected = CONSTANT[name]
    scores = score_language(TASKS[name], gold, predicted, "zh" if name == "mlqa" else "en")
    assert {metric: scores[metric] for metric in expected} == pytest.approx(expected)


def test_one_candidate_for_all_is_a_constant_of_mining() -> None:
    gold = {split: {(f"f{i}", f"e{i}") for i in range(4)} for split in ("dev", "test")}
    same = {(f"f{i}", "e0"): 1.0 for i in range(4)}
    scores = score_language(
        TASKS["bucc2018"], gold, {"dev": same, "test": same}, "de", {"all_ids": {"dev": same, "test": same}}
    )
    assert (scores["f1"], scores["precision"], scores["recall"]) == (25.0, 25.0, 25.0)
    assert scores["f1_all_ids"] == 25.0


def test_no_metric_needs_a_model_library() -> None:
    """Scoring runs where there is no torch, and starts at once."""
    code = (
        "import sys\n"
        "from tests.unit.metrics.test_oracle import CONSTANT, TASKS, score_language\n"
        "for name, (gold, predicted, _) in CONSTANT.items(): score_language(TASKS[name], gold, predicted, 'en')\n"
        "print(sorted({'torch', 'transformers', 'sklearn', 'seqeval', 'pandas'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_scored_family_has_a_constant() -> None:
    families = {task.family for task in TASKS.values() if task.family is not Family.TEXT}
    assert {TASKS[name].family for name in CONSTANT} == families - {Family.MINING}
    assert all(scorer_for(TASKS[name]) for name in CONSTANT)
