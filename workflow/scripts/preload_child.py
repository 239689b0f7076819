"""What a forked child of the preload server does before it runs a program: it becomes a fresh process of its client.

Process group, signals, descriptors, directory, environment and processors are the client's. Python's, numpy's and
torch's global generators are seeded afresh; the number of threads is set by torch's and threadpoolctl's own functions
where it is not one.
"""

import contextlib
import ctypes
import importlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

from workflow.scripts.launch import run_program
from workflow.scripts.preload_client import ROOT, SIGNALS, number_of_threads

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15


def become_fresh(request: dict[str, Any], outputs: list[int]) -> None:
    """Give this forked process all that a process started by the client would have."""
    os.setpgid(0, 0)
    library = ctypes.CDLL(None)
    library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # a crash of the server leaves no orphans
    library.prctl(_PR_SET_NAME, request["program"].encode()[:15], 0, 0, 0)
    for number in SIGNALS:
        default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, signal.SIG_IGN if number in request["ignored"] else default)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for own, (descriptor, stream) in enumerate(zip(outputs, (sys.stdout, sys.stderr), strict=True), start=1):
        os.dup2(descriptor, own)
        os.close(descriptor)
        stream.reconfigure(line_buffering=own == 2 or os.isatty(own))  # type: ignore[union-attr]
    os.chdir(request["directory"])
    os.umask(request["umask"])
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, request["cpus"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path[:] = request["path"]
    importlib.invalidate_caches()
    tempfile.tempdir = None
    set_threads(number_of_threads(os.environ) or 1)
    if "numpy.random" in sys.modules:  # as they are in a fresh process; Python seeds its own at every fork
        sys.modules["numpy.random"].seed()
    if "torch" in sys.modules:
        sys.modules["torch"].default_generator.seed()


def own_run_program(root: str) -> Callable[[str, str, Sequence[str]], int]:
    """Return `run_program` of the client's folder; the server's, whose sources are the same, may be another one."""
    if root == str(ROOT):
        return run_program
    for name in [name for name in sys.modules if name.partition(".")[0] == "workflow"]:
        del sys.modules[name]
    found: Callable[[str, str, Sequence[str]], int] = importlib.import_module("workflow.scripts.launch").run_program
    return found


def set_threads(number: int) -> None:
    """Let the numerical libraries use `number` threads; they were imported with one."""
    if number != 1 and "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(number)
    if number != 1 and "threadpoolctl" in sys.modules:
        sys.modules["threadpoolctl"].threadpool_limits(number)
