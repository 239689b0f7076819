"""What each example adds to the score of its language, from the tables of examples of several models.

The score of a target is the mean of its main metrics, each a ratio of sums over examples. Of mining the examples are
the sentences of the foreign pool that have a translation, or are given one by some model: others add nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
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


@dataclass(frozen=True)
class Counts:
    """Numerator and denominator of each example of one target; the score is the ratio of their sums.

    Attributes:
        numerators: of each language, (arms, seeds, examples).
        denominators: the same shapes; not to be written to (where each example counts 1 they are views of one number).
        ids: of the examples of each language, in their order.
        parallel: whether example i is the same sentence in all languages.
    """

    numerators: Mapping[str, Array]
    denominators: Mapping[str, Array]
    ids: Mapping[str, Sequence[str]]
    parallel: bool


def read_shares(paths: Sequence[Sequence[Path]], task: Task) -> Shares:
    """Read what each example adds to the scores; arguments and errors are those of `read_counts`."""
    counts = read_counts(paths, task)
    values = {code: linearised(top, counts.denominators[code]) for code, top in counts.numerators.items()}
    return Shares(values, counts.parallel)


def read_counts(paths: Sequence[Sequence[Path]], task: Task) -> Counts:
    """Read the tables of examples of one target by arm, then seed, one after the other; only the counts are kept.

    Raises:
        UserError: a file is missing or has no test rows; models were tested on other examples.
    """
    ratio, shape = ratio_of(task), (len(paths), len(paths[0]))
    if task.family is Family.MINING:
        return _mined([_read(path, ratio) for arm in paths for path in arm], ratio, shape)
    first = _read(paths[0][0], ratio)
    names = first.select(["language", "id"])
    languages = names["language"].to_numpy()
    ids = {code: names["id"].filter(pc.equal(names["language"], code)).to_pylist() for code in dict.fromkeys(languages)}
    order, parallel = _parallel(ids, task)
    rows = {code: np.flatnonzero(languages == code)[order[code]] for code in ids}
    tops = {code: np.empty((*shape, len(mine))) for code, mine in rows.items()}
    bottoms = {code: np.empty_like(top) if ratio.denominator else _ones(top.shape) for code, top in tops.items()}
    for i, j in product(*map(range, shape)):
        table = _read(paths[i][j], ratio) if i or j else first
        if not table.select(["language", "id"]).equals(names):
            raise UserError(
                f"{paths[i][j]} has other examples than {paths[0][0]}; runs are compared example by example. "
                "Delete the older of the two and run again"
            )
        top, bottom = ratio.shares({name: table[name].to_numpy() for name in table.column_names[2:]})
        for code, mine in rows.items():
            tops[code][i, j] = top[mine]
            if ratio.denominator:
                bottoms[code][i, j] = bottom[mine]
    return Counts(
        tops, bottoms, {code: [found[place] for place in order[code]] for code, found in ids.items()}, parallel
    )


def _ones(shape: tuple[int, ...]) -> Array:
    """Return ones that take no memory."""
    return np.broadcast_to(1.0, shape)


def _read(path: Path, ratio: Ratio) -> pa.Table:
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


def _mined(read: Sequence[pa.Table], ratio: Ratio, shape: tuple[int, int]) -> Counts:
    """Return the counts of foreign sentences; one that a model gives no translation adds what is true of it alone."""
    summed = [
        table.group_by(["language", "id"])
        .aggregate([(name, "sum") for name in PAIRS])
        .filter((pc.field("gold_pairs_sum") > 0) | (pc.field("predicted_pairs_sum") > 0))
        for table in read
    ]
    tops: dict[str, Array] = {}
    bottoms: dict[str, Array] = {}
    ids: dict[str, list[str]] = {}
    for code in sorted({code for table in summed for code in table["language"].unique().to_pylist()}):
        parts = [table.filter(pc.field("language") == code) for table in summed]
        ids[code] = sorted({row_id for part in parts for row_id in part["id"].to_pylist()})
        places = {row_id: place for place, row_id in enumerate(ids[code])}
        tables = []
        for part in parts:
            rows = [places[row_id] for row_id in part["id"].to_pylist()]
            columns = {name: np.zeros(len(places)) for name in PAIRS}
            for name in PAIRS:
                columns[name][rows] = part[f"{name}_sum"].to_numpy()
            tables.append(ratio.shares(columns))
        tops[code], bottoms[code] = (
            np.array([table[side] for table in tables]).reshape(*shape, len(places)) for side in (0, 1)
        )
    return Counts(tops, bottoms, ids, parallel=False)
