r"""XTREME's submission folder: predictions in the files that the benchmark's `evaluate.py` reads.

One folder per task, `test-{language}.tsv` in it (`.json` for question answering and Mewsli-X, `.jsonl` for XCOPA),
lines in the order of the test data:

    xnli, pawsx      the label
    xcopa            {"label": 0}
    udpos, panx      a tag per line, an empty line between sentences
    xquad, mlqa, tydiqa   {question id: answer}; a question without a prediction is left out, which scores 0 there too
    bucc2018         the pairs above the threshold, "de-000000001\ten-000000001"
    tatoeba          for each English sentence, in alphabetical order, the number (from 0) of the foreign sentence found
    mewslix          {mention id: [entity ids, best first]}

A decision that the model did not make is an empty line, an untagged token `.`: both count as wrong there as here. The
same functions write the gold side, so that a folder can be checked offline.

Source: google-research/xtreme README ("Submissions"), evaluate.py, mock_test_data, utils_preprocess.py (the order of
Tatoeba's English side), third_party/evaluate_retrieval.py.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workflow.scripts.errors import UserError
from workflow.scripts.metrics.alignment import SCORED_SPLIT, UNTAGGED
from workflow.scripts.metrics.slices import parallel_id
from workflow.scripts.tasks.task import SOURCE_LANGUAGE

Row = Mapping[str, Any]
Rows = Sequence[Row]

GOLD, PREDICTION = "gold", "prediction"

XTREME = {name: name for name in ["xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba"]}
XTREME_R = {name: name for name in ["xnli", "xcopa", "mlqa", "tydiqa", "mewslix"]}
XTREME_R |= {"udpos38": "udpos", "panx48": "panx", "xquad12": "xquad", "tatoeba41": "tatoeba"}
VERSIONS: Mapping[str, Mapping[str, str]] = {"xtreme": XTREME, "xtreme-r": XTREME_R}
"""The folder of each target by version of the benchmark (`--xtreme_version`); LAReQA is not part of evaluate.py."""

SUFFIXES = {**dict.fromkeys(("xquad", "mlqa", "tydiqa", "mewslix"), "json"), "xcopa": "jsonl"}


def version_of(targets: Sequence[str]) -> str:
    """Return the version of the benchmark that has most of a study's targets."""
    return max(VERSIONS, key=lambda version: len(VERSIONS[version].keys() & set(targets)))


def file_name(folder: str, language: str) -> str:
    """Return the path of one language's file below the submission folder."""
    return f"{folder}/test-{language}.{SUFFIXES.get(folder, 'tsv')}"


def file_text(folder: str, language: str, rows: Rows, column: str = PREDICTION, english: Sequence[str] = ()) -> str:
    """Return the file of one task and language.

    Args:
        folder: the task as the benchmark calls it.
        language: its code.
        rows: the language's examples (`metrics.examples`) in the order of the data.
        column: `prediction`, or `gold` for the labels that a submission is compared with.
        english: the English sentence of each row (tatoeba).

    Raises:
        UserError: an id is not as the benchmark's.
    """
    rows = [row for row in rows if row["split"] == SCORED_SPLIT]
    if folder == "tatoeba":
        return _lines(_numbers(rows, column, english))
    if folder == "bucc2018":
        return _lines(_pairs(language, rows, column))
    return _WRITERS.get(folder, _labels)(language, rows, column)


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _labels(language: str, rows: Rows, column: str) -> str:
    return _lines([row[column] or "" for row in rows])


def _choices(language: str, rows: Rows, column: str) -> str:
    return _lines([json.dumps({"label": row[column]}) for row in rows])


def _tags(language: str, rows: Rows, column: str) -> str:
    sentences = [row[column] if row[column] is not None else [UNTAGGED] * len(row[GOLD]) for row in rows]
    return "\n".join(_lines(tags) for tags in sentences)


def _answers(language: str, rows: Rows, column: str) -> str:
    if column == PREDICTION:
        known = [row for row in rows if row[PREDICTION] is not None]
        return json.dumps({parallel_id(language, row["id"]): row[PREDICTION] for row in known}, indent=1) + "\n"
    questions = [
        {"id": parallel_id(language, row["id"]), "answers": [{"text": text} for text in row[GOLD]]} for row in rows
    ]
    return json.dumps({"version": "1.1", "data": [{"paragraphs": [{"qas": questions}]}]}, indent=1) + "\n"


def _entities(language: str, rows: Rows, column: str) -> str:
    ranked = {parallel_id(language, row["id"]): [name.partition("-")[2] for name in row[column] or ()] for row in rows}
    return json.dumps(ranked, indent=1) + "\n"


def _pairs(language: str, rows: Rows, column: str) -> list[str]:
    """Return the pairs that count, or the true ones."""
    counted = [row for row in rows if row["predicted_pairs" if column == PREDICTION else "gold_pairs"]]
    return [f"{_bucc_id(language, row['id'])}\t{_bucc_id(language, row[column])}" for row in counted]


def _bucc_id(language: str, row_id: str) -> str:
    """Return a sentence's id in the shared task; in mteb/BUCC the sentences have their places, counted from 1."""
    name = parallel_id(language, row_id)
    if placed := re.fullmatch(r"(foreign|english)-(\d+)", name):
        return f"{language if placed[1] == 'foreign' else SOURCE_LANGUAGE}-{int(placed[2]):09d}"
    if re.fullmatch(rf"({language}|{SOURCE_LANGUAGE})-\d+", name):
        return name
    raise UserError(
        f"'{row_id}' is no id of BUCC 2018; expected a place such as {language}-foreign-1 or {language}-000000001. "
        "Prepare the data again from mteb/BUCC or the shared task's files"
    )


def _numbers(rows: Rows, column: str, english: Sequence[str]) -> list[str]:
    """Return what was found for each English sentence: XTREME hands out the English side in alphabetical order."""
    places = {row["id"]: str(number) for number, row in enumerate(rows)}
    order = sorted(range(len(rows)), key=lambda number: english[number].strip())
    return [places.get(rows[number][column], "") for number in order]


_WRITERS: Mapping[str, Callable[[str, Rows, str], str]] = {
    "udpos": _tags,
    "panx": _tags,
    "xcopa": _choices,
    "mewslix": _entities,
    **dict.fromkeys(("xquad", "mlqa", "tydiqa"), _answers),
}
