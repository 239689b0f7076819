"""Exact match and F1 as the SQuAD v1.1, SQuAD v2.0 and MLQA scripts compute them."""

import random

import pytest

from workflow.scripts.metrics.null_scores import best_null_thresholds
from workflow.scripts.metrics.spans import (
    mlqa,
    normalise_language_aware,
    normalise_mlqa,
    normalise_squad,
    span_language_aware,
    squad_v1,
    squad_v2,
)


def scores(result: dict[str, float]) -> tuple[float, float]:
    return result["f1"], result["exact_match"]


@pytest.mark.parametrize("metric", [squad_v1, squad_v2, mlqa])
def test_any_gold_answer_as_prediction_scores_100(metric) -> None:
    gold = [["Denver Broncos", "The Broncos"], ["1990"], ["北京大学"]]
    assert scores(metric(gold, ["the broncos!", "1990.", "北京大学"], "en")) == (100.0, 100.0)


def test_a_constant_prediction_has_the_hand_computed_scores() -> None:
    # against "red house": F1 2/3 (P 1, R 1/2); "house": 100; "dog": 0
    result = squad_v1([["red house"], ["house"], ["dog"]], ["house"] * 3)
    assert scores(result) == (pytest.approx(100 * (2 / 3 + 1) / 3), pytest.approx(100 / 3))


def test_tokens_are_counted_as_a_bag() -> None:
    # shared: one "ha"; P 1/3, R 1
    assert squad_v1([["ha"]], ["ha ha ha"])["f1"] == pytest.approx(50.0)


def test_f1_and_exact_match_take_their_best_gold_answer_each() -> None:
    assert scores(squad_v1([["red big house", "house"]], ["big house"])) == (pytest.approx(80.0), 0.0)


def test_an_unanswered_question_scores_0_and_counts() -> None:
    assert scores(squad_v1([["a b c"], ["dog"]], [None, "dog"])) == (50.0, 50.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Cat, an_Owl", "cat anowl"),  # punctuation goes before the articles do
        ("another theatre a", "another theatre"),
        ("“quoted” — no", "“quoted” — no"),  # ASCII punctuation only
        ("der Hund", "der hund"),
        ("中国 人", "中国 人"),
    ],
)
def test_squad_normalisation_is_english(text: str, expected: str) -> None:
    assert normalise_squad(text) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "“The” cat — a dog", "cat dog"),
        ("de", "Der Hund, eine Katze; derer", "hund katze derer"),
        ("es", "¿La casa de los Reyes?", "casa de reyes"),
        ("vi", "cái nhà của tôi", "nhà tôi"),
        ("hi", "राम का घर।", "राम का घर"),
        ("zh", "北京 University，1998年", "北 京 university1998 年"),
        ("ar", "الكتاب والبيت", "كتاب و بيت"),  # the script's quirk: inside words too
        ("qaa", "the La der", "the la der"),  # no language of MLQA: no articles
        ("th", "ข้าว ผัด", "ข้าว ผัด"),
        ("en", "$5 + x", "5 x"),  # symbols in Unicode, punctuation in ASCII
        ("en", "€5", "€5"),
    ],
)
def test_mlqa_normalisation_knows_the_language(language: str, text: str, expected: str) -> None:
    assert normalise_mlqa(text, language) == expected


def test_mlqa_counts_chinese_characters_as_tokens_where_squad_sees_one_word() -> None:
    assert scores(mlqa([["北京大学"]], ["北京"], "zh")) == (pytest.approx(200 / 3), 0.0)
    assert scores(squad_v1([["北京大学"]], ["北京"], "zh")) == (0.0, 0.0)


def test_empty_after_normalisation_is_an_exact_match_without_f1_in_v1() -> None:
    assert scores(squad_v1([["the"]], ["!"])) == (0.0, 100.0)


def test_v2_asks_for_the_empty_answer_where_there_is_none() -> None:
    assert scores(squad_v2([[], []], ["", "something"])) == (50.0, 50.0)
    assert scores(squad_v2([["dog"]], [""])) == (0.0, 0.0)


def test_v2_leaves_out_gold_answers_that_normalise_to_nothing() -> None:
    assert scores(squad_v2([["the"]], [""])) == (100.0, 100.0)
    assert scores(squad_v2([["the", "dog"]], [""])) == (0.0, 0.0)


@pytest.mark.parametrize("metric", [squad_v1, mlqa])
def test_a_question_without_gold_answers_is_an_error_outside_v2(metric) -> None:
    with pytest.raises(ValueError, match="question 1 has no gold answer"):
        metric([["dog"], []], ["dog", ""], "en")


def test_no_questions_are_an_error() -> None:
    with pytest.raises(ValueError, match="no questions"):
        squad_v1([], [])


def test_the_order_of_questions_does_not_change_a_bit() -> None:
    # F1 of n tokens against one of them: 2 / (n + 1), sums of which depend on their order in plain addition.
    questions = [([" ".join("bcdefghijklmnopqrstuvwxyz"[:n])], "b") for n in range(1, 26)]
    rng = random.Random(0)
    results = set()
    for _ in range(50):
        rng.shuffle(questions)
        results.add(squad_v1([gold for gold, _ in questions], [found for _, found in questions])["f1"])
    assert len(results) == 1


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("zh", "北京 University，1998年", "北 京 university1998 年"),  # MLQA's own
        ("de", "der Hund", "hund"),
        ("th", "น้ำ 25 ลิตร", "น้ ำ 25 ลิ ต ร"),  # marks stay with their letters
        ("th", "Bangkok กท", "bangkok ก ท"),
        ("ja", "『東京』タワーが", "東 京 タ ワ ー が"),
        ("ja", "か\u3099く", "か\u3099 く"),
        ("ru", "«Москва»", "москва"),
        ("fr", "l’été, e\u0301té", "lété e\u0301té"),
        ("ko", "오래된 돌다리", "오래된 돌다리"),
        ("qaa", "the dog", "the dog"),
    ],
)
def test_language_aware_normalisation(language: str, text: str, expected: str) -> None:
    assert normalise_language_aware(text, language) == expected


def test_the_language_aware_values_have_names_of_their_own() -> None:
    assert span_language_aware([["东京"]], ["东"], "zh") == {
        "f1_language_aware": pytest.approx(200 / 3),
        "exact_match_language_aware": 0.0,
    }


class TestNullThresholds:
    GOLD = ((), ("dog",), ("red fox",), ())
    BEST = ("cat", "dog", "fox", "owl")

    def search(self, nulls, predicted=("", "", "", "")) -> dict[str, float]:
        return best_null_thresholds(self.GOLD, predicted, "en", self.BEST, nulls)

    def test_the_two_thresholds_are_searched_apart(self) -> None:
        # answered one after the other: dog (+1), fox (F1 + 2/3, no exact match), then two unanswerable (-1 each)
        found = self.search([3.0, -2.0, -1.0, 4.0])
        assert found == {
            "best_f1": pytest.approx(100 * (2 + 1 + 2 / 3) / 4),
            "best_f1_threshold": -1.0,
            "best_exact_match": 75.0,
            "best_exact_match_threshold": -2.0,
        }

    def test_nothing_answered_is_the_threshold_0_of_the_official_script(self) -> None:
        found = self.search([-5.0, 2.0, 3.0, -4.0])
        assert (found["best_f1"], found["best_f1_threshold"]) == (50.0, 0.0)

    def test_an_unanswered_question_is_never_right(self) -> None:
        found = self.search([None, -2.0, -1.0, 4.0], (None, "", "", ""))
        assert found["best_exact_match"] == 50.0

    def test_a_prediction_without_null_score_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="question 1 has a prediction, but no best answer"):
            self.search([1.0, None, 1.0, 1.0])
