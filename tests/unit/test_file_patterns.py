"""Patterns with braces, and that those of the layout stand for its files."""

from pathlib import Path

import pytest

from workflow.scripts.file_patterns import braces, expand


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
