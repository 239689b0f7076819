"""Tables of the study `domain`: differences, slices, languages, placements, the mixed model, cost."""

from collections.abc import Mapping, Sequence
from itertools import product
from math import log2
from pathlib import Path
from typing import Any

import numpy as np

from workflow.scripts.designs.domain import GENERAL, WITHOUT, first_parts, pairs, sliced
from workflow.scripts.designs.kind import Arm
from workflow.scripts.files import read_json
from workflow.scripts.statistics import Interval, tost
from workflow.scripts.statistics.mixed_models import RandomTerm, fit
from workflow.scripts.statistics.ratios import divide
from workflow.scripts.studies.domain_comparison import GROUPS, SIDES, Comparison
from workflow.scripts.studies.domain_comparison import WITH as COVERED
from workflow.scripts.studies.domain_comparison import WITHOUT as UNCOVERED
from workflow.scripts.studies.domain_data import INSIDE, OUTSIDE

Row = dict[str, Any]


def as_row(found: Interval) -> Row:
    """Return an interval as columns."""
    return {"estimate": found.estimate, "low": found.low, "high": found.high, "p": found.p}


def difference_rows(comparison: Comparison) -> list[Row]:
    """Return every contrast of all domains and of each, over all models and for each; with p of equivalence."""
    design = comparison.design
    models = ["", *design.models] if len(design.models) > 1 else [""]
    names = [name for name in design.kind.contrasts if name != "domain_by_size"]
    rows = []
    for domain, model, name in product(["", *comparison.domains], models, names):
        found = comparison.interval(name, [domain] if domain else (), chosen={"model": model} if model else None)
        if found is None:
            continue
        bound = design.negligible
        same = tost(found, -bound, bound, design.level).p if bound else None
        rows.append(
            {"contrast": name, "domain": domain or "all", "model": model or "all", **as_row(found)}
            | {"p_equivalent": same}
        )
    return rows


def slice_rows(comparison: Comparison) -> list[Row]:
    """Return domain less general text by domain, target, slice and group of languages."""
    rows = []
    cells = product(comparison.domains, comparison.design.targets, SIDES, GROUPS)
    for domain, target, side, group in cells:
        found = comparison.cell(domain, [target], side, group)
        if found is not None:
            rows.append(
                {"domain": domain, "target": target, "slice": SIDES[side], "languages": GROUPS[group]}
                | {"examples": _examples(comparison, domain, target, side)}
                | as_row(found)
            )
    return rows


def _examples(comparison: Comparison, domain: str, target: str, side: int) -> int:
    """Return the examples of a slice in all languages."""
    split = comparison.sides(target, domain) if side else comparison.whole(target)
    return sum(int(masks[side or 1].sum()) for masks in split.values())


def language_rows(comparison: Comparison) -> list[Row]:
    """Return domain less general text by domain, language and slice, averaged over targets."""
    rows = []
    targets = comparison.design.targets
    codes = sorted({code for target in targets for code in comparison.runs.ids(target)})
    for domain, code, side in product(comparison.domains, codes, SIDES):
        found = comparison.cell(domain, targets, side, 0, [code])
        if found is not None:
            covered = any(code in comparison.languages(target, domain)[COVERED] for target in targets)
            rows.append({"domain": domain, "language": code, "covered": covered, "slice": SIDES[side]} | as_row(found))
    return rows


def placement_rows(comparison: Comparison) -> list[Row]:
    """Return, by model, task, placement and share: domain less general text, and either less the task alone."""
    arms, rows = comparison.design.arms, []
    cells = dict.fromkeys(
        (arm.model, arm.values["task"], arm.values["placement"], arm.values["share"])
        for arm in arms
        if "placement" in arm.values
    )
    for model, task, placement, share in cells:
        chosen = {"model": model, "task": task, "placement": placement, "share": share}
        for name, row in (
            ("domain - general", comparison.row(chosen=chosen)),
            ("general - without", against_task(arms, chosen, general=True)),
            ("domain - without", against_task(arms, chosen, general=False)),
        ):
            rows.append({**chosen, "difference": name, **as_row(comparison.runs.contrast(row))})
    return rows


def against_task(arms: Sequence[Arm], chosen: Mapping[str, Any], *, general: bool) -> list[float]:
    """Return the weights of text less the task alone at some levels: of general text, or of all domains."""
    levels = [{**arm.values, "model": arm.model} for arm in arms]
    kept = [
        place
        for place, of in enumerate(levels)
        if all(of.get(name) == value for name, value in chosen.items()) and (of["domain"] == GENERAL) == general
    ]
    found = [0.0] * len(arms)
    for place in kept:
        found[place] = 1 / len(kept)
    for place, of in enumerate(levels):
        if of.get("domain") == WITHOUT and (of["model"], of["task"]) == (chosen["model"], chosen["task"]):
            found[place] -= 1.0
    return found


def cost_rows(comparison: Comparison, cards: Sequence[Path]) -> list[Row]:
    """Return what each arm's intermediate training took, with the training that it begins after; means over seeds.

    `tokens_to_general`: tokens over those of the arm with general text.
    """
    design, before = comparison.design, first_parts(comparison.design)
    of = {path.parts[-4:-1]: path for path in cards if path.name == "run.json"}
    names = ("steps", "tokens", "flops", "seconds")
    rows: dict[int, Row] = {}
    for place, arm in enumerate(design.arms):
        if not arm.treated:
            continue
        parts: list[list[Mapping[str, Any]]] = []
        for seed in design.seeds:
            first = of.get((arm.model, before.get(arm.source, ""), f"seed{seed}"))
            parts.append([comparison.runs.cost(arm, seed), *([read_json(first)] if first else [])])
        sums = {
            name: float(np.mean([sum(float(card.get(name) or 0) for card in part) for part in parts])) for name in names
        }
        levels = {name: arm.values.get(name) for name in ("task", "domain", "placement", "share")}
        rows[place] = {"model": arm.model, "source": arm.source, **levels, **sums, "tokens_to_general": None}
    for own, general in pairs(design.arms).items():
        rows[own]["tokens_to_general"] = (
            rows[own]["tokens"] / rows[general]["tokens"] if rows[general]["tokens"] else None
        )
    return list(rows.values())


def mixed_model_rows(comparison: Comparison) -> tuple[list[Row], str]:
    """Return the coefficients of a mixed model of the scores of slices, and why there are none.

    score ~ domain × (slice + text in the language + size) + domain × slice × text, with crossed random effects: an
    intercept and a slope of the domain by language, an intercept by target, by language of a target, and by seed.
    """
    cells = _cells(comparison)
    if not cells:
        return [], "no slices are known of the targets"
    names, columns = _fixed(cells)
    terms = [
        RandomTerm(name, [cell[name] for cell in cells])
        for name in ("language", "target", "seed")
        if len({cell[name] for cell in cells}) > 1
    ]
    if len({cell["target"] for cell in cells}) > 1:
        terms.append(RandomTerm("target by language", [f"{cell['target']} {cell['language']}" for cell in cells]))
    terms.append(RandomTerm("domain by language", [cell["language"] for cell in cells], columns["domain"]))
    try:
        found = fit([cell["score"] for cell in cells], np.stack([columns[name] for name in names], axis=1), terms)
    except ValueError as error:
        return [], str(error)
    rows = [
        {"term": name, "kind": "fixed", "estimate": float(value), "standard_error": float(error)}
        for name, value, error in zip(names, found.coefficients, found.standard_errors, strict=True)
    ]
    deviations = {**found.variances, "residual": found.residual_variance}
    spread = [{"term": name, "kind": "deviation", "estimate": value**0.5} for name, value in deviations.items()]
    return [*rows, *spread], ""


def _fixed(cells: Sequence[Row]) -> tuple[list[str], dict[str, Any]]:
    """Return the fixed effects that vary, and their columns, centred but for the intercept."""
    names = ("domain", "slice", "text", "size")
    columns: dict[str, Any] = {name: np.array([cell[name] for cell in cells], dtype=np.float64) for name in names}
    columns = {name: column - column.mean() for name, column in columns.items()}
    columns["intercept"] = np.ones(len(cells))
    varying = [name for name in names if np.ptp(columns[name]) > 0]
    kept = ["intercept", *varying]
    for parts in (("domain", "slice"), ("domain", "text"), ("domain", "size"), ("domain", "slice", "text")):
        if set(parts) <= set(varying):
            name = " × ".join(parts)
            columns[name] = np.prod([columns[part] for part in parts], axis=0)
            kept.append(name)
    return kept, columns


def _cells(comparison: Comparison) -> list[Row]:
    """Return the score of each domain or its general text, target, slice, language, model and seed.

    Means over placements, shares and tasks. English is left out. Control models count as of the mean size.
    """
    design, found = comparison.design, []
    sizes = {arm.model: log2(arm.parameters) for arm in design.arms if design.sized and arm.parameters}
    typical = sum(sizes.values()) / max(1, len(sizes))
    for domain, target, side in product(comparison.domains, sliced(design), (INSIDE, OUTSIDE)):
        measured, split = comparison.runs.measured(target), comparison.sides(target, domain)
        groups = comparison.languages(target, domain)
        for text, code in [(sign, code) for sign in (COVERED, UNCOVERED) for code in groups[sign] if code in split]:
            mask, at = split[code][side], list(measured.languages).index(code)
            if not mask.any():
                continue
            tops, bottoms = (part[at][:, :, mask].sum(axis=2) for part in (measured.numerators, measured.denominators))
            scores = divide(tops, bottoms)
            for model in design.models:
                size = sizes.get(model, typical)
                row = comparison.row([domain], {"model": model})
                for own, sign in ((1, 1.0), (0, -1.0)):
                    share = np.clip(sign * np.asarray(row), 0, None)
                    facts = {"domain": own, "slice": side / 2, "text": text / 2, "size": size}
                    named = {"target": target, "language": code}
                    found += [
                        {**facts, **named, "seed": seed, "score": float(share @ scores[:, place])}
                        for place, seed in enumerate(design.seeds)
                    ]
    return found
