"""Exact search for nearest neighbours in one pass over the matrix of similarities, block by block.

Rounded products make shortlists (`shortlists`, with the bound), exact products decide (`cosines`). Rows whose shortlist
was too short are searched once more with products in 32 bits and longer lists, and if need be without shortlists.
Held in memory are the rounded rows of the smaller set, one block, and the lists; vectors may be memory-mapped arrays.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from workflow.scripts.decoding.cosines import Array, Indices, best_of, exhaustive
from workflow.scripts.decoding.shortlists import (
    INDEX_BITS,
    KEPT,
    ROW_BITS,
    Rounded,
    Shortlist,
    order,
    products_in,
    rounded,
    sums_in_32_bits,
)

BLOCK = 2048
"""Rows and columns of one block of similarities on a CPU: 8 MiB of bfloat16."""

ACCELERATOR_BLOCK = 4096
"""The same on an accelerator, which computes them faster the larger they are; what a key has room for."""

FIRST = 512
"""Entries of a row's first block that set its first threshold."""

PLACES = {torch.bfloat16: (8, 16), torch.float32: (16, 256)}
"""Length of a shortlist: so many times k and so many more."""

SMALL = 1 << 16
"""Rows of the first set up to which it is held rounded, too: 132 MiB of 1024 dimensions."""

RETRIED = 1 << 15
"""Rows that are searched again at once: 128 MiB of 1024 dimensions."""


@dataclass(frozen=True)
class Found:
    """Cosines and indices of the neighbours of every row, (rows, k), and which rows lack some, (rows,)."""

    similarity: Array
    index: Indices
    incomplete: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Search:
    """How to search.

    Attributes:
        k: neighbours of every row.
        block: rows and columns of one block of similarities.
        dtype: what they are multiplied in.
        device: where.
    """

    k: int
    block: int
    dtype: torch.dtype
    device: torch.device

    @property
    def capacity(self) -> int:
        """Places on a row's shortlist."""
        factor, more = PLACES[self.dtype]
        return factor * self.k + more

    def blocks(self, count: int) -> Iterator[slice]:
        """Yield consecutive blocks of so many rows."""
        for start in range(0, count, self.block):
            yield slice(start, min(start + self.block, count))


def choose(k: int, block: int | None, device: torch.device, dtype: torch.dtype | None = None) -> Search:
    """Return how a device searches best."""
    size = block or (BLOCK if device.type == "cpu" else ACCELERATOR_BLOCK)
    return Search(k, min(size, 1 << ROW_BITS), dtype or products_in(device), device)


def one_way(queries: Array, others: Array, how: Search) -> tuple[Array, Indices]:
    """Return similarity and index of the k nearest of `others` for every query, (queries, k) each."""
    (found,) = _pass(queries, others, how, (True, False))
    return _completed(queries, others, found, how)


def both_ways(left: Array, right: Array, how: Search) -> tuple[tuple[Array, Indices], tuple[Array, Indices]]:
    """Return similarity and index of the k nearest in both directions from one pass."""
    forward, backward = _pass(left, right, how, (True, True))
    return _completed(left, right, forward, how), _completed(right, left, backward, how)


def _completed(queries: Array, others: Array, found: Found, how: Search) -> tuple[Array, Indices]:
    """Return the neighbours after those rows that lack some have been searched again."""
    rows = np.flatnonzero(found.incomplete)
    for start in range(0, len(rows), RETRIED):
        again = rows[start : start + RETRIED]
        if how.dtype == torch.float32:
            found.similarity[again], found.index[again] = exhaustive(queries[again], others, found.index.shape[1])
        else:
            slower = Search(how.k, how.block, torch.float32, how.device)
            found.similarity[again], found.index[again] = one_way(queries[again], others, slower)
    return found.similarity, found.index


def _pass(left: Array, right: Array, how: Search, wanted: tuple[bool, bool]) -> list[Found]:
    """Return the neighbours in the directions wanted (of `left` among `right`, the reverse), as far as lists go."""
    if len(left) < len(right):  # the second set is the one that is held in memory
        return _pass(right, left, how, wanted[::-1])[::-1]
    if len(left) >= 1 << INDEX_BITS:
        raise ValueError(f"{len(left)} rows are more than the {(1 << INDEX_BITS) - 1} that can be searched")
    with torch.inference_mode(), sums_in_32_bits():
        return _Pass(left, right, how, wanted).run()


class _Pass:
    """One pass over the matrix of similarities; the first set is read block by block, the second is held rounded."""

    def __init__(self, left: Array, right: Array, how: Search, wanted: tuple[bool, bool]) -> None:
        self.left, self.right, self.how = left, right, how
        self.forward, self.backward = wanted
        self.means = mean(left), mean(right)
        self.small: dict[int, Rounded] = {}
        self.held = [self._rounded(right[part], first=False) for part in how.blocks(len(right))]

    def run(self) -> list[Found]:
        """Return the neighbours in the directions wanted."""
        how, theirs = self.how, [Rounded.most(block) for block in self.held]
        most_held = _largest(theirs)
        lists: list[Shortlist | None] = [None] * len(self.held)
        if self.backward:
            most = _largest([self._left(part).most() for part in how.blocks(len(self.left))])
            lists = [self._list(block, most, len(self.left)) for block in self.held]
        forward = []
        for part in how.blocks(len(self.left)):
            rows = self._left(part)
            own = self._list(rows, most_held, len(self.right)) if self.forward else None
            for columns, block, other in zip(how.blocks(len(self.right)), self.held, lists, strict=True):
                _take(rows.rows @ block.rows.T, own, other, part.start, columns.start)
            if own is not None:
                forward.append(_decided(self.left[part], self.right, own))
        parts = how.blocks(len(self.right))
        backward = [
            _decided(self.right[part], self.left, own)
            for part, own in zip(parts, lists, strict=True)
            if own is not None
        ]
        return [_joined(found) for found in (forward, backward) if found]

    def _left(self, part: slice) -> Rounded:
        """Return a block of the first set, computed once if the set is small."""
        if part.start in self.small:
            return self.small[part.start]
        rows = self._rounded(self.left[part], first=True)
        if self.backward and len(self.left) <= SMALL:
            self.small[part.start] = rows
        return rows

    def _rounded(self, vectors: Array, *, first: bool) -> Rounded:
        own, other = self.means if first else self.means[::-1]
        return rounded(vectors, own, other, first=first, dtype=self.how.dtype, device=self.how.device)

    def _list(self, rows: Rounded, most: Rounded, others: int) -> Shortlist:
        k = min(self.how.k, others)
        return Shortlist(rows.slack(most), KEPT[self.how.dtype], k, max(self.how.capacity, k))


def mean(vectors: Array) -> Array:
    """Return the mean of all rows, (dimensions,)."""
    total = np.zeros(vectors.shape[1], dtype=np.float64)
    for start in range(0, len(vectors), BLOCK):
        total += vectors[start : start + BLOCK].sum(axis=0)
    return (total / len(vectors)).astype(np.float32)


def _largest(parts: list[Rounded]) -> Rounded:
    names = ("rows", "length", "error", "share")
    return Rounded(*(torch.cat([getattr(part, name) for part in parts]) for name in names)).most()


def _take(products: Tensor, own: Shortlist | None, other: Shortlist | None, row: int, column: int) -> None:
    """Put what may be neighbours on the lists of a block's rows and columns, which begin at `row` and `column`."""
    if own is not None and not own.primed:
        own.prime(products[:, :FIRST])
    if other is not None and not other.primed:
        other.prime(products[:FIRST].T.contiguous())
    lists = [each for each in (own, other) if each is not None]
    small = products.dtype == torch.bfloat16
    bits, shift = (products.view(torch.int16), 16) if small else (products.view(torch.int32), 0)
    if any(bool((each.threshold < 0).any()) for each in lists):  # the bits of positive numbers are in order as they are
        bits = order(bits)
    masks = [_above(bits, each.threshold >> shift, dim=1 if each is own else 0) for each in lists]
    hits = _positions(masks[0].logical_or_(masks[-1]))
    rows, columns = hits // products.shape[1], hits % products.shape[1]
    scores = bits.flatten()[hits].int() << shift
    for each, mine, theirs, offset in ((own, rows, columns, column), (other, columns, rows, row)):
        if each is not None:
            above = scores >= each.threshold[mine]
            each.add(mine[above], scores[above], theirs[above] + offset)


def _above(bits: Tensor, limits: Tensor, dim: int) -> Tensor:
    """Return which of a block's entries reach the limit of their row (dim 1) or column (dim 0)."""
    limits = limits.to(bits.dtype).unsqueeze(dim)
    # On a CPU numpy compares 16-bit numbers several times as fast as torch
    return bits >= limits if bits.is_cuda else torch.from_numpy(np.greater_equal(bits.numpy(), limits.numpy()))


def _positions(mask: Tensor) -> Tensor:
    """Return where the flattened mask is true, (hits,); that is rare, so that eight bytes are looked at at once."""
    if mask.numel() % 8:
        return mask.flatten().nonzero()[:, 0]
    words = mask.flatten().view(torch.int64).nonzero()[:, 0]
    word, byte = mask.view(-1, 8)[words].nonzero(as_tuple=True)
    return words[word] * 8 + byte


def _decided(queries: Array, others: Array, shortlist: Shortlist) -> Found:
    rows, index, incomplete = (tensor.cpu().numpy() for tensor in shortlist.result())
    return Found(*best_of(queries, others, rows, index, shortlist.k), incomplete)


def _joined(parts: list[Found]) -> Found:
    names = ("similarity", "index", "incomplete")
    return Found(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
