"""The report: what it says, that it is safe and self-contained, and the programs around it."""

import html
import json
import re
from html.parser import HTMLParser

import pyarrow.parquet as pq
import pytest
from made_scores import SOURCES, TARGETS, make_runs, write_study

from workflow.scripts import make_tables, plot_distance, plot_gains, write_report
from workflow.scripts.errors import UserError
from workflow.scripts.reporting.costs import provenance, stage_costs
from workflow.scripts.reporting.findings import caveats, findings, headline
from workflow.scripts.reporting.report import duration, inline_svg, thousands
from workflow.scripts.reporting.scores import read_languages, read_scores

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Checker(HTMLParser):
    """Collects what a page would fetch, its ids, and elements that are closed in the wrong order."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.fetched, self.links, self.wrong = [], [], [], [], []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in found:
            self.ids.append(found["id"])
        self.fetched += [found[name] for name in ("src", "srcset", "poster", "data") if name in found]
        if "href" in found:
            self.links.append(found["href"])

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def common(folder, sources=SOURCES, targets=TARGETS):
    names = ["--sources", ",".join(sources), "--targets", ",".join(targets)]
    return ["--scores", str(folder / "scores.parquet"), "--languages", str(folder / "languages.json"), *names]


def run_all(folder, sources=SOURCES, targets=TARGETS):
    words = common(folder, sources, targets)
    figures, tables, out = folder / "figures", folder / "tables", folder / "report.html"
    assert make_tables.main([*words, "--out-dir", str(tables)]) == 0
    for name, program in (("gains", plot_gains), ("distance", plot_distance)):
        assert program.main([*words, "--svg", str(figures / f"{name}.svg"), "--png", str(figures / f"{name}.png")]) == 0
    rest = ["--runs", str(folder / "runs.txt"), "--config", str(folder / "config.json"), "--out", str(out)]
    assert write_report.main([*words, "--tables", str(tables), "--figures", str(figures), *rest]) == 0
    return out.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return run_all(write_study(tmp_path_factory.mktemp("report")))


def test_the_page_is_well_formed_and_ids_are_unique(page):
    checker = Checker()
    checker.feed(page)
    assert checker.wrong == []
    assert checker.open == []
    assert len(checker.ids) == len(set(checker.ids))
    anchors = [link[1:] for link in checker.links if link.startswith("#")]
    assert set(anchors) <= set(checker.ids)


def test_the_page_needs_no_network(page):
    checker = Checker()
    checker.feed(page)
    assert checker.fetched == []
    assert all(link.startswith(("#", "data:")) for link in checker.links)
    assert not re.search(r"@import|url\((?!#)", page)
    assert "default-src 'none'" in page


def test_the_page_holds_every_section_and_the_numbers(page):
    for name in ("gains", "best", "distance", "languages", "costs", "provenance"):
        assert f'id="{name}"' in page
    assert page.count("<details>") == len(TARGETS) + 3
    assert page.count("<svg") == 2
    assert page.count('download="') == 9
    assert "One seed: differences of a few points are not evidence" in page
    assert "0f1e2d3c4b5a" in page


def test_text_from_files_is_escaped(page):
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp;" in page


def test_a_sparse_study_lists_what_is_missing(study):
    targets = TARGETS[:4]
    folder = study(seeds=(1, 2), keep=0.7, sources=SOURCES[:4], targets=targets)
    text = run_all(folder, SOURCES[:4], targets)
    assert "Missing scores" in text
    assert "†" in text
    assert 'aria-label="missing"' in text


def test_tables_are_the_same_for_any_order_of_rows(study):
    folder = study(sources=SOURCES[:3])
    words = common(folder, SOURCES[:3])
    make_tables.main([*words, "--out-dir", str(folder / "a")])
    table = pq.read_table(folder / "scores.parquet")
    pq.write_table(table.take(list(reversed(range(table.num_rows)))), folder / "scores.parquet")
    make_tables.main([*words, "--out-dir", str(folder / "b")])
    names = sorted(path.name for path in (folder / "a").iterdir())
    assert len(names) == 9
    assert [(folder / "a" / name).read_bytes() for name in names] == [
        (folder / "b" / name).read_bytes() for name in names
    ]


def test_a_missing_file_is_named(study, tmp_path):
    folder = study(sources=SOURCES[:2])
    rest = [
        "--config",
        str(folder / "config.json"),
        "--out",
        str(tmp_path / "r.html"),
        "--runs",
        str(folder / "runs.txt"),
    ]
    with pytest.raises(UserError, match=r"gains\.svg is missing"):
        write_report.main([*common(folder), "--tables", str(tmp_path), "--figures", str(tmp_path), *rest])
    with pytest.raises(UserError, match="missing"):
        write_report.read_runs(tmp_path / "runs.txt")


def load(scores_table, count=9, **keywords):
    table, languages = scores_table(count, **keywords)
    return read_scores(table, read_languages(languages))


def shifted(scores_table, amount):
    table, languages = scores_table(sources=("none", "mnli"))
    none = {(r["target"], r["language"], r["metric"]): r["value"] for r in table.to_pylist() if r["source"] == "none"}
    rows = [
        r if r["source"] == "none" else r | {"value": none[r["target"], r["language"], r["metric"]] + amount}
        for r in table.to_pylist()
    ]
    return read_scores(type(table).from_pylist(rows), read_languages(languages))


def test_the_headline_says_what_gains_and_plainly_when_nothing_does(scores_table):
    titles = {"mnli": "MNLI"}
    assert headline(shifted(scores_table, 2.0), titles).startswith("MNLI has the best average: +2.0 points")
    assert headline(shifted(scores_table, -2.0), titles).startswith("No intermediate task raises the average score")
    assert headline(shifted(scores_table, 0.01), titles).startswith("No intermediate task raises the average score")
    none = load(scores_table, sources=("none",))
    assert headline(none, titles) == "No average gain can be given yet: scores are missing."


def test_findings_count_the_cells(scores_table):
    text = " ".join(findings(shifted(scores_table, 2.0), {}))
    assert "Of 9 pairs of intermediate task and target, 9 gain and 0 lose." in text
    text = " ".join(findings(shifted(scores_table, 0.0), {}))
    assert "0 gain and 0 lose (9 unchanged)" in text
    assert "fall with typological distance to English on 9 of 9 targets" in text


def test_findings_work_without_intermediate_tasks(scores_table):
    scores = load(scores_table, sources=("none",))
    assert findings(scores, {})
    assert caveats(scores, ("tatoeba",))


def test_the_caveat_about_retrieval_follows_the_numbers(scores_table):
    retrieval = ("bucc2018", "tatoeba")
    assert "do not show here" in " ".join(caveats(shifted(scores_table, 1.0), retrieval))
    assert "do not show here" not in " ".join(caveats(shifted(scores_table, 9.0), retrieval))


def test_costs_are_summed_by_stage():
    costs = stage_costs(make_runs(SOURCES[:3]))
    assert [cost.title for cost in costs] == ["Pretraining", "Intermediate training", "Fine-tuning", "All stages"]
    assert [cost.runs for cost in costs] == [1, 2, 6, 9]
    assert costs[1].seconds == 25.0
    assert costs[-1].peak_memory_mb == 612.0
    assert stage_costs([{"stage": "pretraining"}])[0].tokens is None
    assert stage_costs([]) == []
    with pytest.raises(UserError, match="no 'stage'"):
        stage_costs([{"seconds": 1}])


def test_provenance_is_without_repetitions(scores_table):
    table, _ = scores_table(sources=SOURCES[:2])
    found = provenance(table, make_runs(SOURCES[:2]))
    assert found.training_commits == found.scoring_commits == ("0123456789ab",)
    assert len(found.data) == len(TARGETS)
    assert len(found.specs) == 2 * len(TARGETS)
    assert dict(found.versions)["torch"] == "2.13.0"


def test_an_svg_gets_ids_of_its_own_and_the_colour_of_the_page():
    svg = '<?xml version="1.0"?><svg width="1pt" height="2pt" viewBox="0 0 1 2"><g id="a"/><use href="#a"/></svg>'
    assert str(inline_svg(svg, "x")) == (
        '<svg viewBox="0 0 1 2" aria-hidden="true" focusable="false"><g id="x-a"/><use href="#x-a"/></svg>'
    )
    assert "currentColor" in inline_svg('<svg><path style="stroke: #1b1f24"/></svg>', "x")


@pytest.mark.parametrize(
    "svg",
    ["nothing", "<svg><script>1</script></svg>", '<svg onload="x()"></svg>', '<svg><use href="data:x"/></svg>'],
)
def test_an_svg_that_could_run_or_fetch_is_refused(svg):
    with pytest.raises(UserError, match="draw it again"):
        inline_svg(svg, "x")


def test_figures_of_time_and_number():
    assert [duration(s) for s in (None, 3.21, 245, 12000)] == ["–", "3.2 s", "4 min 05 s", "3 h 20 min"]
    assert [thousands(n) for n in (None, 1234567)] == ["–", "1\u202f234\u202f567"]


def test_the_configuration_is_shown_whole(page):
    shown = html.unescape(re.search(r"<pre[^>]*><code>(.*?)</code>", page, flags=re.DOTALL).group(1))
    assert json.loads(shown) == {"collection": "laboratory", "seeds": [1], "note": "<b>&"}
