"""The formulas of typological distance, by hand."""

import math

import pytest

from workflow.scripts.typology.formulas import angular, cosine, gower, great_circle, jaccard, jointly_observed

FIRST = (1, 1, 0, None, 0, 1)
SECOND = (1, 0, 0, 1, None, 1)
"""Observed of both: (1, 1), (1, 0), (0, 0), (1, 1)."""


def test_only_features_observed_of_both_count():
    assert jointly_observed(FIRST, SECOND) == [(1, 1), (1, 0), (0, 0), (1, 1)]
    assert gower(FIRST, SECOND) == 1 / 4
    assert cosine(FIRST, SECOND) == pytest.approx(1 - 2 / math.sqrt(3 * 2))
    assert angular(FIRST, SECOND) == pytest.approx(2 / math.pi * math.acos(2 / math.sqrt(6)))


def test_fractions_count_by_their_difference():
    assert gower((0.5, 1), (1, 0.25)) == pytest.approx((0.5 + 0.75) / 2)


@pytest.mark.parametrize("formula", [gower, cosine, angular])
def test_a_vector_is_at_no_distance_from_itself_and_order_does_not_matter(formula):
    assert formula(FIRST, FIRST) == pytest.approx(0, abs=1e-7)
    assert formula(FIRST, SECOND) == formula(SECOND, FIRST)
    assert formula((1, 0), (0, 1)) == pytest.approx(1)
    assert formula((None, 1), (1, None)) is None


def test_a_zero_vector_has_no_angle():
    assert cosine((0, 0), (1, 0)) is None
    assert angular((0, 0), (1, 0)) is None
    assert gower((0, 0), (1, 0)) == 0.5


def test_rounding_does_not_leave_the_domain_of_the_arccosine():
    vector = (0.1, 0.2, 0.3, 0.7)
    assert angular(vector, [3 * value for value in vector]) == pytest.approx(0, abs=1e-7)


def test_vectors_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        gower((1, 0), (1,))


def test_groups_are_compared_as_sets():
    english, german = ("IE", "Germanic", "West", "Anglo-Frisian"), ("IE", "Germanic", "West", "Franconian", "High")
    assert jaccard(english, german) == 1 - 3 / 6
    assert jaccard(english, ("Uralic",)) == 1
    assert jaccard(english, ()) is None


def test_the_great_circle_is_a_share_of_half_the_circumference():
    assert great_circle((0, 0), (0, 180)) == pytest.approx(1)
    assert great_circle((90, 0), (0, 77)) == pytest.approx(0.5)
    assert great_circle((10, 170), (10, -170)) == pytest.approx(great_circle((10, 0), (10, 20)))
    london, paris = (51.5074, -0.1278), (48.8566, 2.3522)
    assert great_circle(london, paris) * math.pi * 6371 == pytest.approx(343.5, abs=1)  # kilometres
