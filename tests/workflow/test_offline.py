"""A study runs where there is no network at all: in a name space of its own, from a bundle."""

import shutil
import socket
import subprocess

import pytest
import yaml

from benchmarks.source_tree import copy_sources
from tests.cluster.conftest import Tree
from tests.workflow.small_mirror import build

NETWORKLESS = ("unshare", "--net", "--map-root-user")
SMALL = ("--configfile", "tests/config/smoke.yaml", "--cores", "2", "--config", "sources=[none]", "targets=[tatoeba]")

CONFIG = {
    "collection": "smoke",
    "provider": "mirror",
    "mirror": "clones",
    "languages": "available",
    "sources": ["none"],
    "targets": ["tatoeba"],
    "tokenizers": {"subwords": {"vocabulary_size": 500, "corpora": ["sentences"], "rows_per_language": 60}},
    "models": {
        "nano": {
            "tokenizer": "subwords",
            "architecture": {"hidden_size": 16, "layers": 1, "attention_heads": 2, "feed_forward_size": 16},
            "pretraining": {"corpora": {"sentences": 1.0}, "sampling_alpha": 0.3, "steps": 4, "batch_size": 4},
        }
    },
    "retrieval": {"layer": 1},
}


@pytest.fixture
def tree(tmp_path):
    return Tree(copy_sources(tmp_path / "tree", "tests", compiled=True))


@pytest.fixture(scope="module")
def without_network():
    """The command that starts another one without any network, not even a loopback address that is up."""
    if shutil.which("unshare") is None or subprocess.run([*NETWORKLESS, "true"], capture_output=True).returncode:
        pytest.skip("name spaces for networks are not permitted here (unshare --net)")
    return NETWORKLESS


def test_there_is_no_network(without_network):
    with socket.create_server(("127.0.0.1", 0)) as server:
        probe = f"exec 3<>/dev/tcp/127.0.0.1/{server.getsockname()[1]}"
        assert subprocess.run(["bash", "-c", probe], capture_output=True).returncode == 0
        refused = subprocess.run([*without_network, "bash", "-c", probe], capture_output=True, text=True)
    assert "unreachable" in refused.stderr


def test_the_laboratory_runs_without_network(tree, without_network):
    tree.run(*SMALL, prefix=without_network)
    assert tree.scores()
    assert (tree.root / "results/smoke/report.html").is_file()


def test_a_study_runs_from_a_bundle_without_network(tree, without_network, tmp_path):
    """As docs/how-to/offline.md says: the bundle is made where the data are, and is all that is there of them later."""
    build(tree.root / "clones")
    (tree.root / "study.yaml").write_text(yaml.safe_dump(CONFIG))
    study = ("--configfile", "study.yaml", "--cores", "2")
    tree.run("bundle", "scores", *study)
    here = tree.scores()
    bundle = tmp_path / "shared/bundle"
    shutil.copytree(tree.root / "results/smoke/bundle", bundle)
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=bundle, check=True)
    shutil.rmtree(tree.root / "clones")
    shutil.rmtree(tree.root / "results")

    tree.run("scores", *study, "--config", f"mirror={bundle}", prefix=without_network, HF_HUB_OFFLINE="1")
    assert tree.scores() == here
