"""A small local server that has the slow libraries imported, and forks a child for every job.

`launch` starts it when there is none and talks to it through `preload_client`.

Life of a job:
    1. A client connects; the server checks that it is the same user and says hello.
    2. The client sends its standard output and error (as file descriptors) and one JSON request: program,
       arguments, directory, environment, module path, umask, processors, ignored signals.
    3. The server forks. The child becomes what a fresh process of the client would be (`preload_child`),
       runs the program through `launch.run_program` (the very function that runs it without a server) and ends.
    4. Bytes from the client are signals for the program. If the client goes away, its program and the rest of
       its process group are killed: no job outlives the one who asked for it.
    5. The child's exit status is sent to the client.

Why a forked child gives the results of a fresh process:
    * All that the server does before the fork is to import libraries and to let one of them fill a table. It has
      one thread, no CUDA, no log handlers, no signal handlers, and has drawn no random number. If a library did
      start a thread or open a GPU at its import, the server gives up and jobs run in their own processes.
    * Environment variables that libraries read at import are part of the server's key (`preload_client`).
    * What a fork inherits is set again in the child (`preload_child`).

Limits: Linux on one machine; standard input is empty; Python's hash seed is the same for all children of one
server (a program must not depend on the order of a set); Snakemake's `benchmark:` sees the client, not the
program, so programs record their own time and memory; job control (Ctrl-Z) stops the client only.

The server ends after `PRELOAD_IDLE` seconds without a job, or when its socket's file is removed.
"""

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from workflow.scripts import logs  # noqa: F401 (imported before the fork: every child needs it)
from workflow.scripts.launch import leave
from workflow.scripts.preload_child import become_fresh, own_run_program
from workflow.scripts.preload_client import HELLO, REFUSED

MODULES = (
    "torch",
    "pyarrow.parquet",
    "pyarrow.compute",
    "pyarrow.dataset",
    "tokenizers",
    "safetensors.torch",
    "transformers.models.auto.modeling_auto",
    "transformers.models.xlm_roberta.modeling_xlm_roberta",
    "torch._dynamo",
    "sklearn.metrics",
    "scipy.stats",
    "seqeval.metrics",
    "threadpoolctl",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
)
"""What costs most to import in the programs; one that is not installed is left out."""

_REQUEST_SECONDS = 5.0
_GPU_FILES = ("/dev/nvidia", "/dev/kfd", "/dev/dxg")


@dataclass(eq=False)
class Job:
    """A running child, the client that waits for it, and the descriptor that tells of its end."""

    pid: int
    client: socket.socket
    pidfd: int


def import_libraries(names: Sequence[str]) -> None:
    """Import what is installed of `names`."""
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def fill_tables() -> None:
    """Let transformers compile its table of renamed weights: some 900 patterns, needed to load or save any model."""
    if "transformers" in sys.modules:
        with contextlib.suppress(ImportError):
            from transformers.conversion_mapping import get_checkpoint_conversion_mapping

            get_checkpoint_conversion_mapping("xlm-roberta")  # type: ignore[no-untyped-call]


def unfit_to_fork() -> str | None:
    """Return why a fork of this process would not be like a fresh process, None where it is."""
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        return "a library has started threads"
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if str(descriptor.readlink()).startswith(_GPU_FILES):
                return "a library has opened the GPU"
    return None


def receive(client: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Return a client's request, and its standard output and error.

    Raises:
        OSError, ValueError: it is incomplete; the descriptors received are closed.
    """
    header, descriptors, _, _ = socket.recv_fds(client, 4, 2)
    try:
        content = b""
        (length,) = struct.unpack("!I", header)
        while len(content) < length:
            part = client.recv(min(1 << 20, length - len(content)))
            if not part:
                raise ValueError("the client went away")
            content += part
        if len(descriptors) != 2:
            raise ValueError(f"expected 2 descriptors, found {len(descriptors)}")
        return json.loads(content), descriptors
    except (OSError, ValueError, struct.error) as error:
        for descriptor in descriptors:
            os.close(descriptor)
        raise ValueError(f"request not usable: {error}") from error


class Server:
    """One thread that waits for clients, their signals, and the ends of their jobs."""

    def __init__(self, listener: socket.socket, path: Path, idle_seconds: float) -> None:
        """Take over a listening socket, bound to `path`."""
        self.listener, self.path, self.idle_seconds = listener, path, idle_seconds
        self.identity = self.socket_file()
        self.jobs: set[Job] = set()
        self.selector = selectors.PollSelector()
        self.pid = os.getpid()
        self.selector.register(listener, selectors.EVENT_READ)

    def serve(self) -> None:
        """Return when idle for long enough, or when the socket's file is gone and no job is left."""
        last = time.monotonic()
        while True:
            events = self.selector.select(min(1.0, self.idle_seconds / 2))
            for key, _ in events:
                if key.fileobj is self.listener:
                    self.accept()
                elif key.data in self.jobs:
                    self.end(key.data) if key.fd == key.data.pidfd else self.relay(key.data)
            if events or self.jobs:
                last = time.monotonic()
            elif self.identity is None or self.socket_file() != self.identity:
                return
            elif time.monotonic() - last > self.idle_seconds:
                self.path.unlink(missing_ok=True)  # clients that connected before are still served: one more round

    def socket_file(self) -> tuple[int, int] | None:
        """Return what tells the socket's file from a later one of that name, None where it is gone."""
        with contextlib.suppress(OSError):
            found = self.path.stat()
            return found.st_ino, found.st_mtime_ns
        return None

    def accept(self) -> None:
        """Take one client's request and fork a child for it."""
        client, _ = self.listener.accept()
        _, user, _ = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        client.settimeout(_REQUEST_SECONDS)
        try:
            if user != os.getuid():
                raise ValueError(f"user {user} is not ours")
            client.sendall(HELLO)
            request, outputs = receive(client)
        except (OSError, ValueError):
            client.close()
            return
        try:
            pid = os.fork()
        except OSError:
            reply(client, REFUSED)
        else:
            if pid == 0:
                self.become(request, outputs, client)
            with contextlib.suppress(OSError):
                os.setpgid(pid, pid)  # here and in the child: whichever comes first
            job = Job(pid, client, os.pidfd_open(pid))
            self.jobs.add(job)
            self.selector.register(client, selectors.EVENT_READ, job)
            self.selector.register(job.pidfd, selectors.EVENT_READ, job)
        for descriptor in outputs:
            os.close(descriptor)

    def relay(self, job: Job) -> None:
        """Pass the client's signals on; kill the job of a client that is gone."""
        try:
            numbers = job.client.recv(64)
        except OSError:
            numbers = b""
        with contextlib.suppress(ProcessLookupError):
            for number in numbers:
                os.kill(job.pid, number)
            if not numbers:
                self.selector.unregister(job.client)
                os.killpg(job.pid, signal.SIGKILL)

    def end(self, job: Job) -> None:
        """Send a job's exit status to its client."""
        _, status = os.waitpid(job.pid, 0)
        with contextlib.suppress(KeyError):
            self.selector.unregister(job.client)
        self.selector.unregister(job.pidfd)
        os.close(job.pidfd)
        self.jobs.remove(job)
        reply(job.client, os.waitstatus_to_exitcode(status))

    def become(self, request: dict[str, Any], outputs: list[int], client: socket.socket) -> NoReturn:
        """In the child: run the program and end, whatever happens."""
        status = 1
        try:
            self.listener.close()
            client.close()
            for job in self.jobs:
                job.client.close()
                os.close(job.pidfd)
            become_fresh(request, outputs)
            if os.getppid() != self.pid:
                os._exit(1)  # the server died before the kernel was told to end this process with it
            run = own_run_program(request["root"])
            status = run(request["package"], request["program"], request["arguments"])
        except BaseException:
            traceback.print_exc()
        finally:
            leave(status)


def reply(client: socket.socket, status: int) -> None:
    """Send an exit status and hang up; the client may be gone."""
    with contextlib.suppress(OSError):
        client.sendall(struct.pack("!i", status))
    client.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Serve on the socket that the client has bound: arguments are its descriptor and its path."""
    descriptor, path = sys.argv[1:] if argv is None else argv
    listener = socket.socket(fileno=int(descriptor))
    gc.disable()
    chosen = os.environ.get("PRELOAD_MODULES")
    import_libraries(MODULES if chosen is None else [name for name in chosen.split(",") if name])
    fill_tables()
    gc.freeze()  # what was imported is shared with the children; their collector must not touch it
    if reason := unfit_to_fork():
        print(f"no server: {reason}", file=sys.stderr)
        return 1
    Server(listener, Path(path), float(os.environ.get("PRELOAD_IDLE", "60"))).serve()
    Path(path).with_suffix(".log").unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    leave(main())
