"""Published numbers beside those of a study: what is compared, and how it is shown."""

import csv
import io
import re
from collections import Counter
from dataclasses import replace

import pyarrow as pa
import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from workflow.scripts.reporting.aggregate import best_source, task_gain
from workflow.scripts.reporting.formats import is_text, spread_text, value_text
from workflow.scripts.reporting.published import STATUSES, compare, read_published
from workflow.scripts.reporting.published_tables import (
    MEANINGS,
    NOTHING,
    RECORD_FIELDS,
    UNLIKE,
    published_table,
    published_tables,
    published_texts,
)
from workflow.scripts.reporting.report import TEMPLATES, downloads, shade
from workflow.scripts.reporting.scores import read_languages, read_scores
from workflow.scripts.reporting.tables import BIAS, Number
from workflow.scripts.reporting.titles import display_titles
from workflow.scripts.tasks import TASKS
from workflow.scripts.tasks.languages import describe
from workflow.scripts.tasks.targets import TARGET_TASKS

TITLES = display_titles()
ROWS = read_published()
XLMR = "FacebookAI/xlm-roberta-large"
MEMORY = STATUSES[-1]
TARGETS = [task.name for task in TARGET_TASKS]


# What a study is compared with


def make_scores(shifts, targets=TARGETS, languages=None, seeds=(1,), models=("large",)):
    """Return studies whose `none` has exactly XTREME's scores by language, other sources a constant more."""
    rows = []
    for row in ROWS:
        wanted = row.study == "hu2020" and row.language != "average" and row.target in targets
        if not wanted or (languages and row.language not in languages):
            continue
        for model in models:
            for source, shift in shifts.items():
                for seed in seeds:
                    value = min(100.0, row.value + shift + (seed - 1) * (source != "none"))
                    names = {"model": model, "source": source, "target": row.target, "language": row.language}
                    facts = {"collection": "x", "metric": row.metric, "value": value, "n": 9, "seed": seed}
                    rows.append(names | facts | {"main_metric": True})
    facts = read_languages(describe(sorted({row["language"] for row in rows})))
    return read_scores(pa.Table.from_pylist(rows), facts, sources=list(shifts), targets=targets)


def of_study(found, study, **wanted):
    rows = [item for item in found if item.row.study == study]
    return [item for item in rows if all(getattr(item.row, name) == value for name, value in wanted.items())]


def test_the_scores_of_xtreme_differ_from_themselves_in_nothing():
    (scores,) = make_scores({"none": 0.0})
    found = compare(scores, ROWS, "xlm-roberta-large")
    single = [item for item in of_study(found, "hu2020") if item.row.language != "average"]
    assert len(single) == 189
    assert {item.difference for item in single} == {0.0}
    means = [item for item in of_study(found, "hu2020") if item.row.language == "average"]
    assert len(means) == 13
    assert all(abs(item.difference) < 0.41 for item in means)
    assert {item.row.source for item in found} == {"none"}  # neither gains nor the best without intermediate tasks
    assert {item.row.model for item in found} == {XLMR}


def test_gains_are_compared_with_gains_paired_with_none():
    (scores,) = make_scores({"none": 0.0, "mnli": -1.0}, targets=["xnli", "xquad"], seeds=(1, 2, 3))
    found = compare(scores, ROWS, XLMR)
    gains = {(item.row.target, item.row.metric): item for item in of_study(found, "phang2020", source="mnli")}
    assert set(gains) == {("xnli", "accuracy"), ("xquad", "f1"), ("xquad", "exact_match"), ("average", "score")}
    xnli = gains["xnli", "accuracy"]
    assert (xnli.ours.mean, xnli.ours.std, xnli.ours.seeds) == (pytest.approx(0.0), pytest.approx(1.0), 3)
    assert xnli.difference == pytest.approx(1.2)
    assert gains["average", "score"].ours.mean == pytest.approx(0.0)
    assert gains["average", "score"].difference is None  # two targets against nine


def test_means_over_other_languages_are_shown_but_not_subtracted():
    (scores,) = make_scores({"none": 0.0}, targets=["xnli", "udpos"], languages=("en", "de", "ur"))
    found = compare(scores, ROWS, XLMR)
    (mean,) = of_study(found, "hu2020", target="xnli", language="average")
    assert (mean.averaged, mean.difference) == (3, None)
    assert [item.row.language for item in of_study(found, "hu2020", target="xnli")] == ["average", "en", "de", "ur"]
    table = published_table(scores, ROWS, XLMR, TITLES)
    texts = [row.entries for row in table.rows if row.entries[0] == "XNLI" and row.entries[-1] == "RemBERT Table 16"]
    assert [(value_text(entry[4]), value_text(entry[5]), entry[6]) for entry in texts] == [("79.2", "–", "3, not 15")]
    assert UNLIKE in table.notes


def test_nine_targets_in_fewer_languages_are_no_xtreme():
    (scores,) = make_scores({"none": 0.0}, languages=TASKS["xnli"].languages)
    (mean,) = of_study(compare(scores, ROWS, XLMR), "hu2020", target="average")
    assert (mean.averaged, mean.difference) == (9, None)
    (whole,) = make_scores({"none": 0.0})
    (mean,) = of_study(compare(whole, ROWS, XLMR), "hu2020", target="average")
    assert mean.difference == pytest.approx(mean.ours.mean - 68.1)
    assert mean.difference == pytest.approx(0.15 + 0.4 / 9, abs=0.02)  # POS 73.8, not 72.6; Tatoeba's mean


def test_dev_has_no_part_in_the_29_languages_of_pos():
    (scores,) = make_scores({"none": 0.0, "mnli": 1.0}, targets=["udpos"])
    (gain,) = of_study(compare(scores, ROWS, XLMR), "phang2020", source="mnli", target="udpos")
    assert (gain.averaged, gain.row.averaged, gain.difference) == (33, 29, None)


def test_the_best_source_of_a_target_stands_beside_the_published_best():
    (scores,) = make_scores({"none": 0.0, "mnli": 2.0, "qqp": -0.5})
    found = of_study(compare(scores, ROWS, XLMR), "phang2020", source="best")
    assert {item.source for item in found} == {"mnli", "best"}
    assert {item.row.target for item in found} == {*TARGETS, "average"}
    (xnli,) = [item for item in found if item.row.target == "xnli"]
    assert xnli.ours.mean == pytest.approx(best_source(scores, "xnli").score.mean)
    assert task_gain(scores, "mnli", "xnli").mean == pytest.approx(2.0)
    table = published_table(scores, ROWS, XLMR, TITLES)
    assert table.rows[-1].title == "best per target"
    assert "best per target (MNLI)" in [row.title for row in table.rows]
    assert BIAS in table.notes


def test_nothing_is_shown_for_another_checkpoint():
    (scores,) = make_scores({"none": 0.0}, targets=["xnli"])
    assert compare(scores, ROWS, "xlm-roberta-base") == []
    assert published_table(scores, ROWS, "xlm-roberta-base", TITLES) is None
    assert published_tables([scores], ROWS, {}, TITLES) == []
    texts = published_texts([scores], ROWS, {}, TITLES)
    assert texts["published.csv"] == ",".join(RECORD_FIELDS) + "\n"
    assert texts["published.md"] == f"# Published numbers beside ours\n\n{NOTHING}\n"
    assert texts["published.tex"] == f"% {NOTHING}\n"


def test_a_source_that_was_not_scored_is_left_out():
    scores = make_scores({"none": 0.0, "mnli": 1.0}, targets=["xnli"])[0]
    scores = replace(scores, sources=(*scores.sources, "qqp"))
    assert {item.row.source for item in compare(scores, ROWS, XLMR)} == {"none", "mnli", "best"}


# How it is shown


def test_the_table_shows_split_status_and_citation():
    (scores,) = make_scores({"none": 0.0, "mnli": -1.0}, targets=["xnli", "bucc2018"], seeds=(1, 2))
    table = published_table(scores, ROWS, XLMR, TITLES)
    heads = [title for title, _ in table.columns]
    assert {len(row.entries) for row in table.rows} == {len(heads) - 1}
    titles = ["none", "MNLI", "best per target (MNLI)", "best per target"]
    assert list(dict.fromkeys(row.title for row in table.rows)) == titles
    cells = [dict(zip(heads, (row.title, *row.entries), strict=True)) for row in table.rows]
    (dev,) = [cell for cell in cells if cell["Citation"] == "jiant-dev PR #128"]
    assert dev["Split"] == "dev (ours: test)"
    assert value_text(dev["Difference"]) == "−5.5"
    assert dev["Mean over"] == "4"
    (gain,) = [cell for cell in cells if cell["Intermediate task"] == "MNLI" and cell["Target"] == "XNLI"]
    assert (value_text(gain["Published"]), value_text(gain["Ours"])) == ("−1.2", "−0.5")
    assert spread_text(gain["Ours"]) == "±0.7"
    assert spread_text(gain["Published"]) == ""
    assert (gain["Seeds"], gain["Status"]) == ("2", MEMORY)
    assert sum(any(meaning in note for note in table.notes) for meaning in MEANINGS.values()) == 3


def test_tables_of_several_models_name_them_and_texts_hold_both():
    models = make_scores({"none": 0.0}, targets=["xnli", "xquad"], models=("large", "copy", "own"))
    starts = {"large": XLMR, "copy": "xlm-roberta-large"}
    tables = published_tables(models, ROWS, starts, TITLES)
    names = ["published-large", "published-languages-large", "published-copy", "published-languages-copy"]
    assert [table.name for table in tables] == names
    texts = published_texts(models, ROWS, starts, TITLES)
    assert len(re.findall(r"\\label\{tab:published", texts["published.tex"])) == 4
    assert len(set(re.findall(r"^## (.*)$", texts["published.md"], flags=re.MULTILINE))) == 4
    records = list(csv.DictReader(io.StringIO(texts["published.csv"])))
    assert tuple(records[0]) == RECORD_FIELDS
    assert Counter(record["model"] for record in records) == dict.fromkeys(starts, len(records) // 2)
    (whole,) = published_tables(models[2:], ROWS, {"own": XLMR}, TITLES)[:1]
    assert whole.name == "published"
    mean = next(r for r in records if (r["study"], r["target"], r["language"]) == ("hu2020", "xnli", "average"))
    assert float(mean["difference"]) == float(mean["ours"]) - 79.2


def render(tables, files=None):
    """Return the section as the report renders it."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"value": value_text, "spread": spread_text}
    environment.tests["number"] = lambda entry: isinstance(entry, Number)
    environment.globals |= {"shade": shade, "numeric": lambda table, column: not is_text(table, column)}
    page = environment.from_string('{% import "macros.html.jinja" as show %}{% include "published.html.jinja" %}')
    return page.render(published=tables, downloads=downloads(files or {}))


def test_the_section_is_there_when_there_is_something_to_show():
    (scores,) = make_scores({"none": 0.0, "mnli": 1.0}, targets=["xnli", "xquad"])
    tables = published_tables([scores], ROWS, {"large": XLMR}, TITLES)
    page = render(tables, published_texts([scores], ROWS, {"large": XLMR}, TITLES))
    assert page.count("<table") == 2
    assert page.count("<details>") == 1
    assert f'<span class="quiet">{15 + 2 * 11} numbers</span>' in page
    assert 'id="published"' in page
    assert "nobody should quote them" in page
    assert page.count(f"<td>{MEMORY}</td>") == sum(row.entries[-2] == MEMORY for row in tables[0].rows) > 0
    assert page.count("download=") == 3
    assert 'class="number gain' not in page  # a difference to others is no gain
    assert render([]).strip() == ""
