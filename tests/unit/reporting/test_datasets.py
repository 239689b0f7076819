"""What the report says about data sets."""

import html
import json
import re

import pytest

from tests.unit.reporting.test_report import Checker
from workflow.scripts.errors import UserError
from workflow.scripts.reporting.datasets import describe, overlap_records, overlap_table, read_overlap, read_statistics
from workflow.scripts.reporting.formats import to_latex, to_markdown

TITLES = {"mnli": "MNLI", "xnli": "XNLI", "panx": "NER", "tatoeba": "Tatoeba"}


def make_statistics():
    """Return statistics of splits in no order: complete ones, and one as old files are."""

    def origin(config, split):
        return {
            "repository": "google/xtreme",
            "config": config,
            "split": split,
            "revision": "main",
            "commit": "0123456789abcdef",
        }

    codes = ["en", "de", "sw", "th", "zh"]
    mnli = {"repository": "nyu-mll/glue", "config": "mnli", "split": "train", "revision": "main", "commit": None}
    return [
        {"task": "tatoeba", "split": "test", "rows": 4000, "languages": dict.fromkeys(codes[1:], 1000)},
        {
            "task": "xnli",
            "split": "test",
            "rows": 25050,
            "languages": dict.fromkeys(codes, 5010),
            "lengths": {"text_a": {"mean": 104.3, "median": 98}, "text_b": {"mean": 51.8, "median": 50}},
            "repairs": {"dropped: <label> outside the set": 3, "kept: empty text_b": 1200},
            "warnings": ["rows other than published (in brackets): en 5,009 (5,010)"],
            "missing_languages": ["ur", "vi"],
            "origins": [origin("XNLI", "test")],
        },
        {
            "task": "panx",
            "split": "test",
            "rows": 5,
            "languages": dict.fromkeys(codes, 1),
            "origins": [origin(f"PAN-X.{code}", "test") for code in codes],
        },
        {
            "task": "mnli",
            "split": "train",
            "rows": 10000,
            "languages": {"en": 10000},
            "warnings": ["10,000 rows where 392,702 are published"],
            "origins": [mnli, mnli | {"repository": "stanfordnlp/snli", "config": "plain_text"}],
        },
    ]


def make_overlap(any_rows=25):
    """Return what `measure_overlap` writes for two tasks and two targets; one pair shares `any_rows` rows."""
    pairs = []
    for source in ("mnli", "qqp"):
        for target, rows in (("xnli", 25050), ("tatoeba", 4000)):
            shared = any_rows if (source, target) == ("mnli", "xnli") else 0
            counts = {"rows": rows, "whole": min(shared, 7), "any": shared}
            found = {"en": counts | {"rows": 5010}} if shared else {}
            pairs.append({"source": source, "target": target, **counts, "languages": found})
    sizes = {"sources": {"mnli": 10000, "qqp": 10000}, "targets": {"xnli": 25050, "tatoeba": 4000}}
    return {"compared": "whole input texts", "trivial": 32, **sizes, "pairs": pairs}


@pytest.fixture
def statistics():
    return make_statistics()


@pytest.fixture(scope="module")
def page(finished):
    """A report with the section on data."""
    files = []
    for found in make_statistics():
        files.append(finished.folder / "data" / found["task"] / f"{found['split']}.json")
        files[-1].parent.mkdir(parents=True)
        files[-1].write_text(json.dumps(found))
    overlap = finished.folder / "overlap.json"
    overlap.write_text(json.dumps(make_overlap()))
    for suffix in ("csv", "md", "tex"):
        overlap.with_suffix(f".{suffix}").write_text("the overlap")
    return finished.write_report("--statistics", *map(str, files), "--overlap", str(overlap), name="data.html")


def test_splits_stand_in_the_order_of_the_tasks_by_kind(statistics):
    unknown = {"task": "mine", "split": "test", "rows": 1}
    train = {"task": "xnli", "split": "train", "rows": 1}
    found = describe([unknown, *statistics, train], None, TITLES)
    assert [(title, [(line.title, line.split) for line in lines]) for title, lines in found.groups] == [
        ("Intermediate tasks", [("MNLI", "train")]),
        ("Targets", [("XNLI", "train"), ("XNLI", "test"), ("NER", "test"), ("Tatoeba", "test")]),
        ("Other tasks", [("mine", "test")]),
    ]


def test_what_was_repaired_is_missing_or_differs_is_listed_by_split(statistics):
    found = describe(statistics, None, TITLES)
    assert [name for name, _ in found.warnings] == ["MNLI, train", "XNLI, test"]
    assert found.missing == (("XNLI, test", "ur, vi"),)
    assert [count for _, _, count in found.repairs] == [1200, 3]
    assert found.notes == (
        "The data differ from the published data sets (2 warnings under Data sets): scores on them cannot be compared "
        "with published ones without care.",
    )


def test_files_with_rows_only_are_shown(statistics):
    (line,) = describe([{"task": "xnli", "split": "test", "rows": 3}], None, {}).groups[0][1]
    assert (line.title, line.rows, line.languages, line.lengths, line.origins) == ("xnli", 3, (), "", ())
    assert describe([], None, {}) is None


def test_origins_name_repository_configuration_split_and_version(statistics):
    origins = {line.title: line.origins for _, lines in describe(statistics, None, TITLES).groups for line in lines}
    assert origins["XNLI"] == ("google/xtreme, XNLI, test (main, 0123456)",)
    assert origins["NER"] == ("google/xtreme, PAN-X.en … PAN-X.zh (5 configurations), test (main, 0123456)",)
    assert origins["MNLI"] == ("nyu-mll/glue, mnli, train (main)", "stanfordnlp/snli, plain_text, train (main)")
    bare = {"task": "xnli", "split": "test", "rows": 1, "origins": [{"repository": "a/b"}]}
    assert describe([bare], None, {}).groups[0][1][0].origins == ("a/b",)


def test_the_overlap_is_told_in_a_sentence():
    found = describe([], make_overlap(), TITLES)
    assert found.summary == (
        "In 1 of 4 pairs of intermediate task and target, test rows share an input text with the training data; "
        "the largest share is MNLI → XNLI: 25 of 25,050 rows (0.1 %)."
    )
    assert found.languages == (("MNLI", "XNLI", "en", 5010, 7, 25),)
    assert len(found.notes) == 1
    none = describe([], make_overlap(0), TITLES)
    assert none.summary.startswith("No test row shares an input text")
    assert none.languages == none.notes == ()


def test_the_overlap_as_a_table_and_as_records():
    table = overlap_table(make_overlap(1234), TITLES)
    assert table.columns == (("Intermediate task", ""), ("XNLI", "25,050 rows"), ("Tatoeba", "4,000 rows"))
    assert [(row.title, row.entries) for row in table.rows] == [("MNLI", ("7 / 1,234", "0")), ("qqp", ("0", "0"))]
    assert re.search(r"\| MNLI +\| +7 / 1,234 \| +0 \|", to_markdown(table))  # counts stand to the right
    assert r"MNLI & 7 / 1,234 & 0 \\" in to_latex(table)
    records = overlap_records(make_overlap())
    assert [tuple(record.values()) for record in records[:3]] == [
        ("mnli", "xnli", None, 25050, 7, 25),
        ("mnli", "xnli", "en", 5010, 7, 25),
        ("mnli", "tatoeba", None, 4000, 0, 0),
    ]


def test_statistics_are_named_by_their_place_where_they_do_not_say_it(tmp_path):
    path = tmp_path / "xnli" / "test.json"
    path.parent.mkdir()
    path.write_text('{"rows": 3}')
    assert read_statistics(path) == {"task": "xnli", "split": "test", "rows": 3}


@pytest.mark.parametrize("content", [[], {"task": "xnli"}, {"rows": "many"}])
def test_other_files_are_refused(content, tmp_path):
    path = tmp_path / "test.json"
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"test\.json holds no statistics of a split"):
        read_statistics(path)
    with pytest.raises(UserError, match=r"test\.json holds no overlap"):
        read_overlap(path)


def test_the_page_is_well_formed_and_needs_no_network(page):
    checker = Checker()
    checker.feed(page)
    assert checker.wrong == checker.open == checker.fetched == []
    assert len(checker.ids) == len(set(checker.ids))
    assert all(link.startswith(("#", "data:")) for link in checker.links)
    assert {link[1:] for link in checker.links if link.startswith("#")} <= set(checker.ids)


def test_the_section_on_data_is_there_when_its_files_are(finished, page):
    assert "#datasets" not in (finished.folder / "report.html").read_text()
    assert 'href="#datasets"' in page
    section = page[page.index('id="datasets"') : page.index('id="typology"')]
    text = " ".join(re.sub(r"<[^>]*>", " ", section).split())
    for expected in (
        "XNLI, test rows other than published (in brackets): en 5,009 (5,010)",
        "XNLI, test ur, vi",
        "XNLI, test kept: empty text_b 1 200",
        "XNLI test 25 050 5: en de sw th zh text_a 104, text_b 52 google/xtreme, XNLI, test (main, 0123456)",
        "Tatoeba test 4 000 4: de sw th zh – –",
        "MNLI 7 / 25 0 QQP 0 0",
        "MNLI XNLI en 5 010 7 25",
    ):
        assert expected in html.unescape(text)
    assert re.findall(r'download="(.*?)"', section) == ["overlap.csv", "overlap.md", "overlap.tex"]
    assert section.count("<table>") == section.count("<caption>") == section.count('role="region"')
    assert not re.search(r"<th(?! scope=|ead)", section)
    caveats = page[page.index('class="caveats"') : page.index("</aside>")]
    assert "2 warnings under Data sets" in caveats
    assert "In 1 pair of intermediate task and target, whole test rows occur" in caveats


def test_long_lists_on_data_are_folded(finished, statistics, tmp_path):
    path = tmp_path / "test.json"
    for number, open_ in ((5, True), (6, False)):
        path.write_text(json.dumps(statistics[1] | {"warnings": [f"warning {n}" for n in range(number)]}))
        text = finished.write_report("--statistics", str(path), name="folded.html")
        assert f"<details{' open' * open_}>\n<summary>Warnings" in text
        assert 'id="overlap-title"' not in text
