"""The figure and the table of retrieval by layer, and which sweeps a configuration may ask for."""

import copy
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.unit.smoke import SMOKE
from workflow.scripts import plot_layers
from workflow.scripts.errors import UserError
from workflow.scripts.files import write_json
from workflow.scripts.reporting.layers import layer_csv, layer_figure, read_sweep
from workflow.scripts.specifications import Specifications
from workflow.scripts.study import Study
from workflow.scripts.sweeps import LayerSweep


def sweep(target="tatoeba", source="none", model="tiny", base=10.0):
    layers = [{"mean": 0, "languages": {"qaa": base + layer, "qab": base + 20 - 3 * layer}} for layer in range(4)]
    about = {"model": model, "source": source, "seed": 1, "target": target, "metric": "accuracy", "pooling": "mean"}
    return about | {"read": 2, "layers": layers}


def read(*found):
    return [read_sweep(each, Path("layers.json")) for each in found]


def test_means_and_the_best_layer_are_those_of_the_languages():
    (found,) = read(sweep())
    assert found.means == [20.0, 19.0, 18.0, 17.0]
    assert found.best == 0


def test_the_first_of_equal_layers_is_the_best():
    flat = sweep() | {"layers": [{"languages": {"qaa": 5.0}}, {"languages": {"qaa": 7.0}}, {"languages": {"qaa": 7.0}}]}
    assert read(flat)[0].best == 1


def test_the_table_has_a_line_for_each_layer_and_language():
    lines = layer_csv(read(sweep(), sweep(source="mnli"))).splitlines()
    assert lines[0] == "model,source,seed,target,metric,pooling,layer,language,score"
    assert lines[1:4] == [
        "tiny,none,1,tatoeba,accuracy,mean,0,mean,20.0",
        "tiny,none,1,tatoeba,accuracy,mean,0,qaa,10.0",
        "tiny,none,1,tatoeba,accuracy,mean,0,qab,30.0",
    ]
    assert len(lines) == 1 + 2 * 4 * 3


def test_a_panel_for_each_model_and_target_and_a_line_for_each_source():
    found = read(*(sweep(t, s, m) for t in ("tatoeba", "bucc2018") for s in ("none", "mnli") for m in ("tiny", "big")))
    figure = layer_figure(found, {"tatoeba": "Tatoeba"})
    assert [axes.get_title("left") for axes in figure.axes] == [
        "Tatoeba, tiny",
        "bucc2018, tiny",
        "Tatoeba, big",
        "bucc2018, big",
    ]
    for axes in figure.axes:
        assert [line.get_label() for line in axes.lines if len(line.get_xdata()) == 4] == ["none", "mnli"]
        dotted = [line for line in axes.lines if line.get_linestyle() == ":"]
        assert [line.get_xdata()[0] for line in dotted] == [2]


def test_more_sources_than_colours_are_told_apart():
    figure = layer_figure(read(*(sweep(source=f"s{number}") for number in range(9))), {})
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 4]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 9


def test_the_program_writes_figure_and_table(tmp_path):
    write_json(tmp_path / "none.json", sweep())
    outputs = {suffix: tmp_path / f"layers.{suffix}" for suffix in ("svg", "png", "csv")}
    words = [word for suffix, path in outputs.items() for word in (f"--{suffix}", str(path))]
    assert plot_layers.main(["--layers", str(tmp_path / "none.json"), *words]) == 0
    first = outputs["svg"].read_bytes()
    ET.fromstring(first)
    assert outputs["png"].read_bytes()[:4] == b"\x89PNG"
    assert plot_layers.main(["--layers", str(tmp_path / "none.json"), *words]) == 0
    assert outputs["svg"].read_bytes() == first


def test_the_report_shows_the_figure_and_offers_the_table(finished, tmp_path):
    write_json(tmp_path / "none.json", sweep())
    outputs = {suffix: tmp_path / f"layers.{suffix}" for suffix in ("svg", "png", "csv")}
    words = [word for suffix, path in outputs.items() for word in (f"--{suffix}", str(path))]
    plot_layers.main(["--layers", str(tmp_path / "none.json"), *words])
    page = finished.write_report("--layers", *map(str, outputs.values()), name="swept.html")
    assert '<section id="layers"' in page
    assert 'id="layers-figure_1"' in page
    assert 'download="layers.csv"' in page
    assert '<section id="layers"' not in (finished.folder / "report.html").read_text(encoding="utf-8")


def test_another_file_is_an_error():
    with pytest.raises(UserError, match=r"scores\.json holds no scores by layer"):
        read_sweep({"languages": {}}, Path("scores.json"))


def study(**changes):
    return Study(copy.deepcopy(SMOKE) | changes)


def test_without_the_key_there_is_no_sweep():
    found = LayerSweep(study())
    assert found.summary_files == []
    assert found.score_files(None) == []


def test_files_of_a_sweep():
    found = LayerSweep(study(layer_sweep={"sources": ["none", "mnli"]}, seeds=[7, 8]))
    assert found.score_files(None) == [
        f"results/smoke/layers/nano/{source}/seed7/tatoeba.json" for source in ("none", "mnli")
    ]
    assert "results/smoke/figures/layers.svg" in found.summary_files


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"sources": ["mnl"]}, r"layer_sweep.sources = 'mnl' is no source of the study.*Did you mean 'mnli'"),
        ({"sources": ["none"], "targets": ["xnli"]}, r"layer_sweep.targets = 'xnli' is no retrieval target"),
    ],
)
def test_unknown_names_are_errors(wanted, message):
    with pytest.raises(UserError, match=message):
        LayerSweep(study(layer_sweep=wanted))


def test_pooling_is_part_of_what_predictions_are_if_it_is_not_the_usual():
    def spec(**retrieval):
        return Specifications(study(retrieval={"layer": 1} | retrieval)).prediction_spec("tatoeba")

    assert spec() == spec(pooling="mean")
    assert '"pooling":"cls"' in spec(pooling="cls")
    assert "pooling" not in spec()


def test_a_sweep_is_that_of_its_layers_settings():
    plain = Specifications(study()).sweep_spec("tatoeba")
    assert Specifications(study(retrieval={"layer": 1, "pooling": "cls"})).sweep_spec("tatoeba") != plain
    assert '"retrieval_accuracy' in plain
