"""The simulations of studies run, and their figures are shares."""

import numpy as np

from benchmarks import studies_slopes


def test_simulated_studies_hold_what_is_planted():
    design = studies_slopes.preset("duration")
    row = np.asarray(design.kind.weights(design.arms, design.contrast))
    assert np.isclose(row @ studies_slopes.planted(design, 1.25), 1.25)
    runs = studies_slopes.simulate(design, studies_slopes.planted(design, 0.5), np.random.default_rng(0))
    assert runs.scores("pawsx").shape == (len(design.arms), len(design.seeds), studies_slopes.LANGUAGES)
    assert abs(runs.scores("pawsx").mean() - studies_slopes.MEAN) < 5


def test_figures_are_shares():
    found = studies_slopes.measure("nli_scaling", 4, np.random.default_rng(0))
    assert found["announced"]["effect"] == found["announced_mde"] > 0
    for label in ("none", "announced"):
        assert 0 <= found[label]["found"] <= 1
        assert found[label]["found"] + found[label]["undecided"] == 1
