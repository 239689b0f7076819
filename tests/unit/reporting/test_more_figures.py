"""Scores by language, learning curves and the diagram of stages."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import yaml

from workflow.scripts.errors import UserError
from workflow.scripts.reporting.diagram import stage_figure
from workflow.scripts.reporting.distance import distance_figure, distance_title
from workflow.scripts.reporting.dots import dots_figure
from workflow.scripts.reporting.evidence import read_language_intervals
from workflow.scripts.reporting.figures import save
from workflow.scripts.reporting.learning import Curve, learning_figure, read_curve, running_mean
from workflow.scripts.reporting.scores import read_languages, read_scores
from workflow.scripts.reporting.titles import display_titles
from workflow.scripts.stages import count_stages
from workflow.scripts.study import Study

CONFIG = Path(__file__).resolve().parents[2] / "config" / "smoke.yaml"
SVG = "{http://www.w3.org/2000/svg}"


def texts(figure, folder, name="a"):
    """Save a figure twice; return its texts. Both files are the same, and no letter is small."""
    for again in (name, f"{name}2"):
        save(figure, folder / f"{again}.svg", folder / f"{again}.png")
    svg = (folder / f"{name}.svg").read_text()
    assert svg == (folder / f"{name}2.svg").read_text()
    assert "nan" not in svg.lower()
    assert min(float(size) for size in re.findall(r"font(?:-size)?: (?:\w+ )?([\d.]+)px", svg)) >= 8
    return ["".join(node.itertext()).strip() for node in ET.fromstring(svg).iter(f"{SVG}text")]


def test_dots_are_in_order_of_distance_with_it_and_bars(made_models, statistics, tmp_path):
    models = made_models(sources=("none", "mnli"), targets=("xnli", "tatoeba"))
    figure = dots_figure(models, {}, read_language_intervals(statistics(tmp_path, models) / "languages.parquet"))
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names[0] == "English"
    assert names[-2:] == ["English relabelled", "English reversed"]
    shown = [float(text.get_text()) for text in figure.axes[0].texts if re.fullmatch(r"\d\.\d\d", text.get_text())]
    assert shown[:-2] == sorted(shown[:-2])
    bars = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2]
    assert [list(line.get_xdata()) for line in bars] == [[45.0, 55.0]] * 2 * 7  # controls have none here
    assert "best source" in texts(figure, tmp_path)


@pytest.mark.parametrize(
    ("count", "models", "sources", "targets", "seeds", "keep"),
    [
        (1, ("tiny",), ("none",), ("xnli",), (1,), 1.0),
        (40, ("tiny", "small"), ("none", "mnli", "qqp"), ("xnli", "xquad", "tatoeba", "udpos"), (1, 2), 0.5),
    ],
)
def test_dots_of_any_study(made_models, tmp_path, count, models, sources, targets, seeds, keep):
    found = made_models(count, models=models, sources=sources, targets=targets, seeds=seeds, keep=keep)
    figure = dots_figure(found, display_titles())
    assert len(figure.axes) == len(models) * len(targets)
    assert not any(len(line.get_xdata()) == 2 for axes in figure.axes for line in axes.lines)
    texts(figure, tmp_path)


def test_the_axis_of_distances_names_the_measure(scores_table, tmp_path):
    table, languages = scores_table(targets=("xnli",), sources=("none", "mnli"))
    (plain,) = read_scores(table, read_languages(languages))
    assert distance_title(plain) == "typological distance to English"
    (named,) = read_scores(table, read_languages([row | {"measure": "syntax, cosine"} for row in languages]))
    assert "distance to English: syntax, cosine" in texts(distance_figure([named], {}), tmp_path)


def test_scores_are_never_drawn_below_0_and_few_languages_have_no_fit(scores_table, tmp_path):
    table, languages = scores_table(2, targets=("bucc2018",), sources=("none", "mnli-mlm"))
    rows = [row | {"value": 1.0} for row in table.to_pylist()]
    figure = distance_figure(read_scores(type(table).from_pylist(rows), read_languages(languages)), display_titles())
    (axes,) = figure.axes
    assert axes.get_ylim()[0] == 0
    assert "1 language: too few for a fit" in texts(figure, tmp_path)


def test_variants_have_titles():
    assert display_titles()["mnli-mlm"] == "MNLI + MLM"


def write_card(path, **card):
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(card))
    return path


def test_a_curve_is_read_from_a_run_card(tmp_path):
    card = {"curve": [[1, 2.5], [2, 2.0]], "selection": {"evaluations": [[2, 80.0]]}}
    found = read_curve(write_card(tmp_path / "finetuned/tiny/none/seed3/xnli/run.json", **card))
    assert found == Curve("tiny", "none", 3, "xnli", [(1, 2.5), (2, 2.0)], [(2, 80.0)])
    bare = read_curve(write_card(tmp_path / "intermediate/tiny/mnli/seed1/run.json", loss=0.5))
    assert bare == Curve("tiny", "mnli", 1, "", [], [])
    assert read_curve(tmp_path / "models/tiny/run.json") is None
    wrong = write_card(tmp_path / "intermediate/tiny/qqp/seed1/run.json", curve=[["a", "b"]])
    with pytest.raises(UserError, match="no curve of step and loss"):
        read_curve(wrong)


def test_a_panel_for_each_source_and_each_task(tmp_path):
    line = [(step, 3.0 - step / 10) for step in range(1, 20)]
    curves = [Curve("tiny", source, seed, "", line, []) for source in ("mnli", "qqp") for seed in (1, 2)]
    curves += [Curve("tiny", source, 1, "xnli", line, [(10, 70.0)]) for source in ("none", "mnli", "qqp")]
    figure = learning_figure(curves, {"mnli": "MNLI", "xnli": "XNLI"})
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == ["intermediate: MNLI", "intermediate: qqp", "target: XNLI", "target: XNLI, dev"]
    assert [len(axes.lines) for axes in figure.axes] == [2, 2, 3, 3]
    assert {"none", "MNLI", "qqp"} <= set(texts(figure, tmp_path))


def test_of_a_long_curve_some_points_are_drawn_the_last_among_them():
    curve = Curve("tiny", "none", 1, "xnli", [(step, 1.0) for step in range(5001)], [])
    (line,) = learning_figure([curve], {}).axes[0].lines
    steps = line.get_xdata()
    assert len(steps) == 120
    assert (steps[0], steps[-1]) == (0, 5000)


def test_without_curves_the_figure_says_so(tmp_path):
    assert texts(learning_figure([], {}), tmp_path) == ["No run recorded a learning curve."]
    assert len(learning_figure([Curve("tiny", "none", 1, "xnli", [(1, 2.0)], [])], {}).axes) == 1


def test_the_running_mean_looks_back_only():
    values = np.arange(100.0)
    assert running_mean(values)[[0, 1, 2, 50]].tolist() == [0.0, 0.5, 1.0, 49.0]
    assert running_mean(np.array([4.0])).tolist() == [4.0]


def study(**changes):
    return Study(yaml.safe_load(CONFIG.read_text(encoding="utf-8")) | changes)


def test_jobs_of_the_stages_are_counted(tmp_path):
    found = count_stages(study(seeds=[1, 2, 3]))
    assert {name: stage["jobs"] for name, stage in found.items() if name != "data"} == {
        "pretrained": 1,
        "intermediate": 3 * 3,
        "target": 4 * 4 * 3,
        "evaluation": 4 * 6 * 3,
    }
    assert found["evaluation"]["direct"] == ["bucc2018", "tatoeba"]
    shown = texts(stage_figure(found, display_titles()), tmp_path)
    assert {"9 runs", "48 runs", "72 tables", "not fine-tuned: BUCC, Tatoeba"} <= set(shown)
    assert "none: no intermediate training" in shown


def test_a_study_without_intermediate_training_is_drawn(tmp_path):
    found = count_stages(study(sources=["none"], targets=["xnli"]))
    assert [found[name]["jobs"] for name in ("intermediate", "target", "evaluation")] == [0, 1, 1]
    shown = texts(stage_figure(found, {}), tmp_path)
    assert "0 runs" in shown
    assert not any(text.startswith("not fine-tuned") for text in shown)
