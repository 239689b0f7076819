"""Fixtures over `made_scores`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from made_scores import make_languages, make_rows, write_study


@pytest.fixture
def scores_table() -> Callable[..., tuple[pa.Table, list[dict[str, Any]]]]:
    """Return a function that makes (long table, rows of languages.json)."""

    def make(count: int = 9, **keywords: Any) -> tuple[pa.Table, list[dict[str, Any]]]:
        languages = make_languages(count)
        return pa.Table.from_pylist(make_rows(languages, **keywords)), languages

    return make


@pytest.fixture
def study(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a folder with all that the programs read."""

    def make(count: int = 9, **keywords: Any) -> Path:
        return write_study(tmp_path / "results", count, **keywords)

    return make
