"""Scores by slice and consistency in the report, and the records behind them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.reporting import consistency, slices
from workflow.scripts.reporting.scores import Language
from workflow.scripts.reporting.titles import display_titles

FACTS = {
    "en": Language("en", "English", role="source"),
    "de": Language("de", "German", distance=0.2),
    "qaz": Language("qaz", "Reversed", distance=0.1, role="control"),
}


def sliced(models: tuple[str, ...] = ("tiny",), seeds: tuple[int, ...] = (1,)) -> dict[str, Any]:
    """Return what measure_slices writes of two sources on XQuAD."""
    cells = [
        {
            **{"model": model, "source": source, "target": "xquad", "seed": seed, "dimension": dimension},
            **{"slice": value, "languages": ["de", "en"], "n": 80},
            "metrics": {"f1": base + seed, "exact_match": base - 10.0},
        }
        for model in models
        for seed in seeds
        for source, base in (("none", 50.0), ("mnli", 60.0))
        for dimension, value in (("question_type", "who"), ("script", "Latn"), ("family", "Indo-European"))
    ]
    order = {"models": list(models), "sources": ["none", "mnli"], "targets": ["xquad"], "seeds": list(seeds)}
    lost = {"model": "tiny", "source": "mnli", "target": "xquad", "seed": 1, "language": "de", "n": 1200}
    return {**order, "cells": cells, "unanswered": [lost]}


def compared() -> dict[str, Any]:
    """Return what measure_slices writes of the agreement of two languages with English."""
    counts = {"n": 10, "both": 5, "only_english": 3, "only_language": 1, "neither": 1, "lost": 0.375, "kappa": 0.2}
    cells = [
        {"model": "tiny", "source": source, "target": "xquad", "seed": 1, "language": code, **counts}
        for source in ("none", "mnli")
        for code in ("qaz", "de")
    ]
    cells[-1] |= {"both": 8, "only_english": 0}
    order = {"models": ["tiny"], "sources": ["none", "mnli"], "targets": ["xquad"], "seeds": [1]}
    return {**order, "cells": cells, "left_out": []}


def test_groups_of_languages_stand_before_kinds_of_examples() -> None:
    (table,) = slices.tables(sliced(), FACTS, display_titles())
    assert [row.title for row in table.rows] == ["Family: Indo-European", "Script: Latn", "Question type: who"]
    assert table.title == "XQuAD by slice"
    assert [heading for heading, _ in table.columns] == ["Slice", "Languages", "Examples", "none", "MNLI"]
    assert [entry.best for entry in table.rows[0].entries[2:]] == [False, True]


def test_of_several_models_each_has_its_own_tables() -> None:
    tables = slices.tables(sliced(models=("tiny", "small")), FACTS, display_titles())
    assert [table.name for table in tables] == ["slices-xquad-tiny", "slices-xquad-small"]


def test_records_hold_scores_and_gains() -> None:
    found = slices.records(sliced(seeds=(1, 3)))
    record = next(row for row in found if row["source"] == "mnli" and row["metric"] == "score")
    assert (record["score"], record["gain"], record["gain_std"], record["seeds"]) == (56.0, 10.0, 0.0, 2)
    assert tuple(record) == slices.FIELDS


def test_controls_stand_below_the_mean_that_they_do_not_enter() -> None:
    detail, lost = consistency.tables(compared(), FACTS, display_titles())
    assert [(row.title, row.kind) for row in detail.rows] == [
        ("German (de)", ""),
        ("Mean", "average"),
        ("Reversed* (qaz)", "control"),
    ]
    means = [entry.known[0].mean for entry in lost.rows[1].entries]
    assert means == [30.0, 0.0]
    assert [heading for heading, _ in lost.columns] == ["Language", "none", "MNLI"]


def test_the_report_shows_both_and_counts_unanswered_examples(study: Callable[..., Any]) -> None:
    made = study(models=("tiny",), sources=("none", "mnli"), targets=("xquad",))
    made.write_tables()
    made.draw()
    assert 'id="slices"' not in made.write_report()
    folder: Path = made.folder
    words = []
    for name, found in (("slices", sliced()), ("consistency", compared())):
        (folder / f"{name}.json").write_text(json.dumps(found))
        for suffix in ("csv", "md", "tex"):
            (folder / f"{name}.{suffix}").write_text("saved")
        words += [f"--{name}", str(folder / f"{name}.json")]
    statistics = folder / "data/xquad/test.json"
    statistics.parent.mkdir(parents=True)
    statistics.write_text('{"rows": 80}')
    page = made.write_report(*words, "--statistics", str(statistics))
    assert 'href="#slices"' in page
    assert 'href="#consistency"' in page
    assert "Question type: who" in page
    assert "XQuAD: right in English, wrong in the language, by intermediate task" in page
    assert "Unanswered examples" in page
    assert "1\u202f200" in page
    assert 'download="consistency.tex"' in page


def test_other_files_are_told(tmp_path: Path) -> None:
    path = tmp_path / "slices.json"
    path.write_text("{}")
    with pytest.raises(UserError, match=r"slices.json is not as measure_slices writes it"):
        slices.read_measured(path)
