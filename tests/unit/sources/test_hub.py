"""Access to the Hub where nothing fails: listing, downloads, locked commits, and work without network."""

import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import pytest

from tests.unit.sources.hub_server import Fault
from tests.unit.sources.hub_study import DATA, NAME, README, TRAIN, run_study
from workflow.scripts.errors import UserError
from workflow.scripts.sources.hub import explain_unreadable
from workflow.scripts.sources.lock import LockFile

ROOT = Path(__file__).parents[3]


@pytest.fixture
def study(tmp_path, monkeypatch):
    with run_study(tmp_path, monkeypatch) as study:
        yield study


class TestSuccess:
    def test_files_are_listed_locked_and_downloaded(self, study, tmp_path):
        hub = study.connect()
        files = hub.resolve("dataset", NAME)
        assert files.commit == study.commit == study.locked()
        assert files.files == ("README.md", TRAIN)
        assert files.sizes == {"README.md": len(README), TRAIN: len(DATA)}
        assert set(files.sha256) == {TRAIN}
        path = hub.download("dataset", files, TRAIN)
        assert path == tmp_path / "cache/datasets--org--facts/snapshots" / study.commit / TRAIN
        assert path.read_bytes() == DATA
        assert hub.download("dataset", files, "README.md").read_bytes() == README
        assert not list(tmp_path.rglob("*.unverified"))
        assert not list(tmp_path.rglob("*.incomplete"))

    def test_the_hub_is_asked_once_for_a_commit_and_once_for_a_file(self, study):
        hub = study.connect()
        for _ in range(2):
            hub.download("dataset", hub.resolve("dataset", NAME), TRAIN)
        server = study.server
        assert [request.method for request in server.seen("/api/")] == ["GET"]
        assert [request.method for request in server.seen("/resolve/")] == ["HEAD"]
        assert [request.method for request in server.seen("/storage/")] == ["GET"]
        study.fetch()
        assert len(server.requests) == 3

    def test_a_list_of_files_from_another_version_is_asked_for_again(self, study, tmp_path):
        study.fetch()
        (listing,) = tmp_path.glob("cache/*/listings/*.json")
        listing.write_text("{}")
        assert study.connect().resolve("dataset", NAME).files == ("README.md", TRAIN)

    def test_models(self, study):
        hub = study.connect()
        files = hub.resolve("model", "org/tiny")
        assert hub.download("model", files, "config.json").read_bytes() == b"{}"
        assert study.locked("org/tiny", kind="model") == files.commit

    def test_the_library_logs_where_the_program_does(self, study):
        library, handler = logging.getLogger("huggingface_hub"), logging.StreamHandler()
        library.addHandler(handler)
        study.connect()
        assert handler not in library.handlers

    def test_a_commit_as_revision_needs_no_lock(self, study):
        assert study.connect().resolve("dataset", NAME, study.commit).commit == study.commit
        assert not study.lock.exists()

    def test_other_revisions_have_commits_of_their_own(self, study):
        revision = "refs/convert/parquet"
        commit = study.server.commit(NAME, {"default/train/0000.parquet": DATA[:99]}, revision=revision)
        hub = study.connect()
        files = hub.resolve("dataset", NAME, revision)
        assert hub.download("dataset", files, "default/train/0000.parquet").read_bytes() == DATA[:99]
        assert study.locked(revision=revision) == commit
        assert study.locked() is None

    def test_the_environment_says_where_and_the_token_stays_secret(self, study, tmp_path):
        """As a program: HF_ENDPOINT, HF_HOME and HF_TOKEN are the library's, and the storage never sees the token."""
        token = "hf_" + "s3cret" * 5
        study.server.faults.append(Fault("README.md", status=403, headers={"X-Error-Message": f"Not for {token}"}))
        program = (
            "from pathlib import Path\nfrom workflow.scripts.sources.hub import Hub\n"
            "from workflow.scripts.sources.lock import LockFile\n"
            f"hub = Hub(LockFile(Path({str(tmp_path / 'lock.yaml')!r})))\n"
            f"files = hub.resolve('dataset', {NAME!r})\n"
            f"print(hub.download('dataset', files, {TRAIN!r}))\nhub.download('dataset', files, 'README.md')"
        )
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        environment |= {"HF_ENDPOINT": study.server.endpoint, "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": token}
        environment["HF_HUB_DISABLE_TELEMETRY"] = "1"
        result = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        path = Path(result.stdout.strip())
        assert path.read_bytes() == DATA, result.stderr
        assert path.is_relative_to(tmp_path / "home" / "hub")
        message = result.stderr.partition("UserError: ")[2]
        assert "(HTTP 403: Not for ***)" in message
        assert "set HF_TOKEN (now set) to a token" in message
        assert token not in message
        (asked,), (stored,) = study.server.seen("/api/"), study.server.seen("/storage/")
        assert asked.headers["authorization"] == f"Bearer {token}"
        assert "authorization" not in stored.headers


class TestLock:
    def test_a_branch_that_moved_changes_nothing(self, study, tmp_path):
        first = study.connect().resolve("dataset", NAME).commit
        second = study.server.commit(NAME, {TRAIN: b"other data"})
        for cache in ("cache", "empty"):
            assert study.connect(cache=tmp_path / cache).resolve("dataset", NAME).commit == first == study.locked()
            assert study.fetch(cache=tmp_path / cache).read_bytes() == DATA
        study.lock.unlink()
        assert study.connect().resolve("dataset", NAME).commit == second == study.locked()
        assert study.fetch().read_bytes() == b"other data"

    def test_a_commit_that_the_hub_does_not_know_any_more(self, study):
        LockFile(study.lock).record("dataset", NAME, "main", "e" * 40)
        message = rf"knows no commit e+ of dataset '{NAME}'; e+ is locked .*datasets.lock.yaml.* delete that entry"
        with pytest.raises(UserError, match=message):
            study.connect().resolve("dataset", NAME)

    def test_a_commit_that_is_answered_with_another(self, study):
        LockFile(study.lock).record("dataset", NAME, "main", "e" * 40)
        other = b'{"id": "org/facts", "sha": "%s", "siblings": []}' % (b"f" * 40)
        study.server.faults.append(Fault("/api/", content=other))
        message = r"answers with commit f+ of .* when asked for e+; e+ is locked .* delete that entry"
        with pytest.raises(UserError, match=message):
            study.connect().resolve("dataset", NAME)
        assert study.locked() == "e" * 40

    def test_of_two_runs_at_the_same_time_the_first_decides(self, study, monkeypatch):
        """Another process locks a commit after this one has looked, and before it writes its own."""
        first = study.commit
        study.server.commit(NAME, {TRAIN: b"other data"})
        monkeypatch.setattr(LockFile, "record", lambda *_: first)
        assert study.connect().resolve("dataset", NAME).commit == first


class TestOffline:
    def test_what_is_in_the_cache_needs_no_network(self, study):
        study.fetch()
        online = study.connect().resolve("dataset", NAME)
        study.go_offline()
        before = len(study.server.requests)
        assert study.connect().resolve("dataset", NAME) == online
        assert study.fetch().read_bytes() == DATA
        with pytest.raises(UserError, match=r"HF_HUB_OFFLINE is set, but 'README.md' of dataset 'org/facts' at commit"):
            study.fetch("README.md")
        assert len(study.server.requests) == before

    def test_what_the_librarys_own_command_downloaded_is_found(self, study, tmp_path):
        commit, cache = study.connect().resolve("dataset", NAME).commit, tmp_path / "other"
        huggingface_hub.snapshot_download(
            NAME, repo_type="dataset", revision=commit, endpoint=study.server.endpoint, cache_dir=cache
        )
        study.go_offline()
        assert study.connect(cache=cache).resolve("dataset", NAME).files == ("README.md", TRAIN)
        assert study.fetch(cache=cache).read_bytes() == DATA

    def test_a_missing_file_is_told_where_the_cache_cannot_be_written(self, study, tmp_path):
        study.connect().resolve("dataset", NAME)
        (tmp_path / "cache/.locks").write_text("a file where a folder must be")
        study.go_offline()
        with pytest.raises(UserError, match=r"HF_HUB_OFFLINE is set, but 'mnli/train.* is not in the cache"):
            study.fetch()

    def test_what_is_missing_is_told(self, study):
        study.go_offline()
        message = r"HF_HUB_OFFLINE is set, but .*lock.yaml has no commit of dataset 'org/facts'.*'make bundle'.*mirror"
        with pytest.raises(UserError, match=message):
            study.connect().resolve("dataset", NAME)
        LockFile(study.lock).record("dataset", NAME, "main", "e" * 40)
        with pytest.raises(UserError, match=r"list of files of dataset 'org/facts' at commit e+ is not in the cache"):
            study.connect().resolve("dataset", NAME)


def test_a_loading_script_is_never_run(study):
    study.server.commit("org/quiz", {"quiz.py": b"raise SystemExit", "README.md": b"#", "data.zip": b"zip"})
    files = study.connect().resolve("dataset", "org/quiz")
    assert explain_unreadable(files) == (
        f"'org/quiz' (revision 'main', commit {files.commit}) has only a loading script, quiz.py, which is never run; "
        "name the Hub's own conversion with 'revision: refs/convert/parquet' in the config key 'origins'"
    )


@pytest.mark.parametrize(
    ("paths", "listed"),
    [(("quiz.py", "a.parquet"), "quiz.py, a.parquet"), (tuple("abcdefghi"), "g, h, ..."), ((), "no file at all")],
)
def test_a_repository_without_fitting_files_is_told(study, paths, listed):
    files = replace(study.connect().resolve("dataset", NAME), repository="org/quiz", files=paths)
    text = explain_unreadable(files)
    assert "has no data file that fits; expected Parquet" in text
    assert text.endswith(listed)
