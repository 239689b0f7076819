"""Processes that measure variants in turn, and what comes of it: medians, ratios, memory."""

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any, TextIO

import torch

from benchmarks.startup import ROOT

CLOCKS = ("cpu", "wall")


@dataclass
class Cost:
    """What a repetition took: examples, and seconds by the clock and of the processor."""

    examples: int
    wall: float = 0.0
    cpu: float = 0.0


def synchronise() -> None:
    """Wait until the GPU, where there is one, has done what it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


@contextmanager
def timed(cost: Cost) -> Iterator[None]:
    """Add the seconds of a block, those of the GPU included."""
    synchronise()
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    synchronise()
    cost.wall += time.perf_counter() - wall
    cost.cpu += time.process_time() - cpu


def memory() -> dict[str, int]:
    """Return the most memory that this process has held, in MiB: of the machine (0: unknown) and of the GPU."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    resident = next((int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM")), 0)
    gpu = torch.cuda.max_memory_allocated() >> 20 if torch.cuda.is_available() else 0
    return {"resident_mib": resident, "gpu_mib": gpu}


class Worker:
    """A process that measures one variant whenever it is told to, so that variants can take turns.

    Args:
        module: the benchmark, whose `--child` it is.
        variant: what it measures.
        words: further arguments.
    """

    def __init__(self, module: str, variant: str, words: Sequence[str]) -> None:
        one = {
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "HF_HUB_OFFLINE": "1",
            "SAVE_SECONDS": "1e9",  # the peers save nothing, either
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, "--child", variant, *words],
            cwd=ROOT,
            env=os.environ | one,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, what: str) -> dict[str, Any]:
        """Return the answer to a word.

        Raises:
            SystemExit: the process has ended; its cause stands in its standard error.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(f"{what}\n")
            self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"A variant ended with exit status {self.process.wait()}; its cause stands above.")
        found: dict[str, Any] = json.loads(answer)
        return found

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


def serve(repetition: Callable[[bool], Cost]) -> None:
    """Answer a `Worker`: a cost for `warm` (a short repetition) and `go`, memory for `memory`.

    Args:
        repetition: does the work; is told whether it is the short one.
    """
    answers = _private_output()
    for line in sys.stdin:
        answer = memory() if line.strip() == "memory" else asdict(repetition(line.strip() == "warm"))
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        print(json.dumps(answer), file=answers, flush=True)


def _private_output() -> TextIO:
    """Return standard output for answers alone; what libraries print goes to standard error from here on."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


@dataclass(frozen=True)
class Measured:
    """What one variant took, repetition by repetition, and the memory that its process has held."""

    costs: list[Cost]
    memory: dict[str, int]

    def rates(self, clock: str) -> list[float]:
        """Return the examples per second of every repetition; `clock` is wall or cpu."""
        return [cost.examples / getattr(cost, clock) for cost in self.costs]

    def figures(self) -> dict[str, Any]:
        """Return medians and extremes of examples per second, and memory."""
        found: dict[str, Any] = {}
        for clock in CLOCKS:
            rates = self.rates(clock)
            found[f"examples_per_{clock}_second"] = round(median(rates), 2)
            found[f"{clock}_range"] = [round(min(rates), 2), round(max(rates), 2)]
        return found | self.memory


def alternate(module: str, variants: Sequence[str], words: Sequence[str], repetitions: int) -> dict[str, Measured]:
    """Measure variants in turn, each in a process of its own."""
    workers = {variant: Worker(module, variant, words) for variant in variants}
    costs: dict[str, list[Cost]] = {variant: [] for variant in variants}
    try:
        for worker in workers.values():
            worker.ask("warm")
        for number, (variant, worker) in product(range(repetitions), workers.items()):
            cost = Cost(**worker.ask("go"))
            costs[variant].append(cost)
            print(f"{number + 1} {variant:24s} {cost.cpu:8.2f} s CPU {cost.wall:8.2f} s", file=sys.stderr)
        held = {variant: worker.ask("memory") for variant, worker in workers.items()}
    finally:
        for worker in workers.values():
            worker.close()
    return {variant: Measured(costs[variant], held[variant]) for variant in variants}


def ratios(measured: Mapping[str, Measured], pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return how many times as fast the first variant of every pair is as the second, by both clocks.

    It is the median over the repetitions, in each of which the two have followed each other: what slows a machine down
    for a while slows down both.
    """
    found: dict[str, Any] = {}
    for ours, theirs in pairs:
        if ours in measured and theirs in measured:
            both = {c: zip(measured[ours].rates(c), measured[theirs].rates(c), strict=True) for c in CLOCKS}
            found[f"{ours} / {theirs}"] = {c: round(median(a / b for a, b in rates), 2) for c, rates in both.items()}
    return found
