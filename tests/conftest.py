"""Fixtures that several groups of tests share."""

import os
from pathlib import Path

import pytest

GROUPS = ("laboratory", "workflow")
"""Folders whose tests share an expensive run, and so have to be in one process of `pytest -n`; the longest first."""

# One thread, as in the laboratory: sums in another order would not be bit-identical.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def world():
    from workflow.scripts.laboratory.world import World

    return World(seed=3)


def group(item):
    """Return the folder below `tests` that a test is in."""
    return item.path.relative_to(Path(__file__).parent).parts[0]


def pytest_itemcollected(item):
    """Keep the tests of a group together; xdist reads the marks before `pytest_collection_modifyitems` of this file."""
    if group(item) in GROUPS:
        item.add_marker(pytest.mark.xdist_group(group(item)))
        item.add_marker(getattr(pytest.mark, group(item)))


def pytest_collection_modifyitems(items):
    """Begin with the longest group."""
    order = {name: place for place, name in enumerate(GROUPS)}
    items.sort(key=lambda item: order.get(group(item), len(order)))
