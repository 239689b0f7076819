"""Analysis of the study `nli_scaling`: elasticities and their contrast, exchange rate, laws, examples saved."""

from collections.abc import Sequence
from math import inf, isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.figure import Figure

from workflow.scripts.designs.kind import Arm, Design
from workflow.scripts.designs.nli_scaling import weights
from workflow.scripts.statistics import Interval
from workflow.scripts.statistics.ratios import Array
from workflow.scripts.studies import laws, plots
from workflow.scripts.studies.estimates import Analysis, Estimate, contrast, declared
from workflow.scripts.studies.runs import Runs
from workflow.scripts.studies.verdict import licence

EXCHANGE = "doublings of the data that are worth one doubling of the parameters"


def analyse(design: Design, runs: Runs, extra: Sequence[Path], rng: np.random.Generator) -> Analysis:
    """Return what the study found; with few sizes a slope in them rests on as many points, which the notes say."""
    primary, *families = declared(design, runs)
    by_target = [
        contrast(design, runs, name, targets=[target])
        for target in design.targets
        if runs.comparable(target)
        for name in (_sized(design, "data", "parameters", "data_minus_parameters"))
    ]
    rate = exchange_rate(design, runs)
    found_laws, law_rows = fit_laws(design, runs)
    left_out = leave_one_size_out(design, runs)
    return Analysis(
        primary=primary,
        estimates=[*families, *by_target, *([rate] if rate else []), *by_language(design, runs)],
        figures={"scaling": scaling_figure(design, runs), "contour": contour_figure(design, runs, found_laws)},
        tables={
            "elasticities": _table(elasticity_rows([primary, *families, *by_target]), ("name", "target", "estimate")),
            "laws": _table(law_rows, ("target", "law")),
            "left_out": _table(left_out, ("left_out", "estimate")),
            "effective_data": _table(effective_data(design, runs), ("model", "target", "examples")),
        },
        notes=notes(design, rate, left_out),
        licence=licence(design),
    )


def _sized(design: Design, *names: str) -> list[str]:
    return [name for name in names if design.sized or name not in design.kind.by_size]


def by_language(design: Design, runs: Runs) -> list[Estimate]:
    """Return the elasticities of each language, averaged over the targets that have it; exploratory."""
    found = []
    codes = dict.fromkeys(code for target in design.targets for code in runs.languages[target])
    for name in _sized(design, "data", "parameters"):
        for code in codes:
            interval = runs.contrast(weights(design.arms, name), codes=[code])
            found.append(Estimate(name, design.kind.contrasts[name], interval, scope={"language": code}))
    return found


def exchange_rate(design: Design, runs: Runs) -> Estimate | None:
    """Return e_N / e_D with Fieller's interval, nothing where there is one size."""
    if not _sized(design, "parameters"):
        return None
    rows = {name: np.asarray(weights(design.arms, name)) for name in ("data", "parameters")}
    drawn = design.options["languages"]
    wanted = (rows["data"], rows["parameters"], rows["parameters"] + rows["data"], rows["parameters"] - rows["data"])
    data, size, both, less = (runs.contrast(row, languages=drawn) for row in wanted)
    covariance = (both.standard_error**2 - less.standard_error**2) / 4
    degrees = min(data.degrees, size.degrees)
    low, high = laws.fieller(
        size.estimate, data.estimate, size.standard_error**2, data.standard_error**2, covariance, min(degrees, 1e6)
    )
    value = size.estimate / data.estimate if data.estimate else nan
    caution = "" if isfinite(low) else "the data show no slope that could be told from 0, so the rate has no bounds"
    interval = Interval(value, low, high, nan, degrees, nan, 0.95, data.sources, caution)
    return Estimate("exchange_rate", EXCHANGE, interval)


def means(design: Design, runs: Runs, target: str) -> Array:
    """Return the score of each arm, mean over seeds and languages, (arms,)."""
    return np.asarray(runs.scores(target).mean(axis=(1, 2)), dtype=np.float64)


def groups(design: Design) -> dict[str, list[int]]:
    """Return the numbers of the treated arms of each task and amount of target data."""
    found: dict[str, list[int]] = {}
    for place, arm in enumerate(design.arms):
        if arm.treated:
            found.setdefault(_group(arm), []).append(place)
    return found


def _group(arm: Arm) -> str:
    size = arm.values.get("target_examples")
    return f"{arm.values['task']}" + (f", {size} target examples" if size else "")


def fit_laws(design: Design, runs: Runs) -> tuple[dict[tuple[str, str], laws.Law], list[dict[str, Any]]]:
    """Return the log law of each target and group, and both laws' coefficients as rows."""
    found, rows = {}, []
    for target in design.targets:
        scores = means(design, runs, target)
        for group, places in groups(design).items():
            arms = [design.arms[place] for place in places]
            amounts = (
                [float(arm.values["examples"]) for arm in arms],
                [float(arm.parameters) if design.sized else 1.0 for arm in arms],
            )
            fits = [laws.log_law(*amounts, scores[places])]
            found[target, group] = fits[0]
            if len(places) > 6 and design.sized:  # five coefficients and a residual
                fits.append(laws.power_law(*amounts, scores[places]))
            rows += [
                {"target": target, "group": group, "law": law.name, "points": len(places), "aicc": law.aicc}
                | {"residual_sd": (law.residual / len(places)) ** 0.5}
                | {name: law.coefficients.get(name) for name in ("c", "e_D", "e_N", "E", "A", "B", "a", "b")}
                for law in fits
            ]
    return found, rows


def leave_one_size_out(design: Design, runs: Runs) -> list[dict[str, Any]]:
    """Return the primary contrast without each model in turn; nothing where fewer than two sizes would be left."""
    rows = []
    for model in design.models:
        kept = [place for place, arm in enumerate(design.arms) if arm.model != model]
        if len({design.arms[place].parameters for place in kept}) < 2:
            continue
        row = np.zeros(len(design.arms))
        row[kept] = weights([design.arms[place] for place in kept], design.contrast)
        found = runs.contrast(row, languages=design.options["languages"])
        rows.append({"left_out": model, "estimate": found.estimate, "low": found.low, "high": found.high, "p": found.p})
    return rows


def effective_data(design: Design, runs: Runs) -> list[dict[str, Any]]:
    """Return, for each arm with a number of target examples, how many without intermediate training do as well."""
    rows = []
    for target in design.targets:
        scores = means(design, runs, target)
        for model in design.models:
            curve = sorted(
                (float(arm.values["target_examples"]), scores[place])
                for place, arm in enumerate(design.arms)
                if arm.model == model and not arm.treated and "target_examples" in arm.values
            )
            for place, arm in enumerate(design.arms) if len(curve) > 1 else ():
                size = arm.values.get("target_examples")
                if arm.model != model or not arm.treated or size is None:
                    continue
                reached = laws.equivalent_examples([x for x, _ in curve], [y for _, y in curve], scores[place])
                rows.append(
                    {"model": model, "target": target, "task": arm.values["task"], "examples": arm.values["examples"]}
                    | {"target_examples": size, "score": scores[place]}
                    | {"equivalent": None if reached == inf else reached, "beyond": reached == inf}
                    | {"below": bool(scores[place] < laws.isotonic([y for _, y in curve])[0])}
                    | {"transferred": None if reached == inf else reached - float(size)}
                )
    return rows


def elasticity_rows(estimates: Sequence[Estimate]) -> list[dict[str, Any]]:
    """Return the elasticities as rows."""
    return [
        {"name": one.name, "target": one.scope.get("target", "all"), "estimate": one.interval.estimate}
        | {"low": one.interval.low, "high": one.interval.high, "p": one.interval.p}
        for one in estimates
    ]


def notes(design: Design, rate: Estimate | None, left_out: Sequence[dict[str, Any]]) -> list[str]:
    """Return the caveats."""
    sizes = len({arm.parameters for arm in design.arms})
    found = [
        f"{sizes} sizes of models are {sizes} points: what else differs between them (recipe, depth, tokens seen) is "
        "in the slope of the parameters."
    ]
    if rate is not None:
        value = rate.interval
        bounds = f"{value.low:.3g} to {value.high:.3g}" if isfinite(value.low) else "unbounded"
        found.append(f"Exchange rate: {value.estimate:.3g} {EXCHANGE} (95 % interval {bounds}, Fieller).")
    if left_out:
        values = [row["estimate"] for row in left_out]
        found.append(f"Without one size in turn the primary contrast is {min(values):+.3g} to {max(values):+.3g}.")
    if design.options["overlap"]:
        found.append("Targets may be fine-tuned on examples that intermediate training has used (declared).")
    if design.options["steps"]:
        found.append("All amounts of data are trained for as many steps, so that small ones are repeated.")
    return found


def scaling_figure(design: Design, runs: Runs) -> Figure:
    """Draw the score of each model over the intermediate examples, a panel for each target and group."""
    wanted = [(target, group) for target in design.targets for group in groups(design)]
    figure, axes = plots.panels(len(wanted))
    for panel, (target, group) in zip(axes, wanted, strict=True):
        by_seed = runs.scores(target).mean(axis=2)
        places = groups(design)[group]
        lines: dict[str, plots.Curve] = {}
        for model in design.models:
            mine = sorted(
                (place for place in places if design.arms[place].model == model),
                key=lambda place: float(design.arms[place].values["examples"]),
            )
            x = [float(design.arms[place].values["examples"]) for place in mine]
            error = by_seed[mine].std(axis=1, ddof=1) / np.sqrt(len(design.seeds))
            lines[model] = (x, by_seed[mine].mean(axis=1), error)
        ticks = sorted({float(design.arms[place].values["examples"]) for place in places})
        plots.curves(
            panel,
            lines,
            title=f"{target}, {group}",
            x_label="intermediate examples",
            y_label="score",
            ticks=ticks,
        )
    plots.legend(figure, axes)
    return figure


def contour_figure(design: Design, runs: Runs, found: dict[tuple[str, str], laws.Law]) -> Figure:
    """Draw the scores by model and examples; below stand the slopes of the log law."""
    wanted = [(target, group) for target in design.targets for group in groups(design)]
    figure, axes = plots.panels(len(wanted))
    for panel, (target, group) in zip(axes, wanted, strict=True):
        scores, places = means(design, runs, target), groups(design)[group]
        amounts = sorted({float(design.arms[place].values["examples"]) for place in places})
        table = np.full((len(design.models), len(amounts)), np.nan)
        for place in places:
            arm = design.arms[place]
            table[design.models.index(arm.model), amounts.index(float(arm.values["examples"]))] = scores[place]
        columns = [plots.short(n) for n in amounts]
        plots.cells(panel, table, design.models, columns, f"{target}, {group}")
        law = found[target, group].coefficients
        panel.set_xlabel(f"examples\nper doubling: data {law['e_D']:+.2f}, parameters {law['e_N']:+.2f}")
    return figure


def _table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> pa.Table:
    """Return rows as a table, with the columns of an empty one."""
    return pa.Table.from_pylist(list(rows)) if rows else pa.table({name: pa.array([], pa.string()) for name in columns})
