"""What a dry run tells of a study before anything is computed: its primary contrast and what the design can find."""

from workflow.scripts.designs.kind import Design
from workflow.scripts.statistics.power import VarianceComponents, minimum_detectable_effect

POWER = 0.8


def detectable_effect(design: Design, power: float = POWER) -> float:
    """Return the smallest primary effect, in its unit, that the design finds with so much power.

    Supposes that scores of arms and targets vary independently with seeds and examples, in the standard deviations
    that the design gives; pairing makes it better.

    Raises:
        ValueError: the kind says neither weights nor scale.
    """
    kind = design.kind
    if kind.scale is not None:
        scale = kind.scale(design)
    elif kind.weights is not None:
        scale = sum(weight**2 for weight in kind.weights(design.arms, design.contrast)) / len(design.targets)
    else:
        raise ValueError(f"the kind '{kind.name}' says neither weights nor scale")
    found = VarianceComponents(design.seed_deviation**2 * scale, design.example_deviation**2 * scale, 0.0)
    return minimum_detectable_effect(found, len(design.seeds), level=design.level, target=power)


def unsupposed(design: Design) -> str:
    """Return what varies in the test beside what the minimum detectable effect supposes; empty if nothing."""
    drawn = "differences between languages" if design.options["languages"] == "random" else ""
    found = design.kind.unsupposed or drawn
    return f" (at least: {found} are not in it)" if found else ""


def announcement(design: Design) -> str:
    """Return the line of the dry run."""
    return (
        f"study {design.name}: {design.kind.question} Primary contrast: {design.contrast} ({design.meaning}). Minimum "
        f"detectable effect {detectable_effect(design):.3g}{unsupposed(design)} with power {POWER:g} at level "
        f"{design.level:g} "
        f"({len(design.seeds)} seeds; supposed standard deviations of a score {design.seed_deviation:g} between seeds, "
        f"{design.example_deviation:g} between samples of examples). {len(design.cells())} scored runs."
    )
