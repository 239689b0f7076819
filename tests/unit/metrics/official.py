"""What the tests against the official programs share: the frozen inputs and numbers, and how they are compared."""

import json
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parents[2] / "golden" / "metrics"
TOLERANCE = 1e-9


def golden(name: str, part: str = "cases") -> list[Any]:
    """Return the cases of one golden file as parameters with their names."""
    cases = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))[part]
    return [pytest.param(case, id=f"{case['name']}-{case.get('language', i)}") for i, case in enumerate(cases)]


def whole(name: str) -> dict[str, Any]:
    """Return a golden file."""
    return json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


def equal(value: Any) -> Any:
    """Return what equals `value` to 1e-9."""
    return pytest.approx(value, rel=0, abs=TOLERANCE)
