"""Designs from the configuration (key `studies`): what cannot be compared is told before anything runs."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from workflow.scripts import source_names
from workflow.scripts.designs.kind import CONTROLS, Arm, Design, Facts, Kind, Level, comparable, controls
from workflow.scripts.designs.registry import KINDS
from workflow.scripts.errors import UserError, nearest
from workflow.scripts.mixtures import chain
from workflow.scripts.schedules import branch_point
from workflow.scripts.tasks import TASKS, Role

Settings = Mapping[str, Any]
COMMON = {
    "models": "models of the configuration",
    "targets": "targets",
}
OPTIONS = {"overlap": False, "parameters": {}, "languages": "fixed", "available": {}}
"""Options of all kinds: targets may be trained on what sources are trained on; parameters without embeddings of
checkpoints; whether languages are fixed or drawn; training examples of tasks where the configuration does not say."""
LANGUAGES = ("fixed", "random")
SHAPES = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "name",
    list: "list",
    dict: "mapping of names to values",
}
"""What an option may be, by the type of its default."""


def designs(settings: Settings) -> list[Design]:
    """Return the studies of a configuration that the schema has passed.

    Raises:
        UserError: a study names something unknown, or what it declares cannot be compared.
    """
    for name in settings["studies"]:
        _member(f"studies.{name}", name, KINDS, "study")
    found = [from_facts(_needed(facts_of(name, settings))) for name in settings["studies"]]
    for design in found:
        _check_durations(design, settings)
        _check_overlap(None, design.facts, _trained_before(design, settings["mixtures"]))
    return found


def _trained_before(design: Design, mixtures: Settings) -> set[str]:
    """Return the tasks of the sources that those of a design begin after."""
    known = source_names.bases(mixtures)
    own = {source_names.without_target_size(arm.source)[0] for arm in design.arms if arm.treated}
    before = [source_names.split(one, known).base for source in own for one in chain(source, mixtures, known)]
    return {task for base in before for task in mixtures.get(base, {"tasks": [base]})["tasks"]}


def _check_durations(design: Design, settings: Settings) -> None:
    """Check that every source is one, and that its duration can leave its trunk."""
    known, cooldown = source_names.bases(settings["mixtures"]), settings["trunks"]["cooldown"]
    for source in (arm.source for arm in design.arms if arm.treated):
        parts = source_names.parse(source_names.without_target_size(source)[0], known, f"studies.{design.name}")
        for segment in parts.segments():
            if segment.steps is not None and branch_point(segment.steps, cooldown) < 1:
                raise UserError(
                    f"config: studies.{design.name} has the source '{source}', which is not possible: with "
                    f"trunks.cooldown = {cooldown:g} no step of {segment.steps} comes before the cool-down; expected "
                    "more steps, or a smaller share"
                )


def facts_of(name: str, settings: Settings) -> Facts:
    """Return all that a design depends on.

    Keys: `study`; `given`, the study's settings; `parameters` by model; `mixtures` with their tasks; `batch_sizes` and
    `available` examples by task, as far as known; `known_sources`; `protocol`.

    Raises:
        UserError: a factor or model is not known.
    """
    kind, given = KINDS[name], {**settings["studies"][name]}
    _check_shape(name, kind, given)
    given["options"] = {**OPTIONS, **kind.options, **given["options"]}
    for model in given["factors"]["models"]:
        _member(f"studies.{name}.factors.models", model, settings["models"], "model of the configuration")
    left_out = controls(given["options"])
    for option in CONTROLS:
        for model in given["options"].get(option, ()):
            _member(f"studies.{name}.options.{option}", model, given["factors"]["models"], "model of the study")
    tasks = source_names.bases(settings["mixtures"])
    own = settings["intermediate"]
    used = [value for values in given["factors"].values() for value in values if value in tasks]
    return {
        "study": name,
        "given": given,
        "parameters": {
            model: 0 if model in left_out else parameters(model, given["options"]["parameters"], settings["models"])
            for model in given["factors"]["models"]
        },
        "mixtures": {mixture: parts["tasks"] for mixture, parts in settings["mixtures"].items()},
        "batch_sizes": {task: (settings["training"] | own.get(task, {}))["batch_size"] for task in used},
        "available": _available(used, settings) | given["options"]["available"],
        "known_sources": tasks,
        "protocol": settings["protocol"],
    }


def _needed(facts: Facts) -> Facts:
    """Return the facts without sources that the design has nothing of: another mixture makes no study stale."""
    used = {_base(arm.source, facts) for arm in from_facts(facts).arms}
    used |= {value for values in facts["given"]["factors"].values() for value in values if isinstance(value, str)}
    return {
        **facts,
        "known_sources": [name for name in facts["known_sources"] if name in used],
        "mixtures": {name: tasks for name, tasks in facts["mixtures"].items() if name in used},
    }


def _available(tasks: Iterable[str], settings: Settings) -> dict[str, int]:
    """Return the training examples of tasks, where the configuration says how many there are."""
    found = {}
    for task in tasks:
        made = settings["laboratory"]["examples"].get(task, {}).get("train")
        limit = settings["limits"].get(task, {}).get("train")
        numbers = [n for n in (made if settings["provider"] == "laboratory" else None, limit) if n]
        if numbers:
            found[task] = min(numbers)
    return found


def _check_shape(name: str, kind: Kind, given: Settings) -> None:
    """Check factors, options and seeds."""
    known = {**COMMON, **kind.factors}
    for factor in given["factors"]:
        _member(f"studies.{name}.factors", factor, known, "factor of the study")
    for factor, meaning in known.items():
        if not given["factors"].get(factor) and factor not in kind.optional:
            raise UserError(f"config: studies.{name}.factors lacks '{factor}'; expected {meaning}")
    options = {**OPTIONS, **kind.options}
    for option, value in given["options"].items():
        _member(f"studies.{name}.options", option, options, "option of the study")
        _check_option(f"studies.{name}.options.{option}", value, options[option])
    _member(f"studies.{name}.options.languages", given["options"].get("languages", "fixed"), LANGUAGES, "choice")
    if len(given["seeds"]) < 2:
        raise UserError(
            f"config: studies.{name}.seeds = {given['seeds']} is one seed; the contrast needs the variance between "
            "seeds: give two at least, better three"
        )


def _check_option(key: str, value: Any, default: Any) -> None:
    """Check that an option is of the kind of its default; a list may also be a mapping of lists (`covered`)."""
    several: dict[type, tuple[type, ...]] = {list: (list, Mapping), dict: (Mapping,), float: (float, int)}
    allowed = several.get(type(default), (type(default),))
    if not isinstance(value, allowed) or (isinstance(value, bool) and not isinstance(default, bool)):
        raise UserError(f"config: {key} = {value!r} is no {SHAPES[type(default)]}, as it is expected to be")


def from_facts(facts: Facts) -> Design:
    """Return the design that the facts amount to.

    Raises:
        UserError: a level is not known or cannot be compared.
    """
    facts = json.loads(json.dumps(facts))  # the same whether it comes from the configuration or from a specification
    kind, given, name = KINDS[facts["study"]], facts["given"], facts["study"]
    trainable = [task for task in TASKS if TASKS[task].role is Role.TARGET]
    for target in given["factors"]["targets"]:
        _member(f"studies.{name}.factors.targets", target, trainable, "target")
    kind.check(facts)
    levels = kind.levels(facts)
    bases = {_base(level.source, facts) for level in levels}
    _check_overlap(kind.disjoint, facts, {task for base in bases for task in facts["mixtures"].get(base, [base])})
    contrast = given["primary"].get("contrast") or next(iter(kind.contrasts))
    secondary = given["secondary"] if given.get("secondary") is not None else kind.secondary
    for key, wanted in (("primary.contrast", [contrast]), *((f"secondary.{k}", v) for k, v in secondary.items())):
        for one in wanted:
            _member(f"studies.{name}.{key}", one, kind.contrasts, "contrast of the study")
    sizes = facts["parameters"]
    left_out = controls(given["options"])
    compared = {model: size for model, size in sizes.items() if model not in left_out}
    declared = [contrast, *(one for names in (given.get("secondary") or {}).values() for one in names)]
    _check_sizes(kind, compared, [one for one in declared if one in kind.by_size])
    alone = not comparable(compared.values())
    return Design(
        kind=kind,
        facts=facts,
        arms=tuple(_arms(sizes, levels, left_out)),
        targets=tuple(given["factors"]["targets"]),
        seeds=tuple(given["seeds"]),
        contrast=contrast,
        level=given["primary"]["level"],
        negligible=given["primary"]["negligible"],
        secondary={
            family: tuple(one for one in names if not (alone and one in kind.by_size) and one != contrast)
            for family, names in secondary.items()
        },
        seed_deviation=given["deviation"]["seeds"],
        example_deviation=given["deviation"]["examples"],
        options=given["options"],
    )


def _check_sizes(kind: Kind, sizes: Mapping[str, int], contrasts: list[str]) -> None:
    """Check that there are models of two known sizes where contrasts need them."""
    key = f"config: studies.{kind.name}"
    for model, size in sizes.items():
        if contrasts and not size:
            raise UserError(
                f"{key} does not know the size of the checkpoint '{model}', which the contrast '{contrasts[0]}' needs; "
                f"give its parameters without embeddings as {key[8:]}.options.parameters.{model} (84934656 for XLM-R "
                "Base, 301989888 for Large)"
            )
    if contrasts and len(set(sizes.values())) < 2:
        raise UserError(
            f"{key}.factors.models = {', '.join(sizes)} cannot be compared by size, which the contrast "
            f"'{contrasts[0]}' needs: parameters without embeddings are {', '.join(f'{n:,}' for n in sizes.values())}; "
            "name models of two sizes or more"
        )


def _arms(sizes: Mapping[str, int], levels: list[Level], left_out: list[str]) -> Iterable[Arm]:
    """Yield all models after all sources, the baselines first; each source once."""
    baselines = {level.baseline: level.baseline_values for level in levels}
    treated = {level.source: level for level in levels}
    for model, size in sizes.items():
        for source, values in baselines.items():
            yield Arm(model, source, values, size, source, model in left_out)
        for source, level in treated.items():
            yield Arm(model, source, level.values, size, level.baseline, model in left_out)


def _member(key: str, value: Any, valid: Iterable[str], kind: str) -> None:
    names = list(valid)
    if value not in names:
        raise UserError(
            f"config: {key} = '{value}' is no known {kind}; expected one of {', '.join(names)}."
            f"{nearest(str(value), names)}"
        )


def _check_overlap(disjoint: Callable[[Facts, str], bool] | None, facts: Facts, trained: set[str]) -> None:
    """Check that no target is fine-tuned on what sources train on, unless that is declared or they are kept apart.

    Args:
        disjoint: whether a task's data are kept apart from those of the targets (`Kind.disjoint`); None: they are not.
        facts: of the design.
        trained: the tasks that sources train on.

    Raises:
        UserError: one is.
    """
    if facts["given"]["options"]["overlap"]:
        return
    for target in facts["given"]["factors"]["targets"]:
        for task in TASKS[target].training_tasks(facts["protocol"]):
            same = sorted(one for one in trained if _origins(one) & _origins(task))
            apart = disjoint and all(_data(one) == _data(task) for one in same) and disjoint(facts, task)
            if same and not apart:
                raise UserError(
                    f"config: studies.{facts['study']}.factors.targets has '{target}', which is fine-tuned on '{task}' "
                    f"as a source of the study is ('{same[0]}'): more of the same examples is no transfer. Leave the "
                    "target out, keep "
                    "the data apart (nli_scaling: options.pool and numbers as factors.target_examples), or declare it "
                    f"with studies.{facts['study']}.options.overlap: true"
                )


def _data(task: str) -> str:
    """Return the task whose training inputs a task has, which may be itself."""
    return {"squad_v2": "squad_v1"}.get(task, TASKS[task].translated_from or task)


def _origins(task: str) -> set[tuple[str, ...]]:
    """Return what a task's training inputs come from: itself, and repositories that other tasks may have in common."""
    name = _data(task)
    return {(name,), *((origin.repository, origin.config) for origin in TASKS[name].train)}


def _base(source: str, facts: Facts) -> str:
    return source_names.split(source_names.without_target_size(source)[0], facts["known_sources"]).base


def parameters(model: str, given: Mapping[str, int], models: Settings) -> int:
    """Return a model's number of parameters without embeddings, biases and norms: layers × (4 h² + 2 h f).

    Of a checkpoint 0 where it is not given.
    """
    if model in given:
        return int(given[model])
    if "checkpoint" in models[model]:
        return 0
    shape = models[model]["architecture"]
    hidden, feed_forward = shape["hidden_size"], shape["feed_forward_size"]
    return int(shape["layers"] * (4 * hidden**2 + 2 * hidden * feed_forward))
