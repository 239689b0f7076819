"""Study `nli_scaling`: what is worth more, twice the intermediate data or twice the parameters?

Amounts of data are one pass over nested examples: `<task>-s<examples / batch size>`, beginnings of one trunk, whose
order of batches is the same however long it gets. With `options.pool` the trunk sees the first examples of a nested
order alone (`-n`), so that targets may be fine-tuned on the last ones of the same task (`-t`); with `options.steps` all
amounts are trained for as many steps, repeating what is little (`-n<examples>-s<steps>`).
"""

from collections.abc import Sequence

from workflow.scripts.designs.kind import Arm, Facts, Kind, Level, Value, check_tasks, slopes, whole_numbers
from workflow.scripts.errors import UserError
from workflow.scripts.source_names import NONE
from workflow.scripts.tasks import TASKS


def levels(facts: Facts) -> list[Level]:
    """Return all tasks with all amounts of data, for all amounts of target data."""
    found = []
    for size in facts["given"]["factors"].get("target_examples", ["all"]):
        suffix = "" if size == "all" else f"-t{size}"
        extra: dict[str, Value] = {} if size == "all" else {"target_examples": size}
        for task in check_tasks(facts):
            for n in whole_numbers(facts, "examples"):
                values: dict[str, Value] = {"task": task, "examples": n, **extra}
                found.append(Level(f"{source(facts, task, n)}{suffix}", values, f"{NONE}{suffix}", extra))
    return found


def source(facts: Facts, task: str, examples: int) -> str:
    """Return the source with so many examples of a task."""
    options = facts["given"]["options"]
    if options["steps"]:
        return f"{task}-n{examples}-s{options['steps']}"
    pool = f"-n{options['pool']}" if options["pool"] else ""
    return f"{task}{pool}-s{examples // facts['batch_sizes'][task]}"


def check(facts: Facts) -> None:
    """Check that amounts are whole batches of what there is, and amounts of target data are numbers."""
    key, options = "config: studies.nli_scaling", facts["given"]["options"]
    amounts = whole_numbers(facts, "examples")
    for size in facts["given"]["factors"].get("target_examples", []):
        if size != "all" and not (isinstance(size, int) and size > 0):
            raise UserError(f"{key}.factors.target_examples = '{size}' is no amount; expected whole numbers, or all")
    for target in facts["given"]["factors"]["targets"]:
        if not TASKS[target].fine_tuned and "target_examples" in facts["given"]["factors"]:
            raise UserError(
                f"{key}.factors.targets = '{target}' cannot be compared by target_examples: it is not fine-tuned; "
                "leave one of them out"
            )
    if options["pool"] and options["steps"]:
        raise UserError(f"{key}.options has both pool and steps; a pool is that of one pass, leave one of them out")
    if options["pool"] and amounts[-1] > options["pool"]:
        raise UserError(
            f"{key}.factors.examples = {amounts[-1]} is more than options.pool = {options['pool']}; lower the amount, "
            "or raise the pool, which trains every amount anew"
        )
    for task in check_tasks(facts):
        size, there = facts["batch_sizes"][task], facts["available"].get(task)
        for n in () if options["steps"] else amounts:
            if n % size:
                raise UserError(
                    f"{key}.factors.examples = {n} is no whole number of batches of {size}; "
                    f"expected {max(1, n // size) * size} or {(n // size + 1) * size}"
                )
        if there is not None and max(amounts[-1], options["pool"]) > there:
            raise UserError(
                f"{key}.factors.examples = {max(amounts[-1], options['pool'])} (or options.pool) of '{task}' are more "
                f"than its {there} training examples; lower the number"
            )


def disjoint(facts: Facts, task: str) -> bool:
    """Return whether targets that are fine-tuned on a task see none of what sources train on.

    Raises:
        UserError: pool and target data together are more than there is.
    """
    options, there = facts["given"]["options"], facts["available"].get(task)
    sizes = facts["given"]["factors"].get("target_examples", ["all"])
    if not options["pool"] or "all" in sizes or there is None:
        return False
    if options["pool"] + max(sizes) > there:
        raise UserError(
            f"config: studies.nli_scaling: options.pool = {options['pool']} and factors.target_examples = {max(sizes)} "
            f"overlap: '{task}' has {there} training examples; together they must not be more"
        )
    return True


def weights(arms: Sequence[Arm], contrast: str) -> list[float]:
    """Return the weight of each arm in a contrast."""
    found = slopes(arms, "examples")
    if contrast == "data_minus_parameters":
        return [a - b for a, b in zip(found["amount"], found["size"], strict=True)]
    return found[{"data": "amount", "parameters": "size", "data_by_size": "both"}[contrast]]


KIND = Kind(
    name="nli_scaling",
    question="What is worth more, twice the intermediate data or twice the parameters?",
    factors={
        "tasks": "intermediate tasks or mixtures",
        "examples": "amounts of intermediate data, nested",
        "target_examples": "amounts of target data, or all",
    },
    contrasts={
        "data_minus_parameters": "points per doubling of the data less points per doubling of the parameters",
        "data": "points per doubling of the data, at the mean size",
        "parameters": "points per doubling of the parameters, at the mean amount of data",
        "data_by_size": "points by which a doubling of the parameters changes the gain per doubling of the data",
    },
    levels=levels,
    weights=weights,
    optional=("target_examples",),
    secondary={"elasticities": ("data", "parameters"), "interaction": ("data_by_size",)},
    by_size=("data_minus_parameters", "parameters", "data_by_size"),
    options={"pool": 0, "steps": 0},
    check=check,
    disjoint=disjoint,
    figures=("scaling", "contour"),
    captions={
        "scaling": "Score by intermediate examples, for each model. Bars: one standard error (seeds).",
        "contour": "Score by model and intermediate examples, and slopes per doubling by the log law.",
    },
    tables=("elasticities", "laws", "left_out", "effective_data"),
)
