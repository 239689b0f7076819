"""Bundles: exactly what the manifests list, whole, once, and readable as a mirror."""

import shutil
import subprocess

import pyarrow as pa
import pytest
import yaml

from workflow.scripts import bundle_inputs
from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json, sha256, write_json, write_table
from workflow.scripts.sources.lock import LockFile
from workflow.scripts.sources.mirror import Clones
from workflow.scripts.tasks import Origin

COMMIT, OTHER = "0123456789" * 4, "abcdef0123" * 4


@pytest.fixture
def results(tmp_path):
    """Folders of the results: two tasks that share a repository, links into a mirror, and a model."""
    mirror = tmp_path / "mirror"
    for name in ("XNLI/test-0", "XNLI/test-1", "PAN-X.de/train-0", "PAN-X.de/validation-0", "bucc18.de/train-0"):
        write_table(mirror / f"google/xtreme/{name}.parquet", pa.table({"text": [name]}))
    write_table(mirror / "text/parallel/de-en.parquet", pa.table({"de": ["ja"], "en": ["yes"]}))
    xtreme = [("google/xtreme", "main", COMMIT)]
    files = [("XNLI", "test", "google/xtreme/XNLI/test-0"), ("XNLI", "test", "google/xtreme/XNLI/test-1")]
    bring(tmp_path, "xnli", files, xtreme)
    files = [("PAN-X.de", "train", "google/xtreme/PAN-X.de/train-0"), ("XNLI", "test", "google/xtreme/XNLI/test-0")]
    bring(tmp_path, "panx", files, xtreme)
    bring(tmp_path, "translations", [("", "", "text/parallel/de-en")], [("text", "main", None)])
    model(tmp_path, "xlmr", {"repository": "someone/xlmr", "revision": "refs/pr/2", "commit": OTHER})
    model(tmp_path, "mine", {"name": "my-bert"})
    return tmp_path / "results"


def bring(root, task, files, repositories):
    """Write the folder of a task's repositories as fetch_dataset does: links and a manifest."""
    entries, folder = [], root / "results/repositories" / task
    for config, split, name in files:
        source = root / "mirror" / f"{name}.parquet"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.parquet").symlink_to(source)
        entry = {"split": "test", "origin": 0, "language": None, "path": f"{name}.parquet", "config": config}
        entries.append(entry | {"repository_split": split, "sha256": sha256(source)})
    listed = [dict(zip(("repository", "revision", "commit"), facts, strict=True)) for facts in repositories]
    write_json(folder / "manifest.json", {"task": task, "files": entries, "repositories": listed})


def model(root, name, facts):
    folder = root / "results/models" / name
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(name.encode() * 1000)
    digest = sha256(folder / "model.safetensors")
    card = {"stage": "pretrained", "checkpoint": facts | {"sha256": digest}, "files": {"model.safetensors": digest}}
    write_json(folder / "run.json", card)


@pytest.fixture
def make(results):
    """Return a function that makes the bundle of some tasks and models and returns its folder."""

    def run(tasks=("xnli", "panx", "translations"), models=("xlmr", "mine")):
        out = results / "bundle/SHA256SUMS"
        manifests = [str(results / f"repositories/{task}/manifest.json") for task in tasks]
        cards = [str(results / f"models/{name}/run.json") for name in models]
        assert bundle_inputs.main(["--manifests", *manifests, "--models", *cards, "--out", str(out)]) == 0
        return out.parent

    return run


def content(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_bundle_has_exactly_what_is_listed_and_is_whole(make):
    bundle = make()
    assert content(bundle) == {
        "BUNDLE.md",
        "SHA256SUMS",
        "datasets.lock.yaml",
        "google/xtreme/README.md",
        "google/xtreme/PAN-X.de/train-0.parquet",
        "google/xtreme/XNLI/test-0.parquet",
        "google/xtreme/XNLI/test-1.parquet",
        "models/local/mine/model.safetensors",
        "models/local/mine/run.json",
        "models/someone/xlmr/model.safetensors",
        "models/someone/xlmr/run.json",
        "text/parallel/de-en.parquet",
    }
    assert not any(path.is_symlink() for path in bundle.rglob("*"))
    check = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=bundle, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stderr
    assert check.stdout.count(": OK") == 11


def test_the_readme_of_a_shared_repository_names_what_is_there(make):
    header = yaml.safe_load((make() / "google/xtreme/README.md").read_text().split("---\n")[1])
    assert header["configs"] == [
        {"config_name": "PAN-X.de", "data_files": [{"split": "train", "path": "PAN-X.de/train-0.parquet"}]},
        {
            "config_name": "XNLI",
            "data_files": [{"split": "test", "path": ["XNLI/test-0.parquet", "XNLI/test-1.parquet"]}],
        },
    ]


def test_a_bundle_is_a_mirror(make):
    clones = Clones(make())
    origin = Origin(repository="google/xtreme", config="XNLI", split="test[:50%]")
    assert clones.find(origin) == ["XNLI/test-0.parquet", "XNLI/test-1.parquet"]
    origin = Origin(repository="text", config="", split="", files="parallel/de-en.parquet")
    assert clones.find(origin) == ["parallel/de-en.parquet"]
    with pytest.raises(UserError, match=r"has no split 'validation'"):
        clones.find(Origin(repository="google/xtreme", config="PAN-X.de", split="validation"))


def test_commits_and_use_are_told(make):
    bundle = make()
    lock = LockFile(bundle / "datasets.lock.yaml")
    assert lock.commit("dataset", "google/xtreme", "main") == COMMIT
    assert lock.commit("model", "someone/xlmr", "refs/pr/2") == OTHER
    guide = (bundle / "BUNDLE.md").read_text()
    assert "--config provider=mirror mirror=<this folder>" in guide
    assert f"| google/xtreme | main | {COMMIT} |" in guide
    assert "set `models.mine.checkpoint` to `<this folder>/models/local/mine`" in guide


def test_checkpoints_of_sources_have_names_of_their_own(results):
    for seed in (1, 2):
        model(results.parent, f"../intermediate/xlmr/theirs/seed{seed}", {"name": "theirs"})
        card = results / f"intermediate/xlmr/theirs/seed{seed}/run.json"
        write_json(card, read_json(card) | {"stage": "imported"})
    cards = [str(path) for path in sorted(results.glob("intermediate/*/*/*/run.json"))]
    assert bundle_inputs.main(["--models", *cards, "--out", str(results / "bundle/SHA256SUMS")]) == 0
    found = content(results / "bundle")
    assert {f"models/local/xlmr-theirs-seed{seed}/model.safetensors" for seed in (1, 2)} <= found
    assert "of a source: its checkpoint in `imported`" in (results / "bundle/BUNDLE.md").read_text()


def test_the_second_time_nothing_is_copied(make, results):
    bundle = make()
    (bundle / "SHA256SUMS").unlink()  # as Snakemake does before it runs a job again
    before = {path: path.stat().st_ino for path in bundle.rglob("*.parquet")}
    damaged = bundle / "google/xtreme/XNLI/test-0.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    make()
    after = {path: path.stat().st_ino for path in bundle.rglob("*.parquet")}
    assert {path for path in before if before[path] != after[path]} == {damaged}
    assert sha256(damaged) == sha256(results.parent / "mirror/google/xtreme/XNLI/test-0.parquet")


def test_own_files_are_linked_and_those_of_a_mirror_copied(make, results):
    bundle = make()
    assert (bundle / "models/local/mine/model.safetensors").samefile(results / "models/mine/model.safetensors")
    copied = bundle / "google/xtreme/XNLI/test-0.parquet"
    assert not copied.samefile(results.parent / "mirror/google/xtreme/XNLI/test-0.parquet")


def test_what_has_changed_since_it_was_fetched_is_told(make, results):
    source = results.parent / "mirror/google/xtreme/XNLI/test-1.parquet"
    write_table(source, pa.table({"text": ["other"]}))
    with pytest.raises(UserError, match=r"test-1\.parquet has changed since .* Delete .*xnli/manifest\.json"):
        make()
    assert not (results / "bundle/SHA256SUMS").exists()
    assert not (results / "bundle/google/xtreme/XNLI/test-1.parquet").exists()
    source.unlink()
    with pytest.raises(UserError, match=r"test-1\.parquet is gone"):
        make()


def test_two_revisions_of_one_file_are_refused(make, results, tmp_path):
    other = results / "repositories/xnli"
    shutil.copytree(other, results / "repositories/again", symlinks=True)
    path = results / "repositories/again/google/xtreme/XNLI/test-0.parquet"
    path.unlink()
    write_table(path, pa.table({"text": ["another revision"]}))
    text = (
        (other / "manifest.json").read_text().replace(sha256(other / path.relative_to(path.parents[3])), sha256(path))
    )
    (results / "repositories/again/manifest.json").write_text(text)
    with pytest.raises(UserError, match=r"xnli/manifest\.json and .*again/manifest\.json have different files"):
        make(tasks=("xnli", "again"))


def test_files_of_an_earlier_study_are_named_and_not_vouched_for(make, caplog):
    make()
    bundle = make(tasks=("panx",), models=())
    assert "text/parallel" not in (bundle / "SHA256SUMS").read_text()
    assert "6 files in" in caplog.text
    assert "XNLI/test-1" in caplog.text
    header = yaml.safe_load((bundle / "google/xtreme/README.md").read_text().split("---\n")[1])
    assert [entry["config_name"] for entry in header["configs"]] == ["PAN-X.de", "XNLI"]


def test_only_models_that_were_fetched_are_taken(make, results):
    write_json(results / "models/mine/run.json", {"stage": "pretraining", "spec": {}})
    with pytest.raises(UserError, match="is not of a model that was fetched"):
        make()
