"""Which candidates are right for which queries, as numbers: the partner that a query is trained with, and groups."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from workflow.scripts.features.store import Integers
from workflow.scripts.tasks.ranking_schemas import CANDIDATE


class Relevance(NamedTuple):
    """What rows have to do with each other.

    Attributes:
        partner: first right candidate of every query, -1 for candidates and where there is none; shape (rows,).
        group: rows that share a key, directly or through other rows, have one number; shape (rows,).
    """

    partner: Integers
    group: Integers


def find_relevance(batches: Iterable[tuple[pa.Array, pa.Array]]) -> Relevance:
    """Return which rows belong together.

    Args:
        batches: the columns `side` and `gold` of the canonical rows, in order; a query and a candidate that share a key
            belong together.
    """
    groups = _Groups()
    first_candidate: dict[str, int] = {}
    queries: list[tuple[int, list[str]]] = []
    of_row: list[int] = []
    for side, gold in batches:
        for kind, keys in zip(side.to_pylist(), gold.to_pylist(), strict=True):
            row = len(of_row)
            of_row.append(groups.of(keys))
            if kind == CANDIDATE:
                for key in keys:
                    first_candidate.setdefault(key, row)
            else:
                queries.append((row, keys))
    partner = np.full(len(of_row), -1, dtype=np.int64)
    for row, keys in queries:
        partner[row] = min((first_candidate[key] for key in keys if key in first_candidate), default=-1)
    return Relevance(partner, np.array([groups.root(number) for number in of_row], dtype=np.int64))


class _Groups:
    """Disjoint sets of keys."""

    def __init__(self) -> None:
        self.number: dict[str, int] = {}
        self.parent: list[int] = []

    def of(self, keys: list[str]) -> int:
        """Return the number of the group of some keys, which become one; without keys, a group of its own."""
        numbers = [self._number(key) for key in keys] or [self._new()]
        first = self.root(numbers[0])
        for number in numbers[1:]:
            self.parent[self.root(number)] = first
        return first

    def root(self, number: int) -> int:
        """Return the number that stands for a group."""
        while self.parent[number] != number:
            self.parent[number] = self.parent[self.parent[number]]
            number = self.parent[number]
        return number

    def _number(self, key: str) -> int:
        if key not in self.number:
            self.number[key] = self._new()
        return self.number[key]

    def _new(self) -> int:
        self.parent.append(len(self.parent))
        return len(self.parent) - 1
