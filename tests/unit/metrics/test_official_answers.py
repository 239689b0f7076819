"""Extracted answers score what the official programs give (tests/golden/metrics)."""

from typing import Any

import pytest

from tests.unit.metrics.official import equal, golden
from workflow.scripts.metrics.null_scores import best_null_thresholds
from workflow.scripts.metrics.spans import MLQA_LANGUAGES, mlqa, span_language_aware, squad_v1, squad_v2

Case = dict[str, Any]


@pytest.mark.parametrize("case", golden("squad_v1"))
def test_squad_v1_is_official(case: Case) -> None:
    assert squad_v1(case["gold"], case["predicted"], case["language"]) == equal(case["official"])


@pytest.mark.parametrize("case", golden("mlqa"))
def test_mlqa_is_official_in_its_seven_languages(case: Case) -> None:
    assert mlqa(case["gold"], case["predicted"], case["language"]) == equal(case["official"])


def test_all_languages_of_mlqa_are_frozen() -> None:
    assert {parameter.values[0]["language"] for parameter in golden("mlqa")} == MLQA_LANGUAGES


@pytest.mark.parametrize("case", golden("mlqa"))
def test_the_language_aware_variant_is_mlqas_in_its_languages(case: Case) -> None:
    found = span_language_aware(case["gold"], case["predicted"], case["language"])
    assert found == equal({f"{name}_language_aware": value for name, value in case["official"].items()})


@pytest.mark.parametrize("case", golden("squad_v2"))
def test_squad_v2_is_official_at_threshold_0(case: Case) -> None:
    official = case["official"]["final"]
    found = squad_v2(case["gold"], case["predicted"])
    assert found == equal({"f1": official["f1"], "exact_match": official["exact"]})


@pytest.mark.parametrize("case", golden("squad_v2"))
def test_the_best_null_thresholds_are_official(case: Case) -> None:
    official = case["official"]["best"]
    found = best_null_thresholds(case["gold"], case["predicted"], "en", case["best_answer"], case["null_score"])
    assert found == equal(
        {
            "best_f1": official["best_f1"],
            "best_f1_threshold": official["best_f1_thresh"],
            "best_exact_match": official["best_exact"],
            "best_exact_match_threshold": official["best_exact_thresh"],
        }
    )


@pytest.mark.parametrize("case", golden("squad_v2"))
def test_the_best_answers_alone_score_officially(case: Case) -> None:
    official = case["official"]["best"]
    found = squad_v2(case["gold"], case["best_answer"])
    assert found == equal({"f1": official["f1"], "exact_match": official["exact"]})
