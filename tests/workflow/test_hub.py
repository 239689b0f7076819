"""A study from the Hub (a server on loopback), its lock file, and the same study from a bundle without a network."""

import shutil
import subprocess

import pytest
import yaml

from tests.checkpoints import save_xlmr
from tests.unit.sources.hub_server import Fault, serve
from tests.workflow.conftest import Tree, copy_tree
from tests.workflow.small_mirror import build
from workflow.scripts.laboratory.world import World

CONFIG = {
    "collection": "fetched",
    "provider": "hub",
    "languages": "available",
    "sources": ["none", "mnli"],
    "targets": ["xnli", "tatoeba"],
    # the development split of the small mirror is a part of its training split
    "origins": {"mnli": {"dev": [{"repository": "nyu-mll/glue", "config": "mnli", "split": "train[80%:]"}]}},
    "models": {"nano": {"checkpoint": "someone/small"}},
    "tokenization": {"max_length": 64, "max_question_length": 24, "stride": 16},
    "training": {"epochs": 1, "learning_rate": 1.0e-3},
    "retrieval": {"layer": 1},
}
STUDY = ("--configfile", "study.yaml", "--cores", "2")


def online(server, cache):
    """Return the environment of a machine whose Hub is the server."""
    return {
        "HF_ENDPOINT": server.endpoint,
        "HF_HOME": str(cache),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "1",
    }


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A folder of repositories that is served."""
    folder = build(tmp_path_factory.mktemp("hub"))
    shutil.rmtree(folder / "text")
    rows = World(seed=7).rows("documents", split="train", languages=["en", "qaa"], examples=40, stream="s")
    save_xlmr(folder / "models/someone/small", [row["text_a"] for row in rows])
    with serve(folder) as server:
        yield server


@pytest.fixture(scope="module")
def fetched(hub, tmp_path_factory):
    """A tree in which the study has run to its end, and its bundle is made."""
    tree = copy_tree(tmp_path_factory.mktemp("fetched") / "tree")
    (tree.root / "study.yaml").write_text(yaml.safe_dump(CONFIG))
    tree.environment = online(hub, tree.root / "cache")
    tree.printed = tree.run(*STUDY, env=tree.environment)
    tree.run("bundle", *STUDY, env=tree.environment)
    return tree


def test_the_first_run_pins_every_repository(fetched, hub):
    lock = yaml.safe_load((fetched.root / "config/datasets.lock.yaml").read_text())
    pinned = {name: hub.repositories["dataset", name].revisions["main"] for name in lock["datasets"]}
    assert {name: found["main"] for name, found in lock["datasets"].items()} == pinned
    assert set(pinned) == {"nyu-mll/glue", "google/xtreme"}
    assert lock["models"] == {"someone/small": {"main": hub.repositories["model", "someone/small"].revisions["main"]}}


def test_a_second_run_does_nothing_and_asks_nothing(fetched, hub):
    before = len(hub.requests)
    assert fetched.jobs(*STUDY) == {}
    assert len(hub.requests) == before


def test_provenance_reaches_the_report(fetched, hub):
    report = (fetched.root / "results/fetched/report.html").read_text()
    for name in ("nyu-mll/glue", "google/xtreme"):
        assert name in report
        assert hub.repositories["dataset", name].revisions["main"][:7] in report


def test_a_bundle_is_the_whole_study_without_a_network(fetched, tmp_path):
    bundle = shutil.copytree(fetched.root / "results/fetched/bundle", tmp_path / "bundle")
    checked = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=bundle, capture_output=True)
    assert checked.returncode == 0, checked.stdout
    assert not any(path.is_symlink() for path in bundle.rglob("*"))
    tree = copy_tree(tmp_path / "tree")
    (tree.root / "study.yaml").write_text(yaml.safe_dump(CONFIG))
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "nothing"), "MIRROR": str(bundle)}
    tree.run(*STUDY, "--config", "provider=mirror", env=offline)
    for source in ("none", "mnli"):
        for target in ("xnli", "tatoeba"):
            name = f"results/fetched/predictions/nano/{source}/seed1/{target}.parquet"
            assert (tree.root / name).read_bytes() == (fetched.root / name).read_bytes()


def test_a_deleted_lock_entry_is_pinned_anew(fetched, hub, tmp_path):
    shutil.copytree(fetched.root, tmp_path / "tree", symlinks=True, copy_function=shutil.copy2)
    tree = Tree(tmp_path / "tree")
    lock = tree.root / "config/datasets.lock.yaml"
    entries = yaml.safe_load(lock.read_text())
    del entries["datasets"]["google/xtreme"]
    lock.write_text(yaml.safe_dump(entries))
    planned = tree.jobs(*STUDY)
    assert planned["fetch_dataset"] == 2  # xnli and tatoeba; mnli is of another repository
    tree.run(*STUDY, env=fetched.environment)
    assert set(yaml.safe_load(lock.read_text())["datasets"]) == {"nyu-mll/glue", "google/xtreme"}
    assert tree.jobs(*STUDY) == {}


def test_a_refusal_names_what_to_do_and_loses_nothing(fetched, hub, tmp_path):
    tree = copy_tree(tmp_path / "tree")
    (tree.root / "study.yaml").write_text(yaml.safe_dump(CONFIG))
    token = "hf_" + "s3cret" * 5
    environment = online(hub, tree.root / "cache") | {"HF_TOKEN": token}
    said = {"X-Error-Code": "GatedRepo", "X-Error-Message": f"Not for {token}"}
    hub.faults.append(Fault("/google/xtreme", status=403, headers=said, times=99))
    try:
        printed = tree.run("--printshellcmds", *STUDY, env=environment, check=False)
    finally:
        hub.faults.clear()
    assert "google/xtreme" in printed
    assert "HF_TOKEN" in printed
    assert "Traceback" not in printed
    assert not (tree.root / "results/fetched/repositories/xnli/manifest.json").exists()
    assert (tree.root / "results/fetched/repositories/mnli/manifest.json").exists()
    printed += tree.run("--printshellcmds", *STUDY, env=environment)
    assert (tree.root / "results/fetched/report.html").exists()
    assert any(request.headers.get("authorization") == f"Bearer {token}" for request in hub.requests)
    assert token not in printed
    files = [path for path in tree.root.rglob("*") if path.is_file() and path.suffix != ".pyc"]  # this test has it
    assert [path for path in files if token.encode() in path.read_bytes()] == []
