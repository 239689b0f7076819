"""Analysis of the study `similarity`: pairs, orders of sources, similarity by budget, and policies of choosing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.figure import Figure

from workflow.scripts.designs.kind import Design
from workflow.scripts.errors import UserError
from workflow.scripts.similarity_measures import MEASURES
from workflow.scripts.statistics.ratios import Array
from workflow.scripts.studies import plots
from workflow.scripts.studies.estimates import Analysis, Estimate, Role
from workflow.scripts.studies.runs import Runs
from workflow.scripts.studies.similarity_contrasts import (
    budget_slopes,
    defined,
    elsewhere,
    pair_effect,
    random_quality,
    ranking_quality,
    standardised,
)
from workflow.scripts.studies.similarity_data import (
    Gains,
    Similarities,
    charge,
    common_budgets,
    deviation,
    gains,
    similarities,
)
from workflow.scripts.studies.similarity_policies import (
    Grid,
    Outcome,
    halving,
    oracle,
    predicted,
    random_choice,
    search,
    totals,
)

FEWEST_TARGETS = 3
TOLERATED = 0.1
"""Relative difference between counted and declared operations that is not mentioned."""

TRIED = 3
"""Sources that a policy by similarity trains where it trains several."""


def analyse(design: Design, runs: Runs, extra: Sequence[Path], rng: np.random.Generator) -> Analysis:
    """Return what the study found."""
    data = gains(design, runs)
    found = similarities(design, data.tasks, extra)
    measure = design.options["measure"]
    estimates = _declared(design, data, found, rng)
    others = [name for name in found.values if name != measure and _varies(found.values[name], data.targets)]
    estimates += [
        _estimate(design, data, found, name, design.contrast, rng, "exploratory", other=MEASURES[name].title)
        for name in others
    ]
    ranking = ranking_rows(data, found)
    policies = policy_rows(design, data, found)
    slopes = budget_rows(design, data, found, [measure, *others], rng)
    return Analysis(
        primary=estimates[0],
        estimates=estimates[1:],
        figures={"interaction": interaction_figure(slopes), "policies": policies_figure(policies, measure)},
        tables={
            "pairs": pa.Table.from_pylist(pair_rows(data, found)),
            "ranking": pa.Table.from_pylist(ranking),
            "budgets": pa.Table.from_pylist(slopes),
            "policies": pa.Table.from_pylist(policies),
        },
        notes=notes(design, data, found),
        licence=(
            "It speaks of tasks like these, which the test permutes, for this model, these budgets and these "
            "languages; a pair's noise from seeds and examples is part of what is left over. It does not speak of "
            "other models, nor of budgets beyond those measured; policies are compared on the pairs they were "
            "measured on."
        ),
    )


def _declared(design: Design, data: Gains, found: Similarities, rng: np.random.Generator) -> list[Estimate]:
    measure = design.options["measure"]
    names: list[tuple[str, Role, str]] = [(design.contrast, "primary", "")]
    names += [(name, "secondary", family) for family, members in design.secondary.items() for name in members]
    return [_estimate(design, data, found, measure, name, rng, role, family) for name, role, family in names]


def _estimate(
    design: Design,
    data: Gains,
    found: Similarities,
    measure: str,
    contrast: str,
    rng: np.random.Generator,
    role: Role,
    family: str = "",
    **scope: str,
) -> Estimate:
    """Return the effect of a measure on slopes (`similarity_by_budget`) or gains, over the targets that have it.

    Raises:
        UserError: it is defined for fewer than three targets, or does not differ between pairs.
    """
    values = found.values[measure]
    if not _varies(values, data.targets):
        raise UserError(
            f"study {design.name}: the measure '{measure}' is not defined for {FEWEST_TARGETS} targets, or is the same "
            "for all of them; expected another options.measure, or other targets"
        )
    kept = [data.targets.index(target) for target in defined({measure: values}, data.targets)]
    mean = data.values[:, kept].mean(axis=3)
    outcome = budget_slopes(mean, data.budgets) if contrast == "similarity_by_budget" else mean.mean(axis=2)
    interval = pair_effect(values[:, kept], outcome, rng, design.options["permutations"])
    return Estimate(contrast, design.kind.contrasts[contrast], interval, role, family, scope)


def _varies(values: Array, targets: list[str]) -> bool:
    kept = np.isfinite(values).all(axis=0)
    if kept.sum() < FEWEST_TARGETS:
        return False
    try:
        standardised(values[:, kept])
    except ValueError:
        return False
    return True


def pair_rows(data: Gains, found: Similarities) -> list[dict[str, Any]]:
    """Return a row for each task, target and budget: gain and similarities."""
    means = data.values.mean(axis=3)
    return [
        {"task": task, "target": target, "budget": budget, "gain": float(means[i, j, b])}
        | {"counted_flops": _number(data.spent[i, b])}
        | {measure: _number(values[i, j]) for measure, values in found.values.items()}
        for i, task in enumerate(data.tasks)
        for j, target in enumerate(data.targets)
        for b, budget in enumerate(data.budgets)
    ]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def ranking_rows(data: Gains, found: Similarities) -> list[dict[str, Any]]:
    """Return how well each measure orders the sources at each budget, beside a random order of the same targets.

    `elsewhere` is no similarity, but the mean gain of a source on the other targets; without the means of rows and
    columns nothing of it is left.
    """
    rows = []
    means = data.values.mean(axis=3)
    for measure, values in found.values.items():
        kept = [data.targets.index(target) for target in defined({measure: values}, data.targets)]
        for place, budget in enumerate(data.budgets) if kept else ():
            rows.append(_ranking_row(measure, budget, values[:, kept], means[:, kept, place]))
    for place, budget in enumerate(data.budgets):
        true = means[:, :, place]
        rows.append(_ranking_row("elsewhere", budget, elsewhere(true), true) | {"double_centred": None})
    return rows


def _ranking_row(measure: str, budget: int, values: Array, true: Array) -> dict[str, Any]:
    quality, chance = ranking_quality(values, true), random_quality(true)
    return (
        {"measure": measure, "budget": budget, "targets": true.shape[1]}
        | {name: _number(value) for name, value in quality.items()}
        | {f"random_{name}": chance[name] for name in ("ndcg", "regret_1", "regret_3")}
    )


def budget_rows(
    design: Design, data: Gains, found: Similarities, measures: Sequence[str], rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Return the effect of a standard deviation of similarity at each budget."""
    rows, means = [], data.values.mean(axis=3)
    for measure in measures:
        kept = [data.targets.index(target) for target in defined({measure: found.values[measure]}, data.targets)]
        for place, budget in enumerate(data.budgets):
            values = means[:, kept, place]
            one = pair_effect(found.values[measure][:, kept], values, rng, design.options["permutations"])
            rows.append(
                {"measure": measure, "budget": budget, "points_per_deviation": one.estimate}
                | {"low": one.low, "high": one.high, "p": one.p}
            )
    return rows


def policy_rows(design: Design, data: Gains, found: Similarities) -> list[dict[str, Any]]:
    """Return what each policy reaches for each total budget, over the targets that all measures are defined for."""
    kept = [data.targets.index(target) for target in defined(found.values, data.targets)]
    grid = Grid(common_budgets(data), data.values[:, kept], data.english[:, kept])
    rows = []
    for total in totals(grid.budgets, grid.sources) if kept else ():
        outcomes: dict[str, Outcome] = {
            "none": Outcome(0.0, 0.0),
            "random": random_choice(grid, total),
            "halving": halving(grid, total),
            "search": search(grid, total),
            "oracle": oracle(grid, total),
        }
        for measure, values in found.values.items():
            cost = charge(found, data, measure, design)[kept]
            for k in sorted({1, min(TRIED, grid.sources)}):
                outcomes[f"{measure}-{k}"] = predicted(grid, total, values[:, kept], k, cost)
        rows += [
            {
                "policy": name,
                "total_flops": float(total),
                "gain": one.gain,
                "spent_flops": one.spent,
                "targets": len(kept),
            }
            for name, one in outcomes.items()
        ]
    return rows


def interaction_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the effect of each measure over the budget."""
    names = list(dict.fromkeys(row["measure"] for row in rows))
    figure, axes = plots.panels(len(names))
    for panel, name in zip(axes, names, strict=True):
        own = [row for row in rows if row["measure"] == name]
        x, y = [row["budget"] for row in own], [row["points_per_deviation"] for row in own]
        bars = [row["high"] - row["points_per_deviation"] for row in own]
        label = "budget (10⁹ operations)"
        plots.curves(
            panel, {name: (x, y, bars)}, title=MEASURES[name].title, x_label=label, y_label="points per SD", ticks=x
        )
    return figure


def policies_figure(rows: Sequence[Mapping[str, Any]], measure: str) -> Figure:
    """Draw the gain of the policies over the total budget; of measures the contrast's, attributes and size."""
    figure, (panel,) = plots.panels(1, width=6.0, height=3.6)
    lines: dict[str, plots.Curve] = {}
    for name in (
        "oracle",
        "random",
        "search",
        "halving",
        f"{measure}-1",
        f"{measure}-{TRIED}",
        "attributes-1",
        "size-1",
    ):
        own = [row for row in rows if row["policy"] == name]
        if own:
            lines[name] = [row["total_flops"] for row in own], [row["gain"] for row in own], None
    label = "total operations for a target"
    plots.curves(panel, lines, title="What a way of choosing gains", x_label=label, y_label="gain (points)")
    plots.legend(figure, [panel])
    return figure


def notes(design: Design, data: Gains, found: Similarities) -> list[str]:
    """Return the caveats."""
    measure = design.options["measure"]
    left = [target for target in data.targets if target not in defined({measure: found.values[measure]}, data.targets)]
    pairs = len(data.tasks) * len(data.targets)
    told = [
        f"{len(data.tasks)} sources x {len(data.targets)} targets are {pairs} pairs, however many languages, seeds and "
        "examples there are; p comes from permuting tasks.",
        "Where similarities are equal, the first source named counts as predicted.",
    ]
    if left:
        told.append(f"{MEASURES[measure].title} is not defined for {', '.join(left)}: left out of the contrast.")
    if data.without_english:
        names = ", ".join(data.without_english)
        told.append(f"{names}: no English score, so that policies choose by the scores that they are judged by.")
    if (apart := deviation(data)) > TOLERATED:
        told.append(
            f"Counted operations differ from the declared budgets by up to {100 * apart:.0f} %: check options.flops."
        )
    return told
