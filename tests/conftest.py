"""Fixtures that several groups of tests share."""

import os

import pytest

# One thread, as in the laboratory: sums in another order would not be bit-identical.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def world():
    from workflow.scripts.laboratory.world import World

    return World(seed=3)
