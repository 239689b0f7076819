"""The verdict of a study: one sentence from the estimate of its primary contrast, and what it licenses."""

from math import isfinite
from typing import Any, Literal

from workflow.scripts.designs.announcement import unsupposed
from workflow.scripts.designs.kind import Design
from workflow.scripts.statistics import Interval, tost
from workflow.scripts.studies.estimates import Analysis, Estimate, adjusted

ROUNDING = 1e-9
"""Standard errors below this are rounding: nothing varies, and neither an effect nor equivalence is shown by that."""

State = Literal["positive", "negative", "negligible", "undecided"]


def state(found: Interval, level: float, negligible: float = 0.0) -> State:
    """Return what an estimate decides.

    Args:
        found: the estimate with its interval; one with a caution, or without any variance, decides nothing.
        level: of the test.
        negligible: an effect between − this and + this is too small to matter; 0 declares no such bound.
    """
    if found.caution or not isfinite(found.p) or found.standard_error < ROUNDING:
        return "undecided"
    if negligible and tost(found, -negligible, negligible, level).equivalent:
        return "negligible"
    if found.p < level:
        return "positive" if found.estimate > 0 else "negative"
    return "undecided"


def sentence(found: Interval, meaning: str, seeds: int, level: float, negligible: float = 0.0) -> str:
    """Return the verdict: effect, interval, p, seeds, and whether the study decides anything.

    Args:
        found: the estimate with its interval.
        meaning: what the contrast is.
        seeds: of the design.
        level: of the test.
        negligible: bound of what is too small to matter, 0 for none.
    """
    what = {
        "positive": "The effect is positive",
        "negative": "The effect is negative",
        "negligible": f"Whatever effect there is lies within ±{negligible:g}, declared too small to matter",
        "undecided": "The study is undecided, it shows neither an effect nor that there is none",
    }[state(found, level, negligible)]
    if found.standard_error < ROUNDING:
        what = "The study is undecided, nothing varies in its scores (as where all models are at the floor or ceiling)"
    width = round(100 * found.confidence)
    return (
        f"{what}: {found.estimate:+.3g} {meaning} ({width} % interval {found.low:+.3g} to {found.high:+.3g}, "
        f"p = {found.p:.2g}, {seeds} seeds)."
    )


def licence(design: Design) -> str:
    """Return what a verdict licenses and what not, as far as that follows from the design."""
    drawn = design.options["languages"] == "random"
    languages = "languages like these" if drawn else "these languages"
    other = "other families of models" if drawn else "other languages or families of models"
    return (
        f"It speaks of these models, intermediate trainings and targets, averaged over the targets, in {languages}, "
        f"with other seeds and other test examples. It does not speak of {other}, nor of levels beyond those measured."
    )


def as_json(design: Design, found: Analysis, detectable: float) -> dict[str, Any]:
    """Return the verdict for the report and for other programs."""
    interval = found.primary.interval
    told = sentence(interval, found.primary.meaning, len(design.seeds), design.level, design.negligible)
    return {
        "study": design.name,
        "question": design.kind.question,
        "sentence": told,
        "state": state(interval, design.level, design.negligible),
        "licence": found.licence,
        "contrast": found.primary.name,
        "estimate": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "p": interval.p,
        "varies": list(interval.sources),
        "caution": interval.caution,
        "detectable": detectable,
        "level": design.level,
        "negligible": design.negligible,
        "seeds": list(design.seeds),
        "models": design.models,
        "targets": list(design.targets),
        "factors": design.facts["given"]["factors"],
        "runs": len(design.cells()),
        "notes": list(found.notes),
        "figures": list(found.figures),
        "captions": dict(design.kind.captions),
        "estimates": [row(one) for one in adjusted(found.estimates) if one.role == "secondary"],
    }


def row(one: Estimate) -> dict[str, Any]:
    """Return a secondary estimate as the report shows it."""
    return {
        "family": one.family,
        "name": one.name,
        "meaning": one.meaning,
        "estimate": one.interval.estimate,
        "low": one.interval.low,
        "high": one.interval.high,
        "p": one.adjusted_p,
    }


def as_markdown(design: Design, found: Analysis, detectable: float) -> str:
    """Return verdict.md."""
    facts = as_json(design, found, detectable)
    lines = [f"# {design.name}", "", design.kind.question, "", f"**{facts['sentence']}**", "", found.licence, ""]
    if facts["caution"]:
        lines += [f"Left out of the interval: {facts['caution']}.", ""]
    lines += [
        f"Primary contrast, declared beforehand: `{design.contrast}`, {design.meaning}; level {design.level:g}"
        + (f", negligible within ±{design.negligible:g}" if design.negligible else "")
        + f". Minimum detectable effect of the design, from supposed variances: {detectable:.3g}{unsupposed(design)}. "
        f"What varies in the interval: {', '.join(found.primary.interval.sources)}. {facts['runs']} scored runs.",
        "",
    ]
    if facts["estimates"]:
        lines += ["| family | contrast | estimate | interval | p (Holm) |", "|---|---|---:|---|---:|"]
        lines += [
            f"| {one['family']} | {one['meaning']} | {one['estimate']:+.3g} | {one['low']:+.3g} to {one['high']:+.3g} "
            f"| {one['p']:.2g} |"
            for one in facts["estimates"]
        ]
        lines.append("")
    lines += [f"* {note}" for note in found.notes]
    return "\n".join(lines).rstrip() + "\n"
