"""Pages of small and odd studies, and what intervals, costs and typology add to a page."""

import html
import json
import re

import pytest

from tests.unit.reporting.test_report import Checker


def text_of(page):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def check(page):
    checker = Checker()
    checker.feed(page)
    assert checker.wrong == checker.open == checker.fetched == []
    assert len(checker.ids) == len(set(checker.ids))
    assert {link[1:] for link in checker.links if link.startswith("#")} <= set(checker.ids)
    assert page.count("<main") == page.count("<header") == page.count("<h1") == page.count("<footer") == 1
    assert not re.search(r'role="(img|region)"(?! aria-label="\S)', page)
    return page


@pytest.mark.parametrize(
    "keywords",
    [
        {"count": 1, "sources": ("none",), "targets": ("xnli",)},
        {"count": 3, "sources": ("none", "mnli"), "targets": ("tatoeba",)},
        {"count": 9, "sources": ("mnli",), "targets": ("xquad",)},
        {"count": 9, "sources": ("none", "mnli"), "targets": ("xnli",), "seeds": (1, 2), "keep": 0.5},
    ],
    ids=["none alone", "retrieval alone", "without none", "half of it"],
)
def test_small_studies_have_a_page(study, keywords):
    found = study(models=("tiny",), **keywords)
    found.write_tables()
    found.draw()
    page = check(found.write_report())
    assert "significance" not in page
    assert "Undecided" not in page


@pytest.mark.parametrize("seeds", [1, 3])
def test_intervals_are_shown_with_marks_and_a_verdict(finished, made_scores, statistics, tmp_path, seeds):
    statistics(tmp_path, [made_scores()], seeds)
    page = check(finished.write_report("--inference", str(tmp_path), name=f"seeds{seeds}.html"))
    section = page[page.index('id="significance"') : page.index('id="best"')]
    assert "made up" in section
    assert ">*</td>" in section if seeds > 1 else ">*</td>" not in section
    head = text_of(page[: page.index("</header>")])
    assert "interval [" in head
    assert ("with one seed nothing is known of other seeds" in head) == (seeds == 1)
    assert page.count('download="gains.') == 3


def test_of_two_models_each_has_its_verdict(finished_two, made_models, statistics, tmp_path):
    models = made_models(
        models=("tiny", "small"), sources=("none", "anli", "mnli"), targets=("xnli", "xquad", "tatoeba")
    )
    statistics(tmp_path, models)
    page = check(finished_two.write_report("--inference", str(tmp_path), name="analysed.html"))
    head = page[: page.index("</header>")]
    assert len(re.findall(r"Undecided: the change|is not chance", head)) == 2
    assert page.count('<select name="model">') == 1


def test_costs_have_flops_and_disk(finished):
    page = (finished.folder / "report.html").read_text()
    costs = page[page.index('id="costs"') : page.index('id="provenance"')]
    assert {"FLOPs", "Disk"} <= set(re.findall(r">([A-Za-z]+)</th>", costs))
    assert "0.00 GiB" in costs


def test_natural_languages_show_measure_and_why_one_has_none(study):
    found = study(models=("tiny",), sources=("none", "mnli"), targets=("xnli",))
    path = found.folder / "languages.json"
    rows = json.loads(path.read_text())
    for row in rows:
        parts = {
            "syntax": {"code": "xyz", "shared": 9, "coverage": 0.5, "distances": {"syntax_cosine": row["distance"]}}
        }
        row |= {"measure": "syntactic, cosine", "chosen": "syntax_cosine", "coverage": 0.5, "typology": parts}
    rows[3] |= {"distance": None, "note": "nothing is observed <here>"}
    rows[3]["typology"]["syntax"]["distances"]["syntax_cosine"] = None
    path.write_text(json.dumps(rows))
    found.write_tables()
    found.draw()
    page = check(found.write_report())
    section = text_of(page[page.index('id="typology"') : page.index('id="costs"')])
    assert "syntactic, cosine" in section
    assert "Without a distance: Language 3 (nothing is observed <here>)." in section
    assert "distance to English: syntactic, cosine" in page


def test_a_name_cannot_leave_the_data_of_the_explorer(study):
    found = study(models=("tiny",), sources=("none", "mnli"), targets=("xnli",))
    path = found.folder / "languages.json"
    path.write_text(path.read_text().replace("Language 1", "</script><b>&"))
    found.write_tables()
    found.draw()
    page = check(found.write_report())
    assert "</script><b>" not in page
    data = re.search(r'id="explorer-data">(.*?)</script>', page, flags=re.DOTALL).group(1)
    assert any("</script><b>&" in name for name, _ in json.loads(data)[0]["languages"])
