"""The simulations of the studies `similarity`, `typology` and `domain`: what they plant is what they measure."""

import numpy as np
import pytest

from benchmarks import studies_domain, studies_similarity, studies_typology


def test_the_planted_interaction_is_the_mean_estimate():
    world = studies_similarity.World("small", sources=5, targets=5, own=0.1, own_by_budget=0.1, noise=0.1)
    found = studies_similarity.measure(world, 0.3, 10, np.random.default_rng(0))
    assert found["estimate"] == pytest.approx(0.3, abs=0.05)
    assert found["qap"] > 0.8
    assert found["covered"] > 0.6


def test_the_planted_slope_is_the_mean_estimate():
    world = studies_typology.World("small", (2, 1, 1, 1, 1, 1), languages=0.02, noise=0.02)
    found = studies_typology.measure(world, -0.2, 10, np.random.default_rng(0))
    assert found["estimate"] == pytest.approx(-0.2, abs=0.02)
    assert found["t"] > 0.8
    assert found["covered"] > 0.6


@pytest.mark.parametrize("world", studies_typology.WORLDS, ids=lambda world: world.name)
def test_worlds_have_the_languages_they_say(world):
    known, values = studies_typology.simulate(world, 0.0, np.random.default_rng(0))
    assert values.shape == (world.seeds, sum(world.sizes))
    assert len(set(known.families)) == len(world.sizes)
    assert bool(known.controls) == world.control


def test_the_planted_domain_is_the_mean_estimate():
    world = studies_domain.World("small", examples=1500, by_seed=0.2)
    found = studies_domain.measure(world, 1.0, 6.0, 8, np.random.default_rng(0))
    assert found["estimate"] == pytest.approx(2.0, abs=0.5)
    assert found["triple_estimate"] == pytest.approx(6.0, abs=1.5)
    assert found["covered"] > 0.6
    assert found["triple_covered"] > 0.6
