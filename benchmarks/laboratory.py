"""What the complete laboratory study costs: time, memory and planning, from nothing to the report.

    python -m benchmarks.laboratory [--cores 2] [--configfile config/config.yaml]

The sources are copied into a fresh temporary folder, a dry run is timed three times, then the study runs there to its
end. The last line is one JSON object; everything else goes to standard error.

Memory is the sum of the proportional set sizes (PSS: pages that several processes share are divided among them) of
Snakemake, all its descendants, the preload server and its children; resident sizes would count the libraries that
forked processes share once for each. Where the system has no PSS (macOS), it is the memory unique to each process.
Peaks shorter than the interval between two samples may be missed. CPU seconds are user + system time of the same
processes.
"""

import argparse
import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from benchmarks.source_tree import ROOT, copy_sources
from benchmarks.startup import device, servers, versions
from workflow.scripts.files import commit

DRY_RUNS = 3
MIB = 1 << 20


def memory(process: psutil.Process) -> int:
    """Return the bytes of one process: proportional set size, or unique set size where there is none."""
    found = process.memory_full_info()
    return int(getattr(found, "pss", 0) or found.uss)


class Sampler:
    """Adds up the memory of all processes of a study, and notes the CPU time of its preload servers.

    Args:
        main: Snakemake's process.
        folder: where the preload servers' sockets are.
    """

    def __init__(self, main: int, folder: Path) -> None:
        self.main, self.folder = psutil.Process(main), folder
        self.peak = 0
        self.samples = 0
        self.server_seconds: dict[int, float] = {}

    def sample(self) -> None:
        """Take one sample; processes that end meanwhile count nothing."""
        known = [psutil.Process(pid) for pid in servers(self.folder) if psutil.pid_exists(pid)]
        found: set[psutil.Process] = set()  # a server is at first a descendant of Snakemake's, too: count it once
        for root in [self.main, *known]:
            with contextlib.suppress(psutil.NoSuchProcess):
                found |= {root, *root.children(recursive=True)}
        for server in known:
            with contextlib.suppress(psutil.NoSuchProcess):
                spent = server.cpu_times()
                self.server_seconds[server.pid] = sum(spent[:4])  # its own and its ended children's, user and system
        total = 0
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                total += memory(process)
        self.peak = max(self.peak, total)
        self.samples += 1


def plan(command: Sequence[str], tree: Path, environment: dict[str, str]) -> tuple[float, int]:
    """Return the median seconds of a dry run, and how many jobs it plans."""
    seconds, printed = [], ""
    for _ in range(DRY_RUNS):
        began = time.perf_counter()
        done = subprocess.run(
            [*command, "--dry-run"], cwd=tree, env=environment, capture_output=True, text=True, check=False
        )
        seconds.append(time.perf_counter() - began)
        printed = done.stdout + done.stderr
        if done.returncode:
            raise SystemExit(f"The dry run failed:\n{printed}")
    totals = [line.split()[1] for line in printed.splitlines() if line.startswith("total ")]
    return median(seconds), int(totals[0])


def measure(cores: int, configuration: Path, interval: float) -> dict[str, Any]:
    """Run the study in a fresh folder and return the figures.

    Raises:
        SystemExit: the study did not come to its end.
    """
    with tempfile.TemporaryDirectory(prefix="laboratory") as name:
        tree, sockets = Path(name) / "tree", Path(name) / "sockets"
        tree.mkdir()
        sockets.mkdir()
        shutil.copy(configuration, copy_sources(tree) / "study.yaml")
        words = [sys.executable, "-m", "snakemake", "--nocolor", "--cores", str(cores), "--configfile", "study.yaml"]
        environment = os.environ | {"TMPDIR": str(sockets)}
        dry_seconds, jobs = plan(words, tree, environment)
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        process = subprocess.Popen(words, cwd=tree, env=environment, stdout=sys.stderr)
        sampler = Sampler(process.pid, sockets)
        while process.poll() is None:
            sampler.sample()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(interval)
        wall = time.perf_counter() - began
        sampler.sample()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if process.returncode:
            raise SystemExit(f"The study failed with exit status {process.returncode}; its cause stands above.")
        own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {
            "wall_seconds": round(wall, 1),
            "cpu_seconds": round(own + sum(sampler.server_seconds.values()), 1),
            "peak_memory_mib": round(sampler.peak / MIB),
            "memory": "proportional set size" if Path("/proc").exists() else "unique set size",
            "samples": sampler.samples,
            "jobs": jobs,
            "dry_run_seconds": round(dry_seconds, 2),
        }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the JSON object."""
    parser = argparse.ArgumentParser(description="What the complete laboratory study costs.")
    parser.add_argument("--cores", type=int, default=2, help="cores that Snakemake may use (default: 2)")
    parser.add_argument("--configfile", type=Path, default=ROOT / "config" / "config.yaml", help="the study")
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between two samples (default: 1)")
    options = parser.parse_args(argv)
    figures = measure(options.cores, options.configfile, options.interval)
    about = {
        "cores": options.cores,
        "preload": os.environ.get("PRELOAD") != "0",
        "versions": versions() | {"snakemake": version("snakemake")},
        "machine": device(),
        "memory_gib": round(psutil.virtual_memory().total / (1 << 30)),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    print(json.dumps({"benchmark": "laboratory", "study": options.configfile.name, **figures, **about}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
