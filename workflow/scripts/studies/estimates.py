"""Estimates of a study and what its analysis hands back; contrasts that are linear in the arms' scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from workflow.scripts.designs.kind import Design
from workflow.scripts.statistics import Interval, holm

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from workflow.scripts.studies.runs import Runs

Role = Literal["primary", "secondary", "exploratory"]


@dataclass(frozen=True)
class Estimate:
    """A number that a study is about.

    Attributes:
        name: of the contrast or quantity.
        meaning: what it is, with its unit.
        interval: the number with its uncertainty; p is NaN where nothing is tested.
        role: whether it was declared, and as what; only secondary ones are corrected for multiplicity.
        family: of tests that are corrected together.
        scope: model, task, target or language that it is limited to, by factor.
        adjusted_p: p after Holm's correction within the family; that of the test itself where there is none.
    """

    name: str
    meaning: str
    interval: Interval
    role: Role = "exploratory"
    family: str = ""
    scope: Mapping[str, str] = field(default_factory=dict)
    adjusted_p: float | None = None


@dataclass(frozen=True)
class Analysis:
    """What an analysis hands back.

    Attributes:
        primary: the estimate of the primary contrast.
        estimates: all others.
        figures: by name, exactly those of the kind.
        tables: by name, exactly those of the kind.
        notes: caveats for the reader, a sentence each.
        licence: what the verdict licenses and what it does not.
    """

    primary: Estimate
    estimates: Sequence[Estimate]
    figures: Mapping[str, "Figure"]
    tables: Mapping[str, pa.Table]
    notes: Sequence[str]
    licence: str


def declared(design: Design, runs: "Runs") -> list[Estimate]:
    """Return the estimates of the primary contrast and of those of the families, linear in the scores of the arms."""
    wanted: list[tuple[str, Role, str]] = [(design.contrast, "primary", "")]
    wanted += [(name, "secondary", family) for family, names in design.secondary.items() for name in names]
    return [contrast(design, runs, name, role, family) for name, role, family in wanted]


def contrast(
    design: Design, runs: "Runs", name: str, role: Role = "exploratory", family: str = "", targets: Sequence[str] = ()
) -> Estimate:
    """Return the estimate of a linear contrast, of some targets or all.

    Raises:
        ValueError: the kind has no linear contrasts.
    """
    if design.kind.weights is None:
        raise ValueError(f"the kind '{design.name}' has no linear contrasts")
    weights = design.kind.weights(design.arms, name)
    interval = runs.contrast(weights, targets or None, languages=design.options["languages"])
    scope = {"target": targets[0]} if len(targets) == 1 else {}
    return Estimate(name, design.kind.contrasts[name], interval, role, family, scope)


def adjusted(estimates: Sequence[Estimate]) -> list[Estimate]:
    """Return the estimates with their p corrected within the families of secondary ones."""
    found = list(estimates)
    for family in dict.fromkeys(one.family for one in estimates if one.role == "secondary"):
        places = [i for i, one in enumerate(estimates) if one.role == "secondary" and one.family == family]
        for place, p in zip(places, holm([estimates[i].interval.p for i in places]), strict=True):
            found[place] = replace(found[place], adjusted_p=float(p))
    return [one if one.adjusted_p is not None else replace(one, adjusted_p=one.interval.p) for one in found]


def as_table(estimates: Sequence[Estimate]) -> pa.Table:
    """Return one row per estimate."""
    rows: list[dict[str, Any]] = []
    for one in estimates:
        kept = {
            name: float(getattr(one.interval, name))
            for name in ("estimate", "low", "high", "standard_error", "degrees")
        }
        rows.append(
            {
                "role": one.role,
                "family": one.family,
                "name": one.name,
                "meaning": one.meaning,
                **{factor: one.scope.get(factor, "") for factor in ("model", "task", "target", "language", "other")},
                **kept,
                "confidence": one.interval.confidence,
                "p": one.interval.p,
                "adjusted_p": one.interval.p if one.adjusted_p is None else one.adjusted_p,
                "varies": ", ".join(one.interval.sources),
                "caution": one.interval.caution,
            }
        )
    return pa.Table.from_pylist(rows)
