"""The plan as lines of text."""

from collections.abc import Mapping
from typing import Any

from workflow.scripts.planning.jobs import MAIN, STAGES

USUAL = "A100-80GB"
"""The GPU whose hours the lines of the parts tell, unless others are asked for."""


def plan_lines(plan: Mapping[str, Any]) -> list[str]:
    """Return the lines of a plan as `plan_study.make_plan` makes it."""
    targets = " and ".join(f"'{name}'" for name in plan["targets"])
    lines = [f"Plan of '{plan['collection']}': {plan['total_jobs']:,} jobs, {targets} among them", ""]
    lines.append(f"{'stage':<14}{'jobs':>7}{'done':>7}{'stale':>7}{'tokens':>12}{'FLOPs':>12}{'CPU-hours':>12}")
    for stage in STAGES:
        row = plan["stages"][stage]
        cells = [f"{row[key]:.2e}" if row.get(key) else "-" for key in ("tokens", "flops")]
        hours = f"{row['cpu_hours']:.3g}" if row.get("cpu_hours") else "-"
        lines.append(
            f"{stage:<14}{row['jobs']:>7,}{row['done']:>7,}{row['stale']:>7,}{cells[0]:>12}{cells[1]:>12}{hours:>12}"
        )
    lines += [
        "",
        f"All: {plan['tokens']:.2e} tokens, {plan['flops']:.2e} FLOPs; of what is not done {plan['flops_left']:.2e}",
    ]
    if plan["unknown"]:
        lines.append(f"NOT counted, for their size is unknown: {', '.join(plan['unknown'])}")
    lines += ["", f"GPU-hours at {plan['utilisation']:.0%} of the peak (assumed; --utilisation)"]
    for gpu in plan["gpus"]:
        lines.append(
            f"  {gpu['gpu']:<14}{gpu['tflops']:>7,.0f} TFLOPS {gpu['precision']:<6}{_rounded(gpu['hours']):>9} h"
        )
    lines += _disk_lines(plan["disk"], plan["present_bytes"]) + _part_lines(plan["parts"])
    effect = plan["detectable"]
    alone = " (of this one seed alone)" if effect["seeds"] == 1 else ""
    lines += [
        "",
        f"Smallest gain that {effect['seeds']} seed(s) show in 80 % of cases: {effect['points']:.2f} points{alone};",
        f"  assumed standard deviations of a gain: {effect['seed_deviation']:g} between seeds, "
        f"{effect['example_deviation']:g} by examples",
        "",
        "Tokens: counted where token files are there, "
        + ("estimated elsewhere (reference/planning/tokens.csv)" if plan["estimated"] else "and they all are"),
        "FLOPs: training 6 N tokens (adapters 4 N), prediction 2 N tokens, and attention; N without embeddings",
    ]
    return lines


def _part_lines(parts: Mapping[str, Any]) -> list[str]:
    """Return a line for the main study and for each study; of hours those of one GPU."""
    if not parts:
        return []
    names = list(next(iter(parts.values()))["own"]["hours"])
    gpu = USUAL if USUAL in names else names[0]
    lines = ["", f"Parts, and what is only their own; hours of {gpu}, disk in GB"]
    lines.append(
        f"  {'part':<14}{'jobs':>8}{'own':>8}{'FLOPs':>11}{'own':>11}{'hours':>10}{'own':>10}{'disk':>9}{'own':>9}"
    )
    for name, part in parts.items():
        both = part["whole"], part["own"]
        cells = [f"{one['jobs']:>8,}" for one in both] + [f"{one['flops']:>11.2e}" for one in both]
        cells += [f"{_rounded(one['hours'][gpu]):>10}" for one in both]
        cells += [f"{_rounded(one['disk_bytes'] / 1e9):>9}" for one in both]
        lines.append(f"  {'main study' if name == MAIN else name:<14}{''.join(cells)}")
    return lines


def _disk_lines(sizes: Mapping[str, float], present: float) -> list[str]:
    together = sum(sizes.values())
    unit, scale = ("GB", 1e9) if together >= 1e9 else ("MB", 1e6)
    rows = [f"  {name:<14}{_rounded(size / scale):>9}" for name, size in ({**sizes, "together": together}).items()]
    return ["", f"Disk of results, in {unit}", *rows[:-1], f"{rows[-1]}; there now: {_rounded(present / scale)}"]


def _rounded(value: float) -> str:
    """Return a number with no more figures than an estimate deserves."""
    if 0 < value < 0.01:
        return "< 0.01"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"
