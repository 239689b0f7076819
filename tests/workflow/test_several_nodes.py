"""Two machines train one model: here both are this one, and their processes meet on its loopback address."""

import json
import re
import shlex
import socket
import subprocess
import sys

import pytest

from benchmarks.source_tree import copy_sources
from tests.cluster.conftest import Tree, environment

SMOKE = ("--configfile", "tests/config/smoke.yaml", "--cores", "2")
RUN = "results/smoke/models/nano/run.json"


@pytest.fixture
def tree(tmp_path):
    return Tree(copy_sources(tmp_path / "tree", "tests", compiled=True))


def test_two_nodes_train_as_one(tree):
    tree.run(RUN, *SMOKE)
    alone = json.loads((tree.root / RUN).read_text())
    printed = tree.run(
        RUN, *SMOKE, "--forcerun", "pretrain_model", "--dry-run", "--printshellcmds", "--quiet", "progress"
    )
    (command,) = re.findall(r"launch --processes \S+ (train --stage pretraining .*)", printed)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tree.root / RUN).unlink()

    nodes = []
    for rank in range(2):
        meeting = f"--nnodes 2 --node-rank {rank} --master-addr 127.0.0.1 --master-port {port}"
        launch = [sys.executable, "-m", "workflow.scripts.launch", "--processes", "1", *shlex.split(command)]
        with (tree.root / f"node{rank}.log").open("w") as log:
            variables = environment() | {"TORCHRUN_OPTIONS": meeting}
            nodes.append(subprocess.Popen(launch, cwd=tree.root, env=variables, stdout=log, stderr=log))
    said = [(node.wait(240), (tree.root / f"node{rank}.log").read_text()) for rank, node in enumerate(nodes)]
    assert [status for status, _ in said] == [0, 0], said

    together = json.loads((tree.root / RUN).read_text())
    assert together["processes"] == 2
    assert [together["examples"], together["steps"]] == [alone["examples"], alone["steps"]]
    losses = [[loss for _, loss in card["curve"]] for card in (together, alone)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-3)
