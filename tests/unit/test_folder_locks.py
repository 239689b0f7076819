"""One program at a time writes to a folder, and the end of a program, of whatever kind, is the end of its lock."""

import errno
import fcntl
import os
import signal
import subprocess
import sys

import pytest

from workflow.scripts import folder_locks
from workflow.scripts.errors import UserError
from workflow.scripts.folder_locks import locked

HOLD = """
import sys, time
from pathlib import Path
from workflow.scripts.folder_locks import locked
with locked(Path(sys.argv[1]), "the first"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of `tmp_path / "state"`."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path / "state"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_is_refused_and_told_of_the_first(holder, tmp_path):
    message = rf"training 'x' is under way already: process {holder.pid} on {os.uname().nodename} holds .*state/lock"
    with pytest.raises(UserError, match=message), locked(tmp_path / "state", "the training 'x'"):
        pass
    assert holder.poll() is None


def test_the_lock_goes_with_a_killed_process(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "state/lock").read_text().startswith(f"process {holder.pid} ")
    with locked(tmp_path / "state", "the second"):
        assert (tmp_path / "state/lock").read_text().startswith(f"process {os.getpid()} ")
    assert not (tmp_path / "state").exists()


def test_the_folder_stays_if_something_is_in_it(tmp_path):
    with locked(tmp_path / "state", "the first"):
        (tmp_path / "state/kept").write_text("of use")
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["kept"]
    with locked(tmp_path / "state", "the second"):
        pass


def test_a_holder_on_another_machine_is_waited_for(tmp_path, monkeypatch, caplog):
    """Its death is seen late; while it lives the second is refused in the end."""
    folder, waits = tmp_path / "state", []
    with locked(folder, "the first"):
        (folder / "lock").write_text("process 7 on elsewhere")
        monkeypatch.setattr(folder_locks.time, "sleep", waits.append)
        monkeypatch.setattr(folder_locks.time, "monotonic", lambda: 50.0 * len(waits))
        with pytest.raises(UserError, match="process 7 on elsewhere"), locked(folder, "the second"):
            pass
    assert len(waits) == 3
    assert caplog.text.count("waiting up to 120 s") == 1


def test_a_lock_that_was_taken_over_while_it_was_removed_is_none(tmp_path, monkeypatch):
    """Who opened the file before its holder removed it must not lock the removed file."""
    folder, real, taken = tmp_path / "state", fcntl.flock, []

    def flock(file, kind):
        real(file, kind)
        if not taken:
            taken.append(file)
            (folder / "lock").unlink()

    monkeypatch.setattr(fcntl, "flock", flock)
    with locked(folder, "the first"), pytest.raises(UserError), locked(folder, "the second"):
        pass


def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch, caplog):
    def refuse(file, kind):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locked(tmp_path / "state", "a training"):
        assert "No locks available" in caplog.text
