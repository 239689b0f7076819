"""How fast both directions of a nearest-neighbour search are: ours beside two searches with `faiss.IndexFlatIP`.

    python -m benchmarks.retrieval [--left 20000] [--right 20000] [--repetitions 3] [--exhaustive 200]
    python -m benchmarks.retrieval --left 400000 --only ours ours-half --repetitions 1

Sentence vectors of the width of XLM-R Large: a narrow cone, in which every row of the smaller set has a translation in
the other. They lie in files that are mapped into memory.

    ours        `both_neighbours`, k = 4
    ours-half   the same with half of the right rows: what a right row costs, and so what as many as left ones would
    faiss       an index of each side, searched with the other one, k = 4

Each variant has a process and one thread of its own; they take turns. Reading the files for the first time is left out,
indexing is not. `--exhaustive` compares the neighbours of so many rows of each side with what all pairs show.
faiss is no dependency of the project: `pip install --target FOLDER faiss-cpu`, and FOLDER in PYTHONPATH. The last line
is one JSON object.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.startup import device, versions
from benchmarks.turns import Cost, Measured, alternate, ratios, serve, timed
from benchmarks.workload import accelerator, package_versions
from workflow.scripts.decoding.cosines import best_of
from workflow.scripts.decoding.neighbours import both_neighbours
from workflow.scripts.decoding.shortlists import products_in
from workflow.scripts.devices import return_freed_memory, select_device
from workflow.scripts.errors import UserError
from workflow.scripts.files import commit

MODULE = "benchmarks.retrieval"
K = 4
WIDTH = 1024
VARIANTS = ("ours", "ours-half", "faiss")
PAIRS = (("ours", "faiss"),)
TARGETS = {"ours / faiss": 4.0}
PART = 4096
"""Rows that are drawn at once."""

STEP = 1024
"""Rows that are compared at once."""

NEAR = 1e-5
WARM = 256
Array = np.ndarray[Any, Any]


def write_vectors(folder: Path, left: int, right: int, width: int, seed: int = 0) -> None:
    """Write left.npy and right.npy: unit vectors around one direction, those of the smaller set near one of the other.

    Args:
        folder: where.
        left: rows of the first set.
        right: rows of the second set.
        width: dimensions.
        seed: of the vectors.
    """
    draw = np.random.default_rng(seed)
    cone = draw.standard_normal(width, dtype=np.float32)
    for name, count, seed_of in (("left", left, seed + 1), ("right", right, seed + 1)):
        file = np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=np.float32, shape=(count, width))
        meaning, wording = np.random.default_rng(seed_of), np.random.default_rng([seed, len(name)])
        for start in range(0, count, PART):
            rows = file[start : start + PART]
            drawn = meaning.standard_normal((PART, width), dtype=np.float32)[: len(rows)]
            drawn += 0.5 * wording.standard_normal(rows.shape, dtype=np.float32)
            drawn = 0.4 * drawn + cone
            rows[:] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        file.flush()


def read(folder: Path) -> tuple[Array, Array]:
    """Return both sets, mapped into memory."""
    left, right = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("left", "right"))
    return left, right


def our_variant(folder: Path, *, half: bool) -> Callable[[bool], Cost]:
    """Return what searches our way."""
    machine = select_device(int(torch.cuda.is_available()))
    return_freed_memory()
    left, right = read(folder)
    right = right[: len(right) // 2] if half else right

    def repetition(warm: bool) -> Cost:
        cost = Cost(WARM if warm else len(left))
        with timed(cost):
            both_neighbours(left[:WARM] if warm else left, right, k=K, device=machine)
        return cost

    return repetition


def faiss_variant(folder: Path) -> Callable[[bool], Cost]:
    """Return what searches with faiss.

    Raises:
        UserError: faiss is not installed.
    """
    try:
        faiss = import_module("faiss")
    except ModuleNotFoundError:
        raise UserError(
            "faiss is not installed; 'pip install --target FOLDER faiss-cpu', then run with PYTHONPATH=FOLDER, or "
            "leave it out with '--only ours'"
        ) from None
    faiss.omp_set_num_threads(1)
    left, right = read(folder)

    def search(base: Array, queries: Array) -> None:
        index = faiss.IndexFlatIP(base.shape[1])
        index.add(base)
        index.search(queries, K)

    def repetition(warm: bool) -> Cost:
        cost, first = Cost(WARM if warm else len(left)), left[:WARM] if warm else left
        with timed(cost):
            search(right, first)
            search(first, right)
        return cost

    return repetition


def compare(folder: Path, count: int) -> dict[str, Any]:
    """Return whether the first `count` rows of each side have the neighbours that all pairs show.

    All pairs are multiplied in 64 bits; those within `NEAR` of the k-th best, far more than such products are wrong by,
    are put in order by `cosines`, which decides on our side, too.
    """
    left, right = read(folder)
    found = both_neighbours(left, right, k=K)
    identical = True
    for neighbours, rows, others in zip(found, (left, right), (right, left), strict=True):
        for start in range(0, min(count, len(rows)), STEP):
            part = slice(start, min(start + STEP, count, len(rows)))
            similarity, index = decided(np.asarray(rows[part]), others)
            same = (neighbours.similarity[part] == similarity) & (neighbours.index[part] == index)
            identical &= bool(same.all())
    return {"rows_of_each_side": [min(count, len(left)), min(count, len(right))], "identical": identical}


def decided(rows: Array, others: Array) -> tuple[Array, Array]:
    """Return the k best of all other rows for some rows, from all products."""
    wide = rows.astype(np.float64)
    steps = range(0, len(others), STEP)
    products = np.concatenate([wide @ others[start : start + STEP].astype(np.float64).T for start in steps], axis=1)
    bar = np.partition(products, -K, axis=1)[:, -K]
    queries, index = np.nonzero(products >= bar[:, None] - NEAR)
    return best_of(rows, others, queries, index, K)


def full_size(measured: dict[str, Measured], left: int, right: int) -> float | None:
    """Return the CPU seconds that as many right as left rows would take: cost is linear in the right rows."""
    if not {"ours", "ours-half"} <= measured.keys():
        return None
    whole, half = (median(cost.cpu for cost in measured[name].costs) for name in ("ours", "ours-half"))
    return round(whole + (whole - half) / (right - right // 2) * (left - right), 1)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description="How fast both directions of a nearest-neighbour search are.")
    parser.add_argument("--left", type=int, default=20_000, help="rows of the first set (default: 20000)")
    parser.add_argument("--right", type=int, default=20_000, help="rows of the second set (default: 20000)")
    parser.add_argument("--width", type=int, default=WIDTH, help=f"dimensions (default: {WIDTH})")
    parser.add_argument("--repetitions", type=int, default=3, help="repetitions (default: 3)")
    parser.add_argument("--exhaustive", type=int, default=0, help="rows to compare with all pairs (default: none)")
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=VARIANTS, help="variants (default: all)")
    parser.add_argument("--child", choices=VARIANTS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the JSON object."""
    options = parse_arguments(argv)
    if options.child:
        faiss = options.child == "faiss"
        serve(
            faiss_variant(options.folder) if faiss else our_variant(options.folder, half=options.child == "ours-half")
        )
        return 0
    with tempfile.TemporaryDirectory(prefix="retrieval") as name:
        write_vectors(Path(name), options.left, options.right, options.width)
        measured = alternate(MODULE, options.only, ["--folder", name], options.repetitions)
        compared = compare(Path(name), options.exhaustive) if options.exhaustive else None
    figures = {
        "left": options.left,
        "right": options.right,
        "width": options.width,
        "k": K,
        "repetitions": options.repetitions,
        "variants": {name: found.figures() for name, found in measured.items()},
        "ratios": ratios(measured, PAIRS),
        "targets": TARGETS,
        "as_many_right_rows_predicted_cpu_s": full_size(measured, options.left, options.right),
        "exhaustive": compared,
        "products": str(products_in(torch.device("cpu"))).removeprefix("torch."),
        "gpu": accelerator(),
        "versions": versions() | package_versions("faiss-cpu"),
        "machine": device(),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    print(json.dumps({"benchmark": "retrieval", **figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
