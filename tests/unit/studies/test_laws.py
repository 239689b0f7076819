"""Scaling laws, exchange rates and examples saved, by hand and planted."""

import numpy as np
import pytest

from workflow.scripts.studies.laws import equivalent_examples, fieller, isotonic, log_law, power_law

DATA, SIZES = (a.ravel() for a in np.meshgrid([256.0, 1024.0, 4096.0, 16384.0], [1e5, 4e5, 16e5]))


def test_the_log_law_finds_what_was_planted():
    law = log_law(DATA, SIZES, 5 + 2 * np.log2(DATA) + 0.5 * np.log2(SIZES))
    assert law.coefficients == pytest.approx({"c": 5, "e_D": 2, "e_N": 0.5})
    assert law.at(512, 2e5) == pytest.approx(5 + 2 * 9 + 0.5 * np.log2(2e5))


def test_the_log_law_of_one_size_has_no_slope_in_it():
    law = log_law([1, 2, 4], [7, 7, 7], [1, 2, 3])
    assert law.coefficients["e_D"] == pytest.approx(1)
    assert law.coefficients["e_N"] == pytest.approx(0)


def test_the_power_law_finds_what_was_planted():
    score = 100 - 12 - 300 * SIZES**-0.3 - 400 * DATA**-0.45
    law = power_law(DATA, SIZES, score)
    assert law.coefficients["b"] == pytest.approx(0.45, abs=0.03)
    assert law.coefficients["a"] == pytest.approx(0.3, abs=0.08)
    assert law.coefficients["E"] == pytest.approx(12, abs=2)
    assert law.at(DATA, SIZES) == pytest.approx(score, abs=0.1)


def test_amounts_must_be_positive_lists_of_one_length():
    with pytest.raises(ValueError, match="positive"):
        log_law([0, 1], [1, 1], [1, 2])
    with pytest.raises(ValueError, match="one length"):
        power_law([1, 2], [1], [1, 2])


def test_fieller_by_hand():
    # independent, t with many degrees: known limits of the ratio 2 / 1 with standard errors 0.1
    low, high = fieller(2, 1, 0.01, 0.01, 0, 1e6)
    for end in (low, high):
        assert (2 - end) ** 2 == pytest.approx(1.96**2 * 0.01 * (1 + end**2), rel=1e-3)
    assert low < 2 < high


def test_a_ratio_to_what_may_be_nothing_has_no_bounds():
    assert fieller(2, 0.1, 0.01, 0.01, 0, 10) == (-np.inf, np.inf)


def test_the_isotonic_curve_pools_what_falls():
    assert isotonic([1, 3, 2, 2, 5]) == pytest.approx([1, 7 / 3, 7 / 3, 7 / 3, 5])
    assert isotonic([3, 2, 1]) == pytest.approx([2, 2, 2])


def test_equivalent_examples_by_hand():
    assert equivalent_examples([100, 400], [50, 60], 55) == pytest.approx(200)
    assert equivalent_examples([100, 400, 1600], [50, 60, 70], 60) == pytest.approx(400)
    assert equivalent_examples([100, 400], [50, 60], 61) == float("inf")
    assert equivalent_examples([100, 400], [50, 60], 40) == 100
    with pytest.raises(ValueError, match="ascending"):
        equivalent_examples([400, 100], [50, 60], 55)
