"""Study `duration`: how the gain grows with the steps of intermediate training, and whether size changes that.

Durations are sources `<task>-s<steps>`: branches that cool down off one warm-up-stable-decay trunk (Hägele et al.
2024). `calibration` adds runs of their own, `<task>-d<steps>`, whose learning rate falls over the whole run, at some
durations: they show whether a branch stands for a run of that duration. `twins` names models that differ from another
one in how they are trained (all weights instead of adapters); sizes are compared without them.
"""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

from workflow.scripts.designs.kind import Arm, Design, Facts, Kind, Level, check_tasks, slopes, whole_numbers
from workflow.scripts.errors import UserError, nearest
from workflow.scripts.tasks import TASKS, Family, Role

if TYPE_CHECKING:
    from workflow.scripts.layout import Layout

UNTRAINED = [name for name, task in TASKS.items() if task.role is Role.TARGET and task.family is Family.RETRIEVAL]
"""Targets that show what the encoder forgets."""


def levels(facts: Facts) -> list[Level]:
    """Return all tasks for all durations, then the runs that calibrate them."""
    tasks, steps = check_tasks(facts), whole_numbers(facts, "steps")
    branches = [Level(f"{task}-s{n}", {"task": task, "steps": n}) for task in tasks for n in steps]
    own = facts["given"]["options"]["calibration"]
    return branches + [Level(f"{task}-d{n}", {"task": task, "decayed": n}) for task in tasks for n in sorted(own)]


def check(facts: Facts) -> None:
    """Check that what calibrates is a duration of the study."""
    steps = whole_numbers(facts, "steps")
    for n in facts["given"]["options"]["calibration"]:
        if n not in steps:
            raise UserError(
                f"config: studies.duration.options.calibration = {n} cannot be compared: it is no duration of the "
                f"study; expected some of factors.steps = {steps}"
            )
    options = facts["given"]["options"]
    if options["equivalence"] <= 0:
        raise UserError(
            f"config: studies.duration.options.equivalence = {options['equivalence']} is no bound; expected points "
            "above 0"
        )
    asked = [(name, target) for name in ("forgetting", "perplexity") for target in options[name]]
    for name, target in asked:
        if target not in UNTRAINED:
            raise UserError(
                f"config: studies.duration.options.{name} = '{target}' is no target that reads the encoder as "
                f"it is; expected some of {', '.join(UNTRAINED)}.{nearest(str(target), UNTRAINED)}"
            )
    others = [model for model in facts["given"]["factors"]["models"] if model not in options["twins"]]
    for twin, model in options["twins"].items():
        if model not in others:
            raise UserError(
                f"config: studies.duration.options.twins.{twin} = '{model}' is no model of the study that is itself no "
                f"twin; expected one of {', '.join(others)}.{nearest(str(model), others)}"
            )
    place = options["break_at"]
    if place and not steps[0] <= place < steps[-1]:
        raise UserError(
            f"config: studies.duration.options.break_at = {place} has no durations on both sides; expected a number "
            f"from {steps[0]} to below {steps[-1]}"
        )


def inputs(design: Design, files: "Layout") -> list[str]:
    """Return what encoders forget, by arm, seed and target whose sentences are read."""
    cells = product(design.arms, design.seeds, design.options["perplexity"])
    return [f"{files.root}/perplexity/{arm.model}/{arm.source}/seed{seed}/{target}.json" for arm, seed, target in cells]


def weights(arms: Sequence[Arm], contrast: str) -> list[float]:
    """Return the weight of each arm in a contrast."""
    name = {"duration_by_size": "both", "duration": "amount", "size": "size"}[contrast]
    return slopes(arms, "steps")[name]


KIND = Kind(
    name="duration",
    question="Does the best duration of intermediate training change with the size of the model?",
    factors={"tasks": "intermediate tasks or mixtures", "steps": "durations in optimiser steps"},
    contrasts={
        "duration_by_size": ("points by which a doubling of the parameters changes the gain per doubling of the steps"),
        "duration": "points per doubling of the steps, at the mean size",
        "size": "points per doubling of the parameters, at the mean duration",
    },
    levels=levels,
    weights=weights,
    secondary={"slopes": ("duration", "size")},
    by_size=("duration_by_size", "size"),
    options={"calibration": [], "equivalence": 0.5, "break_at": 0, "forgetting": [], "perplexity": [], "twins": {}},
    check=check,
    inputs=inputs,
    figures=("gains", "compute", "forgetting", "perplexity"),
    captions={
        "gains": "Gain over none by duration; broken: the curve with the lowest AICc. Bars: standard error (seeds).",
        "compute": "Score by the operations of the intermediate training.",
        "forgetting": "Change of retrieval against the pretrained encoder, by language and duration.",
        "perplexity": "Change of the loss on masked tokens (nats) against the pretrained encoder, by language.",
    },
    tables=("gains", "curves", "compute", "forgetting", "perplexity"),
)
