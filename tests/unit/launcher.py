"""The launcher with programs made for a test and a server directory of its own."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from workflow.scripts import launch

ROOT = Path(launch.__file__).parents[2]
SOURCES = [
    "__init__.py",
    *(f"{name}.py" for name in ("errors", "launch", "logs", "preload", "preload_child", "preload_client", "progress")),
]
needs_server = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(os, "pidfd_open"), reason="the preload server is for Linux"
)

PROGRAMS = {
    "speak": """
        print("arguments", argv, "directory", os.getcwd(), "flag", os.environ.get("FLAG"), sys.argv[0])
        print("to stderr", file=sys.stderr)
        os.write(1, b"raw\\n")
        print("umask", oct(os.umask(0)), "server variables", "JE_ARROW_MALLOC_CONF" in os.environ)
        print(logging.getLogger().handlers, logging.getLogger().level, len(os.listdir("/proc/self/fd")))
        print(signal.getsignal(signal.SIGTERM).__name__, signal.getsignal(signal.SIGINT).__name__)
        print("collector", gc.isenabled())
        print(sorted(signal.Signals(n).name for n in range(1, 32) if signal.getsignal(n) == signal.SIG_IGN))
        print(os.sched_getaffinity(0), sys.path, sys.stdout.line_buffering, sys.stderr.line_buffering)
        return int(argv[0])""",
    "parent": "print(os.getppid()); return 0",
    "user_error": "raise UserError('No such task.')",
    "crash": "return 1 / 0",
    "die": "os.kill(os.getpid(), signal.SIGKILL)",
    "wait": """
        worker = os.fork()
        if not worker:
            os.closerange(1, 3)  # the pipes are the program's alone
        if worker:
            Path(argv[0]).write_text(f"{os.getpid()} {worker}")
        try:
            signal.sigtimedwait([signal.SIGUSR2], 30)
        finally:
            if worker:
                print("tidied")
                os.kill(worker, signal.SIGKILL)
        return 0""",
    "unseeded": """
        import numpy, torch
        print(random.random(), numpy.random.rand(), torch.initial_seed())
        return 0""",
    "where": """
        from workflow.scripts import launch, logs
        print(os.getppid(), *(Path(module.__file__).parents[2] for module in (launch, logs)))
        return 0""",
    "arithmetic": """
        import torch
        torch.manual_seed(5)
        layer = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.Dropout(), torch.nn.Linear(64, 3))
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
        for _ in range(10):
            optimizer.zero_grad()
            layer(torch.randn(256, 64)).square().mean().backward()
            optimizer.step()
        print(layer[0].weight.double().sum().item().hex(), torch.get_num_threads(), argv)
        return 0""",
}
HEADER = "import gc, logging, os, random, signal, sys\nfrom pathlib import Path\n"
HEADER += "from workflow.scripts.errors import UserError\n\ndef main(argv=None):\n    "


class Launcher:
    """Starts programs of a package made for the test, with a server directory of its own."""

    def __init__(self, home: Path) -> None:
        self.home = self.directory = home
        self.sources = home / "sources" / "workflow" / "scripts"  # a copy: an edit meanwhile is no new server
        self.sources.mkdir(parents=True)
        for file in SOURCES:
            shutil.copy(ROOT / "workflow" / "scripts" / file, self.sources)
        (self.sources.parent / "__init__.py").touch()
        package = home / "dummies"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "helpers.py").write_text("")
        for name, body in PROGRAMS.items():
            (package / f"{name}.py").write_text(HEADER + body.strip().replace("\n    ", "\n") + "\n")
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "OPENBLAS_CORETYPE") if name in os.environ}
        self.environment = kept | {
            "PYTHONPATH": f"{home / 'sources'}:{home}",
            "TMPDIR": str(home),
            "OMP_NUM_THREADS": "1",
            "PRELOAD": "debug",
            "PRELOAD_MODULES": "",
            "PRELOAD_IDLE": "30",
        }

    def start(self, program: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "workflow.scripts.launch", "--package", "dummies", program, *arguments],
            env=self.environment | environment,
            cwd=self.directory,
            encoding="utf-8",
            errors="surrogateescape",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(self, program: str, *arguments: str, **environment: str) -> tuple[int, str, str]:
        process = self.start(program, *arguments, **environment)
        output, error = process.communicate(timeout=60)
        return process.returncode, output, error

    def sockets(self) -> list[Path]:
        return list(self.home.glob("workflow-preload-*/*.sock"))

    def server(self) -> int:
        """Return the process id of the server."""
        status, output, error = self("parent")
        assert (status, error) == (0, "")
        return int(output)


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return met


def alive(process: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    return False


def family(file: Path) -> list[int]:
    """Wait for a program to say which its processes are."""
    assert eventually(lambda: file.exists() and len(file.read_text().split()) == 2)
    return [int(word) for word in file.read_text().split()]
