"""The data of the report's explorer: score and gain of every language, by target and source, as JSON in the page."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from workflow.scripts.reporting.aggregate import estimate, paired_gain, task_language_scores
from workflow.scripts.reporting.evidence import Key, Line
from workflow.scripts.reporting.scores import BASELINE, Scores
from workflow.scripts.reporting.tables import language_title, source_title

DECIMALS = 2
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def explorer_data(
    models: Sequence[Scores], titles: Mapping[str, str], intervals: Mapping[Key, Line]
) -> list[dict[str, Any]]:
    """Return what the explorer chooses from, for each model.

    `cells` are lists: numbers of target, source and language in the lists before, score of none, score, gain, and low
    and high of the gain (null where they are unknown).
    """
    return [_of_model(scores, titles, intervals) for scores in models]


def _of_model(scores: Scores, titles: Mapping[str, str], intervals: Mapping[Key, Line]) -> dict[str, Any]:
    codes = list(dict.fromkeys(code for target in scores.targets for code in _codes(scores, target)))
    numbers = {code: number for number, code in enumerate(codes)}
    cells = []
    for t, target in enumerate(scores.targets):
        for code in _codes(scores, target):
            none = task_language_scores(scores, BASELINE, target, code)
            for s, source in enumerate(scores.sources):
                values = task_language_scores(scores, source, target, code)
                score, gain = estimate(values), estimate(paired_gain(values, none))
                if score is None:
                    continue
                row = intervals.get((scores.model, source, target, code), {})
                means = [each.mean if each else None for each in (estimate(none), score, gain)]
                found: list[float | None] = [*means, row.get("gain_low"), row.get("gain_high")]
                rounded = [None if value is None else round(value, DECIMALS) for value in found]
                cells.append([t, s, numbers[code], *rounded])
    return {
        "model": scores.model,
        "targets": [titles.get(target, target) for target in scores.targets],
        "sources": [source_title(source, titles) for source in scores.sources],
        "languages": [_language(scores, code) for code in codes],
        "cells": cells,
    }


def _codes(scores: Scores, target: str) -> list[str]:
    return [*scores.languages[target], *scores.controls[target]]


def _language(scores: Scores, code: str) -> list[Any]:
    """Return title and distance of a language."""
    facts = scores.facts.get(code)
    return [language_title(scores, code), facts.distance if facts else None]


def script_json(value: Any) -> Markup:
    """Return JSON that is safe inside a `script` element: nothing in it ends the element or opens a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for letter, escape in _UNSAFE.items():
        text = text.replace(letter, escape)
    return Markup(text)
