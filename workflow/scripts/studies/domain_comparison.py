"""Text of a domain less general text: overall, in slices, in languages with and without text."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from workflow.scripts.designs.domain import differences, sliced, weights
from workflow.scripts.designs.domain_sources import coverage
from workflow.scripts.designs.kind import Design, Value
from workflow.scripts.statistics import Interval
from workflow.scripts.statistics.intervals import Languages
from workflow.scripts.studies.domain_contrasts import FEWEST, Mask, Piece, crossed, difference
from workflow.scripts.studies.domain_data import INSIDE, OUTSIDE, read_slices, sides
from workflow.scripts.studies.runs import Runs
from workflow.scripts.tasks import SOURCE_LANGUAGE

ALL = 1
WITH, WITHOUT = 1, -1
GROUPS = {WITH: "with text", WITHOUT: "without text", 0: "all"}
SIDES = {INSIDE: "of the domain", OUTSIDE: "others", 0: "all"}


class Comparison:
    """What a study `domain` measured, in slices and groups of languages.

    Args:
        design: which study.
        runs: what it measured.
        extra: test data of the targets.
    """

    def __init__(self, design: Design, runs: Runs, extra: Sequence[Path]) -> None:
        self.design, self.runs = design, runs
        self.domains = [str(domain) for domain in design.facts["given"]["factors"]["domains"]]
        self.chosen = {domain: design.options["slices"].get(domain, {}) for domain in self.domains}
        dimensions = list(dict.fromkeys(name for chosen in self.chosen.values() for name in chosen))
        data = [path for path in extra if path.suffix == ".parquet"]
        self.values = read_slices(data, dimensions) if dimensions else {}

    def languages(self, target: str, domain: str) -> dict[int, list[str]]:
        """Return the languages of a target with text of a domain and without, but for English, which tasks are in."""
        covered = coverage(self.design.options, domain)
        codes = [code for code in self.runs.measured(target).languages if code != SOURCE_LANGUAGE]
        return {
            WITH: [code for code in codes if not covered or code in covered],
            WITHOUT: [code for code in codes if covered and code not in covered],
        }

    def sides(self, target: str, domain: str) -> dict[str, dict[int, Mask]]:
        """Return, by language, which examples of a target are of a domain and which are not; nothing if unknown."""
        if target not in sliced(self.design) or target not in self.values:
            return {}
        return sides(self.values[target], self.chosen[domain], self.runs.ids(target))

    def whole(self, target: str) -> dict[str, dict[int, Mask]]:
        """Return, by language, all examples of a target."""
        return {code: {ALL: np.ones(len(ids), dtype=np.bool_)} for code, ids in self.runs.ids(target).items()}

    def interval(
        self,
        contrast: str,
        domains: Sequence[str] = (),
        targets: Sequence[str] = (),
        chosen: Mapping[str, Value] | None = None,
    ) -> Interval | None:
        """Return a contrast with its interval, None where there are no slices, languages or families that it compares.

        Args:
            contrast: of the kind.
            domains: which (default, all).
            targets: which (default, all).
            chosen: levels of other factors, and `model`.
        """
        drawn = self.design.options["languages"]
        if contrast in ("domain_minus_general", "domain_by_size"):
            row = weights(self.design.arms, contrast) if contrast == "domain_by_size" else self.row(domains, chosen)
            return self.runs.contrast(row, targets or None, languages=drawn)
        found: list[list[Piece]] = []
        for domain in domains or self.domains:
            for target in targets or self.design.targets:
                of_slices = contrast != "domain_by_coverage"
                split = self.sides(target, domain) if of_slices else self.whole(target)
                groups = self.languages(target, domain)
                if contrast == "domain_by_slice":
                    groups = {ALL: list(self.runs.measured(target).languages)}
                pieces = crossed(target, split, groups, self.row([domain], chosen), 1.0) if split else []
                found += [pieces] if pieces else []
        return self._mean(found)

    def cell(
        self, domain: str, targets: Sequence[str], side: int, group: int, codes: Sequence[str] = ()
    ) -> Interval | None:
        """Return domain less general text in a slice (0: all rows) and group of languages (0: all, English among them).

        Args:
            domain: which.
            targets: over which it is averaged.
            side: inside, outside, or 0.
            group: with text, without, or 0.
            codes: languages, in place of a group.
        """
        found = []
        for target in targets:
            split = self.sides(target, domain) if side else self.whole(target)
            wanted = codes or (self.languages(target, domain)[group] if group else self.runs.ids(target))
            masks = {code: split[code][side or ALL] for code in wanted if code in split}
            kept = {code: mask for code, mask in masks.items() if mask.sum() >= FEWEST}
            pieces = [Piece(target, code, mask, self.row([domain]), 1 / len(kept)) for code, mask in kept.items()]
            found += [pieces] if pieces else []
        return self._mean(found, "fixed")

    def row(self, domains: Sequence[str] = (), chosen: Mapping[str, Value] | None = None) -> list[float]:
        """Return the weights of domain less general text, the mean over domains, at some levels of other factors."""
        rows = [differences(self.design.arms, {"domain": one, **(chosen or {})}) for one in domains or self.domains]
        return [sum(column) / len(rows) for column in zip(*rows, strict=True)]

    def _mean(self, found: Sequence[Sequence[Piece]], languages: Languages | None = None) -> Interval | None:
        """Return the mean of sums of pieces."""
        pieces = [
            Piece(one.target, one.language, one.examples, one.weights, one.factor / len(found), one.group)
            for part in found
            for one in part
        ]
        if not pieces:
            return None
        measured = {target: self.runs.measured(target) for target in dict.fromkeys(one.target for one in pieces)}
        drawn = languages or self.design.options["languages"]
        try:
            return difference(measured, pieces, drawn)
        except ValueError:
            if drawn == "fixed":
                raise
            return None  # a group has languages of one family alone
