"""Exact cosines of given pairs of unit vectors, and the best of them: the same bits on any machine, in any blocks.

The products of a pair are rounded to 32 bits and added up in a tree of halves: the second half of the numbers is added
to the first, until one is left. Matrix products add in an order of their own, which changes with the shape of a block;
two of them may not agree on which of two neighbours is nearer.
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

CHUNK = 1 << 16
"""Numbers that are multiplied at once: a quarter of a MiB, which stays in a cache."""


def cosines(left: Array, right: Array) -> Array:
    """Return the inner products of pairs of rows, (rows, dimensions) each, or of rows with one vector; (rows,)."""
    products = left * right
    width = products.shape[1]
    while width > 1:
        half = (width + 1) // 2
        products[:, : width - half] += products[:, half:width]
        width = half
    return products[:, 0]


def best_of(queries: Array, others: Array, rows: Indices, index: Indices, k: int) -> tuple[Array, Indices]:
    """Return the k best candidates of every query, descending, (queries, k) each; the lower index wins among equals.

    Args:
        queries: (queries, dimensions).
        others: (other rows, dimensions), a memory-mapped array if need be.
        rows: query of every candidate, (candidates,), ascending; a query with less than k gets index -1.
        index: other row of every candidate, (candidates,).
        k: how many.
    """
    found = np.empty(len(rows), dtype=np.float32)
    step = max(1, CHUNK // queries.shape[1])
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        found[part] = cosines(queries[rows[part]], others[index[part]])
    ordered = np.lexsort((index, -found, rows))
    place = np.arange(len(rows)) - np.searchsorted(rows, rows)
    ordered = ordered[place < k]
    similarity = np.full((len(queries), k), -np.inf, dtype=np.float32)
    chosen = np.full((len(queries), k), -1, dtype=np.int64)
    at = (rows[ordered], place[place < k])
    similarity[at], chosen[at] = found[ordered], index[ordered]
    return similarity, chosen


def exhaustive(queries: Array, others: Array, k: int) -> tuple[Array, Indices]:
    """Return what `best_of` returns if every row is a candidate of every query; takes a microsecond a pair."""
    similarity = np.empty((len(queries), k), dtype=np.float32)
    chosen = np.empty((len(queries), k), dtype=np.int64)
    found = np.empty(len(others), dtype=np.float32)
    step = max(1, CHUNK // queries.shape[1])
    for number, query in enumerate(queries):
        for start in range(0, len(others), step):
            found[start : start + step] = cosines(others[start : start + step], query)
        bar = np.partition(found, len(found) - k)[len(found) - k]
        candidates = np.flatnonzero(found >= bar)
        first = candidates[np.argsort(-found[candidates], kind="stable")[:k]]
        similarity[number], chosen[number] = found[first], first
    return similarity, chosen
