"""The benchmark of scoring, on data so small that its figures mean nothing."""

import json

import pytest

from benchmarks import scoring


def test_all_targets_are_scored_and_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert scoring.main(["--share", "0.0005"]) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(figures["targets"]) == list(scoring.TARGETS)
    assert figures["benchmark"] == "scoring"
    assert all(costs["rows"] > 0 for costs in figures["targets"].values())


def test_the_sizes_are_those_of_xtreme() -> None:
    sizes = {name: sum(scoring.sizes(scoring.find_task(name), 1.0).values()) for name in ("xnli", "mlqa", "tatoeba")}
    assert sizes == {"xnli": 75_150, "mlqa": 42_245, "tatoeba": 31_692}
