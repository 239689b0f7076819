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


def patterns(paths: Iterable[str]) -> list[str]:
    """Return few patterns that stand for exactly some paths, each once, in an order of their own.

    Folder by folder, what differs in one part of the path alone is written as one pattern; paths of complete designs
    (models x sources x seeds) become one. Names have neither braces nor commas.
    """
    found: dict[tuple[str, ...], None] = {tuple(path.split("/")): None for path in paths}
    longest = max(map(len, found), default=0)
    for place in reversed(range(longest)):
        together: dict[tuple[str, ...], list[str]] = {}
        for parts in found:
            rest = (*parts[:place], "", *parts[place + 1 :]) if place < len(parts) else parts
            together.setdefault(rest, []).extend(parts[place : place + 1])
        found = dict.fromkeys(_with(rest, place, names) for rest, names in together.items())
    return ["/".join(parts) for parts in found]


def _with(parts: tuple[str, ...], place: int, names: list[str]) -> tuple[str, ...]:
    """Return the parts of a path with one, or some in braces, in a place; a path that ends before it as it is."""
    if not names:
        return parts
    return (*parts[:place], names[0] if len(names) == 1 else braces(names), *parts[place + 1 :])


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
