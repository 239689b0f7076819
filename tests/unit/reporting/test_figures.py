"""The figures: reproducible, legible, and drawn for any number of models, languages and sources."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from workflow.scripts.reporting.distance import Grid, distance_correlation, distance_figure, points, spearman
from workflow.scripts.reporting.figures import color_bound, gains_figure, readable_ink, save
from workflow.scripts.reporting.scores import read_languages, read_scores

SVG = "{http://www.w3.org/2000/svg}"


def draw(figure, folder, name="a"):
    save(figure, folder / f"{name}.svg", folder / f"{name}.png")
    return (folder / f"{name}.svg").read_text(), (folder / f"{name}.png").read_bytes()


def texts(svg):
    return ["".join(node.itertext()).strip() for node in ET.fromstring(svg).iter(f"{SVG}text")]


@pytest.fixture(scope="module")
def drawings(finished):
    return {name: (finished.folder / "figures" / f"{name}.svg").read_text() for name in ("gains", "distance")}


@pytest.fixture(scope="module")
def double_drawings(finished_two):
    return {name: (finished_two.folder / "figures" / f"{name}.svg").read_text() for name in ("gains", "distance")}


@pytest.mark.parametrize("figure", [gains_figure, distance_figure])
def test_equal_scores_give_equal_files(made_models, tmp_path, figure):
    models = made_models(sources=("none", "mnli", "qqp"), targets=("xnli",))
    assert draw(figure(models, {}), tmp_path, "a") == draw(figure(models, {}), tmp_path, "b")


@pytest.mark.parametrize("name", ["gains", "distance"])
def test_no_date_no_picture_and_no_small_print(drawings, name):
    svg = drawings[name]
    assert "<image" not in svg
    assert "dc:date" not in svg
    sizes = [float(size) for size in re.findall(r"font(?:-size)?: (?:\w+ )?([\d.]+)px", svg)]
    assert sizes
    assert min(sizes) >= 8


def test_the_heat_map_shows_every_number_and_marks_the_missing(scores_table, tmp_path):
    table, languages = scores_table(sources=("none", "mnli", "qqp"), targets=("xnli", "pawsx"))
    kept = [row for row in table.to_pylist() if (row["source"], row["target"]) != ("qqp", "xnli")]
    models = read_scores(type(table).from_pylist(kept), read_languages(languages))
    svg, _ = draw(gains_figure(models, {"mnli": "MNLI"}), tmp_path)
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


@pytest.mark.parametrize(("count", "sources", "targets"), [(1, 2, ("xnli",)), (40, 15, ("xnli", "tatoeba"))])
def test_figures_of_any_size(made_models, tmp_path, count, sources, targets):
    names = ("none", *(f"s{number}" for number in range(1, sources)))
    models = made_models(count, sources=names, targets=targets)
    for draws in (gains_figure, distance_figure):
        svg, png = draw(draws(models, {}), tmp_path)
        assert png[:4] == b"\x89PNG"
        assert "nan" not in svg.lower()


def test_sparse_scores_are_drawn(made_models, tmp_path):
    models = made_models(seeds=(1, 2), keep=0.4, sources=("none", "mnli"), targets=("xnli", "panx", "xquad"))
    for draws in (gains_figure, distance_figure):
        draw(draws(models, {}), tmp_path)  # a layout that collapses is a warning, and warnings are errors


def test_every_language_of_the_laboratory_is_labelled_in_every_panel(drawings):
    found = texts(drawings["distance"])
    assert {code: found.count(code) for code in ("en", "qab", "qag", "qay", "qaz")} == {
        "en": 7,  # the two retrieval targets have no English row
        "qab": 9,
        "qag": 9,
        "qay": 9,
        "qaz": 9,
    }


def test_of_several_models_each_has_its_own_block_with_its_name(drawings, double_drawings):
    heat_map, distance = texts(double_drawings["gains"]), texts(double_drawings["distance"])
    assert [heat_map.count(name) for name in ("tiny", "small", "MNLI", "XNLI")] == [1, 1, 2, 2]
    assert [distance.count(name) for name in ("tiny", "small", "score", "XNLI")] == [1, 1, 2, 2]
    assert sum(text.startswith("gain over none") for text in heat_map) == 1
    assert not any("tiny" in texts(svg) for svg in drawings.values())


@pytest.mark.parametrize("crowded", [False, True])
@pytest.mark.parametrize(("blocks", "panels"), [(1, 1), (1, 9), (2, 2), (3, 7)])
def test_panels_lie_inside_the_figure_and_apart(blocks, panels, crowded):
    grid = Grid(blocks, panels, crowded)
    boxes = [grid.panel(block, number) for block in range(blocks) for number in range(panels)]
    for left, bottom, width, height in boxes:
        assert left > 0
        assert bottom * grid.size[1] > grid.FOOT
        assert left + width < 1
        assert (1 - bottom - height) * grid.size[1] > grid.LEGEND + grid.TITLE - 1e-9
    corners = [(x, y, x + w, y + h) for x, y, w, h in boxes]
    for number, one in enumerate(corners):
        for other in corners[:number]:
            assert one[0] > other[2] or other[0] > one[2] or one[1] > other[3] or other[1] > one[3]


def test_languages_without_distance_are_not_drawn(scores_table, tmp_path):
    table, languages = scores_table(targets=("xnli",), sources=("none", "mnli"))
    blind = [row | {"distance": None} for row in languages]
    models = read_scores(table, read_languages(blind))
    assert points(models[0], "none", "xnli") == []
    svg, _ = draw(distance_figure(models, {}), tmp_path)
    assert "no distance or score known" in texts(svg)


def test_lines_end_where_scores_end(scores_table):
    table, languages = scores_table(targets=("xnli",), sources=("none", "mnli"))
    level = {row["code"]: 100.0 if row["distance"] < 0.3 else 0.0 for row in languages}
    rows = [row | {"value": level[row["language"]]} for row in table.to_pylist()]
    figure = distance_figure(read_scores(type(table).from_pylist(rows), read_languages(languages)), {})
    lines = [line.get_ydata() for line in figure.axes[0].lines if line.get_linestyle() == "-"]
    assert len(lines) == 2
    assert all(0 <= y.min() < y.max() <= 100 + 1e-9 for y in lines)


def test_spearman():
    assert spearman([1, 2, 3, 4], [10, 20, 30, 400]) == pytest.approx(1)
    assert spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert spearman([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(0.9486833)  # ties share their rank
    assert spearman([1, 2], [1, 2]) is None
    assert spearman([1, 1, 1], [1, 2, 3]) is None


def test_controls_do_not_enter_the_correlation(scores_table):
    table, languages = scores_table(sources=("none",), targets=("xnli",))
    rows = [row | {"value": 100.0} if row["language"] == "qaz" else row for row in table.to_pylist()]
    (scores,) = read_scores(type(table).from_pylist(rows), read_languages(languages))
    assert distance_correlation(scores, "none", "xnli") == pytest.approx(-1)
