"""The figures: reproducible, legible, and drawn for any number of languages and sources."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from workflow.scripts.reporting.distance import distance_correlation, distance_figure, points, spearman
from workflow.scripts.reporting.figures import color_bound, gains_figure, readable_ink, save
from workflow.scripts.reporting.scores import read_languages, read_scores

SVG = "{http://www.w3.org/2000/svg}"


def load(scores_table, count=9, **keywords):
    table, languages = scores_table(count, **keywords)
    return read_scores(table, read_languages(languages))


def draw(figure, folder, name):
    save(figure, folder / f"{name}.svg", folder / f"{name}.png")
    return (folder / f"{name}.svg").read_text(), (folder / f"{name}.png").read_bytes()


def texts(svg):
    return ["".join(node.itertext()).strip() for node in ET.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("figure", [gains_figure, distance_figure])
def test_equal_scores_give_equal_files(scores_table, tmp_path, figure):
    scores = load(scores_table, sources=("none", "mnli", "qqp"), targets=("xnli", "xquad"))
    assert draw(figure(scores, {}), tmp_path, "a") == draw(figure(scores, {}), tmp_path, "b")


@pytest.mark.parametrize("figure", [gains_figure, distance_figure])
def test_no_date_no_picture_and_no_small_print(scores_table, tmp_path, figure):
    svg, _ = draw(figure(load(scores_table, targets=("xnli", "xquad")), {}), tmp_path, "a")
    assert "<image" not in svg
    assert "dc:date" not in svg
    sizes = [float(size) for size in re.findall(r"font(?:-size)?: (?:\w+ )?([\d.]+)px", svg)]
    assert sizes
    assert min(sizes) >= 8


def test_the_heat_map_shows_every_number_and_marks_the_missing(scores_table, tmp_path):
    table, languages = scores_table(sources=("none", "mnli", "qqp"), targets=("xnli", "pawsx"))
    kept = [row for row in table.to_pylist() if (row["source"], row["target"]) != ("qqp", "xnli")]
    scores = read_scores(type(table).from_pylist(kept), read_languages(languages))
    svg, _ = draw(gains_figure(scores, {"mnli": "MNLI"}), tmp_path, "a")
    found = texts(svg)
    assert {"MNLI", "qqp"} <= set(found)
    assert found.count("–") == 2  # qqp on xnli, and therefore its average


def test_the_colours_end_at_the_ninetieth_percentile():
    gains = np.array([[1.0] * 19 + [-45.0, np.nan]])
    assert color_bound(gains) == 1.0
    assert color_bound(np.full((1, 1), np.nan)) == 1.0
    assert color_bound(np.linspace(-10, 10, 101)) == 9.0


def test_numbers_are_readable_on_every_colour():
    assert readable_ink((1, 1, 1)) != "#ffffff"
    assert readable_ink((0, 0, 0.4)) == "#ffffff"


@pytest.mark.parametrize(("count", "sources"), [(1, 2), (40, 15)])
def test_figures_of_any_size(scores_table, tmp_path, count, sources):
    names = ("none", *(f"s{number}" for number in range(1, sources)))
    scores = load(scores_table, count, sources=names, targets=("xnli", "tatoeba"))
    if count == 1:
        scores = load(scores_table, count, sources=names, targets=("xnli",))
    for draws in (gains_figure, distance_figure):
        svg, png = draw(draws(scores, {}), tmp_path, "a")
        assert png[:4] == b"\x89PNG"
        assert "nan" not in svg.lower().replace("nano", "")


@pytest.mark.parametrize("keep", [0.3, 0.6])
def test_sparse_scores_are_drawn(scores_table, tmp_path, keep):
    scores = load(scores_table, seeds=(1, 2), keep=keep, sources=("none", "mnli"), targets=("xnli", "panx", "xquad"))
    for draws in (gains_figure, distance_figure):
        draw(draws(scores, {}), tmp_path, "a")  # a layout that collapses is a warning, and warnings are errors


def test_every_language_of_the_laboratory_is_labelled_in_every_panel(scores_table, tmp_path):
    svg, _ = draw(distance_figure(load(scores_table), {}), tmp_path, "a")
    found = texts(svg)
    assert {code: found.count(code) for code in ("en", "qab", "qag", "qay", "qaz")} == {
        "en": 7,  # the two retrieval targets have no English row
        "qab": 9,
        "qag": 9,
        "qay": 9,
        "qaz": 9,
    }


def test_languages_without_distance_are_not_drawn(scores_table, tmp_path):
    table, languages = scores_table(targets=("xnli",))
    blind = [row | {"distance": None} for row in languages]
    scores = read_scores(table, read_languages(blind))
    assert points(scores, "none", "xnli") == []
    svg, _ = draw(distance_figure(scores, {}), tmp_path, "a")
    assert "no distance or score known" in texts(svg)


def test_spearman():
    assert spearman([1, 2, 3, 4], [10, 20, 30, 400]) == pytest.approx(1)
    assert spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert spearman([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(0.9486833)  # ties share their rank
    assert spearman([1, 2], [1, 2]) is None
    assert spearman([1, 1, 1], [1, 2, 3]) is None


def test_controls_do_not_enter_the_correlation(scores_table):
    table, languages = scores_table(sources=("none",), targets=("xnli",))
    rows = [row | {"value": 100.0} if row["language"] == "qaz" else row for row in table.to_pylist()]
    scores = read_scores(type(table).from_pylist(rows), read_languages(languages))
    assert distance_correlation(scores, "none", "xnli") == pytest.approx(-1)
