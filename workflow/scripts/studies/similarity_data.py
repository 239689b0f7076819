"""What the study `similarity` compares: gains of pairs by budget, similarities by measure, and what these cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from workflow.scripts import source_names
from workflow.scripts.designs.kind import Arm, Design
from workflow.scripts.errors import UserError
from workflow.scripts.files import read_table
from workflow.scripts.similarity_measures import MEASURES
from workflow.scripts.statistics.ratios import Array
from workflow.scripts.studies.runs import Runs

ENGLISH = "en"


@dataclass(frozen=True)
class Gains:
    """Gains over the baseline, in points.

    Attributes:
        tasks: the sources' tasks.
        targets: the targets.
        budgets: the declared budgets, ascending, in units of 10^9 operations.
        spent: operations that the runs counted, means over seeds, (tasks, budgets); nan where a card has none.
        values: means over languages, (tasks, targets, budgets, seeds).
        english: the same of English alone; of a target without English, those of all languages.
        without_english: those targets.
    """

    tasks: list[str]
    targets: list[str]
    budgets: list[int]
    spent: Array
    values: Array
    english: Array
    without_english: list[str]


def gains(design: Design, runs: Runs) -> Gains:
    """Return the gains of a study."""
    treated = {
        (arm.values["task"], arm.values["budget"]): place for place, arm in enumerate(design.arms) if arm.treated
    }
    (baseline,) = (place for place, arm in enumerate(design.arms) if not arm.treated)
    tasks = list(dict.fromkeys(str(task) for task, _ in treated))
    budgets = sorted({int(budget) for _, budget in treated})
    values = np.empty((len(tasks), len(design.targets), len(budgets), len(design.seeds)))
    english, lacking = values.copy(), []
    for column, target in enumerate(design.targets):
        found = runs.scores(target)
        every = found.mean(axis=2)
        codes = runs.languages[target]
        lacking += [] if ENGLISH in codes else [target]
        seen = found[:, :, codes.index(ENGLISH)] if ENGLISH in codes else every
        for (row, task), (place, budget) in product(enumerate(tasks), enumerate(budgets)):
            arm = treated[task, budget]
            values[row, column, place] = every[arm] - every[baseline]
            english[row, column, place] = seen[arm] - seen[baseline]
    spent = [[_flops(runs, design.arms[treated[task, budget]], design.seeds) for budget in budgets] for task in tasks]
    return Gains(tasks, list(design.targets), budgets, np.array(spent), values, english, lacking)


def _flops(runs: Runs, arm: Arm, seeds: Sequence[int]) -> float:
    return float(np.mean([runs.cost(arm, seed).get("flops") or np.nan for seed in seeds]))


@dataclass(frozen=True)
class Similarities:
    """Similarities and their costs, means over seeds.

    Attributes:
        values: by measure, (tasks, targets), nan where it is not defined.
        costs: operations of knowing a measure for one target, by measure, (targets,); without the sources' training.
        measured_on: the source by task whose model was read.
    """

    values: dict[str, Array]
    costs: dict[str, Array]
    measured_on: dict[str, str]


def similarities(design: Design, tasks: Sequence[str], paths: Sequence[Path]) -> Similarities:
    """Read the tables of similarities; of a task those of the study's own sources, if there are any.

    Raises:
        UserError: a table lacks a pair, or the measure of the primary contrast.
    """
    known = design.facts["known_sources"]
    cells: dict[tuple[str, str, str], list[tuple[float, float, float]]] = {}
    names: dict[str, str] = {}
    rows = [row for path in paths for row in read_table(path).to_pylist()]
    task_of = {source: source_names.split(source, known).base for source in {row["source"] for row in rows}}
    own = {arm.source for arm in design.arms} & {*task_of}
    compared = {task_of[source] for source in own}
    for row in rows:
        task = task_of[row["source"]]
        if row["source"] in own or task not in compared:
            names[task] = row["source"]
            value = np.nan if row["similarity"] is None else row["similarity"]
            entry = (value, row["source_flops"], row["target_flops"])
            cells.setdefault((row["measure"], task, row["target"]), []).append(entry)
    values, costs = {}, {}
    for measure in dict.fromkeys(key[0] for key in cells):
        pairs = [[_mean(cells, measure, task, target, paths) for target in design.targets] for task in tasks]
        table = np.array(pairs)  # (tasks, targets, 3)
        values[measure] = table[:, :, 0]
        costs[measure] = table[:, :, 1].max(axis=1).sum() + table[:, :, 2].max(axis=0)
    wanted = design.options["measure"]
    if wanted not in values:
        raise UserError(
            f"study {design.name} asks for the measure '{wanted}', but {paths[0]} has {', '.join(values)}; "
            "name it in similarity.measures"
        )
    return Similarities(values, costs, names)


def _mean(
    cells: dict[tuple[str, str, str], list[tuple[float, float, float]]],
    measure: str,
    task: str,
    target: str,
    paths: Sequence[Path],
) -> Array:
    if (measure, task, target) not in cells:
        raise UserError(
            f"{paths[0]} lacks the similarity ({measure}) of '{task}' and '{target}'; name a source of each task of "
            "the study in similarity.sources, and its targets in similarity.targets"
        )
    return np.asarray(np.mean(cells[measure, task, target], axis=0), dtype=np.float64)


def charge(found: Similarities, data: Gains, measure: str, design: Design) -> Array:
    """Return what knowing a measure costs for each target, (targets,): with the sources' training where it reads them.

    The target's own training without a source is not charged, for every comparison needs it. Of a source that is not
    one of the study's, the training is charged like that of the smallest budget.
    """
    steps = {arm.source: arm.values for arm in design.arms if arm.treated}
    trained = 0.0
    if MEASURES[measure].source_model:
        for row, task in enumerate(data.tasks):
            values = steps.get(found.measured_on[task], {"budget": data.budgets[0]})
            trained += _known(data.spent[row], data.budgets)[data.budgets.index(int(values["budget"]))]
    return found.costs[measure] + trained


def _known(spent: Array, budgets: Sequence[int]) -> Array:
    """Return the counted operations, or where a run has none, those that were declared."""
    return np.where(np.isfinite(spent), spent, np.asarray(budgets) * 1e9)


def common_budgets(data: Gains) -> Array:
    """Return the operations of each budget, means over the tasks, (budgets,)."""
    return np.asarray(np.mean([_known(row, data.budgets) for row in data.spent], axis=0), dtype=np.float64)


def deviation(data: Gains) -> float:
    """Return the largest relative difference between counted and declared operations; 0 where none were counted."""
    declared = np.asarray(data.budgets) * 1e9
    apart = np.abs(data.spent / declared - 1)
    return float(np.nanmax(apart)) if np.isfinite(apart).any() else 0.0
