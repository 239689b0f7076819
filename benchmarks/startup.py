"""What it costs to start a program: plainly, through the launcher, and in a child of the preload server.

    python -m benchmarks.startup [--repeats 5]

Two programs are started: `nothing` returns at once; `encoder` imports torch and transformers, builds a tiny
XLM-R and takes one training step. CPU seconds are user + system time of all the processes a job needs: client
and, with the server, what server and child used for it. The last line is one JSON object.
"""

import argparse
import contextlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

import psutil

ROOT = Path(__file__).parents[1]

NOTHING = """
def main(argv=None):
    return 0

if __name__ == "__main__":
    main()
"""

ENCODER = """
import torch
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

def main(argv=None):
    sizes = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128)
    model = XLMRobertaForSequenceClassification(XLMRobertaConfig(vocab_size=1000, **sizes))
    optimizer = torch.optim.AdamW(model.parameters())
    tokens = torch.randint(5, 1000, (8, 32))
    model(tokens, labels=torch.zeros(8, dtype=torch.long)).loss.backward()
    optimizer.step()
    return 0

if __name__ == "__main__":
    main()
"""


def servers(folder: Path) -> list[int]:
    """Return the process ids of the preload servers with a socket in `folder`.

    There is one, unless a source file is edited during the measurement.
    """
    parents: dict[int, int] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            words = process.cmdline()
            if "workflow.scripts.preload" in words and any(str(folder) in word for word in words):
                parents[process.pid] = process.ppid()
    # the children that run programs have the same command line; their time is the server's once they have ended
    return [pid for pid, parent in parents.items() if parent not in parents]


def server_cpu(processes: Sequence[int]) -> float:
    """Return the CPU seconds of servers and of their children that have ended."""
    ticks = 0
    for process in processes:
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mb(process: int) -> dict[str, float]:
    """Return resident and private memory in MB."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    private = kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]
    return {"resident_mb": round(kilobytes["Rss"] / 1024), "private_mb": round(private / 1024)}


def start(words: Sequence[str], folder: Path, preload: str) -> tuple[float, float]:
    """Run one job; return its wall and CPU seconds."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)]),
        "TMPDIR": str(folder),
        "OMP_NUM_THREADS": "1",
        "PRELOAD": preload,
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    server_before, began = server_cpu(servers(folder)), time.perf_counter()
    subprocess.run([sys.executable, "-m", *words], check=True, env=environment, cwd=ROOT)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    client = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, client + server_cpu(servers(folder)) - server_before


def measure(repeats: int) -> dict[str, object]:
    """Return medians over `repeats` alternating rounds, and the cost of the server itself."""
    with tempfile.TemporaryDirectory(prefix="startup") as name:
        folder = Path(name)
        package = folder / "started"
        package.mkdir()
        for program, source in (("__init__", ""), ("nothing", NOTHING), ("encoder", ENCODER)):
            (package / f"{program}.py").write_text(source)
        launch = ["workflow.scripts.launch", "--package", "started"]
        start(["started.encoder"], folder, "0")  # the page cache is warm from here on
        wall, client = start([*launch, "nothing"], folder, "1")
        if not (processes := servers(folder)):
            raise SystemExit("The preload server did not start: PRELOAD=debug tells why.")
        server = {"wall": round(wall, 2), "cpu": round(client, 2), **memory_mb(processes[0])}
        results: dict[str, list[tuple[float, float]]] = {}
        for _ in range(repeats):
            for program in ("nothing", "encoder"):
                for way, words, preload in (
                    ("python -m", [f"started.{program}"], "0"),
                    ("launch, own process", [*launch, program], "0"),
                    ("launch, server", [*launch, program], "1"),
                ):
                    results.setdefault(f"{program}: {way}", []).append(start(words, folder, preload))
        rounded = {
            name: {
                "wall": round(median(w for w, _ in pairs), 3),
                "cpu": round(median(c for _, c in pairs), 3),
            }
            for name, pairs in results.items()
        }
        return {"seconds": rounded, "server_start": server, "servers": len(servers(folder))}


def versions() -> dict[str, str]:
    """Return the versions that the figures depend on."""
    found = {"python": platform.python_version()}
    for package in ("torch", "transformers", "pyarrow", "scikit-learn", "matplotlib"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def device() -> str:
    """Return the processor's name and count."""
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} processors"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print a table, and the JSON object."""
    parser = argparse.ArgumentParser(description="What it costs to start a program.")
    parser.add_argument("--repeats", type=int, default=5, help="rounds (default: 5)")
    figures = measure(parser.parse_args(argv).repeats)
    seconds = figures["seconds"]
    assert isinstance(seconds, dict)
    for name, pair in seconds.items():
        print(f"{name:32s} {pair['wall']:7.3f} s wall {pair['cpu']:7.3f} s CPU")
    print(json.dumps({"benchmark": "startup", **figures, "versions": versions(), "device": device()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
