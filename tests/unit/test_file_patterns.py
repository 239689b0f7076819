"""Patterns with braces, and that those of the layout stand for its files."""

from itertools import product
from pathlib import Path

import pytest

from workflow.scripts.file_patterns import braces, expand, patterns


def test_braces_are_expanded_in_order() -> None:
    found = expand([f"a/{braces(['x', 'y'])}/seed{braces([1, 2])}.json", "plain.json"])
    assert [str(path) for path in found] == [
        "a/x/seed1.json", "a/x/seed2.json", "a/y/seed1.json", "a/y/seed2.json", "plain.json",
    ]  # fmt: skip


@pytest.mark.parametrize(("pattern", "count"), [("a{}b", 0), ("{one}", 1), ("{a,b,c}{d,e}", 6), ("none", 1)])
def test_how_many_paths_a_pattern_stands_for(pattern: str, count: int) -> None:
    assert len(expand([pattern])) == count


def test_paths_stay_as_they_are() -> None:
    assert expand([Path("a/b.json")]) == [Path("a/b.json")]


def test_a_complete_design_is_one_pattern() -> None:
    cells = product(["nano", "small"], ["mnli-s2", "mnli-s8"], [1, 2], ["xnli", "pawsx"])
    paths = [f"results/c/perplexity/{model}/{source}/seed{seed}/{target}.json" for model, source, seed, target in cells]
    assert patterns(paths) == [
        "results/c/perplexity/{nano,small}/{mnli-s2,mnli-s8}/{seed1,seed2}/{xnli.json,pawsx.json}"
    ]
    assert patterns([]) == []


@pytest.mark.parametrize("left_out", range(0, 27, 5))
def test_patterns_stand_for_their_paths_and_no_others(left_out: int) -> None:
    paths = ["/".join(parts) for parts in product("abc", "de", ("x", "y/z", "yy/z/w"))] + ["a", "a/d", "b/x/y"]
    kept = [path for number, path in enumerate(paths) if number % 27 != left_out]
    found = [str(path) for path in expand(patterns(kept))]
    assert sorted(found) == sorted(kept)
    assert len(patterns(kept)) < len(kept)
