"""Analysis of the study `domain`: text of a domain less general text, where it is worth more, and what it costs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.figure import Figure

from workflow.scripts.designs.kind import Design
from workflow.scripts.errors import UserError
from workflow.scripts.statistics import tost
from workflow.scripts.studies import plots
from workflow.scripts.studies.domain_comparison import GROUPS, SIDES, Comparison
from workflow.scripts.studies.domain_data import INSIDE, OUTSIDE
from workflow.scripts.studies.domain_tables import (
    cost_rows,
    difference_rows,
    language_rows,
    mixed_model_rows,
    placement_rows,
    slice_rows,
)
from workflow.scripts.studies.estimates import Analysis, Estimate, Role
from workflow.scripts.studies.runs import Runs
from workflow.scripts.studies.verdict import licence

TOLERATED = 0.05
"""Share by which tokens of a domain and of general text may differ without a caveat."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "differences": ("contrast", "domain", "model", "estimate", "low", "high", "p", "p_equivalent"),
    "slices": ("domain", "target", "slice", "languages", "examples", "estimate", "low", "high", "p"),
    "languages": ("domain", "language", "covered", "slice", "estimate", "low", "high", "p"),
    "placements": ("model", "task", "placement", "share", "difference", "estimate", "low", "high", "p"),
    "mixed_model": ("term", "kind", "estimate", "standard_error"),
    "cost": ("model", "source", "task", "domain", "placement", "share", "steps", "tokens", "tokens_to_general"),
}


def analyse(design: Design, runs: Runs, extra: Sequence[Path], rng: np.random.Generator) -> Analysis:
    """Return what the study found.

    Raises:
        UserError: the primary contrast compares slices or languages that there are not.
    """
    comparison = Comparison(design, runs, extra)
    primary = estimate(comparison, design.contrast, "primary")
    if primary is None:
        raise UserError(
            f"study domain: '{design.contrast}' cannot be estimated: no target has what it compares; expected "
            "options.slices with values that its rows have, and options.covered with some of its languages (where they "
            "are drawn, of two families, and two without text)"
        )
    wanted = [(name, family) for family, names in design.secondary.items() for name in names]
    secondary = [estimate(comparison, name, "secondary", family) for name, family in wanted]
    absent = [name for (name, _), found in zip(wanted, secondary, strict=True) if found is None]
    by_target = [
        estimate(comparison, name, "exploratory", targets=[target])
        for target in design.targets
        if comparison.runs.comparable(target)
        for name in dict.fromkeys([design.contrast, *(name for name, _ in wanted)])
    ]
    model, reason = mixed_model_rows(comparison)
    rows: dict[str, list[dict[str, Any]]] = {
        "differences": difference_rows(comparison),
        "slices": slice_rows(comparison),
        "languages": language_rows(comparison),
        "placements": placement_rows(comparison),
        "mixed_model": model,
        "cost": cost_rows(comparison, extra),
    }
    return Analysis(
        primary=primary,
        estimates=[one for one in [*secondary, *by_target] if one is not None],
        figures={"slices": slices_figure(comparison, rows), "languages": languages_figure(comparison, rows)},
        tables={name: as_table(rows[name], fields) for name, fields in FIELDS.items()},
        notes=notes(comparison, primary, absent, rows["cost"], reason),
        licence=licence(design),
    )


def estimate(
    comparison: Comparison, name: str, role: Role, family: str = "", targets: Sequence[str] = ()
) -> Estimate | None:
    """Return the estimate of a contrast, None where it compares what there is not."""
    found = comparison.interval(name, targets=targets)
    if found is None:
        return None
    scope = {"target": targets[0]} if targets else {}
    return Estimate(name, comparison.design.kind.contrasts[name], found, role, family, scope)


def notes(
    comparison: Comparison, primary: Estimate, absent: Sequence[str], costs: Sequence[dict[str, Any]], reason: str
) -> list[str]:
    """Return the caveats."""
    design = comparison.design
    found = ["Domain less no text at all is not this study's question: it would also show what more text is worth."]
    if design.negligible and design.contrast == "domain_minus_general":
        same = tost(primary.interval, -design.negligible, design.negligible, design.level)
        found.append(
            f"Equivalence of domain and general text within ±{design.negligible:g} points: p = {same.p:.2g} (two "
            "one-sided t tests)."
        )
    if absent:
        drawn = " in languages of two families" if design.options["languages"] == "random" else ""
        found.append(f"Not estimated, as no target has what they compare{drawn}: {', '.join(dict.fromkeys(absent))}.")
    ratios = [row["tokens_to_general"] for row in costs if row["tokens_to_general"]]
    if ratios and max(abs(ratio - 1) for ratio in ratios) > TOLERATED:
        found.append(
            f"Sizes are matched by steps; arms with text of a domain saw {min(ratios):.2f} to {max(ratios):.2f} times "
            "the tokens of those with general text."
        )
    if reason:
        found.append(f"No mixed model: {reason}.")
    else:
        found.append("The mixed model takes its variances as known; with few languages and seeds its errors are small.")
    sizes = len({arm.parameters for arm in design.arms if arm.parameters})
    if sizes > 1:
        found.append(f"{sizes} sizes of models are {sizes} points: what else differs between them is in the slope.")
    return found


def slices_figure(comparison: Comparison, rows: Mapping[str, Sequence[dict[str, Any]]]) -> Figure:
    """Draw domain less general text by target, slice and group of languages, a map for each domain."""
    figure, axes = plots.panels(len(comparison.domains), width=4.2)
    known = {(row["domain"], row["target"], row["slice"], row["languages"]): row["estimate"] for row in rows["slices"]}
    present = {(row["slice"], row["languages"]) for row in rows["slices"]}
    columns = [(side, group) for side in SIDES.values() for group in GROUPS.values() if (side, group) in present]
    targets = list(comparison.design.targets)
    names = [f"{side}\n{group}" for side, group in columns]
    for panel, domain in zip(axes, comparison.domains, strict=True):
        table = [[known.get((domain, target, *column), np.nan) for column in columns] for target in targets]
        plots.cells(panel, table, targets, names, domain)
        panel.tick_params(axis="x", labelsize=6, labelrotation=60)
    return figure


def languages_figure(comparison: Comparison, rows: Mapping[str, Sequence[dict[str, Any]]]) -> Figure:
    """Draw domain less general text by language, those with text first, a panel for each domain."""
    figure, axes = plots.panels(len(comparison.domains), width=4.2)
    for panel, domain in zip(axes, comparison.domains, strict=True):
        mine = [row for row in rows["languages"] if row["domain"] == domain]
        covered = {row["language"]: row["covered"] for row in mine}
        codes = sorted(covered, key=lambda code: (not covered[code], code))
        sides = [side for side in (INSIDE, OUTSIDE) if any(row["slice"] == SIDES[side] for row in mine)] or [0]
        for number, side in enumerate(sides):
            drawn = [row for row in mine if row["slice"] == SIDES[side]]
            x = [codes.index(row["language"]) + 0.2 * (number - (len(sides) - 1) / 2) for row in drawn]
            y = np.array([row["estimate"] for row in drawn])
            bars = np.array([[row["estimate"] - row["low"], row["high"] - row["estimate"]] for row in drawn]).T
            color, marker = plots.COLORS[number], plots.MARKERS[number]
            panel.errorbar(x, y, bars, label=SIDES[side], color=color, marker=marker, markersize=4, linestyle="none")
        panel.set_xticks(range(len(codes)), [f"{code}*" if covered[code] else code for code in codes])
        plots.finish(panel, domain, "language (*: with text)", "points")
    plots.legend(figure, axes)
    return figure


def as_table(rows: Sequence[dict[str, Any]], fields: Sequence[str]) -> pa.Table:
    """Return rows as a table, with the columns of an empty one."""
    return pa.Table.from_pylist(list(rows)) if rows else pa.table({name: pa.array([], pa.string()) for name in fields})
