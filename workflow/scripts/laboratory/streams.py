"""Streams of random numbers that are the same in every process and on every platform."""

from __future__ import annotations

from bisect import bisect_right
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from numpy.random import PCG64, Generator

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_BLOCK = 4096


class Stream:
    """One independent stream of random numbers for each (seed, purpose).

    The key is a SHA-256 digest, never `hash()`, which differs between processes. Only uniform doubles are drawn,
    in blocks: NumPy's scalar calls would cost more than everything else in the generator.
    """

    def __init__(self, seed: int, *purpose: object) -> None:
        key = "\x1f".join(str(part) for part in (seed, *purpose))
        digest = sha256(key.encode()).digest()
        self._generator = Generator(PCG64(int.from_bytes(digest[:16], "big")))
        self._numbers: list[float] = []

    def random(self) -> float:
        """Return a number in [0, 1)."""
        if not self._numbers:
            self._numbers = self._generator.random(_BLOCK).tolist()
        return self._numbers.pop()

    def chance(self, probability: float) -> bool:
        """Return true with the given probability."""
        return self.random() < probability

    def below(self, bound: int) -> int:
        """Return an integer in [0, bound)."""
        return int(self.random() * bound)

    def choice(self, items: Sequence[T]) -> T:
        """Return one of the items, all equally likely."""
        return items[int(self.random() * len(items))]

    def weighted(self, items: Sequence[T], cumulative: Sequence[float]) -> T:
        """Return one of the items by cumulative weights (not necessarily ending at 1)."""
        return items[bisect_right(cumulative, self.random() * cumulative[-1])]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in random order (Fisher-Yates)."""
        result = list(items)
        for last in range(len(result) - 1, 0, -1):
            other = int(self.random() * (last + 1))
            result[last], result[other] = result[other], result[last]
        return result


def digest_fraction(text: str) -> float:
    """Return the place of a text in [0, 1), a function of its SHA-256 digest only."""
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big") / 2.0**64
