"""Exact nearest neighbours of sentence vectors, and what Tatoeba and BUCC read off them.

    nearest          Tatoeba: the most similar row
    k_nearest        the k most similar rows
    both_neighbours  k nearest rows in both directions from one pass over the similarity matrix
    mine_pairs       BUCC: candidate translations by ratio margin

The similarity matrix is computed in blocks and never held as a whole (`search`); vectors may be memory-mapped. Rows are
unit vectors in float32, so that the inner product is the cosine. What is found depends neither on blocks nor on the
device and what it multiplies in: cosines are those of `cosines`, and among equal ones the lower index wins.

Source: Artetxe and Schwenk (2019), margin-based mining; `mine_bitext` in google-research/xtreme
`third_party/utils_retrieve.py`, with k = 4, ratio margin and "max" retrieval.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from workflow.scripts.decoding.cosines import Array
from workflow.scripts.decoding.search import BLOCK, both_ways, choose, one_way

Vectors = torch.Tensor | npt.NDArray[np.float32]
"""Unit vectors, one per row: (rows, dimensions), float32."""


@dataclass(frozen=True)
class Neighbours:
    """The nearest rows of another set for every row of one set, most similar first.

    Attributes:
        similarity: cosines, (rows, k), float32, descending.
        index: rows of the other set, (rows, k), int64; ascending where cosines are equal.
    """

    similarity: npt.NDArray[np.float32]
    index: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pairs:
    """Mined pairs, best first; every row of either set occurs at most once.

    Attributes:
        left: rows of the first set, (pairs,), int64.
        right: rows of the second set, (pairs,), int64.
        score: margins, (pairs,), float64, descending, all above 0.
    """

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]


def unit(vectors: torch.Tensor) -> torch.Tensor:
    """Return the rows (rows, dimensions) in float32 and scaled to length 1; a zero row stays zero."""
    return torch.nn.functional.normalize(vectors.float(), dim=1)


def first_occurrences(texts: Sequence[str]) -> list[int]:
    """Return the index of the first occurrence of each different text; XTREME mines over these only."""
    seen: dict[str, int] = {}
    for i, text in enumerate(texts):
        seen.setdefault(text, i)
    return list(seen.values())


def nearest(
    queries: Vectors, rows: Vectors, block: int | None = None, device: torch.device | None = None
) -> npt.NDArray[np.int64]:
    """Return for every query the index of the most similar row, (queries,), int64.

    Tatoeba as in XTREME and jiant: the *English* sentences are the queries and the foreign ones the rows. Arguments and
    errors are those of `k_nearest`.
    """
    return k_nearest(queries, rows, 1, block, device).index[:, 0]


def k_nearest(
    queries: Vectors, rows: Vectors, k: int, block: int | None = None, device: torch.device | None = None
) -> Neighbours:
    """Return the k nearest rows of every query; k is capped at the number of rows there are.

    Args:
        queries: (queries, dimensions), unit vectors.
        rows: (rows, dimensions), unit vectors; at least one.
        k: neighbours per query.
        block: rows and columns of one block of similarities; None: by device.
        device: where they are computed; None: where the queries are, or on the CPU.

    Raises:
        ValueError: see `both_neighbours`.
    """
    left, right = _checked(queries, rows)
    how = choose(min(k, len(right)), block, device or _device_of(queries))
    return Neighbours(*one_way(left, right, how))


def both_neighbours(
    left: Vectors, right: Vectors, k: int = 4, block: int | None = None, device: torch.device | None = None
) -> tuple[Neighbours, Neighbours]:
    """Return the k nearest rows of `right` for each row of `left`, and the other way round.

    k is capped at the number of rows there are.

    Args:
        left: (left rows, dimensions), unit vectors.
        right: (right rows, dimensions), unit vectors.
        k: neighbours per row.
        block: rows and columns of one block of similarities; None: by device.
        device: where they are computed; None: where the left rows are, or on the CPU.

    Raises:
        ValueError: an empty set, a shape, type or value (NaN, not unit length) that does not fit.
    """
    first, second = _checked(left, right)
    forward, backward = both_ways(first, second, choose(k, block, device or _device_of(left)))
    return Neighbours(*forward), Neighbours(*backward)


def mine_pairs(
    left: Vectors, right: Vectors, k: int = 4, block: int | None = None, device: torch.device | None = None
) -> Pairs:
    """Return candidate translations between two sets of sentences.

    The margin of a pair is its cosine over the mean of both rows' mean cosines to their k nearest neighbours.
    Each row proposes the one of its neighbours with the highest margin ("max" retrieval: proposals of both
    directions together); from the best proposal down, those stay whose two rows are still free and whose
    margin is above 0.

    Repeated sentences have to be removed before (`first_occurrences`). Args and errors are those of
    `both_neighbours`.
    """
    forward, backward = both_neighbours(left, right, k, block, device)
    forward_mean = forward.similarity.mean(axis=1, dtype=np.float64)
    backward_mean = backward.similarity.mean(axis=1, dtype=np.float64)
    forward_best, forward_score = _best_margins(forward, forward_mean, backward_mean)
    backward_best, backward_score = _best_margins(backward, backward_mean, forward_mean)
    lefts = np.concatenate([np.arange(len(forward_best)), backward_best])
    rights = np.concatenate([forward_best, np.arange(len(backward_best))])
    return _one_to_one(lefts, rights, np.concatenate([forward_score, backward_score]))


def _best_margins(
    neighbours: Neighbours, own_mean: npt.NDArray[np.float64], other_mean: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return for each row its neighbour with the highest margin, and that margin; both (rows,).

    A mean that is not positive, which no encoder of sentences yields, has no meaningful ratio: such a pair
    gets margin 0.
    """
    scale = (own_mean[:, None] + other_mean[neighbours.index]) / 2
    margin = np.divide(neighbours.similarity, scale, out=np.zeros_like(scale), where=scale > 0)
    best = margin.argmax(axis=1)[:, None]  # the first of equals: the more similar one
    return np.take_along_axis(neighbours.index, best, 1)[:, 0], np.take_along_axis(margin, best, 1)[:, 0]


def _one_to_one(lefts: npt.NDArray[np.int64], rights: npt.NDArray[np.int64], scores: npt.NDArray[np.float64]) -> Pairs:
    """Return the pairs left when the best is taken again and again; ties by left, then right index."""
    order = [i for i in np.lexsort((rights, lefts, -scores)).tolist() if scores[i] > 0]
    used_left, used_right, kept = set(), set(), []
    for i, left, right in zip(order, lefts[order].tolist(), rights[order].tolist(), strict=True):
        if left not in used_left and right not in used_right:
            used_left.add(left)
            used_right.add(right)
            kept.append(i)
    return Pairs(lefts[kept], rights[kept], scores[kept])


def _device_of(vectors: Vectors) -> torch.device:
    return vectors.device if isinstance(vectors, torch.Tensor) else torch.device("cpu")


def _checked(left: Vectors, right: Vectors) -> tuple[Array, Array]:
    """Return both sets as arrays, or raise `ValueError` with what does not fit."""
    arrays = []
    for side, vectors in (("first", left), ("second", right)):
        array = vectors.detach().cpu().numpy() if isinstance(vectors, torch.Tensor) else np.asarray(vectors)
        if array.ndim != 2 or not len(array) or array.dtype != np.float32:
            raise ValueError(f"{side} set: expected (rows, dimensions) float32, got {array.shape} {array.dtype}")
        length = np.concatenate([_lengths(array[start : start + BLOCK]) for start in range(0, len(array), BLOCK)])
        odd = np.flatnonzero(~(np.abs(length - 1) < 1e-3))
        if len(odd):
            raise ValueError(
                f"{side} set: {len(odd)} of {len(array)} rows are no unit vectors (row {odd[0]} has length "
                f"{length[odd[0]]:g}); normalise them with `unit`, and look for NaN in the model"
            )
        arrays.append(array)
    if arrays[0].shape[1] != arrays[1].shape[1]:
        raise ValueError(f"vectors of {arrays[0].shape[1]} and {arrays[1].shape[1]} dimensions cannot be compared")
    return arrays[0], arrays[1]


def _lengths(rows: Array) -> Array:
    lengths: Array = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return lengths
