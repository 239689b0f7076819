"""What the report says of intervals and tests, and the data of its explorer."""

import json

import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.reporting.evidence import (
    cautions,
    evidence_sentence,
    evidence_table,
    read_language_intervals,
    verdict,
)
from workflow.scripts.reporting.explorer import explorer_data, script_json
from workflow.scripts.reporting.formats import interval_text, p_text
from workflow.scripts.reporting.gains import read_gains
from workflow.scripts.reporting.scores import read_languages, read_scores

SOURCES, TARGETS = ("none", "mnli", "qqp"), ("xnli", "tatoeba")


@pytest.fixture
def one(made_scores):
    return made_scores(sources=SOURCES, targets=TARGETS)


@pytest.fixture
def analysed(one, tmp_path, statistics):
    return lambda seeds=3: read_gains(statistics(tmp_path, [one], seeds))


def test_numbers_as_text():
    assert [p_text(p) for p in (None, 0.0004, 0.0126, 1.0)] == ["–", "<0.001", "0.013", "1.000"]
    assert interval_text(-0.44, 2.06) == "[−0.4, +2.1]"
    assert interval_text(None, 2.0) == interval_text(1.0, None) == "–"


def test_there_is_a_line_for_each_source_and_target_and_the_average(one, analysed):
    lines = evidence_table(one, analysed(), {"mnli": "MNLI", "xnli": "XNLI"})
    assert [(line["title"], line["name"], line["mark"]) for line in lines] == [
        *(("MNLI", name, "") for name in ("XNLI", "tatoeba", "Avg")),
        *(("qqp", name, "*") for name in ("XNLI", "tatoeba", "Avg")),
    ]
    assert cautions(lines) == ["made up"]


def test_the_sentence_counts_what_is_sure_without_averages(one, analysed):
    found = analysed()
    text = evidence_sentence(evidence_table(one, found, {}), found)
    assert text.startswith("Of 4 gains, 2 differ from 0 after Holm's correction (2 up, 0 down).")
    assert "smallest detectable effect is 2.5 points" in text
    single = analysed(1)
    assert evidence_sentence(evidence_table(one, single, {}), single).startswith("With one seed no gain can be told")


def shifted(one, scores_table, **gains):
    """Return scores in which every source gains so many points everywhere."""
    table, languages = scores_table(sources=SOURCES, targets=TARGETS)
    rows = [row | {"value": 50.0 + gains.get(row["source"], 0.0)} for row in table.to_pylist()]
    return read_scores(type(table).from_pylist(rows), read_languages(languages))[0]


def test_the_verdict_is_undecided_unless_the_best_average_is_sure(one, analysed, scores_table):
    sure, unsure = shifted(one, scores_table, qqp=4), shifted(one, scores_table, mnli=2)
    found = analysed()
    text = verdict(sure, found, {"qqp": "QQP"})
    assert text == "The change by QQP is not chance (95\u00a0% interval [+1.0, +7.0], corrected p = 0.025)."
    text = verdict(unsure, found, {})
    assert text.startswith(
        "Undecided: the change by mnli may be chance (95\u00a0% interval [−1.0, +5.0], corrected p = 0.2"
    )
    assert text.endswith("The study could have found 2.5 points.")
    assert verdict(sure, analysed(1), {}).startswith("Undecided: with one seed nothing is known of other seeds")


def test_without_scores_or_intervals_nothing_is_claimed(one, analysed, made_scores):
    found = analysed()
    assert verdict(made_scores(sources=("none",), targets=TARGETS), found, {}) == ""
    found.gains.clear()
    assert verdict(one, found, {}) == "Undecided: no interval can be given for it."


def test_intervals_of_languages_are_found_by_name(one, analysed, tmp_path):
    analysed()
    found = read_language_intervals(tmp_path / "languages.parquet")
    assert found["tiny", "qqp", "xnli", "en"]["gain_low"] == -2.5
    with pytest.raises(UserError, match=r"nothing\.parquet"):
        read_language_intervals(tmp_path / "nothing.parquet")


def test_the_explorer_has_every_score_with_its_gain(one, analysed):
    (found,) = explorer_data([one], {"mnli": "MNLI"}, analysed().languages)
    assert found["sources"] == ["none", "MNLI", "qqp"]
    assert len(found["cells"]) == 3 * (9 + 8)  # Tatoeba has no English
    target, _, language, none, score, gain, low, high = next(cell for cell in found["cells"] if cell[1] == 1)
    assert (found["targets"][target], found["languages"][language][0]) == ("xnli", "English (en)")
    assert gain == pytest.approx(score - none, abs=0.02)
    assert (low, high) == (-2.5, 4.5)


def test_the_explorer_does_without_none_and_without_intervals(made_scores):
    (found,) = explorer_data([made_scores(sources=("mnli",), targets=("xnli",))], {}, {})
    assert {tuple(cell[3:4] + cell[5:]) for cell in found["cells"]} == {(None, None, None, None)}


def test_json_cannot_leave_its_element():
    text = str(script_json({"a": "</script><!-- & \u2028"}))
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": "</script><!-- & \u2028"}
