"""The report: what it says, that it is safe and self-contained, and the programs around it."""

import html
import json
import re
from html.parser import HTMLParser

import pyarrow.parquet as pq
import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.reporting.costs import provenance, read_run, stage_costs
from workflow.scripts.reporting.findings import caveats, findings, headline
from workflow.scripts.reporting.report import background, duration, inline_svg, thousands
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


@pytest.fixture(scope="module")
def page(finished):
    return (finished.folder / "report.html").read_text()


@pytest.fixture(scope="module")
def double_page(finished_two):
    return (finished_two.folder / "report.html").read_text()


@pytest.mark.parametrize("name", ["page", "double_page"])
def test_the_page_is_well_formed_and_ids_are_unique(name, request):
    checker = Checker()
    checker.feed(request.getfixturevalue(name))
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
    assert page.count("<details>") == 9 + 3
    assert page.count("<svg") == 5
    assert page.count('download="') == 3 * 5
    assert "One seed: differences of a few points are not evidence" in page
    assert "0f1e2d3c4b5a" in page
    assert "Model tiny" not in page


def test_of_several_models_each_has_its_own_section_and_headline(double_page):
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", double_page)
    assert titles == [
        "Gains in all models",
        "Scores against typological distance",
        "Languages by distance to English",
        "Learning curves",
        "Explore a target, a source, a language",
        "Model tiny",
        "Model small",
        "Distances of the languages to English",
        "What was run, and what it cost",
        "Provenance",
    ]
    assert double_page.count("<svg") == 5
    assert double_page.count('download="') == 3 * 5
    assert double_page.count("the best average:") + double_page.count("raises the average score;") == 4
    header = double_page[: double_page.index("</header>")]
    assert re.findall(r'<li><a href="#model-\w+-section">(\w+)</a>: \S', header) == ["tiny", "small"]
    costs = double_page[double_page.index('id="costs"') : double_page.index('id="provenance"')]
    assert costs.count("<td>tiny</td>") == costs.count("<td>small</td>") == 3


def test_text_from_files_is_escaped(page):
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp;" in page


def test_a_sparse_study_lists_what_is_missing(study):
    sparse = study(seeds=(1, 2), keep=0.7, sources=("none", "mnli", "qqp"), targets=("xnli", "pawsx", "xquad"))
    sparse.write_tables()
    sparse.draw()
    text = sparse.write_report()
    assert "Missing scores" in text
    assert "†" in text
    assert 'aria-label="missing"' in text


def test_tables_are_the_same_for_any_order_of_rows(study):
    found = study(sources=("none", "mnli"), targets=("xnli", "mlqa"), models=("tiny",))
    before = found.write_tables("a")
    table = pq.read_table(found.folder / "scores.parquet")
    pq.write_table(table.take(list(reversed(range(table.num_rows)))), found.folder / "scores.parquet")
    assert len(before) == 3 * 7
    assert found.write_tables("b") == before


def test_a_missing_file_is_named(study):
    found = study(sources=("none",), targets=("xnli",))
    found.write_tables()
    with pytest.raises(UserError, match=r"gains\.svg is missing"):
        found.write_report()
    found.cards.append(found.folder / "nothing.json")
    with pytest.raises(UserError, match=r"nothing\.json is missing"):
        found.write_report()


def shifted(scores_table, amount):
    table, languages = scores_table(sources=("none", "mnli"))
    none = {(r["target"], r["language"], r["metric"]): r["value"] for r in table.to_pylist() if r["source"] == "none"}
    rows = [
        r if r["source"] == "none" else r | {"value": none[r["target"], r["language"], r["metric"]] + amount}
        for r in table.to_pylist()
    ]
    return read_scores(type(table).from_pylist(rows), read_languages(languages))[0]


def test_the_headline_says_what_gains_and_plainly_when_nothing_does(scores_table, made_scores):
    titles = {"mnli": "MNLI"}
    assert headline(shifted(scores_table, 2.0), titles).startswith("MNLI has the best average: +2.0 points")
    assert headline(shifted(scores_table, -2.0), titles).startswith("No intermediate task raises the average score")
    assert headline(shifted(scores_table, 0.01), titles).startswith("No intermediate task raises the average score")
    none = made_scores(sources=("none",))
    assert headline(none, titles) == "No average gain can be given yet: scores are missing."


def test_findings_count_the_cells(scores_table):
    text = " ".join(findings(shifted(scores_table, 2.0), {}))
    assert "Of 9 pairs of intermediate task and target, 9 gain and 0 lose." in text
    text = " ".join(findings(shifted(scores_table, 0.0), {}))
    assert "0 gain and 0 lose (9 unchanged)" in text
    assert "fall with typological distance to English on 9 of 9 targets" in text


def test_findings_give_the_controls_beside_english(made_scores):
    text = " ".join(findings(made_scores(sources=("none", "mnli")), {}))
    assert re.search(
        r"over 7 targets: English \d\d\.\d, English relabelled \d\d\.\d, English reversed \d\d\.\d\.", text
    )
    assert "controls" not in " ".join(findings(made_scores(5, sources=("none", "mnli")), {}))


def test_findings_work_without_intermediate_tasks(made_scores):
    scores = made_scores(sources=("none",))
    assert findings(scores, {})
    assert caveats([scores], ("tatoeba",))


def test_the_caveat_about_retrieval_follows_the_numbers(scores_table):
    retrieval = ("bucc2018", "tatoeba")
    assert "do not show here" in " ".join(caveats([shifted(scores_table, 1.0)], retrieval))
    assert "do not show here" not in " ".join(caveats([shifted(scores_table, 9.0)], retrieval))


def test_caveats_follow_the_data_and_the_configuration_not_names(made_models):
    models = made_models(sources=("none",), targets=("xnli",), models=("tiny", "small"))
    assert models[0].collection == "laboratory"
    plain = " ".join(caveats(models, ()))
    assert "laboratory" not in plain
    assert "relabelling" not in plain
    assert "parallel text" not in plain
    assert "Control languages (*) are diagnostics and enter no average: English relabelled, English reversed." in plain
    full = " ".join(caveats(models, (), provider="laboratory", aligned=("small",)))
    assert "The laboratory's languages and data are generated" in full
    assert "An exact relabelling of English should transfer" in full
    assert "The model small is aligned with parallel text" in full
    few = " ".join(caveats(made_models(5, sources=("none",), targets=("xnli",)), (), provider="laboratory"))
    assert "Control languages" not in few


def test_models_pretrained_on_translation_pairs_are_known_from_the_configuration():
    def model(*corpora):
        return {"pretraining": {"corpora": dict.fromkeys(corpora, 0.5)}}

    config = {"provider": "hub", "models": {"a": model("wikipedia"), "b": model("wikipedia", "opus100"), "c": {}}}
    assert background(config, ("opus100",)) == ("hub", ["b"])
    assert background({}, ("opus100",)) == ("", [])


def write_cards(folder, cards):
    for name, card in cards.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(card))
    return [read_run(folder / name) for name in cards]


def test_costs_are_summed_by_model_and_stage(run_cards, tmp_path):
    costs = stage_costs(write_cards(tmp_path, run_cards(("tiny", "small"), ("none", "mnli", "qqp"))))
    stages = ["Pretraining", "Intermediate training", "Fine-tuning"]
    assert [(cost.model, cost.title) for cost in costs] == [
        *(("tiny", stage) for stage in stages),
        *(("small", stage) for stage in stages),
        ("", "All"),
    ]
    assert [cost.runs for cost in costs] == [1, 2, 6, 1, 2, 6, 18]
    assert [costs[1].seconds, costs[1].cpu_seconds, costs[1].tokens] == [25.0, 22.5, 800_000]
    assert costs[-1].peak_memory_mb == 612.0
    bare = {"models/tiny/run.json": {"stage": "pretraining"}}
    assert stage_costs(write_cards(tmp_path, bare))[0].tokens is None
    assert stage_costs([]) == []


@pytest.mark.parametrize(
    ("name", "card", "message"),
    [
        ("models/tiny/run.json", {"seconds": 1}, "is no run card: its 'stage' is None"),
        ("models/tiny/run.json", [], "is no run card"),
        ("models/tiny/run.json", {"stage": "finetuning"}, "expected 4 level.s. below a folder 'finetuned'"),
        ("run.json", {"stage": "pretraining"}, "expected 1 level.s. below a folder 'models'"),
    ],
)
def test_a_file_that_is_no_run_card_or_stands_elsewhere_is_refused(tmp_path, name, card, message):
    with pytest.raises(UserError, match=message):
        write_cards(tmp_path, {name: card})


def test_provenance_is_without_repetitions(scores_table, run_cards, tmp_path):
    table, _ = scores_table(models=("tiny", "small"), sources=("none", "mnli"), seeds=(1, 2))
    found = provenance(table, write_cards(tmp_path, run_cards()))
    assert found.training_commits == found.scoring_commits == ("0123456789ab",)
    assert len(found.data) == 9
    assert len(found.specs) == 2 * 2 * 9
    assert dict(found.versions)["torch"] == "2.13.0"


def test_an_svg_gets_ids_of_its_own_and_the_colour_of_the_page():
    svg = '<?xml version="1.0"?><svg width="1pt" height="2pt" viewBox="0 0 1 2"><g id="a"/><use href="#a"/></svg>'
    assert str(inline_svg(svg, "x")) == (
        '<svg viewBox="0 0 1 2" style="--width: 1" aria-hidden="true" focusable="false">'
        '<g id="x-a"/><use href="#x-a"/></svg>'
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
    assert json.loads(shown) == {"collection": "mine", "provider": "laboratory", "note": "<b>&"}
