"""The launcher and its preload server: the same program, with and without."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.launcher import Launcher, alive, eventually, family, needs_server
from workflow.scripts import launch
from workflow.scripts.errors import UserError


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    home = Path(tempfile.mkdtemp(prefix="launch"))  # a short path: a socket's has 107 characters at most
    yield Launcher(home)
    shutil.rmtree(home)  # a server ends when its socket is gone


@needs_server
def test_same_output_and_status_with_and_without_server(launcher: Launcher) -> None:
    launcher.environment["PRELOAD"] = "1"
    other = launcher.start("wait", str(launcher.home / "pids"))
    family(launcher.home / "pids")  # a neighbour whose descriptors must not leak
    served = launcher("speak", "3", "--x", FLAG="väl\udcff")
    other.terminate()
    other.communicate(timeout=20)
    alone = launcher("speak", "3", "--x", FLAG="väl\udcff", PRELOAD="0")
    assert served == alone
    assert served[0] == 3
    assert served[2] == "to stderr\n"
    assert "väl" in served[1]
    assert "collector True" in served[1]
    assert len(launcher.sockets()) == 1


@needs_server
def test_jobs_of_one_server_leave_no_trace_on_each_other(launcher: Launcher) -> None:
    assert launcher.server() == launcher.server() != os.getpid()
    assert launcher("speak", "0", FLAG="first")[1] != launcher("speak", "0")[1]
    assert "flag None" in launcher("speak", "0")[1]


@needs_server
@pytest.mark.parametrize("preload", ["1", "0"])
def test_failures_are_told_alike(launcher: Launcher, preload: str) -> None:
    assert launcher("user_error", PRELOAD=preload) == (1, "", "ERROR user_error: No such task.\n")
    log = launcher.home / "crash.log"
    status, output, error = launcher("crash", "--log", str(log), PRELOAD=preload)
    assert (status, output) == (1, "")
    assert error == f"ERROR crash: ZeroDivisionError: division by zero (details: {log})\n"
    assert "Traceback" in log.read_text()


@needs_server
def test_death_by_signal_is_passed_on(launcher: Launcher) -> None:
    status, _, error = launcher("die")
    assert status == 128 + signal.SIGKILL
    assert error == "ERROR die: ended by SIGKILL (often: out of memory)\n"


@needs_server
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGUSR1, 138)])
def test_signals_are_forwarded(launcher: Launcher, number: signal.Signals, status: int) -> None:
    process = launcher.start("wait", str(launcher.home / "pids"))
    _, worker = family(launcher.home / "pids")
    process.send_signal(number)
    output, error = process.communicate(timeout=20)
    assert (process.returncode, error) == (status, "")
    if number != signal.SIGUSR1:  # its default action ends a process without tidying up
        assert output == "tidied\n"
        assert eventually(lambda: not alive(worker))
    else:
        os.kill(worker, signal.SIGKILL)


@needs_server
def test_ignored_signals_stay_ignored(launcher: Launcher) -> None:
    command = "trap '' HUP; exec \"$0\" -m workflow.scripts.launch --package dummies speak 0"
    for preload in ("1", "0"):
        result = subprocess.run(
            ["bash", "-c", command, sys.executable],
            env=launcher.environment | {"PRELOAD": preload},
            cwd=launcher.home,
            text=True,
            capture_output=True,
            check=True,
        )
        assert "['SIGHUP', 'SIGPIPE', 'SIGXFSZ']" in result.stdout


@needs_server
def test_killing_the_client_kills_program_and_workers(launcher: Launcher) -> None:
    process = launcher.start("wait", str(launcher.home / "pids"))
    child, worker = family(launcher.home / "pids")
    assert process.pid not in (child, worker)
    process.kill()
    process.communicate()
    assert eventually(lambda: not alive(child) and not alive(worker))
    assert launcher.server()  # and the server lives on


@needs_server
def test_death_of_the_server_kills_programs_and_is_told(launcher: Launcher) -> None:
    server = launcher.server()
    process = launcher.start("wait", str(launcher.home / "pids"))
    child, worker = family(launcher.home / "pids")
    os.kill(server, signal.SIGKILL)
    _, error = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "the preload server ended, and the program with it" in error
    assert eventually(lambda: not alive(child))
    os.kill(worker, signal.SIGKILL)
    assert launcher.server() != server  # the socket it left behind is replaced


@needs_server
def test_clients_at_the_same_time_share_one_server(launcher: Launcher) -> None:
    processes = [launcher.start("parent") for _ in range(4)]
    outputs = {process.communicate(timeout=30) for process in processes}
    assert len(outputs) == 1
    assert len(launcher.sockets()) == 1


@needs_server
def test_copies_of_the_sources_share_a_server_and_each_runs_its_own(launcher: Launcher) -> None:
    shutil.copytree(launcher.home / "sources", launcher.home / "copy")
    servers = set()
    for name in ("sources", "copy", "sources"):
        launcher.directory = launcher.home / name
        status, output, error = launcher("where", PYTHONPATH=str(launcher.home))
        server, *folders = output.split()
        assert (status, folders, error) == (0, [str(launcher.directory)] * 2, "")
        servers.add(server)
    assert len(servers) == len(launcher.sockets()) == 1


@needs_server
def test_server_ends_when_idle_and_cleans_up(launcher: Launcher) -> None:
    launcher.environment["PRELOAD_IDLE"] = "0.2"
    server = launcher.server()
    assert eventually(lambda: not alive(server))
    left = [path.name for folder in launcher.home.glob("workflow-preload-*") for path in folder.iterdir()]
    assert left == ["lock"]


@needs_server
def test_server_ends_when_its_socket_is_removed_but_not_before_its_job(launcher: Launcher) -> None:
    process = launcher.start("wait", str(launcher.home / "pids"))
    child, _ = family(launcher.home / "pids")
    server = launcher.server()
    launcher.sockets()[0].unlink()
    process.terminate()
    assert process.communicate(timeout=20)[0] == "tidied\n"
    assert process.returncode == 143
    assert eventually(lambda: not alive(server))
    assert not alive(child)


@needs_server
def test_what_libraries_read_at_import_means_another_server(launcher: Launcher) -> None:
    first = launcher.server()
    assert int(launcher("parent", HF_HUB_OFFLINE="1")[1]) != first
    assert int(launcher("parent", OMP_NUM_THREADS="2")[1]) == first
    assert int(launcher("parent", CUDA_VISIBLE_DEVICES="0")[1]) == first


@needs_server
def test_changed_sources_mean_another_server(launcher: Launcher) -> None:
    first = launcher.server()
    source = launcher.sources / "errors.py"
    status = source.stat()
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))
    assert launcher.server() == first
    source.write_text(source.read_text() + "# changed\n")
    assert launcher.server() != first


@needs_server
@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"SLURM_JOB_ID": "7"}, "Slurm"),
        ({"WORLD_SIZE": "2"}, "torchrun"),
        ({"OMP_NUM_THREADS": ""}, "number of threads"),
        ({"MKL_NUM_THREADS": "4"}, "number of threads"),
        ({"TMPDIR": "/nonexistent"}, "no server"),
    ],
)
def test_programs_run_in_their_own_process_otherwise(
    launcher: Launcher, environment: dict[str, str], reason: str
) -> None:
    status, output, error = launcher("parent", **environment)
    assert (status, int(output)) == (0, os.getpid())
    assert reason in error
    assert error.startswith("launch: parent runs in its own process:")
    assert not launcher.sockets()


@needs_server
def test_a_directory_that_others_can_enter_is_not_used(launcher: Launcher) -> None:
    folder = launcher.home / f"workflow-preload-{os.getuid()}"
    folder.mkdir(mode=0o700)
    folder.chmod(0o770)
    _, output, error = launcher("parent")
    assert int(output) == os.getpid()
    assert "not a private directory" in error
    assert not list(folder.iterdir())


@needs_server
def test_a_library_with_threads_means_no_server_and_one_attempt(launcher: Launcher) -> None:
    (launcher.home / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    launcher.environment["PRELOAD_MODULES"] = "threaded,not_installed"
    first, second = launcher("parent"), launcher("parent")
    assert int(first[1]) == int(second[1]) == os.getpid()
    assert "did not answer" in first[2]
    assert "could not start lately" in second[2]
    logs = list(launcher.home.glob("workflow-preload-*/*.log"))
    assert [log.read_text() for log in logs] == ["no server: a library has started threads\n"]


@needs_server
def test_interrupted_while_the_server_starts(launcher: Launcher) -> None:
    (launcher.home / "slow.py").write_text("import time\ntime.sleep(60)\n")
    launcher.environment["PRELOAD_MODULES"] = "slow"
    process = launcher.start("parent")
    assert eventually(lambda: bool(launcher.sockets()))
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert (process.returncode, output) == (-signal.SIGTERM, "")
    for status in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(launcher.home).encode() in status.read_bytes():
                os.kill(int(status.parent.name), signal.SIGKILL)


@needs_server
def test_torch_gives_the_same_bits(launcher: Launcher) -> None:
    pytest.importorskip("torch")
    launcher.environment["PRELOAD_MODULES"] = "torch,threadpoolctl,numpy.random"
    for threads in ("1", "2"):
        served = launcher("arithmetic", OMP_NUM_THREADS=threads)
        alone = launcher("arithmetic", OMP_NUM_THREADS=threads, PRELOAD="0")
        assert served[:2] == alone[:2]
        assert (served[0], served[2]) == (0, "")  # nothing on stderr: it did run in the server
        assert served[1].split()[1] == threads
    first, second = (launcher("unseeded")[1].split() for _ in range(2))
    assert len(first) == 3
    assert all(one != other for one, other in zip(first, second, strict=True))


def test_unknown_program_names_the_nearest(launcher: Launcher) -> None:
    status, output, error = launcher("spaek", "0")
    assert (status, output) == (1, "")
    assert "There is no program 'spaek' in dummies. Did you mean 'speak'?" in error
    assert "Traceback" not in error
    for name in ("helpers", "../speak", "os.path", ""):
        assert launcher(name)[0] == 1


def test_programs_of_the_workflow_are_found() -> None:
    with pytest.raises(UserError, match="There is no program 'preload'"):
        launch.find_program("workflow.scripts", "preload")


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert launch.main(["--help"]) == 0
    assert launch.USAGE in capsys.readouterr().out
    assert launch.main([]) == 1
    assert "No program was named" in capsys.readouterr().err
