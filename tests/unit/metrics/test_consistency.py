"""How often a model is right in two languages."""

import pytest

from workflow.scripts.metrics.consistency import Agreement, agreement, mismatches


def test_rows_are_counted_by_where_they_are_right() -> None:
    english = {"1": ("a", True), "2": ("b", True), "3": ("a", False), "4": ("a", False), "5": ("a", True)}
    german = {"1": ("a", True), "2": ("b", False), "3": ("a", True), "4": ("a", False), "6": ("a", True)}
    assert agreement(english, german) == Agreement(both=1, only_english=1, only_language=1, neither=1)
    assert agreement(english, {"7": ("a", True)}) is None


def test_each_kind_of_agreement_has_its_own_count() -> None:
    pairs = [(True, True)] * 1 + [(True, False)] * 2 + [(False, True)] * 3 + [(False, False)] * 4
    english, german = ({str(i): ("a", pair[side]) for i, pair in enumerate(pairs)} for side in (0, 1))
    assert agreement(english, german) == Agreement(both=1, only_english=2, only_language=3, neither=4)


def test_kappa_is_agreement_beyond_chance() -> None:
    found = Agreement(both=20, only_english=5, only_language=10, neither=15)
    assert (found.n, found.lost) == (50, pytest.approx(0.2))
    assert found.kappa == pytest.approx(0.4)  # Cohen's own kind of example: (0.7 - 0.5) / (1 - 0.5)
    assert Agreement(3, 0, 0, 5).kappa == 1.0
    assert Agreement(1, 1, 1, 1).kappa == 0.0


def test_what_is_undefined_is_none() -> None:
    assert Agreement(4, 0, 0, 0).kappa is None
    assert Agreement(0, 0, 0, 4).lost is None


def test_other_gold_labels_show_that_rows_are_no_translations() -> None:
    english = {"1": ("a", True), "2": ("b", True), "3": ("a", True)}
    assert mismatches(english, {"1": ("a", False), "2": ("a", False), "4": ("b", True)}) == 1
    assert mismatches(english, {"1": ("b", True), "2": ("a", True), "3": ("a", False)}) == 2
