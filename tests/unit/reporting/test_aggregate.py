"""The arithmetic of the tables, checked by hand on a table of a dozen rows."""

import math

import pyarrow as pa
import pytest

from workflow.scripts.reporting import aggregate
from workflow.scripts.reporting.scores import read_languages, read_scores

FACTS = read_languages(
    [
        {"code": "en", "role": "source", "distance": 0.0},
        {"code": "qaa", "distance": 0.2},
        {"code": "qaz", "role": "control", "distance": 0.6},
    ]
)


def row(source, target, language, value, metric="accuracy", seed=1):
    names = {"collection": "c", "model": "m", "source": source, "target": target, "language": language}
    return names | {"metric": metric, "value": value, "n": 10, "seed": seed, "main_metric": True}


def make(*rows):
    (scores,) = read_scores(pa.Table.from_pylist(list(rows)), FACTS)
    return scores


def hand_made():
    return make(
        row("none", "xnli", "en", 80.0),
        row("none", "xnli", "qaa", 60.0),
        row("none", "xnli", "qaz", 0.0),
        row("none", "xquad", "en", 50.0, "f1"),
        row("none", "xquad", "qaa", 30.0, "f1"),
        row("none", "xquad", "en", 40.0, "exact_match"),
        row("none", "xquad", "qaa", 20.0, "exact_match"),
        row("mnli", "xnli", "en", 82.0),
        row("mnli", "xnli", "qaa", 64.0),
        row("mnli", "xnli", "qaz", 100.0),
        row("mnli", "xquad", "en", 48.0, "f1"),
        row("mnli", "xquad", "qaa", 28.0, "f1"),
        row("mnli", "xquad", "en", 40.0, "exact_match"),
        row("mnli", "xquad", "qaa", 18.0, "exact_match"),
    )


def test_a_score_is_the_mean_over_languages_english_included_and_controls_not():
    assert aggregate.task_scores(hand_made(), "none", "xnli") == {1: 70.0}


def test_a_question_answering_score_is_the_mean_of_f1_and_exact_match():
    scores = hand_made()
    assert aggregate.metric_scores(scores, "none", "xquad", "f1") == {1: 40.0}
    assert aggregate.metric_scores(scores, "none", "xquad", "exact_match") == {1: 30.0}
    assert aggregate.task_scores(scores, "none", "xquad") == {1: 35.0}


def test_the_average_is_over_targets_not_over_metrics_or_languages():
    scores = hand_made()
    assert aggregate.overall_scores(scores, "none") == {1: 52.5}
    gain = aggregate.overall_gain(scores, "mnli")
    assert gain is not None
    assert math.isclose(gain.mean, (3.0 - 1.5) / 2)
    assert gain.std is None


def test_a_missing_language_makes_the_target_and_the_average_missing():
    rows = [row("none", "xnli", "en", 80.0), row("none", "xnli", "qaa", 60.0), row("none", "pawsx", "en", 50.0)]
    scores = make(*rows, row("mnli", "xnli", "en", 99.0), row("mnli", "pawsx", "en", 51.0))
    assert aggregate.task_scores(scores, "mnli", "xnli") == {}
    assert aggregate.overall_scores(scores, "mnli") == {}
    assert aggregate.overall_gain(scores, "mnli") is None
    assert aggregate.task_gain(scores, "mnli", "pawsx").mean == 1.0
    assert aggregate.missing_parts(scores) == [("mnli", "xnli", 1, ["qaa"])]


def test_nan_is_missing_and_half_of_a_pair_is_no_score():
    scores = make(row("none", "xquad", "en", 50.0, "f1"), row("none", "xquad", "en", math.nan, "exact_match"))
    assert aggregate.metric_scores(scores, "none", "xquad", "f1") == {1: 50.0}
    assert scores.metrics["xquad"] == ("f1", "exact_match")
    assert aggregate.task_scores(scores, "none", "xquad") == {}


def test_gains_are_paired_within_seeds_and_spread_over_them():
    none = [row("none", "xnli", "en", 50.0, seed=1), row("none", "xnli", "en", 70.0, seed=2)]
    mnli = [row("mnli", "xnli", "en", value, seed=seed) for seed, value in ((1, 51.0), (2, 73.0), (3, 99.0))]
    gain = aggregate.task_gain(make(*none, *mnli), "mnli", "xnli")
    assert gain == aggregate.Estimate(2.0, pytest.approx(math.sqrt(2)), 2)


def test_the_best_source_is_never_none_and_may_lose():
    scores = make(*(row(name, "xnli", "en", value) for name, value in (("none", 80.0), ("mnli", 70.0), ("qqp", 75.0))))
    best = aggregate.best_source(scores, "xnli")
    assert (best.source, best.gain.mean, best.candidates) == ("qqp", -5.0, 2)


def test_the_first_of_equals_is_best():
    scores = make(*(row(name, "xnli", "en", 75.0) for name in ("none", "qqp", "mnli")))
    assert aggregate.best_source(scores, "xnli").source == "qqp"


def test_the_best_source_is_chosen_by_paired_gain_where_seeds_are_missing():
    none = [row("none", "xnli", "en", 40.0, seed=1), row("none", "xnli", "en", 80.0, seed=2)]
    mnli = [row("mnli", "xnli", "en", 45.0, seed=1), row("mnli", "xnli", "en", 85.0, seed=2)]
    lucky = row("qqp", "xnli", "en", 81.0, seed=2)  # a higher mean, on the easy seed alone
    assert aggregate.best_source(make(*none, *mnli, lucky), "xnli").source == "mnli"


def test_best_overall_averages_the_best_of_each_target():
    score, gain = aggregate.best_overall(hand_made())
    assert (score.mean, gain.mean) == (53.25, 0.75)
    missing = make(row("none", "xnli", "en", 1.0), row("none", "pawsx", "en", 1.0), row("mnli", "xnli", "en", 2.0))
    assert aggregate.best_overall(missing) == (None, None)
