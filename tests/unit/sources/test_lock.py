"""The lock file: what it holds, who may write at the same time, what a malformed one says."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.sources.lock import LockFile, commits_to_ask

A, B = "a" * 40, "1234567890" * 4
ROOT = Path(__file__).parents[3]


@pytest.fixture
def lock(tmp_path):
    return LockFile(tmp_path / "config" / "datasets.lock.yaml")


def test_an_absent_file_holds_nothing_and_a_record_is_found_again(lock):
    assert lock.commit("dataset", "google/xtreme", "main") is None
    assert lock.record("dataset", "google/xtreme", "main", A) == A
    assert lock.commit("dataset", "google/xtreme", "main") == A
    assert lock.commit("model", "google/xtreme", "main") is None
    assert lock.commit("dataset", "google/xtreme", "other") is None
    assert LockFile(lock.path).commit("dataset", "google/xtreme", "main") == A


def test_the_file_is_sorted_and_says_how_to_update_it(lock):
    lock.record("model", "xlm-roberta-large", "main", A)
    lock.record("dataset", "tau/commonsense_qa", "main", A)
    lock.record("dataset", "Rowan/hellaswag", "refs/pr/7", A)
    lock.record("dataset", "Rowan/hellaswag", "main", B)
    header, body = lock.path.read_text().split("datasets:\n")
    assert all(line.startswith("# ") for line in header.splitlines())
    assert "delete the entry and run again" in header
    assert body == (
        f"  Rowan/hellaswag:\n    main: '{B}'\n    refs/pr/7: {A}\n  tau/commonsense_qa:\n    main: {A}\n"
        f"models:\n  xlm-roberta-large:\n    main: {A}\n"
    )


def test_digits_alone_stay_text(lock):
    lock.record("dataset", "a/b", "1.0", B)
    assert LockFile(lock.path).commit("dataset", "a/b", "1.0") == B


def test_an_entry_is_never_changed_nor_the_file_rewritten(lock):
    lock.record("dataset", "a/b", "main", A)
    before = lock.path.stat()
    assert lock.record("dataset", "a/b", "main", B) == A
    assert lock.record("dataset", "a/b", "main", A) == A
    after = lock.path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_deleted_entry_is_recorded_anew(lock):
    lock.record("dataset", "a/b", "main", A)
    lock.record("dataset", "c/d", "main", A)
    assert lock.commit("dataset", "a/b", "main") == A
    lock.path.write_text(lock.path.read_text().replace(f"  a/b:\n    main: {A}\n", ""))
    assert lock.commit("dataset", "a/b", "main") is None
    assert lock.record("dataset", "a/b", "main", B) == B
    assert lock.commit("dataset", "c/d", "main") == A


def test_a_full_commit_is_its_own_lock(lock):
    assert lock.commit("dataset", "a/b", B) == B
    assert lock.record("dataset", "a/b", B, B) == B
    assert not lock.path.exists()


def test_only_commits_are_recorded(lock):
    with pytest.raises(ValueError, match="'main' of a/b is not 40 hexadecimal digits"):
        lock.record("dataset", "a/b", "main", "main")


def test_writers_at_the_same_time_lose_nothing_and_agree(lock):
    """Eight writers, each with a view of its own, on entries of their own and on one that all want."""

    def write(number):
        mine = LockFile(lock.path)
        for entry in range(5):
            mine.record("dataset", f"org/{number}", f"revision-{entry}", A)
        return mine.record("model", "org/shared", "main", f"{number:040x}")

    with ThreadPoolExecutor(8) as pool:
        shared = set(pool.map(write, range(8)))
    assert shared == {lock.commit("model", "org/shared", "main")}
    assert all(lock.commit("dataset", f"org/{n}", f"revision-{e}") == A for n in range(8) for e in range(5))


def test_processes_at_the_same_time_lose_nothing(lock):
    program = (
        "import sys; from pathlib import Path; from workflow.scripts.sources.lock import LockFile\n"
        "for n in range(20): LockFile(Path(sys.argv[1])).record('dataset', 'org/' + sys.argv[2], str(n), 'a' * 40)"
    )
    command = [sys.executable, "-c", program, str(lock.path)]
    writers = [subprocess.Popen([*command, str(number)], cwd=ROOT) for number in range(3)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    assert all(lock.commit("dataset", f"org/{w}", str(n)) == A for w in range(3) for n in range(20))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("datasets: [a", r"it is not YAML, line \d"),
        ("<<<<<<< HEAD\ndatasets:\n  a/b: {main: x}\n=======\n", "it is not YAML, line 2"),
        ("- a/b", "the file is list .*expected a mapping"),
        ("dataset: {}", r"section 'dataset' is unknown. Did you mean 'datasets'\?"),
        ("datasets: {a/b: main}", r"datasets.a/b is str 'main'; expected a mapping"),
        ("datasets: {a/b: {main: abc}}", r"datasets.a/b has 'main: abc'; expected .* 40 hexadecimal digits"),
        (f"datasets: {{a/b: {{1.0: {A}}}}}", "has '1.0: a+'.*in quotes where it would be a number"),
        (f"datasets: {{a/b: {{main: {'1' * 40}}}}}", "in quotes where it would be a number"),
    ],
)
def test_a_malformed_file_is_told_and_left_alone(lock, text, fault):
    lock.path.parent.mkdir()
    lock.path.write_text(text)
    with pytest.raises(UserError, match=rf"(?s)datasets.lock.yaml is no lock file: .*{fault}.*version of it in git"):
        lock.commit("dataset", "a/b", "main")
    with pytest.raises(UserError, match="is no lock file"):
        lock.record("dataset", "a/b", "main", A)
    assert lock.path.read_text() == text


@pytest.mark.parametrize("text", ["", "# nothing\n", "datasets:\nmodels:\n"])
def test_empty_files_and_sections_hold_nothing(lock, text):
    lock.path.parent.mkdir()
    lock.path.write_text(text)
    assert lock.commit("dataset", "a/b", "main") is None
    assert lock.record("dataset", "a/b", "main", A) == A


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"lock.yaml cannot be written \(.*commit of 'a/b' is recorded there"):
        LockFile(tmp_path / "file" / "lock.yaml").record("dataset", "a/b", "main", A)


def test_snakemake_can_read_it_quickly():
    program = (
        "import sys; import workflow.scripts.sources.lock; "
        "print(*sorted({'filelock', 'huggingface_hub', 'httpx2', 'pyarrow', 'torch'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


class TestCommitsToAsk:
    """A first run's pins make nothing stale; an edited or deleted entry does, once."""

    NAME = "google/xtreme"

    @pytest.fixture
    def manifest(self, tmp_path):
        path = tmp_path / "manifest.json"

        def write(commit, asked):
            entry = {"repository": self.NAME, "revision": "main", "commit": commit}
            path.write_text(json.dumps({"repositories": [entry], "asked": asked}))
            return path

        return write

    def test_before_the_first_run(self, tmp_path):
        assert commits_to_ask(LockFile(tmp_path / "lock.yaml"), tmp_path / "manifest.json") == {}

    def test_what_a_run_pinned_stays_what_it_asked_for(self, tmp_path, manifest):
        lock = LockFile(tmp_path / "lock.yaml")
        lock.record("dataset", self.NAME, "main", "a" * 40)
        assert commits_to_ask(lock, manifest("a" * 40, {})) == {}
        asked = {f"{self.NAME}@main": "a" * 40}
        assert commits_to_ask(lock, manifest("a" * 40, asked)) == asked

    def test_an_edited_entry_asks_anew_and_then_stays(self, tmp_path, manifest):
        lock = LockFile(tmp_path / "lock.yaml")
        lock.record("dataset", self.NAME, "main", "b" * 40)
        asked = commits_to_ask(lock, manifest("a" * 40, {}))
        assert asked == {f"{self.NAME}@main": "b" * 40}
        assert commits_to_ask(lock, manifest("b" * 40, asked)) == asked

    def test_a_deleted_entry_asks_for_what_the_branch_has(self, tmp_path, manifest):
        asked = commits_to_ask(LockFile(tmp_path / "lock.yaml"), manifest("a" * 40, {}))
        assert asked == {f"{self.NAME}@main": ""}
