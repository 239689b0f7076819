"""What each example adds to the score of its language, from the tables of examples of several models.

The score of a target is the mean of its main metrics, each a ratio of sums over examples. Of mining the examples are
the sentences of the foreign pool that have a translation, or are given one by some model: others add nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workflow.scripts.errors import UserError
from workflow.scripts.files import read_table
from workflow.scripts.metrics.alignment import SCORED_SPLIT
from workflow.scripts.metrics.consistency import PARALLEL as COMPARED
from workflow.scripts.metrics.examples import OLD_SEQEVAL
from workflow.scripts.metrics.slices import parallel_id
from workflow.scripts.statistics.ratios import Array, Ratio, linearised
from workflow.scripts.tasks.task import Family, Task

PARALLEL = (*COMPARED, "xcopa")
"""Tasks whose languages are translations of the same examples, where none is missing."""

PAIRS = ("gold_pairs", "predicted_pairs", "correct_pairs")


@dataclass(frozen=True)
class Shares:
    """Each example's share of the score (0-100) on one target: the mean over the examples is the score.

    Attributes:
        values: of each language, (arms, seeds, examples).
        parallel: whether example i is the same sentence in all languages.
    """

    values: Mapping[str, Array]
    parallel: bool


def ratio_of(task: Task) -> Ratio:
    """Return the score of a target as a ratio: the unweighted mean of its main metrics.

    Raises:
        UserError: the metrics are no ratio of what the tables of examples hold.
    """
    if task.family is Family.MINING:
        return Ratio({"correct_pairs": 2}, {"gold_pairs": 1, "predicted_pairs": 1})
    if task.family is Family.TAGGING and len(task.metrics) == 1:
        if task.metrics[0] == "accuracy":
            return Ratio({"correct_tokens": 1}, {"tokens": 1})
        end = OLD_SEQEVAL if task.metrics[0].endswith(OLD_SEQEVAL) else ""
        return Ratio({f"correct_chunks{end}": 2}, {f"gold_chunks{end}": 1, f"predicted_chunks{end}": 1})
    if task.family is Family.TAGGING or not task.metrics:
        raise UserError(f"the metrics of '{task.name}' ({', '.join(task.metrics) or 'none'}) are no ratio of sums")
    columns = {"map_at_20": "average_precision"}
    return Ratio({columns.get(name, name): 1 / len(task.metrics) for name in task.metrics}, {})


def read_shares(paths: Sequence[Sequence[Path]], task: Task) -> Shares:
    """Read the tables of examples of one target by arm, then seed; only what is added to the scores is kept.

    Raises:
        UserError: a file is missing or has no test rows; models were tested on other examples.
    """
    ratio = ratio_of(task)
    flat = [path for arm in paths for path in arm]
    read = [_read(path, task, ratio) for path in flat]
    if task.family is Family.MINING:
        return Shares(_mined(read, ratio, len(paths)), parallel=False)
    names = read[0].select(["language", "id"])
    for path, table in zip(flat, read, strict=True):
        if not table.select(["language", "id"]).equals(names):
            raise UserError(
                f"{path} has other examples than {flat[0]}; gains are compared example by example. "
                "Delete the older of the two and run again"
            )
    languages = names["language"].to_numpy()
    ids = {code: names["id"].filter(pc.equal(names["language"], code)).to_pylist() for code in dict.fromkeys(languages)}
    order, parallel = _parallel(ids, task)
    values = {code: [np.flatnonzero(languages == code)[order[code]]] for code in ids}
    columns = [ratio.shares({name: table[name].to_numpy() for name in table.column_names[2:]}) for table in read]
    found = {}
    for code, (rows,) in values.items():
        tables = [linearised(top[rows], bottom[rows]) for top, bottom in columns]
        found[code] = np.array(tables).reshape(len(paths), -1, len(rows))
    return Shares(found, parallel)


def _read(path: Path, task: Task, ratio: Ratio) -> pa.Table:
    """Return language, id and the columns of the ratio of the test rows."""
    wanted = list(dict.fromkeys([*ratio.numerator, *ratio.denominator]))
    table = read_table(path, ["language", "id", "split", *wanted])
    table = table.filter(pc.field("split") == SCORED_SPLIT).drop_columns(["split"]).combine_chunks()
    if not table.num_rows:
        raise UserError(f"{path} has no rows of the split '{SCORED_SPLIT}'; delete it and run again")
    return table


def _parallel(ids: Mapping[str, Sequence[str]], task: Task) -> tuple[dict[str, np.ndarray], bool]:
    """Return the order of each language's examples, the same in all where they are translations of each other."""
    if task.name in PARALLEL:
        shared = {code: np.array([parallel_id(code, row_id) for row_id in found]) for code, found in ids.items()}
        order = {code: np.argsort(found, kind="stable") for code, found in shared.items()}
        ordered = [shared[code][order[code]] for code in ids]
        if all(np.array_equal(one, other) for one, other in pairwise(ordered)):
            return order, True
    return {code: np.arange(len(found)) for code, found in ids.items()}, False


def _mined(read: Sequence[pa.Table], ratio: Ratio, arms: int) -> dict[str, Array]:
    """Return the shares of foreign sentences; one that a model gives no translation adds what is true of it alone."""
    summed = [
        table.group_by(["language", "id"])
        .aggregate([(name, "sum") for name in PAIRS])
        .filter((pc.field("gold_pairs_sum") > 0) | (pc.field("predicted_pairs_sum") > 0))
        for table in read
    ]
    languages = sorted({code for table in summed for code in table["language"].unique().to_pylist()})
    found = {}
    for code in languages:
        parts = [table.filter(pc.field("language") == code) for table in summed]
        names = sorted({row_id for part in parts for row_id in part["id"].to_pylist()})
        places = {row_id: place for place, row_id in enumerate(names)}
        tables = []
        for part in parts:
            rows = [places[row_id] for row_id in part["id"].to_pylist()]
            columns = {name: np.zeros(len(names)) for name in PAIRS}
            for name in PAIRS:
                columns[name][rows] = part[f"{name}_sum"].to_numpy()
            tables.append(linearised(*ratio.shares(columns)))
        found[code] = np.array(tables).reshape(arms, -1, len(names))
    return found
