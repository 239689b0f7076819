"""A submission for all of XTREME scores what evaluate.py gives: by language, by task, by group and overall."""

from typing import Any

import pytest

from tests.unit.metrics.official import equal, whole
from workflow.scripts.metrics import score_language
from workflow.scripts.metrics.mining import pair_scores
from workflow.scripts.reporting.aggregate import mean_over, metric_scores, overall_scores, task_scores
from workflow.scripts.reporting.scores import Scores
from workflow.scripts.tasks import find_task

XTREME = whole("xtreme")
CELLS = [(task, language) for task, languages in XTREME["cells"].items() for language in languages]
GROUPS = {
    "classification": ["pawsx", "xnli"],
    "tagging": ["udpos", "panx"],
    "qa": ["xquad", "mlqa", "tydiqa"],
    "retrieval": ["bucc2018", "tatoeba"],
}


def scored(task: str, language: str) -> dict[str, float]:
    """Return our scores of one task in one language."""
    cell = XTREME["cells"][task][language]
    if task == "bucc2018":  # a submission holds the pairs above the threshold
        return pair_scores(*({tuple(pair) for pair in cell[side]} for side in ("predicted", "gold")))
    return score_language(find_task(task), cell["gold"], cell["predicted"], language)


@pytest.mark.parametrize(("task", "language"), CELLS)
def test_every_score_of_every_language_is_official(task: str, language: str) -> None:
    found = scored(task, language)
    for version, name in (("1.2.2", "f1"), ("0.0.12", "f1_seqeval_0_0_12")):
        official = {
            metric: values[language]
            for metric, values in XTREME["official"][version][task].items()
            if isinstance(values, dict) and metric in find_task(task).metrics
        }
        assert official
        if "f1_seqeval_0_0_12" not in found:
            name = "f1"
        ours = {metric: found[name if metric == "f1" else metric] for metric in official}
        assert ours == equal(official)


@pytest.fixture(scope="module")
def scores() -> Scores:
    """Return the scores of the submission as the reports read them."""
    tasks = tuple(XTREME["cells"])
    metrics = {task: find_task(task).metrics for task in tasks}
    languages = {task: tuple(XTREME["cells"][task]) for task in tasks}
    values: dict[Any, dict[str, float]] = {}
    for task, language in CELLS:
        for metric, value in scored(task, language).items():
            values.setdefault(("none", task, metric, 1), {})[language] = value
    return Scores("c", "m", ("none",), tasks, (1,), metrics, languages, dict.fromkeys(tasks, ()), {}, values)


@pytest.mark.parametrize("task", XTREME["cells"])
def test_task_averages(scores: Scores, task: str) -> None:
    official = XTREME["official"]["1.2.2"][task]
    assert task_scores(scores, "none", task) == {1: equal(official["avg_metric"])}
    for metric in find_task(task).metrics:
        assert metric_scores(scores, "none", task, metric) == {1: equal(official[f"avg_{metric}"])}


def test_group_and_overall_averages(scores: Scores) -> None:
    official = XTREME["official"]["1.2.2"]
    assert overall_scores(scores, "none") == {1: equal(official["all_task"])}
    for group, tasks in GROUPS.items():
        assert overall_scores(scores, "none", tasks) == {1: equal(official[group])}


def test_tydiqa_without_english_can_be_read_off_its_languages(scores: Scores) -> None:
    """TyDiQA's authors ask for the mean without English, XTREME averages all nine languages; both must be at hand."""
    official = XTREME["official"]["1.2.2"]["tydiqa"]["f1"]
    others = [{1: value} for language, value in official.items() if language != "en"]
    cell = scores.values["none", "tydiqa", "f1", 1]
    ours = mean_over({1: value} for language, value in cell.items() if language != "en")
    assert ours == {1: equal(mean_over(others)[1])}
    assert ours[1] != equal(metric_scores(scores, "none", "tydiqa", "f1")[1])


def test_the_languages_are_those_of_xtreme() -> None:
    for task, languages in XTREME["cells"].items():
        assert set(find_task(task).languages) == set(languages)
