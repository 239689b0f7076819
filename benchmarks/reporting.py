"""What tables and figures of a study as large as the paper's cost, from generated scores and tables of examples.

    python -m benchmarks.reporting [--sources 23] [--seeds 3] [--scale 1.0]

One model on XTREME's nine targets, in its languages, with about as many examples as it has (`EXAMPLES`, or a share of
them, `--scale`). Right or wrong is drawn. Each program is a process with one thread; run cards are left out. Needs
Linux. The last line is one JSON object.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.startup import device, versions
from workflow.scripts.config_schema import defaults
from workflow.scripts.files import commit, write_json, write_table
from workflow.scripts.metrics.shares import ratio_of
from workflow.scripts.reporting.published import PUBLISHED
from workflow.scripts.runspec import encode
from workflow.scripts.tasks import find_task
from workflow.scripts.tasks.task import Family, Task

EXAMPLES = {
    "xnli": 5010,
    "pawsx": 2000,
    "udpos": 1200,
    "panx": 6500,
    "xquad": 1190,
    "mlqa": 6500,
    "tydiqa": 900,
    "bucc2018": 9000,
    "tatoeba": 1000,
}
"""Test examples of a language, rough means of what XTREME has (from memory)."""

PROGRAM = """
import importlib, sys
status = importlib.import_module(f"workflow.scripts.{sys.argv[1]}").main(sys.argv[2:])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
sys.exit(status)
"""
"""Runs a program and prints its largest resident set in KiB; what `wait` tells counts this process in."""

Figures = dict[str, float]


def main(argv: Sequence[str] | None = None) -> int:
    """Generate, run each program, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=23, help="sources, none included (default: 23)")
    parser.add_argument("--seeds", type=int, default=3, help="seeds (default: 3)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the examples (default: 1)")
    options = parser.parse_args(argv)
    sources = ["none", *(f"source{i}" for i in range(1, options.sources))]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        examples = generate(folder, sources, range(1, options.seeds + 1), options.scale)
        shared = [f"--languages={folder / 'languages.json'}", "--models=base", f"--sources={','.join(sources)}"]
        shared += [f"--targets={','.join(EXAMPLES)}"]
        variables = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        costs = {words[0]: measure([*words, *shared], variables) for words in programs(folder, options.seeds)}
    for program, cost in costs.items():
        print(f"{program}: {cost['seconds']:.1f} s, {cost['cpu_seconds']:.1f} CPU s, {cost['peak_mib']:.0f} MiB")
    found: dict[str, Any] = {"benchmark": "reporting", "examples": examples, **vars(options), "programs": costs}
    found["seconds"] = sum(cost["seconds"] for cost in costs.values())
    print(json.dumps(found | {"device": device(), "versions": versions(), "commit": commit()}))
    return 0


def programs(folder: Path, seeds: int) -> list[list[str]]:
    """Return the name and the own arguments of each program, in the order of the study."""
    settings = defaults("statistics")
    scores = ["--scores", str(folder / "scores.parquet")]
    statistics = str(folder / "statistics")
    analysis = ["--examples", str(folder / "examples"), "--seeds", ",".join(map(str, range(1, seeds + 1)))]
    analysis += ["--spec", encode("statistics", settings, **settings), "--out-dir", statistics]
    tables = ["--statistics", statistics, "--published", str(PUBLISHED), "--out-dir", str(folder / "tables")]
    found = [["analyse_gains", *analysis], ["make_tables", *scores, *tables]]
    for name in ("gains", "distance", "languages"):
        files = [f"--{form}={folder / f'{name}.{form}'}" for form in ("svg", "png")]
        more = ["--intervals", f"{statistics}/languages.parquet"] if name == "languages" else []
        found.append([f"plot_{name}", *scores, *more, *files])
    return found


def measure(words: Sequence[str], variables: dict[str, str]) -> Figures:
    """Run a program; return wall and CPU seconds and the largest resident set."""
    start = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [sys.executable, "-c", PROGRAM, *words]
    done = subprocess.run(words, env=variables, stdout=subprocess.PIPE, text=True, check=True)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": seconds, "cpu_seconds": used, "peak_mib": int(done.stdout.split()[-1]) / 1024}


def generate(folder: Path, sources: Sequence[str], seeds: Sequence[int], scale: float) -> int:
    """Write scores, languages and tables of examples; return how many examples one model has."""
    rng = np.random.default_rng(0)
    codes = list(dict.fromkeys(code for name in EXAMPLES for code in find_task(name).languages))
    facts = [{"code": code, "name": code, "script": "Latn", "family": code[0]} for code in codes]
    distances = np.linspace(0.0, 0.9, len(codes))
    roles = ["source" if code == "en" else "language" for code in codes]
    more = zip(facts, distances, roles, strict=True)
    write_json(folder / "languages.json", [fact | {"distance": float(far), "role": role} for fact, far, role in more])
    rows, total = [], 0
    for name, number in EXAMPLES.items():
        task, size = find_task(name), max(2, round(number * scale))
        total += size * len(task.languages)
        for source in sources:
            for seed in seeds:
                table = examples_of(task, size, rng)
                write_table(folder / f"examples/base/{source}/seed{seed}/{name}.parquet", table)
                cell = {"model": "base", "source": source, "target": name, "seed": seed}
                rows += [cell | row for row in score_rows(task, size, rng)]
    write_table(folder / "scores.parquet", pa.Table.from_pylist(rows))
    return total


def examples_of(task: Task, size: int, rng: np.random.Generator) -> pa.Table:
    """Return the columns of a table of examples that the analysis reads, random."""
    rows = size * len(task.languages)
    ids = [f"{code}-{i}" for code in task.languages for i in range(size)]
    columns: dict[str, Any] = {"id": ids, "language": np.repeat(task.languages, size), "split": ["test"] * rows}
    ratio = ratio_of(task)
    for name in dict.fromkeys([*ratio.numerator, *ratio.denominator]):
        if task.family in (Family.TAGGING, Family.MINING):
            columns[name] = rng.integers(0, 2, rows) if name.startswith("correct") else np.ones(rows, dtype=np.int64)
        else:
            columns[name] = (rng.random(rows) < 0.7).astype(np.float64)
    return pa.table(columns)


def score_rows(task: Task, size: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return the scores of one run, random."""
    same = {"n": size, "main_metric": True, "task_version": "1", "data_sha": "0", "spec_hash": "0", "commit": "0"}
    return [
        {"collection": "generated", "language": code, "metric": metric, "value": rng.uniform(40, 90), **same}
        for code in task.languages
        for metric in task.metrics
    ]


if __name__ == "__main__":
    sys.exit(main())
