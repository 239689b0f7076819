"""Shortlists of neighbours from rounded products, with a bound that shows that no true neighbour is missing.

A block of products of rounded vectors is cheap, and differs from the cosines by no more than a known error. A row stays
on a shortlist as long as, given that error, it may be among the k nearest; exact products decide (`neighbours`).

**The bound.** Let a and b be the means of the two sets, c = a.b, and u and v the shares of the means in a cosine:

    x.y - c = (x - a).(y - b) + u + v,    u = (x - a).b,    v = a.(y - b).

Multiplied are roundings X of x - a and Y of y - b, and u and v as three summands each, times 1. (Means are taken off
because sentence vectors lie in a narrow cone: what remains is short, and so are its rounding errors. They are
measured, not assumed: r = |x - a - X|, q = |y - b - Y|.) The product S differs from x.y - c by at most e + f |S|:

    e = r (|Y| + q) + |X| q                               rounding of both vectors (Cauchy-Schwarz)
      + n 2^-23 (|X| |Y| + |X| + |Y| + |u| + |v|)         sums of n products in 32 bits, in whatever order: S, u and v
      + 2^-19                                             x - a in 32 bits; the exact products' own rounding
    f = 2^-7.9 (bfloat16) or 2^-14.9 (fp32)               rounding of S as it is kept

where e of one row takes the largest |Y|, q and |v| of the other set. If k rows have S >= t, then k cosines, and so the
k-th best of all, are at least t - f|t| - e + c. A row with S + f|S| + e < t - f|t| - e is below that: it is not among
the k nearest, and no tie. Both sides grow with S and t, so that comparing S with one number for each row decides.

(A sum in 32 bits errs by 2^-24 of it if it is rounded, by 2^-23 if it is cut off, as matrix units may do.) Sums in 32
bits are what processors do (`products_in` tries), and CUDA once it is told not to add in bfloat16. Where a shortlist is
full and loses a row that might be a neighbour, its owner is reported as incomplete.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Array = npt.NDArray[np.float32]

PARTS = 3
"""Summands that stand for a share of the means: three of bfloat16 hold 24 bits."""

PADDING = 32
"""Columns are zero-padded to a multiple of this many, which matrix units take at once."""

KEPT = {torch.bfloat16: 2**-7.9, torch.float32: 2**-14.9}
"""f of the bound."""

SAFETY = 1.001
"""Factor on measured lengths, which are computed in 32 bits themselves."""

LOWEST = -(2**31)
ROW_BITS, ORDER_BITS, INDEX_BITS = 12, 24, 27
"""Bits of a key, from the highest: row of the block, score (negated, so that the best comes first), neighbour."""

FASTER = 1.5
"""bfloat16 has to be so many times as fast as fp32 to be worth what it costs to decide exactly."""


@cache
def products_in(device: torch.device) -> torch.dtype:
    """Return the type in which a device multiplies best: bfloat16 where it is fast and adds in 32 bits, else float32.

    What is found does not depend on it.
    """
    ones = torch.full((1, 1024), 2**-9, device=device)
    ones[0, 0] = 1.0
    with sums_in_32_bits():
        total = float((ones.bfloat16() @ torch.ones((1024, 64), dtype=torch.bfloat16, device=device))[0, 0])
    if total < 2.9:  # 1 + 1023/512; sums in bfloat16 stay at 1
        return torch.float32
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        block = torch.ones((512, 1024), dtype=dtype, device=device)
        taken = []
        for _ in range(4):
            began = time.perf_counter()
            float((block @ block.T)[0, 0])
            taken.append(time.perf_counter() - began)
        seconds[dtype] = min(taken)
    return torch.bfloat16 if seconds[torch.float32] > FASTER * seconds[torch.bfloat16] else torch.float32


@contextmanager
def sums_in_32_bits() -> Iterator[None]:
    """Let products be neither computed nor added up in fewer bits than the bound assumes, whatever is set elsewhere."""
    cuda, before = torch.backends.cuda.matmul, torch.get_float32_matmul_precision()
    reduced = cuda.allow_bf16_reduced_precision_reduction
    torch.set_float32_matmul_precision("highest")
    cuda.allow_bf16_reduced_precision_reduction = False
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
        cuda.allow_bf16_reduced_precision_reduction = reduced


@dataclass(frozen=True)
class Rounded:
    """Rows as they are multiplied, and what the bound needs of them.

    Attributes:
        rows: (rows, columns), bfloat16 or float32, on the computing device.
        length: |X|, (rows,), float32.
        error: r, (rows,), float32.
        share: |u| or |v|, (rows,), float32.
    """

    rows: Tensor
    length: Tensor
    error: Tensor
    share: Tensor

    def most(self) -> "Rounded":
        """Return the largest values of all rows, without the rows."""
        found = (value.max().reshape(1) for value in (self.length, self.error, self.share))
        return Rounded(self.rows[:0], *found)

    def slack(self, other: "Rounded") -> Tensor:
        """Return e for every row, (rows,), if the other set's largest values are these."""
        length, error = self.length * SAFETY, self.error * SAFETY
        other_length, other_error = other.length * SAFETY, other.error * SAFETY
        rounding = error * (other_length + other_error) + length * other_error
        sums = length * other_length + length + other_length + self.share + other.share
        adding = self.rows.shape[1] * 2**-23 * sums
        return rounding + adding + 2**-19


def rounded(
    vectors: Array, own: Array, other: Array, *, first: bool, dtype: torch.dtype, device: torch.device
) -> Rounded:
    """Return rows ready to be multiplied.

    Args:
        vectors: (rows, dimensions), unit vectors.
        own: mean of their set, (dimensions,).
        other: mean of the other set.
        first: whether theirs is the first of the two sets; its shares stand where the second has ones.
        dtype: bfloat16 or float32.
        device: where to compute.
    """
    count, width = vectors.shape
    centred = torch.from_numpy(vectors - own).to(device)
    share = centred @ torch.from_numpy(other).to(device)
    columns = -(-(width + 2 * PARTS) // PADDING) * PADDING
    rows = torch.zeros((count, columns), dtype=dtype, device=device)
    rows[:, :width] = centred
    shares, ones = (width, width + PARTS) if first else (width + PARTS, width)
    rows[:, ones : ones + PARTS] = 1
    rest = share.clone()
    for column in range(shares, shares + PARTS):
        rows[:, column] = rest
        rest -= rows[:, column].float()
    kept = rows[:, :width].float()
    return Rounded(rows, kept.norm(dim=1), (centred - kept).norm(dim=1), share.abs())


def order(bits: Tensor) -> Tensor:
    """Return the bits of floating-point scores, int16 or int32, as numbers of the same type in the scores' order."""
    return bits ^ ((bits >> (8 * bits.element_size() - 1)) & torch.iinfo(bits.dtype).max)


def _score(ordered: Tensor) -> Tensor:
    """Return the float32 scores that `order` made numbers of."""
    return order(ordered).view(torch.float32)  # what turns bits into numbers turns them back


class Shortlist:
    """The possible neighbours of a block of rows.

    Args:
        slack: e of the bound, (rows,).
        kept: f of the bound.
        k: neighbours that are looked for.
        capacity: places on the list of a row.
    """

    def __init__(self, slack: Tensor, kept: float, k: int, capacity: int) -> None:
        self.slack, self.kept, self.k, self.capacity = slack.double(), kept, k, capacity
        self.threshold = torch.full((len(slack),), LOWEST, dtype=torch.int32, device=slack.device)
        """Scores from here on, as `order` numbers them, may be neighbours; (rows,), int32."""
        self._lost = self.threshold.clone()
        self.primed = False
        """Whether thresholds have been set by a first block."""
        self._keys = torch.empty(0, dtype=torch.int64, device=slack.device)
        self._new: list[Tensor] = []
        self._waiting = 0

    def prime(self, products: Tensor) -> None:
        """Set thresholds by a first block of products (rows, columns), whose scores are not taken in."""
        if products.shape[1] >= self.k:
            every = torch.arange(len(products), device=products.device)
            self._raise_to(every, products.topk(self.k).values[:, -1].float())
        self.primed = True

    def add(self, rows: Tensor, scores: Tensor, index: Tensor) -> None:
        """Take in rows' scores (ordered, int32) for the other set's rows `index`; all (hits,)."""
        rank = (1 << (ORDER_BITS - 1)) - 1 - (scores >> (32 - ORDER_BITS)).long()
        self._new.append((rows << (ORDER_BITS + INDEX_BITS)) | (rank << INDEX_BITS) | index)
        self._waiting += len(rows)
        if self._waiting > max(len(self._keys), 8 * self.k * len(self.slack)):
            self.settle()

    def settle(self) -> None:
        """Sort what was taken in, raise thresholds, and drop what is below them or has no place."""
        keys = torch.cat([self._keys, *self._new]).sort().values
        self._new, self._waiting = [], 0
        rows = keys >> (ORDER_BITS + INDEX_BITS)
        starts = torch.searchsorted(rows, torch.arange(len(self.slack) + 1, device=keys.device))
        counts = starts.diff()
        scores = self._scores(keys)
        full = (counts >= self.k).nonzero()[:, 0]
        self._raise_to(full, _score(scores[starts[full] + self.k - 1]))
        over = (counts > self.capacity).nonzero()[:, 0]
        self._lost[over] = torch.maximum(self._lost[over], scores[starts[over] + self.capacity])
        place = torch.arange(len(keys), device=keys.device) - starts[rows]
        self._keys = keys[(scores >= self.threshold[rows]) & (place < self.capacity)]

    def result(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return rows and neighbours of all candidates, (candidates,) each, and which rows are incomplete, (rows,)."""
        self.settle()
        rows = self._keys >> (ORDER_BITS + INDEX_BITS)
        return rows, self._keys & ((1 << INDEX_BITS) - 1), self._lost >= self.threshold.clamp_min(LOWEST + 1)

    def _scores(self, keys: Tensor) -> Tensor:
        rank = (keys >> INDEX_BITS) & ((1 << ORDER_BITS) - 1)
        return (((1 << (ORDER_BITS - 1)) - 1 - rank) << (32 - ORDER_BITS)).to(torch.int32)

    def _raise_to(self, rows: Tensor, best: Tensor) -> None:
        """Raise the thresholds of rows whose k-th best score is at least `best`."""
        best = best.double()
        bound = best - self.kept * best.abs() - 2 * self.slack[rows]
        bound = torch.where(bound > 0, bound / (1 + self.kept), bound / (1 - self.kept))
        # The next number below in the bits of a key, which are those of all scores that are kept
        lowered = order(bound.float().view(torch.int32)) >> (32 - ORDER_BITS)
        self.threshold[rows] = torch.maximum(self.threshold[rows], (lowered - 1) << (32 - ORDER_BITS))
