"""The simulated studies of the calibration benchmark have the truth that they claim, and its figures come out."""

import json

import numpy as np
import pytest

from benchmarks import calibration
from benchmarks.calibration import World, families, simulate
from workflow.scripts.statistics import scores


def test_simulated_gains_are_those_claimed():
    world = World(40, 6, 2000, between_seeds=0.5)
    for parallel in (False, True):
        measured, truth = simulate(World(40, 6, 2000, parallel, between_seeds=0.5), 2.0, np.random.default_rng(1))
        means = scores(measured)
        assert (means[1] - means[0]).mean() == pytest.approx(truth, abs=0.8)
    assert len(families(world.languages)) == 6
    assert [families(9).count(f"family {i}") for i in range(5)] == [3, 2, 1, 1, 1]


def test_calibration_prints_its_figures(capsys, monkeypatch):
    monkeypatch.setattr(calibration, "WORLDS", (World(2, 4, 40),))
    monkeypatch.setattr(calibration, "paper_size", lambda _: 0.0)
    assert calibration.main(["--repetitions", "2", "--replicates", "20"]) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["benchmark"] == "calibration"
    assert all(0 <= rate <= 1 for rate in figures["errors"].values())
    assert set(figures["coverage"]) == {"2 seeds, 4 languages, 40 examples"}
    assert figures["selection"]["3 seeds, sources 0 points apart"]["naive"] > 0
