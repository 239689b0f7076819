"""Exact nearest neighbours against brute force, ties, and mining by ratio margin."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.scripts.decoding.neighbours import (
    both_neighbours,
    first_occurrences,
    mine_pairs,
    nearest,
    unit,
)

# Vectors of four entries +-1/2: all cosines are exact in float32 and most of them are tied.
SIGNS = st.lists(st.integers(0, 15), min_size=1, max_size=12)


def signed(numbers: list[int]) -> np.ndarray:
    """Return one vector (4,) per number, its bits as signs."""
    bits = (np.array(numbers)[:, None] >> np.arange(4)) & 1
    return (bits - 0.5).astype(np.float32)


def brute_force(left: np.ndarray, right: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k best columns of every row of the whole matrix; stable, so that the lower index wins."""
    similarity = left @ right.T
    index = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(similarity, index, axis=1), index


@settings(deadline=None, max_examples=150)
@given(left=SIGNS, right=SIGNS, k=st.integers(1, 6), block=st.integers(1, 13))
def test_both_directions_equal_brute_force_with_ties_in_any_blocks(
    left: list[int], right: list[int], k: int, block: int
) -> None:
    x, y = signed(left), signed(right)
    forward, backward = both_neighbours(x, y, k=k, block=block)
    for found, (similarity, index) in ((forward, brute_force(x, y, k)), (backward, brute_force(y, x, k))):
        np.testing.assert_array_equal(found.index, index)
        np.testing.assert_array_equal(found.similarity, similarity)


@settings(deadline=None, max_examples=60)
@given(left=SIGNS, right=SIGNS, block=st.integers(1, 13))
def test_nearest_is_the_first_of_the_most_similar_rows(left: list[int], right: list[int], block: int) -> None:
    x, y = signed(left), signed(right)
    np.testing.assert_array_equal(nearest(x, y, block=block), (x @ y.T).argmax(axis=1))


def test_random_vectors_equal_brute_force() -> None:
    generator = torch.Generator().manual_seed(0)
    x = unit(torch.randn(150, 24, generator=generator))
    y = unit(torch.randn(90, 24, generator=generator))
    forward, backward = both_neighbours(x, y, k=4, block=32)
    for found, (similarity, index) in (
        (forward, brute_force(x.numpy(), y.numpy(), 4)),
        (backward, brute_force(y.numpy(), x.numpy(), 4)),
    ):
        np.testing.assert_array_equal(found.index, index)
        np.testing.assert_allclose(found.similarity, similarity, atol=1e-6)


def test_k_is_capped_at_the_rows_there_are() -> None:
    forward, backward = both_neighbours(signed([0, 1, 2]), signed([5]), k=4)
    assert forward.index.shape == (3, 1)
    assert backward.index.shape == (1, 3)


def test_translations_are_mined_and_each_row_is_used_once() -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(40, 16, generator=generator)
    y = x + 0.2 * torch.randn(40, 16, generator=generator)
    order = torch.randperm(40, generator=generator)
    pairs = mine_pairs(unit(x), unit(y[order]), block=7)
    assert (order.numpy()[pairs.right] == pairs.left).mean() > 0.95
    assert len(set(pairs.left.tolist())) == len(set(pairs.right.tolist())) == len(pairs.score)
    assert (np.diff(pairs.score) <= 0).all()
    assert (pairs.score > 0).all()


def test_the_margin_is_the_cosine_over_the_mean_of_both_neighbourhoods() -> None:
    x = unit(torch.tensor([[1.0, 0.0], [1.0, 1.0]]))
    y = unit(torch.tensor([[1.0, 0.2], [0.2, 1.0]]))
    cosine = (x @ y.T).numpy().astype(np.float64)
    scale = (cosine.mean(axis=1)[:, None] + cosine.mean(axis=0)[None, :]) / 2  # k covers all rows
    margin = cosine / scale
    pairs = mine_pairs(x, y, k=4)
    assert [pairs.left.tolist(), pairs.right.tolist()] == [[0, 1], [0, 1]]
    np.testing.assert_allclose(pairs.score, margin[[0, 1], [0, 1]], rtol=1e-6)


def mined_by_definition(x: np.ndarray, y: np.ndarray, k: int) -> list[tuple[int, int]]:
    """Return the pairs of "max" retrieval from the whole matrix, in plain loops."""
    cosine = (x @ y.T).astype(np.float64)
    rows = [np.sort(row)[::-1][:k].mean() for row in cosine]
    columns = [np.sort(column)[::-1][:k].mean() for column in cosine.T]
    margin = cosine / (np.array(rows)[:, None] + np.array(columns)[None, :]) * 2
    proposals = {(i, max(np.argsort(-cosine[i])[:k], key=lambda j: margin[i, j])) for i in range(len(x))}
    proposals |= {(max(np.argsort(-cosine[:, j])[:k], key=lambda i: margin[i, j]), j) for j in range(len(y))}
    pairs: list[tuple[int, int]] = []
    for i, j in sorted(proposals, key=lambda pair: -margin[pair]):
        if all(i != left and j != right for left, right in pairs):
            pairs.append((i, j))
    return pairs


@pytest.mark.parametrize("seed", range(20))
def test_mining_equals_its_definition(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = unit(torch.randn(15, 8, generator=generator) + 1.0)  # shifted: all neighbourhoods are positive
    y = unit(torch.randn(11, 8, generator=generator) + 1.0)
    pairs = mine_pairs(x, y, k=3, block=4)
    assert list(zip(pairs.left, pairs.right, strict=True)) == mined_by_definition(x.numpy(), y.numpy(), 3)


def test_opposite_vectors_give_no_candidates() -> None:
    pairs = mine_pairs(signed([0]), signed([15]))
    assert len(pairs.score) == 0


@settings(deadline=None, max_examples=60)
@given(left=SIGNS, right=SIGNS, block=st.integers(1, 13))
def test_mining_does_not_depend_on_blocks(left: list[int], right: list[int], block: int) -> None:
    whole, cut = (mine_pairs(signed(left), signed(right), block=size) for size in (64, block))
    for name in ("left", "right", "score"):
        np.testing.assert_array_equal(getattr(cut, name), getattr(whole, name))


def test_only_the_first_of_equal_texts_is_mined() -> None:
    assert first_occurrences(["a", "b", "a", "c", "b"]) == [0, 1, 3]


@pytest.mark.parametrize(
    ("left", "message"),
    [
        (np.zeros((0, 4), np.float32), "expected"),
        (np.zeros(4, np.float32), "expected"),
        (signed([1]).astype(np.float64), "float64"),
        (signed([1]) * 2, "no unit vectors"),
        (np.full((1, 4), np.nan, np.float32), "NaN"),
        (np.ones((1, 1), np.float32), "1 and 4 dimensions"),
    ],
)
def test_vectors_that_do_not_fit_are_errors(left: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        both_neighbours(left, signed([1]))
