"""Study `typology`: is a model after many tasks more robust to distant languages than one after the best single task?

A regime is one task or a mixture. Each is trained to the same operations (`budget`, sources `<task>-s<steps>`)
or on all of its data (sources `<task>`), or both: a mixture of complete data also trains longer. Which single task is
compared with is chosen by English scores, for each target.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workflow.scripts.designs.budgets import steps_of
from workflow.scripts.designs.kind import (
    Arm,
    Design,
    Facts,
    Kind,
    Level,
    check_permutations,
    check_tasks,
    whole_numbers,
)
from workflow.scripts.errors import UserError

if TYPE_CHECKING:
    from workflow.scripts.layout import Layout

COMPUTE, DATA = "compute", "data"
"""How regimes are matched: the same operations, or all their data."""

POINTS_PER_LOGIT = 24.0
"""Points that a logit is worth at a score of 60."""


def matchings(facts: Facts) -> list[str]:
    """Return how regimes are matched, the one that contrasts are about first."""
    budget = bool(facts["given"]["factors"].get("budget"))
    complete = bool(facts["given"]["options"]["data_complete"])
    return [name for name, wanted in ((COMPUTE, budget), (DATA, complete)) if wanted]


def levels(facts: Facts) -> list[Level]:
    """Return all regimes in all matchings."""
    singles, mixtures = check_tasks(facts, "singles"), check_tasks(facts, "mixtures")
    budgets = whole_numbers(facts, "budget", least=0)
    found = []
    for matching in matchings(facts):
        for base in [*singles, *mixtures]:
            source = base if matching == DATA else f"{base}-s{steps_of(facts, base, budgets[0])}"
            tasks = len(facts["mixtures"].get(base, [base]))
            found.append(Level(source, {"regime": base, "tasks": tasks, "matching": matching}))
    return found


def check(facts: Facts) -> None:
    """Check that there is one model, singles that are no mixtures, mixtures that are, and some matching."""
    factors, key = facts["given"]["factors"], f"config: studies.{facts['study']}"
    if len(factors["models"]) != 1:
        raise UserError(f"{key}.factors.models = {factors['models']}; expected one model, whose regimes are compared")
    if len(factors.get("budget", [])) > 1:
        raise UserError(f"{key}.factors.budget = {factors['budget']}; expected one number, the same for all regimes")
    if len(factors["singles"]) < 2:
        raise UserError(f"{key}.factors.singles = {factors['singles']}; expected two tasks at least, to choose from")
    for base in factors["singles"]:
        if base in facts["mixtures"]:
            raise UserError(f"{key}.factors.singles has '{base}', which is a mixture; expected single tasks")
    for base in factors["mixtures"]:
        if base not in facts["mixtures"]:
            known = ", ".join(facts["mixtures"]) or "none, as there are no mixtures"
            raise UserError(f"{key}.factors.mixtures has '{base}', which is no mixture; expected some of {known}")
    if not matchings(facts):
        raise UserError(
            f"{key} has neither factors.budget nor options.data_complete: true; expected one of them, to match regimes"
        )
    check_permutations(facts)
    share = facts["given"]["options"]["worst_share"]
    if not 0 < share <= 1:
        raise UserError(f"{key}.options.worst_share = {share} is no share of languages; expected above 0, at most 1")


def arms_of(arms: Sequence[Arm], matching: str) -> dict[str, int]:
    """Return the places of the regimes of a matching."""
    found = {}
    for place, arm in enumerate(arms):
        if arm.treated and arm.values["matching"] == matching:
            found[str(arm.values["regime"])] = place
    return found


def scale(design: Design) -> float:
    """Return Σ weight² over targets, roughly: two arms, languages that vary like a whole score, logits for points."""
    return 2 / POINTS_PER_LOGIT**2 / len(design.targets)


def inputs(design: Design, files: "Layout") -> list[str]:
    """Return tokens and data of the targets with parallel texts, for what a tokenizer makes of each language."""
    from workflow.scripts.metrics.consistency import PARALLEL

    parallel = [target for target in design.targets if target in PARALLEL and design.options["controls"]]
    (model,) = design.models
    return [*files.token_files(model, parallel, "test"), *files.data_files(parallel, "test")]


KIND = Kind(
    name="typology",
    question="Is a model after many tasks more robust to distant languages than one after the best single task?",
    factors={
        "singles": "intermediate tasks, two at least",
        "mixtures": "mixtures; the first is compared with the singles, further ones show how many tasks it takes",
        "budget": "one budget of intermediate training in 10^9 operations, the same for all regimes",
    },
    optional=("budget",),
    contrasts={
        "multi_by_distance": (
            "logits by which the mixture retains more than the single task best in English, per standard deviation of "
            "distance to English"
        ),
        "multi_by_distance_mean": (
            "logits by which the mixture retains more than the mean single task, per standard deviation of distance"
        ),
        "distance": "logits of retention per standard deviation of distance, mean over all regimes",
    },
    levels=levels,
    scale=scale,
    unsupposed="differences between languages",
    secondary={"slopes": ("multi_by_distance_mean", "distance")},
    options={
        "flops": {},
        "data_complete": True,
        "worst_share": 0.2,
        "permutations": 5000,
        "controls": True,
        "pretraining_size": {},
    },
    check=check,
    inputs=inputs,
    figures=("slopes", "regimes"),
    tables=("languages", "slopes", "robustness", "tests"),
)
