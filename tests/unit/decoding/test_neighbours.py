"""Exact nearest neighbours against brute force, ties, and mining by ratio margin."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.scripts.decoding import search, shortlists
from workflow.scripts.decoding.cosines import best_of, cosines, exhaustive
from workflow.scripts.decoding.neighbours import (
    both_neighbours,
    first_occurrences,
    k_nearest,
    mine_pairs,
    nearest,
    unit,
)

CPU = torch.device("cpu")
TYPES = (torch.bfloat16, torch.float32)

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


@settings(deadline=None, max_examples=80)
@given(left=SIGNS, right=SIGNS, k=st.integers(1, 6), block=st.integers(1, 13))
def test_both_directions_equal_brute_force_with_ties_in_any_blocks(
    left: list[int], right: list[int], k: int, block: int
) -> None:
    x, y = signed(left), signed(right)
    forward, backward = both_neighbours(x, y, k=k, block=block)
    for found, (similarity, index) in ((forward, brute_force(x, y, k)), (backward, brute_force(y, x, k))):
        np.testing.assert_array_equal(found.index, index)
        np.testing.assert_array_equal(found.similarity, similarity)


@settings(deadline=None, max_examples=40)
@given(left=SIGNS, right=SIGNS, block=st.integers(1, 13))
def test_nearest_is_the_first_of_the_most_similar_rows(left: list[int], right: list[int], block: int) -> None:
    x, y = signed(left), signed(right)
    np.testing.assert_array_equal(nearest(x, y, block=block), (x @ y.T).argmax(axis=1))


def vectors(kind: str, rows: int, seed: int, width: int = 40) -> np.ndarray:
    """Return unit vectors: in all directions, in a narrow cone, or of few different kinds that are nearly equal."""
    draw = np.random.default_rng(seed)
    found = draw.standard_normal((rows, width))
    if kind == "cone":
        found = 0.05 * found + np.random.default_rng(99).standard_normal(width)
    if kind == "clusters":
        centres = np.random.default_rng(98).standard_normal((4, width))
        found = centres[draw.integers(0, 4, rows)] + 1e-6 * found
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("kind", ["random", "cone", "clusters"])
@pytest.mark.parametrize(("left", "right"), [(300, 170), (70, 260)])
@pytest.mark.parametrize("block", [32, 100, 4096])
def test_both_ways_give_the_bits_of_all_pairs(kind, left, right, block, dtype):
    x, y = vectors(kind, left, 1), vectors(kind, right, 2)
    how = search.choose(4, block, CPU, dtype)
    forward, backward = search.both_ways(x, y, how)
    for (similarity, index), queries, others in ((forward, x, y), (backward, y, x)):
        true_similarity, true_index = exhaustive(queries, others, 4)
        np.testing.assert_array_equal(index, true_index)
        np.testing.assert_array_equal(similarity, true_similarity)
    for found, alone in ((forward, search.one_way(x, y, how)), (backward, search.one_way(y, x, how))):
        np.testing.assert_array_equal(found[0], alone[0])
        np.testing.assert_array_equal(found[1], alone[1])


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("kind", ["random", "cone", "clusters"])
def test_products_are_as_wrong_as_the_bound_says_and_no_more(kind, dtype):
    """Against cosines in 64 bits: no pair is out of bounds, and for bfloat16 the bound is not much too wide."""
    x, y = vectors(kind, 120, 3, width=300), vectors(kind, 90, 4, width=300)
    a, b = search.mean(x), search.mean(y)
    left, right = (
        shortlists.rounded(rows, own, other, first=first, dtype=dtype, device=CPU)
        for rows, own, other, first in ((x, a, b, True), (y, b, a, False))
    )
    products = (left.rows @ right.rows.T).double().numpy()
    kept = torch.from_numpy(products).float().view(torch.int32) >> 8 << 8  # the bits of a key
    products = np.where(products >= 0, kept.view(torch.float32).double().numpy(), products)
    exact = x.astype(np.float64) @ y.astype(np.float64).T - a.astype(np.float64) @ b.astype(np.float64)
    wrong, kept_by = np.abs(products - exact), shortlists.KEPT[dtype] * np.abs(products)
    for slack, axis in ((left.slack(right.most()), 1), (right.slack(left.most()), 0)):
        bound = np.expand_dims(slack.double().numpy(), axis) + kept_by
        assert (wrong <= bound).all()
        assert dtype == torch.float32 or (wrong > bound / 20).any()


def test_a_bound_that_is_too_small_would_be_noticed(monkeypatch):
    """The same search misses neighbours if products are taken for exact: the bound is needed, and the test can fail."""
    x, y = vectors("random", 800, 5, width=8), vectors("random", 3000, 6, width=8)
    true = exhaustive(x, y, 4)[1]
    how = search.choose(4, 512, CPU, torch.bfloat16)
    np.testing.assert_array_equal(search.one_way(x, y, how)[1], true)
    monkeypatch.setattr(shortlists.Rounded, "slack", lambda self, other: torch.zeros(len(self.length)))
    monkeypatch.setitem(search.KEPT, torch.bfloat16, 0.0)
    assert (search.one_way(x, y, how)[1] != true).any()


def test_full_shortlists_lead_to_a_second_search(monkeypatch):
    """Hundreds of nearly equal rows, of which a list of few places cannot hold all."""
    x, y = vectors("clusters", 150, 7), vectors("clusters", 300, 8)
    again = []
    monkeypatch.setattr(search, "exhaustive", lambda *given: again.append(len(given[0])) or exhaustive(*given))
    for dtype in TYPES:
        monkeypatch.setitem(search.PLACES, dtype, (1, 2))
    similarity, index = search.one_way(x, y, search.choose(3, 64, CPU, torch.bfloat16))
    assert sum(again) > 0
    true_similarity, true_index = exhaustive(x, y, 3)
    np.testing.assert_array_equal(index, true_index)
    np.testing.assert_array_equal(similarity, true_similarity)


def test_the_type_of_products_changes_nothing_in_a_whole_mining(monkeypatch):
    x, y = vectors("cone", 200, 9), vectors("cone", 150, 10)
    found = []
    for dtype in TYPES:
        monkeypatch.setattr(search, "products_in", lambda device, dtype=dtype: dtype)
        found.append(mine_pairs(x, y))
    for name in ("left", "right", "score"):
        np.testing.assert_array_equal(getattr(found[0], name), getattr(found[1], name))


def test_vectors_may_be_mapped_into_memory(tmp_path):
    x, y = vectors("random", 50, 11), vectors("random", 40, 12)
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    np.testing.assert_array_equal(k_nearest(mapped, y, 3).index, exhaustive(x, y, 3)[1])


def test_ranks_are_of_any_length():
    x, y = vectors("random", 20, 13), vectors("random", 600, 14)
    found = k_nearest(x, y, 20, block=128)
    np.testing.assert_array_equal(found.index, exhaustive(x, y, 20)[1])
    assert k_nearest(x, y[:7], 20).index.shape == (20, 7)


@pytest.mark.parametrize("width", [1, 2, 3, 7, 64, 1000])
def test_cosines_are_added_up_in_a_tree_of_halves(width):
    x, y = vectors("random", 5, 15, width), vectors("random", 5, 16, width)

    def tree(numbers: list[np.float32]) -> np.float32:
        half = (len(numbers) + 1) // 2
        pairs = [a + b for a, b in zip(numbers, numbers[half:], strict=False)]
        return numbers[0] if len(numbers) == 1 else tree(pairs + numbers[len(pairs) : half])

    assert cosines(x, y).tolist() == [tree(list(a * b)) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(cosines(x, y), (x.astype(np.float64) * y).sum(1), atol=1e-6)
    np.testing.assert_array_equal(cosines(x, y[0]), cosines(x, np.repeat(y[:1], 5, axis=0)))


def test_a_query_with_too_few_candidates_shows_it():
    x = vectors("random", 3, 17)
    similarity, index = best_of(x, x, np.array([0, 0, 2]), np.array([2, 0, 1]), 2)
    assert index.tolist() == [[0, 2], [-1, -1], [1, -1]]
    assert similarity[0, 0] == pytest.approx(1, abs=1e-6)
    assert np.isneginf(similarity[1]).all()


def test_scores_keep_their_order_as_numbers():
    scores = torch.tensor([-float("inf"), -2.0, -1e-30, 0.0, 1e-30, 0.5, 2.0])
    numbers = shortlists.order(scores.view(torch.int32))
    assert (numbers.diff() > 0).all()
    torch.testing.assert_close(shortlists._score(numbers), scores)
    assert (shortlists.order(scores.bfloat16().view(torch.int16)).int().diff() > 0).all()


def test_settings_of_products_are_put_back(monkeypatch):
    monkeypatch.setattr(torch, "get_float32_matmul_precision", lambda: "medium")
    told = []
    monkeypatch.setattr(torch, "set_float32_matmul_precision", told.append)
    with shortlists.sums_in_32_bits():
        assert told == ["highest"]
    assert told == ["highest", "medium"]


def test_too_many_rows_are_an_error(monkeypatch):
    monkeypatch.setattr(search, "INDEX_BITS", 5)
    with pytest.raises(ValueError, match="40 rows are more than the 31"):
        k_nearest(vectors("random", 3, 1), vectors("random", 40, 2), 1)


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


@settings(deadline=None, max_examples=40)
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
