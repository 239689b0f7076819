"""Study `domain`: is text of a domain, in several languages, worth more than as much general text?

Arms are an intermediate task alone, with general text and with text of each domain, in the same languages and for the
same number of steps; before, between or after the steps of the task (`domain_sources`). What a domain is good for shows
in the difference of slices (test rows of the domain, and others) and of languages (with its text, and without).
"""

from collections.abc import Mapping, Sequence
from itertools import product
from math import log2
from typing import TYPE_CHECKING

from workflow.scripts.designs import domain_sources
from workflow.scripts.designs.domain_sources import CORPUS, PLACEMENTS
from workflow.scripts.designs.kind import Arm, Design, Facts, Kind, Level, Value, check_tasks, whole_numbers
from workflow.scripts.errors import UserError, nearest
from workflow.scripts.tasks import TASKS, Family

if TYPE_CHECKING:
    from workflow.scripts.layout import Layout

WITHOUT, GENERAL = "without", "general"
"""Levels of `domain` of arms without text, and with general text."""

TOPIC = "topic"
"""Dimension of slices that the words of the laboratory's rows tell."""

UNSLICED = (Family.MINING, Family.RANKING)
"""Families whose rows are not looked at in slices: pairs of two pools, and queries of a pool."""

_DIFFERENCES = {"domain_by_slice": 2, "domain_by_coverage": 2, "triple_difference": 4}
"""Contrasts that are differences of groups of examples or languages, and how many groups there are."""


def levels(facts: Facts) -> list[Level]:
    """Return the tasks alone, then with general text and with that of each domain, in all placements and shares."""
    factors, options = facts["given"]["factors"], facts["given"]["options"]
    domains, steps = list(factors["domains"]), options["steps"]
    found = [Level(f"{task}-d{steps}", {"task": task, "domain": WITHOUT}) for task in check_tasks(facts)]
    cells = product(check_tasks(facts), whole_numbers(facts, "shares", least=1), factors["placements"], domains)
    for task, share, placement, domain in cells:
        same = domain_sources.matched(options, domains, domain)
        shared: dict[str, Value] = {"task": task, "placement": placement, "share": share, "coverage": same}
        for level, corpus in ((GENERAL, options["general"]), (domain, domain)):
            text = domain_sources.text_name(options, domains, corpus, domain)
            name = domain_sources.source(placement, task, text, share, steps)
            found.append(Level(name, {"domain": level, **shared}))
    return found


def check(facts: Facts) -> None:
    """Check domains, placements, shares and slices, and that there is general text to compare with."""
    factors, options, key = facts["given"]["factors"], facts["given"]["options"], "config: studies.domain"
    corpora = [name for name, task in TASKS.items() if task.family is Family.TEXT]
    named = [("factors.domains", domain) for domain in factors["domains"]] + [("options.general", options["general"])]
    for where, corpus in named:
        if corpus not in corpora:
            raise UserError(
                f"{key}.{where} = '{corpus}' is no corpus; expected one of {', '.join(corpora)}."
                f"{nearest(str(corpus), corpora)}"
            )
    if options["general"] in factors["domains"]:
        raise UserError(f"{key}.options.general = '{options['general']}' is a domain of the study; expected other text")
    for placement in factors["placements"]:
        if placement not in PLACEMENTS:
            raise UserError(
                f"{key}.factors.placements = '{placement}' is not known; expected some of {', '.join(PLACEMENTS)}."
                f"{nearest(str(placement), PLACEMENTS)}"
            )
    if any(share > 99 for share in whole_numbers(facts, "shares", least=1)):
        raise UserError(f"{key}.factors.shares = {factors['shares']}; expected per cent of all steps, from 1 to 99")
    if not isinstance(options["steps"], int) or options["steps"] < 1:
        raise UserError(f"{key}.options.steps = {options['steps']!r}; expected the steps of the intermediate task")
    for option, known in (("corpora", CORPUS), ("slices", factors["domains"])):
        for name in options[option]:
            if name not in known:
                raise UserError(
                    f"{key}.options.{option} has '{name}'; expected some of {', '.join(known)}.{nearest(name, known)}"
                )
    covered = options["covered"]
    for name in covered if isinstance(covered, Mapping) else ():
        if name not in factors["domains"]:
            raise UserError(f"{key}.options.covered has '{name}', which is no domain of the study")
    for task in check_tasks(facts):
        if task in facts["mixtures"]:
            raise UserError(f"{key}.factors.tasks = '{task}' is a mixture; expected single intermediate tasks")


def pairs(arms: Sequence[Arm]) -> dict[int, int]:
    """Return, by the place of each arm with text of a domain, the place of that with as much general text."""
    places = {_cell(arm): place for place, arm in enumerate(arms) if arm.values.get("domain") == GENERAL}
    own = [place for place, arm in enumerate(arms) if arm.values.get("domain") not in (None, WITHOUT, GENERAL)]
    return {place: places[_cell(arms[place])] for place in own}


def _cell(arm: Arm) -> tuple[Value, ...]:
    return (arm.model, *(arm.values[name] for name in ("task", "placement", "share", "coverage")))


def differences(arms: Sequence[Arm], chosen: Mapping[str, Value]) -> list[float]:
    """Return weights of domain less general text, the mean over the pairs whose arms have the chosen levels.

    Args:
        arms: of the design.
        chosen: levels by factor, and `model`.
    """
    found = [0.0] * len(arms)
    kept = {
        own: general
        for own, general in pairs(arms).items()
        if all({**arms[own].values, "model": arms[own].model}[name] == level for name, level in chosen.items())
    }
    for own, general in kept.items():
        found[own] += 1 / len(kept)
        found[general] -= 1 / len(kept)
    return found


def weights(arms: Sequence[Arm], contrast: str) -> list[float]:
    """Return the weights of domain less general text: over all models, or its slope in the size of the model.

    For differences between slices and languages these are the weights within each of them. Models without a size
    (option `control_models`: of another family) are not in the slope.
    """
    if contrast != "domain_by_size":
        return differences(arms, {})
    sizes = {arm.model: log2(arm.parameters) for arm in arms if arm.parameters}
    mean = sum(sizes.values()) / max(1, len(sizes))
    total = sum((size - mean) ** 2 for size in sizes.values()) or 1.0
    rows = {model: differences(arms, {"model": model}) for model in sizes}
    return [
        sum((sizes[model] - mean) / total * row[place] for model, row in rows.items()) for place in range(len(arms))
    ]


def scale(design: Design) -> float:
    """Return Σ weight² of the primary contrast; groups of examples and languages as if each had whole scores."""
    squares = sum(weight**2 for weight in weights(design.arms, design.contrast))
    return squares * _DIFFERENCES.get(design.contrast, 1) / len(design.targets)


def sliced(design: Design) -> list[str]:
    """Return the targets whose rows may be looked at in slices."""
    return [target for target in design.targets if TASKS[target].family not in UNSLICED]


def first_parts(design: Design) -> dict[str, str]:
    """Return, by source, the source that it begins after, of those that begin after one."""
    options, domains = design.options, list(design.facts["given"]["factors"]["domains"])
    found = {}
    for arm in design.arms:
        if "placement" in arm.values:
            level, of = str(arm.values["domain"]), str(arm.values["coverage"])
            corpus = options["general"] if level == GENERAL else level
            text = domain_sources.text_name(options, domains, corpus, of if level == GENERAL else level)
            placement, task, share = str(arm.values["placement"]), str(arm.values["task"]), int(arm.values["share"])
            found[arm.source] = domain_sources.first_part(placement, task, text, share, options["steps"])
    return {source: before for source, before in found.items() if before}


def inputs(design: Design, files: "Layout") -> list[str]:
    """Return the test data of the targets, and the run cards of trainings that others begin after."""
    before = dict.fromkeys(first_parts(design).values())
    cells = product(design.models, before, design.seeds)
    cards = [f"{files.model_directory(model, source, seed)}/run.json" for model, source, seed in cells]
    return [*files.data_files(sliced(design), "test"), *cards]


KIND = Kind(
    name="domain",
    question="Is text of a domain, in several languages, worth more than as much general text?",
    factors={
        "tasks": "intermediate tasks",
        "domains": "corpora, each of a domain",
        "placements": "where text stands: before, mixed with, or after the task",
        "shares": "steps with text in per cent of all",
    },
    contrasts={
        "domain_minus_general": "points that text of a domain is worth more than as much general text",
        "domain_by_slice": "points by which that is more in test rows of the domain than in others",
        "domain_by_coverage": "points by which that is more in languages with text than in those without",
        "triple_difference": "points by which rows of the domain gain more than others, more so in languages with text",
        "domain_by_size": "points by which a doubling of the parameters changes what text of a domain is worth more",
    },
    levels=levels,
    weights=weights,
    scale=scale,
    secondary={
        "specificity": ("domain_by_slice", "domain_by_coverage", "triple_difference"),
        "size": ("domain_by_size",),
    },
    by_size=("domain_by_size",),
    options={
        "steps": 0,
        "general": "",
        "covered": [],
        "slices": {},
        "corpora": {},
        "training": {},
        "control_models": [],
    },
    check=check,
    inputs=inputs,
    figures=("slices", "languages"),
    captions={
        "slices": "Text of a domain less general text, in points, by target and slice; each map has its own scale.",
        "languages": "Text of a domain less general text, in points, by language and slice. Bars: 95 % interval.",
    },
    tables=("differences", "slices", "languages", "placements", "mixed_model", "cost"),
)
