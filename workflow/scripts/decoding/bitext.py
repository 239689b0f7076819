"""Retrieval and mining: sentence vectors of both sides, language by language, to predicted translations."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from workflow.scripts.decoding.neighbours import first_occurrences, mine_pairs, nearest

Array = np.ndarray[Any, Any]
Columns = dict[str, list[Any]]
Rows = dict[str, list[Any]]


def retrieve(rows: Rows, foreign: Array, english: Array, device: torch.device | None = None) -> Columns:
    """Return for every pair the id of the pair whose foreign side is nearest to its English side (Tatoeba, XTREME).

    Args:
        rows: canonical columns of the task.
        foreign: unit vectors of the foreign sides, shape (rows, D).
        english: unit vectors of the English sides, shape (rows, D).
        device: where to compare them; None: on the CPU.
    """
    prediction, score = [""] * len(rows["id"]), [0.0] * len(rows["id"])
    for members in _by_language(rows):
        found = nearest(english[members], foreign[members], device=device)
        cosines = (english[members] * foreign[members][found]).sum(-1)
        for row, hit, cosine in zip(members, found, cosines, strict=True):
            prediction[row], score[row] = rows["id"][members[hit]], float(cosine)
    return {"prediction": prediction, "score": score}


def mine(
    rows: Rows, vectors_of: Callable[[Array], Array], neighbours: int, device: torch.device | None = None
) -> Columns:
    """Return the candidate pairs of every language with their margins (BUCC, XTREME).

    The columns are `id`, `language`, `prediction` and `score`. Repeated sentences are encoded and mined once, under the
    id of their first occurrence; vectors are asked for language by language, which bounds what is held. A language
    without any candidate has one row with its code and nothing else, so that it can be told from a language that was
    not mined.

    Args:
        rows: canonical columns of the task.
        vectors_of: returns the unit vectors of some rows, shape (chosen, D).
        neighbours: k of the ratio margin.
        device: where to compare them; None: on the CPU.
    """
    columns: Columns = {"id": [], "language": [], "prediction": [], "score": []}
    side = np.array(rows["side"])
    for members in _by_language(rows):
        foreign, english = (_distinct(rows, members[side[members] == name]) for name in ("foreign", "english"))
        pairs = mine_pairs(vectors_of(foreign), vectors_of(english), k=neighbours, device=device)
        columns["id"] += [rows["id"][foreign[i]] for i in pairs.left]
        columns["language"] += [rows["language"][members[0]]] * len(pairs.left)
        columns["prediction"] += [rows["id"][english[j]] for j in pairs.right]
        columns["score"] += pairs.score.tolist()
        if not len(pairs.left):
            columns["language"].append(rows["language"][members[0]])
            for name in ("id", "prediction", "score"):
                columns[name].append(None)
    return columns


def _distinct(rows: Rows, members: Array) -> Array:
    """Return the members that are the first with their text."""
    return members[first_occurrences([rows["text_a"][row] for row in members])]


def _by_language(rows: Rows) -> list[Array]:
    """Return the row numbers of each language, in the order in which the languages first occur."""
    languages = np.array(rows["language"])
    return [np.flatnonzero(languages == language) for language in dict.fromkeys(rows["language"])]
