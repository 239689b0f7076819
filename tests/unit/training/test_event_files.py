"""Event files, read back record by record, as TensorBoard does it."""

import os
import signal
import struct
import sys
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event, SessionLog

from workflow.scripts.errors import UserError
from workflow.scripts.training.event_files import open_event_files


def events(path):
    """Yield the events of a file: length (8 bytes) and its checksum (4), event, its checksum (4)."""
    content, place = path.read_bytes(), 0
    while place < len(content):
        (length,) = struct.unpack_from("<Q", content, place)
        yield Event.FromString(content[place + 12 : place + 12 + length])
        place += 12 + length + 4
    assert place == len(content)


def curves(folder):
    """Return the points of every scalar as TensorBoard shows them: what a restart does again is left out."""
    found = {}
    for path in sorted(folder.iterdir()):
        for event in events(path):
            if event.session_log.status == SessionLog.START:
                found = {name: [p for p in points if p[0] < event.step] for name, points in found.items()}
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, round(value.simple_value, 4)))
    return found


def test_scalars_are_read_back(tmp_path):
    with open_event_files(tmp_path / "deep/run") as files:
        files.write(1, loss=2.5, learning_rate=0.001)
        files.write(2, loss=2.25, learning_rate=0.002)
        files.write(2, dev=61.5)
    assert curves(tmp_path / "deep/run") == {
        "loss": [(1, 2.5), (2, 2.25)],
        "learning_rate": [(1, 0.001), (2, 0.002)],
        "dev": [(2, 61.5)],
    }
    (path,) = (tmp_path / "deep/run").iterdir()
    assert "tfevents" in path.name  # what TensorBoard looks for
    assert next(events(path)).file_version == "brain.Event:2"


def test_steps_that_are_done_again_are_shown_once(tmp_path):
    with open_event_files(tmp_path) as files:
        for step in range(1, 6):
            files.write(step, loss=step)
    with open_event_files(tmp_path, 3) as files:  # the state was saved after the third step
        for step in range(4, 7):
            files.write(step, loss=10 * step)
    assert len(list(tmp_path.iterdir())) == 2  # within one second
    assert curves(tmp_path)["loss"] == [(1, 1), (2, 2), (3, 3), (4, 40), (5, 50), (6, 60)]
    with open_event_files(tmp_path) as files:  # the state was lost: everything again
        files.write(1, loss=7)
    assert curves(tmp_path)["loss"][-1:] == [(1, 7)]


def test_what_is_flushed_outlives_the_process(tmp_path):
    child = os.fork()
    if child == 0:
        files = open_event_files(tmp_path)
        for step in range(1, 51):
            files.write(step, loss=1.0)
        files.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert [step for step, _ in curves(tmp_path)["loss"]] == list(range(1, 51))


def test_a_run_without_event_files_writes_none_and_imports_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "tensorboardX.event_file_writer", None)
    for none in ("", Path()):
        with open_event_files(none) as files:
            files.write(1, loss=2.5)
            files.flush()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX.event_file_writer", None)
    with pytest.raises(UserError, match=r"needs the package tensorboardX.*requirements/run.txt.*tensorboard: false"):
        open_event_files(tmp_path)


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(UserError, match=r"cannot write event files into .*run"):
        open_event_files(tmp_path / "run")
