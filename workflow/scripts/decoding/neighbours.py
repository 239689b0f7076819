"""Exact nearest neighbours of sentence vectors, and what Tatoeba and BUCC read off them.

    nearest          Tatoeba: the most similar row
    both_neighbours  k nearest rows in both directions from one pass over the similarity matrix
    mine_pairs       BUCC: candidate translations by ratio margin

The similarity matrix is computed in blocks and never held as a whole: memory is one block plus `k` entries
per row. Rows are unit vectors in float32, so that the inner product is the cosine. Among equally similar
neighbours the lower index wins, in whatever blocks the matrix is cut.

Source: Artetxe and Schwenk (2019), margin-based mining; `mine_bitext` in google-research/xtreme
`third_party/utils_retrieve.py`, with k = 4, ratio margin and "max" retrieval.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

Vectors = torch.Tensor | npt.NDArray[np.float32]
"""Unit vectors, one per row: (rows, dimensions), float32."""

BLOCK = 1024
"""Rows and columns of one block of similarities on a CPU: 4 MiB of float32, which its caches hold."""

ACCELERATOR_BLOCK = 8192
"""The same on an accelerator: 256 MiB."""


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


def nearest(queries: Vectors, rows: Vectors, block: int | None = None) -> npt.NDArray[np.int64]:
    """Return for every query the index of the most similar row, (queries,), int64.

    Tatoeba as in XTREME and jiant: the *English* sentences are the queries and the foreign ones the rows.

    Args:
        queries: (queries, dimensions), unit vectors.
        rows: (rows, dimensions), unit vectors; at least one.
        block: rows and columns of one block; None: `BLOCK` or `ACCELERATOR_BLOCK`.

    Raises:
        ValueError: see `both_neighbours`.
    """
    left, right = _checked(queries, rows)
    block = block or _block_for(left.device)
    found = torch.empty(len(left), dtype=torch.int64, device=left.device)
    for start in range(0, len(left), block):
        best = _TopK(min(block, len(left) - start), 1, left.device)
        for offset, chunk in _blocks(right, block):
            best.add(left[start : start + block] @ chunk.T, offset)
        found[start : start + block] = best.index[:, 0]
    return found.cpu().numpy()


def both_neighbours(
    left: Vectors, right: Vectors, k: int = 4, block: int | None = None
) -> tuple[Neighbours, Neighbours]:
    """Return the k nearest rows of `right` for each row of `left`, and the other way round.

    k is capped at the number of rows there are. The device of the vectors does the work; results are on the
    CPU.

    Args:
        left: (left rows, dimensions), unit vectors.
        right: (right rows, dimensions), unit vectors.
        k: neighbours per row.
        block: rows and columns of one block; None: `BLOCK` or `ACCELERATOR_BLOCK`.

    Raises:
        ValueError: an empty set, a shape, type or value (NaN, not unit length) that does not fit.
    """
    left, right = _checked(left, right)
    block = block or _block_for(left.device)
    backward = [_TopK(len(chunk), min(k, len(left)), left.device) for _, chunk in _blocks(right, block)]
    forward = []
    for row_offset, rows in _blocks(left, block):
        best = _TopK(len(rows), min(k, len(right)), left.device)
        for (offset, chunk), best_of_chunk in zip(_blocks(right, block), backward, strict=True):
            similarity = rows @ chunk.T
            best.add(similarity, offset)
            best_of_chunk.add(similarity.T.contiguous(), row_offset)
        forward.append(best)
    return _joined(forward), _joined(backward)


def mine_pairs(left: Vectors, right: Vectors, k: int = 4, block: int | None = None) -> Pairs:
    """Return candidate translations between two sets of sentences.

    The margin of a pair is its cosine over the mean of both rows' mean cosines to their k nearest neighbours.
    Each row proposes the one of its neighbours with the highest margin ("max" retrieval: proposals of both
    directions together); from the best proposal down, those stay whose two rows are still free and whose
    margin is above 0.

    Repeated sentences have to be removed before (`first_occurrences`). Args and errors are those of
    `both_neighbours`.
    """
    forward, backward = both_neighbours(left, right, k, block)
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


class _TopK:
    """The k largest similarities of each row seen so far; blocks of columns come in ascending order."""

    def __init__(self, rows: int, k: int, device: torch.device) -> None:
        """Start with nothing seen for `rows` rows."""
        self.k = k
        self.similarity = torch.empty((rows, 0), device=device)
        self.index = torch.empty((rows, 0), dtype=torch.int64, device=device)

    def add(self, similarity: torch.Tensor, offset: int) -> None:
        """Take a block (rows, columns) into account whose first column has the index `offset`."""
        values, columns = _top(similarity, self.k)
        values = torch.cat([self.similarity, values], dim=1)
        columns = torch.cat([self.index, columns + offset], dim=1)
        # Stable, and columns seen earlier stand first: among equals the lower index stays ahead.
        values, order = values.sort(dim=1, descending=True, stable=True)
        self.similarity = values[:, : self.k]
        self.index = columns.gather(1, order)[:, : self.k]


def _top(similarity: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the k largest values of each row and their columns, (rows, k); lower columns first on ties.

    `topk` leaves the choice among equals open. Asked for one value more, it shows in which rows equals lie on
    the border; only those rows are sorted as a whole.
    """
    columns = similarity.shape[1]
    k = min(k, columns)
    values, index = similarity.topk(min(k + 1, columns), dim=1)
    if columns > k:
        tied = (values[:, k - 1] == values[:, k]).nonzero()[:, 0]
        if len(tied):
            whole = similarity[tied].sort(dim=1, descending=True, stable=True)
            index[tied, :k] = whole.indices[:, :k]
    index = index[:, :k].sort(dim=1).values
    values, order = similarity.gather(1, index).sort(dim=1, descending=True, stable=True)
    return values, index.gather(1, order)


def _block_for(device: torch.device) -> int:
    """Return how many rows and columns of similarities a device computes at once."""
    return BLOCK if device.type == "cpu" else ACCELERATOR_BLOCK


def _blocks(vectors: torch.Tensor, block: int) -> Iterator[tuple[int, torch.Tensor]]:
    """Yield consecutive blocks of rows with the index of their first row."""
    for start in range(0, len(vectors), block):
        yield start, vectors[start : start + block]


def _joined(parts: Sequence[_TopK]) -> Neighbours:
    """Return the neighbours of all blocks of rows together, on the CPU."""
    return Neighbours(
        torch.cat([part.similarity for part in parts]).cpu().numpy(),
        torch.cat([part.index for part in parts]).cpu().numpy(),
    )


def _checked(left: Vectors, right: Vectors) -> tuple[torch.Tensor, torch.Tensor]:
    """Return both sets as tensors, or raise `ValueError` with what does not fit."""
    tensors = []
    for side, vectors in (("first", left), ("second", right)):
        tensor = torch.as_tensor(vectors)
        if tensor.ndim != 2 or not len(tensor) or tensor.dtype != torch.float32:
            raise ValueError(
                f"{side} set: expected (rows, dimensions) float32, got {tuple(tensor.shape)} {tensor.dtype}"
            )
        length = tensor.norm(dim=1)
        odd = (~torch.isclose(length, torch.ones_like(length), atol=1e-3)).nonzero()[:, 0]
        if len(odd):
            first = int(odd[0])
            raise ValueError(
                f"{side} set: {len(odd)} of {len(tensor)} rows are no unit vectors (row {first} has length "
                f"{float(length[first]):g}); normalise them with `unit`, and look for NaN in the model"
            )
        tensors.append(tensor)
    if tensors[0].shape[1] != tensors[1].shape[1]:
        raise ValueError(f"vectors of {tensors[0].shape[1]} and {tensors[1].shape[1]} dimensions cannot be compared")
    return tensors[0], tensors[1]
