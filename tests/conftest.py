"""Fixtures that several groups of tests share."""

import os
import signal
from pathlib import Path

import pytest

GROUPS = ("laboratory", "cluster", "workflow")
"""Folders with expensive tests, the longest first."""

# One thread, as in the laboratory: sums in another order would not be bit-identical.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"


# A run in the background of a shell (`nohup make test &`) inherits ignored signals, and so would the programs it tests.
for number, usual in {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGHUP: signal.SIG_DFL,
    signal.SIGQUIT: signal.SIG_DFL,
}.items():
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)


@pytest.fixture(scope="session")
def world():
    from workflow.scripts.laboratory.world import World

    return World(seed=3)


def pytest_collection_modifyitems(items):
    """Mark the tests of a group, and begin with the longest group: `--dist loadfile` hands out files in this order."""
    here = Path(__file__).parent
    order = {group: place for place, group in enumerate(GROUPS)}
    for item in items:
        folder = item.path.relative_to(here).parts[0]
        if folder in GROUPS:
            item.add_marker(getattr(pytest.mark, folder))
    items.sort(key=lambda item: order.get(item.path.relative_to(here).parts[0], len(order)))
