"""What the tables show and how it is written."""

import csv
import io
import re

import pytest

from workflow.scripts.reporting.aggregate import Estimate, task_gain
from workflow.scripts.reporting.formats import decimal, spread_text, to_csv, to_latex, to_markdown, value_text
from workflow.scripts.reporting.records import best_records, language_records, transfer_records
from workflow.scripts.reporting.scores import read_languages, read_scores
from workflow.scripts.reporting.tables import ONE_SEED, Number, best_table, language_table, transfer_table
from workflow.scripts.reporting.titles import display_titles

TITLES = display_titles()


def test_titles_are_those_of_the_paper():
    expected = {"anli": "ANLI+", "squad_v2": "SQuAD v2.0", "csqa": "CSQA", "multi": "Multi-task", "udpos": "POS"}
    assert {name: TITLES[name] for name in expected} == expected


def test_the_main_table_has_none_first_then_gains_and_an_average(made_scores):
    table = transfer_table(made_scores(), TITLES)
    assert [row.title for row in table.rows][:3] == ["none", "ANLI+", "MNLI"]
    assert [title for title, _ in table.columns][-2:] == ["Tatoeba", "Avg"]
    assert len(table.rows) == 11
    assert {len(row.entries) for row in table.rows} == {10}
    assert not any(entry.signed for entry in table.rows[0].entries)
    assert all(entry.signed for row in table.rows[1:] for entry in row.entries)
    pairs = [subtitle == "F1/EM" for _, subtitle in table.columns[1:]]
    assert [len(entry.parts) == 2 for entry in table.rows[1].entries] == pairs


def test_the_best_of_a_column_is_none_where_nothing_gains(made_scores):
    scores = made_scores()
    for column, target in enumerate(scores.targets):
        gains = {source: task_gain(scores, source, target).mean for source in scores.sources}
        best = [row.title for row in transfer_table(scores, TITLES).rows if row.entries[column].best]
        top = max(gains, key=gains.get)
        assert best == ["none" if gains[top] <= 0 else TITLES[top]]
    losing = made_scores(sources=("none",))
    assert all(entry.best for entry in transfer_table(losing, TITLES).rows[0].entries)


def test_a_gain_that_is_shown_as_nothing_is_not_the_best(scores_table):
    table, languages = scores_table(sources=("none", "mnli"), targets=("xnli",))
    none = {row["language"]: row["value"] for row in table.to_pylist() if row["source"] == "none"}
    for gain, best in ((0.04, "none"), (0.06, "MNLI")):
        shift = {"none": 0.0, "mnli": gain}
        rows = [row | {"value": none[row["language"]] + shift[row["source"]]} for row in table.to_pylist()]
        (scores,) = read_scores(type(table).from_pylist(rows), read_languages(languages))
        assert [row.title for row in transfer_table(scores, TITLES).rows if row.entries[0].best] == [best]


def test_one_seed_shows_no_spread_and_says_so(made_scores):
    table = transfer_table(made_scores(), TITLES)
    assert ONE_SEED in table.notes
    assert "±" not in to_markdown(table)
    three = transfer_table(made_scores(seeds=(1, 2, 3)), TITLES)
    assert ONE_SEED not in three.notes
    assert to_markdown(three).count("±") == 11 * 10 + 1


def test_missing_cells_and_averages_are_dashes(scores_table):
    table, languages = scores_table()
    kept = [row for row in table.to_pylist() if (row["source"], row["target"]) != ("mnli", "panx")]
    (scores,) = read_scores(type(table).from_pylist(kept), read_languages(languages))
    row = transfer_table(scores, TITLES).rows[2]
    assert [value_text(entry) for entry in row.entries].count("–") == 2
    assert value_text(row.entries[3]) == value_text(row.entries[-1]) == "–"
    records = [r for r in transfer_records(scores) if r["source"] == "mnli" and r["target"] in ("panx", "average")]
    assert {(r["score"], r["gain"], r["seeds"]) for r in records} == {(None, None, 0)}


def test_fewer_seeds_are_marked():
    number = Number((Estimate(1.0, None, 1),), signed=True, partial=True)
    assert value_text(number) == "+1.0†"
    assert value_text(Number((Estimate(1.0, None, 1), None), signed=True)) == "–"


@pytest.mark.parametrize(
    ("value", "signed", "text"),
    [(1.25, False, "1.2"), (3, True, "+3.0"), (-0.04, True, "0.0"), (0.04, True, "0.0"), (-2.0, True, "\u22122.0")],
)
def test_decimals(value, signed, text):
    assert decimal(value, signed=signed) == text


def test_spread_of_a_pair():
    assert spread_text(Number((Estimate(1, 0.25, 3), Estimate(1, 0.5, 3)))) == "±0.2/0.5"


def test_markdown_columns_are_aligned(made_scores):
    lines = [line for line in to_markdown(transfer_table(made_scores(), TITLES)).splitlines() if line[:1] == "|"]
    assert len({len(line) for line in lines}) == 1
    assert len({tuple(i for i, sign in enumerate(line) if sign == "|") for line in lines}) == 1


def test_latex_has_as_many_cells_in_every_line_and_no_naked_specials(made_scores):
    text = to_latex(transfer_table(made_scores(seeds=(1, 2)), TITLES))
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    counts = {len(re.findall(r"(?<!\\)&", line)) for line in body.splitlines() if line.endswith(r"\\")}
    assert counts == {10}
    assert r"\begin{tabular}{lrrrrrrrrrr}" in text
    assert not set("–−±†%#") & set(text.split("\n", 1)[1].replace("{!}{%", "").replace(r"\%", ""))
    assert text.count("{") == text.count("}")


def test_a_title_with_special_signs_is_escaped(made_scores):
    scores = made_scores(sources=("none", "mnli"), targets=("xnli",))
    titles = {"mnli": "A&B_50%|#", "xnli": "X"}
    assert r"A\&B\_50\%|\#" in to_latex(transfer_table(scores, titles))
    assert r"A&B_50%\|#" in to_markdown(transfer_table(scores, titles))


def test_of_one_model_no_table_names_it_but_the_csv(finished):
    texts = finished.write_tables("again")
    for name in ("published", "gains", "variants", "costs"):  # no checkpoint, analysis or run cards: no row
        assert texts.pop(f"{name}.csv").count("\n") == 1
    for name, text in texts.items():
        assert ("tiny" in text) == name.endswith(".csv")


def test_of_several_models_each_has_its_own_tables_in_the_order_asked_for(finished_two):
    texts = finished_two.write_tables()
    for name in ("transfer", "best", "languages"):
        rows = list(csv.DictReader(io.StringIO(texts[f"{name}.csv"])))
        assert next(iter(rows[0])) == "model"
        assert list(dict.fromkeys(row["model"] for row in rows)) == ["tiny", "small"]
        labels = re.findall(r"\\label\{(.*?)\}", texts[f"{name}.tex"])
        assert len(labels) == len(set(labels)) == (6 if name == "languages" else 2)
        headings = re.findall(r"^#+ .*: (tiny|small)$", texts[f"{name}.md"], flags=re.MULTILINE)
        assert headings == ["tiny"] * (len(labels) // 2) + ["small"] * (len(labels) // 2)
    assert texts["languages.md"].startswith("# Scores by language\n\n## XNLI: tiny\n")


def test_csv_is_tidy_and_keeps_precision(made_scores):
    scores = made_scores()
    rows = list(csv.DictReader(io.StringIO(to_csv(transfer_records(scores)))))
    assert len(rows) == 11 * (6 * 2 + 3 * 3 + 1)
    found = next(r for r in rows if (r["source"], r["target"], r["metric"]) == ("mnli", "xquad", "score"))
    assert float(found["gain"]) == task_gain(scores, "mnli", "xquad").mean
    assert found["gain_std"] == ""


def test_best_records_agree_with_the_best_table(made_scores):
    scores = made_scores()
    records = best_records(scores)
    rows = best_table(scores, TITLES).rows
    assert [TITLES[r["source"]] for r in records[:-1]] == [row.entries[0] for row in rows[:-1]]
    assert records[-1]["target"] == "average"
    assert rows[-1].entries[2].parts[0].mean == records[-1]["score"]
    assert any("biased upward" in note for note in best_table(scores, TITLES).notes)


def test_the_language_table_has_controls_marked_and_outside_the_mean(made_scores):
    scores = made_scores()
    table = language_table(scores, "xnli", TITLES)
    assert [row.kind for row in table.rows] == [""] * 7 + ["control"] * 2 + ["average"]
    assert "*" in table.rows[-2].title
    ordinary = [row.entries[0].parts[0].mean for row in table.rows[:7]]
    assert table.rows[-1].entries[0].parts[0].mean == pytest.approx(sum(ordinary) / 7)
    records = [r for r in language_records(scores) if r["target"] == "xnli"]
    assert len(records) == 9 * 11 * 2


def test_a_target_or_source_without_any_score_is_shown_as_missing(scores_table):
    table, languages = scores_table(sources=("none", "mnli"), targets=("xnli",))
    facts = read_languages(languages)
    (scores,) = read_scores(table, facts, sources=("none", "mnli", "qqp"), targets=("xnli", "panx"))
    shown = transfer_table(scores, TITLES)
    assert [[value_text(entry) for entry in row.entries][1:] for row in shown.rows] == [["–", "–"]] * 3
    assert value_text(shown.rows[2].entries[0]) == "–"
    assert [row.entries[0] for row in best_table(scores, TITLES).rows] == ["MNLI", "–", "best per target"]
    assert "panx,score,0,,,,,0" in to_csv(transfer_records(scores))
