"""Reading the long table: what is refused, and in which order names are shown."""

import pyarrow as pa
import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.reporting.aggregate import missing_parts
from workflow.scripts.reporting.scores import distance_order, read_languages, read_scores


def test_none_is_first_and_names_keep_the_given_order(scores_table):
    table, languages = scores_table()
    (scores,) = read_scores(table, read_languages(languages), sources=("multi", "mnli"), targets=("tatoeba", "xnli"))
    assert scores.sources == ("none", "multi", "mnli")
    assert scores.targets == ("tatoeba", "xnli")


def test_languages_are_in_order_of_distance_and_controls_apart(scores_table):
    table, languages = scores_table()
    (scores,) = read_scores(table, read_languages(languages))
    assert scores.languages["xnli"] == ("en", "qab", "qac", "qad", "qae", "qaf", "qag")
    assert scores.controls["xnli"] == ("qay", "qaz")
    assert "en" not in scores.languages["tatoeba"]


def test_only_main_metrics_count_and_f1_comes_before_exact_match(scores_table):
    table, languages = scores_table()
    (scores,) = read_scores(table, read_languages(languages))
    assert scores.metrics["xquad"] == ("f1", "exact_match")
    assert scores.metrics["udpos"] == ("f1",)


def test_a_language_without_facts_is_an_ordinary_one(scores_table):
    table, _ = scores_table()
    (scores,) = read_scores(table, {})
    assert "qay" in scores.languages["xnli"]
    assert scores.name("qay") == "qay"


def test_unknown_distances_come_last():
    facts = read_languages([{"code": "a"}, {"code": "b", "distance": 0.9}, {"code": "en", "role": "source"}])
    assert distance_order(["a", "b", "en"], facts) == ["en", "b", "a"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": 101.0}, "expected 0 to 100"),
        ({"value": -0.5}, "expected 0 to 100"),
        ({}, "in the table twice"),
        ({"collection": "mini"}, "must hold one collection"),
    ],
)
def test_an_impossible_row_is_refused(scores_table, change, message):
    table, languages = scores_table()
    rows = table.to_pylist()
    extra = rows[0] | change if change.keys() != {"value"} else rows[0] | change | {"seed": 99}
    with pytest.raises(UserError, match=message):
        read_scores(pa.Table.from_pylist([*rows, extra]), read_languages(languages))


def test_a_missing_column_and_an_empty_table_are_refused(scores_table):
    table, _ = scores_table()
    with pytest.raises(UserError, match="lacks the column\\(s\\) seed"):
        read_scores(table.drop_columns(["seed"]), {})
    with pytest.raises(UserError, match="is empty"):
        read_scores(table.slice(0, 0), {})


def test_an_unknown_model_is_named_with_the_nearest(scores_table):
    table, _ = scores_table()
    with pytest.raises(UserError, match=r"no model 'tinny'.*Did you mean 'tiny'"):
        read_scores(table, {}, models=("tinny",))


def test_models_keep_the_given_order_and_their_values_apart(scores_table):
    table, languages = scores_table(models=("tiny", "small"), sources=("none",), targets=("xnli",))
    facts = read_languages(languages)
    tiny, small = read_scores(table, facts)
    assert [scores.model for scores in (tiny, small)] == ["tiny", "small"]
    assert read_scores(table, facts, models=("small", "tiny")) == [small, tiny]
    assert read_scores(table, facts, models=("small",)) == [small]
    assert tiny.values != small.values
    assert {len(scores.values["none", "xnli", "accuracy", 1]) for scores in (tiny, small)} == {9}


def test_what_one_model_lacks_is_missing_and_not_another_study(scores_table):
    table, languages = scores_table(models=("tiny", "small"), sources=("none", "mnli"), targets=("xnli", "panx"))
    gone = [("target", "panx"), ("source", "mnli"), ("language", "qaz")]
    kept = [row for row in table.to_pylist() if row["model"] == "tiny" or all(row[key] != name for key, name in gone)]
    tiny, small = read_scores(pa.Table.from_pylist(kept), read_languages(languages))
    for name in ("sources", "targets", "seeds", "metrics", "languages", "controls"):
        assert getattr(tiny, name) == getattr(small, name)
    assert [cell[:2] for cell in missing_parts(tiny)] == []
    assert missing_parts(small)[0] == ("none", "xnli", 1, ["qaz"])
    assert len(missing_parts(small)) == 4


def test_a_source_asked_for_twice_is_refused(scores_table):
    table, _ = scores_table()
    with pytest.raises(UserError, match="mnli is asked for twice"):
        read_scores(table, {}, sources=("mnli", "mnli"))


def test_a_language_row_without_code_or_with_a_wild_distance_is_refused():
    with pytest.raises(UserError, match="row 0 has no 'code'"):
        read_languages([{"name": "English"}])
    with pytest.raises(UserError, match="distance 3"):
        read_languages([{"code": "en", "distance": 3}])
