"""The benchmarks of training and prediction, on encoders so small that their figures mean nothing."""

import json

import pytest

from benchmarks import prediction_throughput, retrieval, training_throughput
from benchmarks.turns import Cost, Measured, ratios
from benchmarks.workload import SHAPES, Shape, write_sequences
from workflow.scripts.features.store import Features


def run_small(benchmark, capfd, *words):
    assert benchmark.main(["--shape", "tiny", "--examples", "64", "--repetitions", "1", *words]) == 0
    figures = json.loads(capfd.readouterr().out.splitlines()[-1])
    for found in figures["variants"].values():
        assert found["examples_per_cpu_second"] > 0
        assert found["examples_per_wall_second"] > 0
        assert found["resident_mib"] > 0
    assert figures["gpu"]
    assert figures["versions"]["torch"]
    return figures


def test_training_is_measured_beside_the_trainer(capfd):
    figures = run_small(training_throughput, capfd, "--only", "ours-bf16", "padded-bf16", "grouped-bf16")
    assert set(figures["ratios"]) == {"ours-bf16 / padded-bf16", "ours-bf16 / grouped-bf16"}
    assert all(times[clock] > 0 for times in figures["ratios"].values() for clock in ("cpu", "wall"))
    assert figures["benchmark"] == "training_throughput"


def test_prediction_is_measured_beside_the_trainer(capfd):
    figures = run_small(prediction_throughput, capfd, "--only", "ours-fp32", "padded-fp32")
    assert list(figures["ratios"]) == ["ours-fp32 / padded-fp32"]
    assert figures["benchmark"] == "prediction_throughput"


def test_retrieval_is_measured_and_compared_with_all_pairs(capfd):
    words = ["--left", "300", "--right", "200", "--width", "32", "--repetitions", "1", "--exhaustive", "250"]
    assert retrieval.main([*words, "--only", "ours", "ours-half"]) == 0
    figures = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert set(figures["variants"]) == {"ours", "ours-half"}
    assert figures["exhaustive"] == {"rows_of_each_side": [250, 200], "identical": True}
    assert figures["products"] in ("bfloat16", "float32")


def test_what_more_rows_cost_is_linear():
    """Half of the rows take 3 s less than the whole: ten times as many take 54 s more."""
    measured = {"ours": Measured([Cost(1, cpu=10)], {}), "ours-half": Measured([Cost(1, cpu=7)], {})}
    assert retrieval.full_size(measured, left=100, right=10) == 10 + 0.6 * 90
    assert retrieval.full_size({"ours": measured["ours"]}, 100, 10) is None


def test_a_variant_that_fails_ends_the_benchmark(capfd):
    with pytest.raises(SystemExit, match="exit status 1"):
        run_small(prediction_throughput, capfd, "--only", "ours-fp32-none")
    assert "invalid literal for int() with base 10: 'none'" in capfd.readouterr().err


def test_ratios_compare_neighbours_in_time():
    """A machine that is half as fast in two of three repetitions leaves the ratio as it is."""
    ours = Measured([Cost(10, 1, 1), Cost(10, 2, 2), Cost(10, 2, 2)], {})
    theirs = Measured([Cost(10, 3, 3), Cost(10, 6, 6), Cost(10, 6, 6)], {})
    found = ratios({"ours": ours, "theirs": theirs}, [("ours", "theirs"), ("ours", "unmeasured")])
    assert found == {"ours / theirs": {"cpu": 3.0, "wall": 3.0}}


def test_lengths_are_those_of_mnli(tmp_path):
    write_sequences(tmp_path / "mnli.arrow", 4000, "mnli", 100)
    lengths = Features(tmp_path / "mnli.arrow").input_ids.lengths
    assert lengths.mean() == pytest.approx(39, abs=1)
    assert lengths.std() == pytest.approx(17, abs=1)
    assert lengths.max() <= 128
    write_sequences(tmp_path / "squad.arrow", 4, "squad", 100)
    assert set(Features(tmp_path / "squad.arrow").input_ids.lengths) == {384}


def test_flops_are_those_of_the_matrix_products():
    """One layer of width 2, feed-forward 3: 4 products of 2 x 2, 2 of 2 x 3, and scores and means over 5 tokens."""
    shape = Shape(layers=1, width=2, heads=1, feed_forward=3, vocabulary=10)
    assert shape.flops([5]) == 2 * 5 * (4 * 4 + 2 * 6) + 2 * (2 * 5 * 5 * 2)
    assert SHAPES["small"].flops([40, 40]) == 2 * SHAPES["small"].flops([40])
