"""Verdicts: what an estimate decides and what is said of it."""

from dataclasses import replace

import pytest

from workflow.scripts.statistics import Interval
from workflow.scripts.studies.estimates import Estimate, adjusted, as_table
from workflow.scripts.studies.verdict import sentence, state

FOUND = Interval(2.0, 1.0, 3.0, 0.4, 10.0, 0.001, 0.95, ("seeds",))


@pytest.mark.parametrize(
    ("changes", "negligible", "expected"),
    [
        ({}, 0, "positive"),
        ({"estimate": -2.0, "low": -3.0, "high": -1.0}, 0, "negative"),
        ({"p": 0.2}, 0, "undecided"),
        ({"p": 0.2, "estimate": 0.05, "standard_error": 0.1}, 1.0, "negligible"),
        ({"p": 0.01, "estimate": 0.3, "standard_error": 0.1}, 1.0, "negligible"),
        ({"p": 0.2, "estimate": 0.9, "standard_error": 0.6}, 1.0, "undecided"),
        ({"caution": "one seed"}, 0, "undecided"),
        ({"p": float("nan")}, 0, "undecided"),
        ({"p": 1.0, "estimate": 0.0, "standard_error": 0.0}, 1.0, "undecided"),
    ],
)
def test_states(changes, negligible, expected):
    assert state(replace(FOUND, **changes), 0.05, negligible) == expected


def test_the_sentence_has_effect_interval_p_and_seeds():
    told = sentence(FOUND, "points per doubling", 3, 0.05)
    for part in ("positive", "+2 points per doubling", "95 % interval +1 to +3", "p = 0.001", "3 seeds"):
        assert part in told
    assert "undecided" in sentence(replace(FOUND, p=0.4), "points", 3, 0.05)
    assert "±1" in sentence(replace(FOUND, p=0.4, estimate=0.05, standard_error=0.1), "points", 3, 0.05, 1.0)


def test_scores_at_the_floor_show_no_equivalence():
    told = sentence(replace(FOUND, estimate=0.0, low=0.0, high=0.0, standard_error=0.0, p=1.0), "points", 3, 0.05, 1.0)
    assert "nothing varies" in told
    assert "too small to matter" not in told


def test_only_families_are_corrected():
    def one(p, role, family=""):
        return Estimate("x", "points", replace(FOUND, p=p), role, family)

    found = adjusted([
        one(0.02, "primary"), one(0.02, "secondary", "a"), one(0.03, "secondary", "a"), one(0.04, "secondary", "b"),
        one(0.05, "exploratory"),
    ])  # fmt: skip
    assert [e.adjusted_p for e in found] == pytest.approx([0.02, 0.04, 0.04, 0.04, 0.05])
    rows = as_table(found).to_pylist()
    assert [row["role"] for row in rows][:2] == ["primary", "secondary"]
    assert rows[1]["p"] == 0.02
    assert rows[1]["adjusted_p"] == pytest.approx(0.04)
