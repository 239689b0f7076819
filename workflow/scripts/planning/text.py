"""The plan as lines of text."""

from collections.abc import Mapping
from typing import Any

from workflow.scripts.planning.jobs import STAGES


def plan_lines(plan: Mapping[str, Any]) -> list[str]:
    """Return the lines of a plan as `plan_study.make_plan` makes it."""
    lines = [f"Plan of '{plan['collection']}': {plan['total_jobs']:,} jobs, the target 'all' among them", ""]
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
        lines.append(f"  {gpu['gpu']:<14}{gpu['tflops']:>7,.0f} TFLOPS {gpu['precision']:<6}{gpu['hours']:>12,.2f} h")
    lines += ["", "Disk of results, in MB"]
    lines += [f"  {name:<14}{size / 1e6:>14,.1f}" for name, size in plan["disk"].items()]
    lines.append(
        f"  {'together':<14}{sum(plan['disk'].values()) / 1e6:>14,.1f}; there now: {plan['present_bytes'] / 1e6:,.1f}"
    )
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
