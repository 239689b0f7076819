"""The view of running jobs: made-up log files, and real processes that write them."""

import os
import pty
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workflow.scripts import job_logs
from workflow.scripts.errors import UserError
from workflow.scripts.job_logs import FAILED, FINISHED, KILLED, RUNNING, STOPPED, JobLog, is_alive
from workflow.scripts.watch_jobs import Watcher, main

ROOT = Path(__file__).resolve().parents[2]
NO_PROCESS = 4_194_304 + 1
"""Above the greatest number that Linux gives."""

JOB = """
    import os, signal, sys
    from pathlib import Path
    from workflow.scripts.logs import Progress, configure, run

    def main(argv):
        configure(Path(argv[0]), "intermediate mnli (seed 1)")
        with Progress(1200, file_seconds=0) as bar:
            bar.update(200, work=6400, tokens=120000, loss=0.83)
            print("ready", flush=True)
            sys.stdin.read()
        return 0

    sys.exit(run(main))
"""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def start(results: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start a job that has done 200 of 1200 steps, and ends when its standard input does."""
    started = []

    def starting(name: str) -> subprocess.Popen[str]:
        program = [sys.executable, "-c", textwrap.dedent(JOB), str(results / name)]
        job = subprocess.Popen(program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(job)
        assert job.stdout is not None
        assert job.stdout.readline() == "ready\n"
        return job

    yield starting
    for job in started:
        if job.poll() is None:
            job.kill()
        job.communicate()


def write(path: Path, *lines: str, seconds: float = 0.0) -> Path:
    """Write log lines of so many seconds ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    at = time.time() - seconds
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
    with path.open("a") as file:
        file.writelines(f"{stamp} {line}\n" for line in lines)
    os.utime(path, (at, at))
    return path


def started(title: str = "train", process: int = NO_PROCESS, machine: str | None = None) -> str:
    where = f" on {machine}" if machine else ""
    return f"INFO    workflow: start of {title}, process {process}{where}: train.py --title '{title}, process 1: x'"


def outcome(path: Path) -> str:
    log = JobLog(path)
    log.read()
    return log.outcome(time.time())


def test_a_running_job_is_shown_until_it_ends(start: Callable[[str], subprocess.Popen[str]], results: Path) -> None:
    job = start("mini/logs/intermediate/small/mnli.1.log")
    watcher = Watcher(results)
    head, line = watcher.lines(200)
    assert head == "mini: 1 running, 0 finished"
    assert line.startswith("  intermediate mnli (seed 1)  step 200/1200 loss 0.83 ")
    for words in ("ex/s", "tokens/s", "ETA ", " s ago", "MiB"):
        assert words in line
    job.communicate("")
    assert watcher.lines(200) == ["mini: 0 running, 1 finished"]


@pytest.mark.parametrize(
    ("number", "found"), [(signal.SIGKILL, KILLED), (signal.SIGTERM, STOPPED), (signal.SIGINT, STOPPED)]
)
def test_a_stopped_job_is_known_at_once(
    start: Callable[[str], subprocess.Popen[str]], results: Path, number: signal.Signals, found: str
) -> None:
    job = start("mini/logs/a.log")
    watcher = Watcher(results)
    assert watcher.lines(200)[0] == "mini: 1 running, 0 finished"
    job.send_signal(number)
    os.waitid(os.P_PID, job.pid, os.WEXITED | os.WNOWAIT)  # a zombie, as long as nobody has asked for its status
    head, *rest = watcher.lines(200)
    assert head == f"mini: 0 running, 0 finished, 1 {found}"
    if found == KILLED:
        assert rest[0].startswith("  killed  intermediate mnli (seed 1)  after step 200/1200 loss 0.83")
        assert rest[1] == f"    details: {results / 'mini/logs/a.log'}"
    job.communicate()
    assert watcher.lines(200)[0] == head
    start("mini/logs/a.log")  # again, into the same file
    assert watcher.lines(200)[0] == "mini: 1 running, 0 finished"


def test_the_number_of_a_dead_job_may_belong_to_another_process(results: Path) -> None:
    path = write(results / "mini/logs/a.log", started(process=os.getpid()), seconds=30 * 24 * 3600)
    assert outcome(path) == KILLED
    assert is_alive(os.getpid(), time.time())
    assert not is_alive(os.getpid(), time.time() - 30 * 24 * 3600)
    assert not is_alive(NO_PROCESS, time.time())


def test_without_proc_a_process_is_asked_for_by_a_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_logs, "Path", lambda path: Path("/nowhere") / path.lstrip("/"))
    assert is_alive(os.getpid(), 0)
    assert not is_alive(NO_PROCESS, time.time())


def test_a_job_of_another_machine_runs_while_it_writes(results: Path) -> None:
    line = started("fetch", os.getpid(), "elsewhere")
    write(results / "mini/logs/new.log", line, "INFO    workflow: step 2/9", seconds=100)
    head, row = Watcher(results).lines(200)
    assert head == "mini: 1 running, 0 finished"
    assert row.split("  ")[1:] == ["fetch", "step 2/9", "1:40 ago", "on elsewhere"]
    assert outcome(write(results / "mini/logs/old.log", line, seconds=7200)) == KILLED
    here = started("fetch", os.getpid(), os.uname().nodename)
    assert outcome(write(results / "mini/logs/here.log", here)) == RUNNING


@pytest.mark.parametrize(
    ("lines", "found", "message"),
    [
        (["INFO    workflow: finished: 3.0 s, 2.9 s CPU"], FINISHED, "finished: 3.0 s, 2.9 s CPU"),
        (
            ["ERROR   workflow: No such task.", "INFO    workflow: stopped with exit status 1"],
            FAILED,
            "No such task.",
        ),
        (["INFO    workflow: stopped by SIGINT", "INFO    workflow: stopped with exit status 130"], STOPPED, None),
        (["INFO    workflow: stopped with exit status 143"], STOPPED, None),
        (["WARNING transformers.x: finished: chatter", "INFO    workflow.scripts.train: step 3 saved"], KILLED, ""),
        (["INFO    workflow: 12 steps on cpu", "INFO    workflow: step 3/12 loss 1"], KILLED, "step 3/12 loss 1"),
        (["INFO    workflow: step 3/12 loss 1", "INFO    workflow: a remark"], KILLED, "step 3/12 loss 1"),
        (["INFO    workflow: row 7 split dev"], KILLED, "row 7 split dev"),
        (["INFO    workflow: finished: 1 s, 1 s CPU", started()], KILLED, ""),
    ],
)
def test_the_last_lines_tell_what_became_of_a_job(
    results: Path, lines: list[str], found: str, message: str | None
) -> None:
    path = write(results / "mini/logs/a.log", started("old title"), started("train mnli"), *lines)
    with path.open("a") as file:
        file.write("Traceback (most recent call last):\n  half a li")
    log = JobLog(path)
    log.read()
    assert log.outcome(time.time()) == found
    assert message is None or log.message == message
    assert log.title in ("train mnli", "train")


def test_a_log_is_read_on_and_anew(results: Path) -> None:
    path = write(results / "mini/logs/a.log", started(process=os.getpid()), "INFO    workflow: step 1/9 loss 2")
    log = JobLog(path)
    log.read()
    with path.open("a") as file:
        file.write("2026-01-01 00:00:00 INFO    workflow: step 2/9 lo")  # the rest is on its way
    log.read()
    assert log.message == "step 1/9 loss 2"
    with path.open("a") as file:
        file.write("ss 1\n")
    log.read()
    assert log.message == "step 2/9 loss 1"
    path.unlink()
    write(path, started("other", os.getpid()))
    log.read()
    assert (log.title, log.message, log.outcome(time.time())) == ("other", "", RUNNING)
    path.unlink()
    log.read()
    assert log.state == ""


@pytest.fixture
def busy(results: Path) -> Path:
    """Two studies: jobs that run, have finished, failed and were killed; and files that are no logs of jobs."""
    progress = "INFO    workflow: step 20/1200 loss 0.831 31 ex/s 840 tokens/s ETA 0:32"
    for number in range(4):
        write(results / f"mini/logs/train/{number}.log", started(f"finetuning {number}", os.getpid()), progress)
        write(results / f"mini/logs/fetch/{number}.log", started(), "INFO    workflow: finished: 1 s, 1 s CPU")
        write(
            results / f"mini/logs/{number}.log",
            started(f"data {number}"),
            "ERROR   workflow: no \x1b[2Jfile",
            "INFO    workflow: stopped with exit status 1",
            seconds=100 - number,
        )
    write(results / "xtreme/logs/predict.log", started("predict", os.getpid()))
    write(results / "mini/logs/train/0.log.rank1", started("finetuning 0", os.getpid()))
    (results / "mini/logs/empty.log").write_text("")
    (results / "mini/data").mkdir()
    (results / "scores.log").write_text("")
    return results


def test_studies_are_told_apart_and_the_latest_failures_shown(busy: Path) -> None:
    lines = Watcher(busy).lines(200)
    assert [line for line in lines if not line.startswith(" ")] == [
        "mini: 4 running, 4 finished, 4 failed",
        "xtreme: 1 running, 0 finished",
    ]
    assert lines[5] == "  failed  data 3  no  [2Jfile"
    assert lines[6] == f"    details: {busy / 'mini/logs/3.log'}"
    assert len([line for line in lines if line.startswith("  failed")]) == 3


@pytest.mark.parametrize("width", [1, 10, 40, 79, 80, 120])
def test_no_line_is_longer_than_the_terminal_is_wide(busy: Path, width: int) -> None:
    assert max(map(len, Watcher(busy).lines(width))) <= width


@pytest.mark.parametrize(("width", "own_line"), [(70, True), (120, False)])
def test_progress_has_a_line_of_its_own_in_a_narrow_terminal(busy: Path, width: int, own_line: bool) -> None:
    progress = "    step 20/1200 loss 0.831 31 ex/s 840 tokens/s ETA 0:32"
    assert Watcher(busy).lines(width).count(progress) == (4 if own_line else 0)


def test_no_more_lines_than_the_terminal_has(busy: Path) -> None:
    every = Watcher(busy).lines(120)
    assert Watcher(busy).lines(120, len(every)) == every
    assert Watcher(busy).lines(120, 4) == [*every[:3], f"... {len(every) - 3} more lines"]


def test_once_prints_and_ends(busy: Path, results: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--once", "--results", str(busy)]) == 0
    printed = capsys.readouterr().out
    assert "mini: 4 running, 4 finished, 4 failed\n  finetuning 0  step 20/1200" in printed
    assert "\x1b" not in printed
    (tmp_path / "none").mkdir()
    assert main(["--results", str(tmp_path / "none")]) == 0  # no terminal: once
    assert capsys.readouterr().out == f"no jobs have been started below {tmp_path / 'none'}\n"
    with pytest.raises(UserError, match=r"there is no folder .*absent; .*--results"):
        main(["--results", str(tmp_path / "absent")])


def test_the_live_view_follows_and_gives_the_terminal_back(busy: Path) -> None:
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "workflow.scripts.watch_jobs", "--results", str(busy), "--seconds", "0.05"]
    environment = os.environ | {"COLUMNS": "60", "LINES": "30"}
    program = subprocess.Popen(command, cwd=ROOT, stdout=terminal, stderr=terminal, env=environment)
    os.close(terminal)
    shown = b""

    def read_until(words: bytes) -> None:
        nonlocal shown
        deadline = time.monotonic() + 60
        while words not in shown and time.monotonic() < deadline:
            shown += os.read(controller, 1 << 16)
        assert words in shown

    try:
        read_until(b"mini: 4 running, 4 finished")
        write(busy / "mini/logs/train/0.log", "INFO    workflow: finished: 1 s, 1 s CPU")
        read_until(b"mini: 3 running, 5 finished")
        program.send_signal(signal.SIGINT)
        read_until(b"\x1b[?25h\x1b[?1049l")
        read_until(b"\x1b[?1049lmini: 3 running, 5 finished")  # the last state stays
        assert program.wait(60) == 0
    finally:
        program.kill()
        program.wait()
        os.close(controller)
    assert shown.startswith(b"\x1b[?1049h\x1b[?25l\x1b[H")
    assert b"Traceback" not in shown
