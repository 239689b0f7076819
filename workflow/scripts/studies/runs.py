"""What the runs of a study measured: counts of every example by arm and seed, costs of intermediate trainings."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workflow.scripts.designs.kind import Arm, Design
from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json
from workflow.scripts.metrics.shares import read_counts
from workflow.scripts.reporting.scores import Language
from workflow.scripts.source_names import without_target_size
from workflow.scripts.statistics import Interval, Measurements, replicate, scores
from workflow.scripts.statistics.contrasts import contrast_interval
from workflow.scripts.statistics.intervals import Languages
from workflow.scripts.statistics.ratios import Array
from workflow.scripts.tasks import find_task


class Runs:
    """The runs of a study, read when they are asked for.

    Args:
        design: which study.
        examples: tables of examples, `…/{model}/{source}/seed{seed}/{target}.parquet`.
        cards: run cards of intermediate trainings, `…/{model}/{source}/seed{seed}/run.json`.
        facts: the languages by code; controls are left out.
    """

    def __init__(
        self, design: Design, examples: Sequence[Path], cards: Sequence[Path], facts: Mapping[str, Language]
    ) -> None:
        self.design, self.facts = design, facts
        self._examples = {(*path.parts[-4:-1], path.stem): path for path in examples}
        self._cards = {path.parts[-4:-1]: path for path in cards}
        self._measured: dict[str, Measurements] = {}
        self._ids: dict[str, dict[str, Sequence[str]]] = {}

    def measured(self, target: str) -> Measurements:
        """Return the counts of a target: arms and seeds in the design's order, languages by code, no controls.

        Raises:
            UserError: a run is missing, or runs were scored on other examples.
        """
        if target not in self._measured:
            self._measured[target] = self._measure(target)
        return self._measured[target]

    def comparable(self, target: str) -> bool:
        """Return whether a target by itself can be looked at: languages that are drawn must be of two families."""
        return self.design.options["languages"] == "fixed" or _drawable([self.measured(target)])

    def ids(self, target: str) -> Mapping[str, Sequence[str]]:
        """Return the ids of the examples of a target by language, in the order of `measured`."""
        self.measured(target)
        return self._ids[target]

    def scores(self, target: str) -> Array:
        """Return the scores of a target, (arms, seeds, languages)."""
        return scores(self.measured(target))

    def contrast(
        self,
        weights: npt.ArrayLike,
        targets: Sequence[str] | None = None,
        languages: Languages = "fixed",
        confidence: float = 0.95,
        codes: Sequence[str] = (),
    ) -> Interval:
        """Return Σ weight × score over the arms, averaged over targets (default, all), with its interval.

        Args:
            weights: of the arms, (arms,), or (targets, arms).
            targets: which (default, all).
            languages: whether languages are fixed or drawn.
            confidence: share of such intervals that hold the truth.
            codes: languages (default, all); targets that lack them are left out.

        Raises:
            UserError: languages are drawn, and there are none of two families.
        """
        measured = [self.measured(target) for target in targets or self.design.targets]
        if codes:
            measured = [_limited(one, codes) for one in measured if {*codes} & {*one.languages}]
        if languages == "random" and not _drawable(measured):
            raise UserError(
                f"study {self.design.name}: {', '.join(targets or self.design.targets)} is in languages of one family, "
                "so that languages cannot be drawn; name targets in more of them, or set options.languages: fixed"
            )
        return contrast_interval(measured, weights, languages, confidence)

    def replicates(self, rng: np.random.Generator, count: int) -> dict[str, Array]:
        """Return scores of data drawn again by target, (replicates, arms, languages); the same seeds for all targets.

        Seeds and examples are drawn, languages are fixed.
        """
        shared = int(rng.integers(2**63))
        return {
            target: replicate(self.measured(target), np.random.default_rng(shared), count).scores
            for target in self.design.targets
        }

    def cost(self, arm: Arm, seed: int) -> Mapping[str, Any]:
        """Return the run card of an arm's intermediate training, nothing of a baseline."""
        card = self._cards.get((arm.model, without_target_size(arm.source)[0], f"seed{seed}"))
        return read_json(card) if card else {}

    @cached_property
    def languages(self) -> dict[str, list[str]]:
        """The languages of each target."""
        return {target: list(self.measured(target).languages) for target in self.design.scored}

    def _measure(self, target: str) -> Measurements:
        design = self.design
        counts = read_counts(
            [[self._path(arm, seed, target) for seed in design.seeds] for arm in design.arms], find_task(target)
        )
        codes = sorted(code for code in counts.numerators if code not in self.facts or not self.facts[code].is_control)
        if not codes:
            raise UserError(f"study {design.name}: '{target}' was scored in no language but controls; leave it out")
        self._ids[target] = {code: counts.ids[code] for code in codes}
        families = [(self.facts[code].family if code in self.facts else "") or code for code in codes]
        tops, bottoms = ([part[code] for code in codes] for part in (counts.numerators, counts.denominators))
        return Measurements(tops, bottoms, codes, families, counts.parallel)

    def _path(self, arm: Arm, seed: int, target: str) -> Path:
        path = self._examples.get((arm.model, arm.source, f"seed{seed}", target))
        if path is None:
            raise UserError(f"study {self.design.name} lacks the run {arm.model}/{arm.source}/seed{seed}/{target}")
        return path


def _drawable(measured: Sequence[Measurements]) -> bool:
    return len({name for one in measured for name in one.families or one.languages}) > 1


def _limited(measured: Measurements, codes: Sequence[str]) -> Measurements:
    """Return the measurements of some languages."""
    kept = [i for i, code in enumerate(measured.languages) if code in codes]
    families = [measured.families[i] for i in kept] if measured.families else ()
    tops, bottoms = ([arrays[i] for i in kept] for arrays in (measured.numerators, measured.denominators))
    return Measurements(tops, bottoms, [measured.languages[i] for i in kept], families, measured.parallel)
