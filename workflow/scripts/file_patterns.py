"""Many files in one short argument: `scores/{tiny,base}/{none,mnli}/seed{1,2}/{xnli}.json`.

A command line has room for some thousand paths (one argument of a shell has 128 KiB on Linux), a study may have more.
The braces are those of shells, but the programs expand them.
"""

import re
from collections.abc import Iterable
from itertools import product
from pathlib import Path

_BRACES = re.compile(r"\{([^{}]*)\}")


def braces(names: Iterable[object]) -> str:
    """Return the part of a pattern that stands for each of some names."""
    return "{" + ",".join(str(name) for name in names) + "}"


def expand(patterns: Iterable[str | Path]) -> list[Path]:
    """Return the paths that patterns stand for, in order; the last braces vary fastest; none for empty braces."""
    paths = []
    for pattern in patterns:
        pieces = _BRACES.split(str(pattern))  # text, names, text, names, …, text
        choices = [
            [piece] if i % 2 == 0 else [name for name in piece.split(",") if name] for i, piece in enumerate(pieces)
        ]
        paths += [Path("".join(chosen)) for chosen in product(*choices)]
    return paths
