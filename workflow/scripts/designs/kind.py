"""What a kind of study is, and a design of it: factors and levels, the runs that they amount to, the contrasts.

A run is a model, a source, a target and a seed. Studies share them with each other and with the main study: each is in
the plan once, whoever asks for it. The Snakefile imports this; neither torch nor numpy is needed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import log2
from typing import TYPE_CHECKING, Any

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.source_names import NONE

if TYPE_CHECKING:
    from workflow.scripts.layout import Layout

Facts = Mapping[str, Any]
"""All that a design depends on, as JSON: the run specification of its analysis. Keys: see `design.facts_of`."""

Value = str | int | float


@dataclass(frozen=True)
class Level:
    """An intermediate training of a design.

    Attributes:
        source: name of the source.
        values: level of each of the kind's factors.
        baseline: source that it is compared with.
        baseline_values: levels of that one.
    """

    source: str
    values: Mapping[str, Value]
    baseline: str = NONE
    baseline_values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Arm:
    """A model after a source.

    Attributes:
        model: its name.
        source: its intermediate training.
        values: level of each of the kind's factors; of a baseline those that it has.
        parameters: of the model, without embeddings; 0 where it does not matter.
        baseline: source that it is compared with; its own where it is a baseline.
        control: whether the model stands in no comparison of sizes (`controls`).
    """

    model: str
    source: str
    values: Mapping[str, Value]
    parameters: int
    baseline: str = NONE
    control: bool = False

    @property
    def treated(self) -> bool:
        """Whether it has had intermediate training."""
        return self.source != self.baseline


@dataclass(frozen=True)
class Design:
    """A study that was declared.

    Attributes:
        kind: what kind of study it is.
        facts: all that it depends on.
        arms: all models after all sources, baselines first.
        targets: of all arms.
        seeds: of all arms.
        contrast: the primary one, a key of the kind's contrasts.
        level: of its test.
        negligible: bound of what is too small to matter, in its unit; 0 declares none.
        secondary: families of further contrasts.
        seed_deviation: standard deviation of a score between seeds that the plan supposes, in points.
        example_deviation: the same of a score between samples of test examples.
        options: the kind's, with their defaults.
    """

    kind: "Kind"
    facts: Facts
    arms: tuple[Arm, ...]
    targets: tuple[str, ...]
    seeds: tuple[int, ...]
    contrast: str
    level: float
    negligible: float
    secondary: Mapping[str, tuple[str, ...]]
    seed_deviation: float
    example_deviation: float
    options: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Which study."""
        return self.kind.name

    @property
    def models(self) -> list[str]:
        """The models, the smallest first."""
        return list(dict.fromkeys(arm.model for arm in sorted(self.arms, key=lambda arm: arm.parameters)))

    @property
    def sized(self) -> bool:
        """Whether its models, but for controls, are of two sizes or more, all of them known."""
        return comparable({arm.parameters for arm in self.arms if not arm.control})

    @property
    def sources(self) -> list[str]:
        """The sources, baselines first."""
        return list(dict.fromkeys(arm.source for arm in self.arms))

    @property
    def meaning(self) -> str:
        """What the primary contrast is, in words."""
        return self.kind.contrasts[self.contrast]

    @property
    def scored(self) -> tuple[str, ...]:
        """The targets, and those that only show what else changes (option `forgetting`), which enter no contrast."""
        return tuple(dict.fromkeys([*self.targets, *self.options.get("forgetting", [])]))

    def cells(self) -> list[tuple[str, str, str, int]]:
        """Return model, source, target and seed of every run."""
        runs = product(self.arms, self.scored, self.seeds)
        return [(arm.model, arm.source, target, seed) for arm, target, seed in runs]


def _nothing(facts: Facts) -> None:
    """Find nothing wrong."""


def _no_files(design: Design, files: "Layout") -> list[str]:
    """Return no files."""
    return []


@dataclass(frozen=True)
class Kind:
    """A kind of study.

    Attributes:
        name: its key in the configuration.
        question: what it asks, in a line.
        factors: what its levels are, by factor, besides `models` and `targets`.
        contrasts: what each contrast is, with its unit, by name; the first is the primary one by default.
        levels: returns the intermediate trainings; their baselines are added.
        weights: returns the weight of each arm in a contrast (linear contrasts); None where there are none.
        scale: returns Σ weight² of the primary contrast where that is not linear in the arms; None where it is.
        unsupposed: what varies in the test of the primary contrast beside seeds and examples.
        optional: factors that may be left out.
        secondary: families of contrasts by default.
        by_size: contrasts that need models of two sizes.
        options: further settings with their defaults.
        check: raises a `UserError` where levels cannot be compared.
        disjoint: returns whether targets fine-tuned on a task see none of what sources train on; None: they do.
        figures: names of its figures.
        tables: names of its tables.
        captions: what the figures show, by name.
        inputs: returns further files that its analysis reads.
    """

    name: str
    question: str
    factors: Mapping[str, str]
    contrasts: Mapping[str, str]
    levels: Callable[[Facts], list[Level]]
    weights: Callable[[Sequence[Arm], str], list[float]] | None = None
    scale: Callable[[Design], float] | None = None
    unsupposed: str = ""
    optional: tuple[str, ...] = ()
    secondary: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by_size: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    check: Callable[[Facts], None] = _nothing
    disjoint: Callable[[Facts, str], bool] | None = None
    figures: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    captions: Mapping[str, str] = field(default_factory=dict)
    inputs: Callable[[Design, "Layout"], list[str]] = _no_files


CONTROLS = ("control_models", "twins")
"""Options that name models which stand in no comparison of sizes: of another family, or trained in another way."""


def controls(options: Mapping[str, Any]) -> list[str]:
    """Return the models that stand in no comparison of sizes (`CONTROLS`)."""
    return [model for option in CONTROLS for model in options.get(option, ())]


def comparable(sizes: Iterable[int]) -> bool:
    """Return whether numbers of parameters can be compared: two or more, none unknown (0)."""
    found = set(sizes)
    return len(found) > 1 and 0 not in found


def whole_numbers(facts: Facts, factor: str, *, least: int = 2) -> list[int]:
    """Return the levels of a factor of whole numbers, ascending; none where it is left out.

    Raises:
        UserError: one is no whole number above 0, or there are fewer than `least` levels.
    """
    levels = facts["given"]["factors"].get(factor, [])
    key = f"config: studies.{facts['study']}.factors.{factor}"
    for level in levels:
        if not isinstance(level, int) or isinstance(level, bool) or level < 1:
            raise UserError(
                f"{key} = '{level}' cannot be compared with other amounts; expected whole numbers from 1 on"
            )
    if len(levels) < least:
        raise UserError(f"{key} = {levels} cannot be compared; expected {least} levels or more")
    return sorted(levels)


def check_permutations(facts: Facts) -> None:
    """Check the number of permutations.

    Raises:
        UserError: it cannot reach the level of the test.
    """
    given = facts["given"]
    if given["options"]["permutations"] + 1 < 1 / given["primary"]["level"]:
        raise UserError(
            f"config: studies.{facts['study']}.options.permutations = {given['options']['permutations']} are too few "
            f"for the level {given['primary']['level']:g}; expected some thousands"
        )


def check_tasks(facts: Facts, factor: str = "tasks") -> list[str]:
    """Return the levels of a factor of intermediate tasks and mixtures.

    Raises:
        UserError: one is not known.
    """
    known = facts["known_sources"]
    for task in facts["given"]["factors"][factor]:
        if task not in known:
            raise UserError(
                f"config: studies.{facts['study']}.factors.{factor} = '{task}' is no known source: neither "
                f"intermediate task nor mixture; expected some of {', '.join(known)}.{nearest(str(task), known)}"
            )
    return list(facts["given"]["factors"][factor])


def slopes(arms: Sequence[Arm], amount: str) -> dict[str, list[float]]:
    """Return weights of the arms whose sums with their scores are slopes by least squares, in points per doubling.

    Keys: `amount` and `size`, each at the mean of the other, and `both`, by which a doubling of the parameters changes
    the slope of the amount. Of a crossed design these do not depend on each other. Baselines and controls weigh
    nothing; other factors are averaged over.

    Args:
        arms: of a crossed design.
        amount: factor with the amounts.
    """
    used = [arm for arm in arms if arm.treated and amount in arm.values and not arm.control]
    x = _centred([log2(float(arm.values[amount])) for arm in used])
    z = _centred([log2(arm.parameters) if arm.parameters else 0.0 for arm in used])
    found = {"amount": x, "size": z, "both": [a * b for a, b in zip(x, z, strict=True)]}
    places = {id(arm): place for place, arm in enumerate(used)}
    return {
        name: [
            values[places[id(arm)]] / (sum(w * w for w in values) or 1.0) if id(arm) in places else 0.0 for arm in arms
        ]
        for name, values in found.items()
    }


def _centred(values: Sequence[float]) -> list[float]:
    mean = sum(values) / max(1, len(values))
    return [value - mean for value in values]
