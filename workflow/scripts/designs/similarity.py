"""Study `similarity`: does the similarity of a source and a target tell the gain, and more so the larger the budget?

Budgets are equal in operations over tasks (`budgets`); durations are branches off one trunk for each task. Gains are
compared with similarities (docs/similarity.md) as matrices of pairs of tasks without the means of their rows and
columns, so that a source which is good for everything does not count as similar to everything.
"""

from math import log2
from typing import TYPE_CHECKING

from workflow.scripts.designs.budgets import equal_steps
from workflow.scripts.designs.kind import Design, Facts, Kind, Level, check_permutations, check_tasks, whole_numbers
from workflow.scripts.errors import UserError, nearest
from workflow.scripts.similarity_measures import MEASURES

if TYPE_CHECKING:
    from workflow.scripts.layout import Layout


def levels(facts: Facts) -> list[Level]:
    """Return all tasks with all budgets."""
    budgets, found = whole_numbers(facts, "budgets"), []
    for task in check_tasks(facts):
        for budget, steps in equal_steps(facts, task, budgets).items():
            found.append(Level(f"{task}-s{steps}", {"task": task, "budget": budget, "steps": steps}))
    return found


def check(facts: Facts) -> None:
    """Check that there is one model, and enough tasks and targets, and a measure that exists."""
    factors, key = facts["given"]["factors"], f"config: studies.{facts['study']}"
    if len(factors["models"]) != 1:
        raise UserError(f"{key}.factors.models = {factors['models']}; expected one model, for its budgets are equal")
    for factor, count in (("tasks", 3), ("targets", 3)):
        if len(factors[factor]) < count:
            raise UserError(
                f"{key}.factors.{factor} = {factors[factor]}; expected {count} or more, for tasks are permuted"
            )
    measure = facts["given"]["options"]["measure"]
    if measure not in MEASURES:
        raise UserError(
            f"{key}.options.measure = '{measure}' is no measure of similarity; expected one of {', '.join(MEASURES)}."
            f"{nearest(str(measure), MEASURES)}"
        )
    check_permutations(facts)


def scale(design: Design) -> float:
    """Return Σ weight² over targets; weights are a standardised similarity times centred log2 of the budget."""
    budgets = sorted({arm.values["budget"] for arm in design.arms if arm.treated})
    tasks = {arm.values["task"] for arm in design.arms if arm.treated}
    logs = [log2(float(budget)) for budget in budgets]
    spread = sum((value - sum(logs) / len(logs)) ** 2 for value in logs)
    share = 1 / (len(tasks) * len(design.targets))
    return share / (spread if design.contrast == "similarity_by_budget" else len(budgets))


def inputs(design: Design, files: "Layout") -> list[str]:
    """Return the tables of similarities, by seed."""
    (model,) = design.models
    return [f"{files.root}/similarities/{model}/seed{seed}.parquet" for seed in design.seeds]


KIND = Kind(
    name="similarity",
    question="Does the similarity of source and target tell the gain, and does that change with the compute budget?",
    factors={
        "tasks": "intermediate tasks or mixtures, three at least",
        "budgets": "budgets of intermediate training in 10^9 operations, the same for all tasks",
    },
    contrasts={
        "similarity_by_budget": (
            "points by which a doubling of the budget changes the gain per standard deviation of similarity"
        ),
        "similarity": "points per standard deviation of similarity, at the mean log budget",
    },
    levels=levels,
    scale=scale,
    unsupposed="differences between pairs of tasks",
    secondary={"similarity": ("similarity",)},
    options={"measure": "task_embedding", "flops": {}, "permutations": 5000},
    check=check,
    figures=("interaction", "policies"),
    tables=("pairs", "ranking", "budgets", "policies"),
    inputs=inputs,
)
