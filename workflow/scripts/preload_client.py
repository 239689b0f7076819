"""The client's side of the preload server: find or start it, hand a job over, wait for its end.

Which server may run a job is decided by its *key*, a hash of all that a process takes over at its start and
that could change what a program does: the interpreter, the sources of `workflow/scripts`, the time at which
packages were last installed, the environment variables that libraries read when they are imported, priority,
limits, control group and name spaces. The socket's name is the key, so that any change means another server;
copies of the same sources in several folders share one.

Whoever finds no server listens on the socket itself and gives the listening socket to the server it starts:
clients connect at once, and wait for the server's first byte until it has finished importing.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import resource
import signal
import socket
import stat
import struct
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent
HELLO = b"+"
"""What the server sends when it is ready for a client's request."""
REFUSED = 1 << 16
"""Reply instead of an exit status: the job was not started."""
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
"""Signals passed on to the program."""
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""Snakemake sets these to a job's `threads`; numerical libraries read them once, when they are imported."""

_IMPORT_TIME_VARIABLES = (
    *(
        "PYTHON",
        "PRELOAD",
        "HOME",
        "XDG_",
        "LANG",
        "LC_",
        "TZ",
        "TMPDIR",
        "CI",
        "LD_",
        "MALLOC_",
        "VIRTUAL_ENV",
    ),
    *("OMP_", "KMP_", "GOMP_", "MKL_", "OPENBLAS_", "ATEN_", "DNNL_", "ONEDNN_", "TORCH", "PYTORCH_"),
    *("HF_", "HUGGINGFACE_", "TRANSFORMERS_", "TOKENIZERS_", "RAYON_", "ARROW_", "JE_ARROW_"),
    *("MPL", "NPY_", "NUMPY_", "SCIPY_", "SKLEARN_", "USE_"),
)
_READY_SECONDS = 120.0
_BROKEN_SECONDS = 600.0


class Unavailable(Exception):  # noqa: N818 (a state, not an error)
    """There is no server for this job; nothing of it was started."""


def number_of_threads(environment: Mapping[str, str]) -> int | None:
    """Return the one number that all the thread variables name, None where they differ or say nothing."""
    values = {environment[name] for name in THREAD_VARIABLES if name in environment}
    if "OMP_NUM_THREADS" not in environment or len(values) != 1 or not (value := values.pop()).isdecimal():
        return None
    return int(value) or None


def reason_for_own_process(environment: Mapping[str, str]) -> str | None:
    """Return why the server is not to be used here, None where it is."""
    if not hasattr(os, "pidfd_open"):
        return "this Python or its C library is too old for the server"
    if "SLURM_JOB_ID" in environment:
        return "a Slurm job stays in its own process"
    if "WORLD_SIZE" in environment:
        return "torchrun starts its processes itself"
    if sys.orig_argv[1:2] != ["-m"]:
        return "the interpreter has options of its own"
    if number_of_threads(environment) is None:
        return "OMP_NUM_THREADS and its like do not name one number of threads"
    return None


def server_key() -> str:
    """Return the name of the server that may run this process's jobs (see above)."""
    environment = {
        name: value
        for name, value in sorted(os.environ.items())
        if name.startswith(_IMPORT_TIME_VARIABLES) and name not in THREAD_VARIABLES
    }
    packages = [Path(entry) for entry in sys.path if entry.endswith("-packages")]
    installed = [folder.stat().st_mtime_ns for folder in packages if folder.exists()]
    limits = [resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name[:7] == "RLIMIT_"]
    spaces = [Path(f"/proc/self/ns/{name}").readlink().name for name in ("mnt", "pid", "net", "user")]
    group = Path("/proc/self/cgroup").read_text()
    facts = [
        sys.executable,
        sys.version,
        environment,
        installed,
        limits,
        spaces,
        group,
        os.nice(0),
    ]
    digest = hashlib.blake2b(json.dumps(facts).encode(), digest_size=10)
    for file in sorted(SCRIPTS.rglob("*.py")):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(SCRIPTS)} {len(content)} ".encode() + content)
    return digest.hexdigest()


def socket_folder() -> Path:
    """Return this user's private directory for sockets, created if need be.

    Raises:
        OSError: it cannot be created, or is not ours alone.
    """
    folder = Path(os.environ.get("TMPDIR") or "/tmp") / f"workflow-preload-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is not a private directory of this user")
    return folder


def _connect(path: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    return connection


def _connect_or_start(path: Path) -> tuple[socket.socket, bool]:
    """Return a connection, and whether this process has started the server."""
    if connection := _connect(path):
        return connection, False
    with (path.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if connection := _connect(path):  # started by another client meanwhile
            return connection, False
        broken = path.with_suffix(".broken")
        # a clock that was set back makes the mark one of the future, which says nothing
        if broken.exists() and 0 <= time.time() - broken.stat().st_mtime < _BROKEN_SECONDS:
            raise Unavailable(f"the server could not start lately, see {path.with_suffix('.log')}")
        broken.unlink(missing_ok=True)
        _start(path)
        connection = _connect(path)
        if connection is None:
            raise Unavailable("the server ended at once")
        return connection, True


def _start(path: Path) -> None:
    import subprocess

    path.unlink(missing_ok=True)
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, "1")
    environment["JE_ARROW_MALLOC_CONF"] = "background_thread:false"  # pyarrow's allocator: no thread at import
    with socket.socket(socket.AF_UNIX) as listener, path.with_suffix(".log").open("w") as log:
        listener.bind(str(path))
        listener.listen(128)
        subprocess.Popen(
            [sys.executable, "-m", "workflow.scripts.preload", str(listener.fileno()), str(path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=ROOT,
            env=environment,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )


def _wait_for_hello(connection: socket.socket) -> bool:
    connection.settimeout(_READY_SECONDS)
    try:
        return connection.recv(1) == HELLO
    except OSError:
        return False
    finally:
        connection.settimeout(None)


def _request(package: str, program: str, arguments: list[str]) -> bytes:
    umask = os.umask(0o077)
    os.umask(umask)
    content: dict[str, Any] = {
        "package": package,
        "program": program,
        "arguments": arguments,
        "directory": os.getcwd(),  # noqa: PTH109
        "environment": dict(os.environ),
        "root": str(ROOT),
        "path": sys.path,
        "umask": umask,
        "cpus": sorted(os.sched_getaffinity(0)),
        "ignored": [int(number) for number in SIGNALS if signal.getsignal(number) is signal.SIG_IGN],
    }
    return json.dumps(content).encode()


@contextlib.contextmanager
def _signals_go_to(connection: socket.socket) -> Iterator[None]:
    """Pass the signals that this process gets on to the program."""

    def forward(number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(OSError):
            connection.send(bytes([number]))

    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, forward)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _send(connection: socket.socket, request: bytes) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # no signal byte inside the request
    try:
        socket.send_fds(connection, [struct.pack("!I", len(request))], [1, 2])
        connection.sendall(request)
    except OSError as error:  # an incomplete request is never run
        raise Unavailable(f"the server broke off: {error}") from error
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _read_status(connection: socket.socket) -> int | None:
    reply = b""
    with contextlib.suppress(OSError):
        while len(reply) < 4 and (part := connection.recv(4 - len(reply))):
            reply += part
    return struct.unpack("!i", reply)[0] if len(reply) == 4 else None


def run_in_server(package: str, program: str, arguments: list[str]) -> int:
    """Run a program in a child of the server and return its exit status, 128 + n for death by signal n.

    Raises:
        Unavailable: the server is not for this job, or cannot be had; the program was not started.
    """
    if reason := reason_for_own_process(os.environ):
        raise Unavailable(reason)
    try:
        path = socket_folder() / f"{server_key()}.sock"
        connection, started = _connect_or_start(path)
    except OSError as error:
        raise Unavailable(f"no server: {error}") from error
    with connection:
        if not _wait_for_hello(connection):
            if started:
                path.with_suffix(".broken").touch()
            raise Unavailable(f"the server did not answer, see {path.with_suffix('.log')}")
        request = _request(package, program, arguments)
        with _signals_go_to(connection):
            _send(connection, request)
            status = _read_status(connection)
    if status == REFUSED:
        raise Unavailable("the server could not fork")
    if status is None:
        print(
            f"ERROR {program}: the preload server ended, and the program with it. Run the same command "
            "again; PRELOAD=0 does without the server.",
            file=sys.stderr,
        )
        return 1
    if status in (-signal.SIGKILL, -signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT):
        hint = " (often: out of memory)" if status == -signal.SIGKILL else ""
        print(f"ERROR {program}: ended by {signal.Signals(-status).name}{hint}", file=sys.stderr)
    return 128 - status if status < 0 else status
