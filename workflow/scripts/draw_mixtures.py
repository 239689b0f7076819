"""Draw mixtures of random tasks, to be pasted under `mixtures` of a configuration (study `typology`).

    python -m workflow.scripts.draw_mixtures --tasks mnli squad_v2 ccg hellaswag --sizes 2 3 --draws 2 --seed 1

One mixture has one line: its name, `multi2a`, and its tasks. How many tasks it takes is then a question that the study
answers, and which tasks they are is chance.
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.logs import run
from workflow.scripts.source_names import bases

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def random_subsets(tasks: Sequence[str], size: int, draws: int, rng: np.random.Generator) -> list[tuple[str, ...]]:
    """Return so many different subsets of the tasks, each in the order of the tasks.

    Raises:
        UserError: there are fewer subsets, or more are wanted than there are letters.
    """
    possible = comb(len(tasks), size)
    if not 1 <= draws <= min(possible, len(LETTERS)) or size < 2:
        raise UserError(
            f"--draws {draws} of --sizes {size}: {len(tasks)} tasks have {possible if size > 1 else 0} different "
            f"mixtures of that size; expected 1 to {min(possible, len(LETTERS))} draws, and two tasks at least"
        )
    every = list(combinations(tasks, size))
    return [every[place] for place in np.sort(rng.permutation(possible)[:draws])]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the mixtures; see the module's docstring and `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", required=True, help="intermediate tasks")
    parser.add_argument("--sizes", nargs="+", type=int, required=True, help="tasks of a mixture")
    parser.add_argument("--draws", type=int, default=5, help="mixtures of each size (default: 5)")
    parser.add_argument("--seed", type=int, default=1, help="of the draws (default: 1)")
    options = parser.parse_args(argv)
    known = bases([])
    for task in options.tasks:
        if task not in known:
            raise UserError(
                f"--tasks {task} is no intermediate task; expected some of {', '.join(known)}.{nearest(task, known)}"
            )
    tasks = list(dict.fromkeys(options.tasks))
    for size in dict.fromkeys(options.sizes):
        drawn = random_subsets(tasks, size, options.draws, np.random.default_rng([options.seed, size]))
        for letter, names in zip(LETTERS, drawn, strict=False):
            print(f"  multi{size}{letter}: {{tasks: [{', '.join(names)}]}}")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
