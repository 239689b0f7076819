"""Analysis of the study `typology`: slopes on the distance, robustness by language, and what other tests say."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from workflow.scripts.designs.kind import Design
from workflow.scripts.designs.typology import arms_of, matchings
from workflow.scripts.errors import UserError
from workflow.scripts.statistics import Interval, percentile_interval
from workflow.scripts.statistics.freedman_lane import freedman_lane
from workflow.scripts.statistics.ratios import Array
from workflow.scripts.studies.estimates import Analysis, Estimate, Role
from workflow.scripts.studies.runs import Runs
from workflow.scripts.studies.typology_contrasts import (
    Languages,
    distance_model,
    distance_slope,
    family_bootstrap,
)
from workflow.scripts.studies.typology_data import Scores, fertilities, read_languages, read_scores
from workflow.scripts.studies.typology_figures import regimes_figure, slopes_figure
from workflow.scripts.studies.typology_robustness import conditional_value_at_risk, pooled_languages, preselected
from workflow.scripts.studies.typology_tables import language_rows, robustness_rows

REPLICATES = 500
PERCENTILES = "percentiles of replicates, too short with few seeds; the worst of noisy scores is too low"

Tables = Mapping[str, Array]
"""Values by target, (seeds, languages of the target)."""


class Comparison:
    """The scores of a study with what is known of the languages.

    Args:
        design: which study.
        runs: what it measured.
        extra: token files and data of targets with parallel texts.

    Raises:
        UserError: targets have no language in common, or too few languages.
    """

    def __init__(self, design: Design, runs: Runs, extra: Sequence[Path]) -> None:
        self.design, self.runs = design, runs
        self.scores: dict[str, Scores] = read_scores(design, runs)
        self.codes = {target: scores.languages for target, scores in self.scores.items()}
        every = sorted({code for codes in self.codes.values() for code in codes})
        self.languages, self.left_out = read_languages(design, runs, every, fertilities(extra))
        try:
            self.pooled({target: scores.logits[0] for target, scores in self.scores.items()})
        except ValueError as error:
            raise UserError(f"study {design.name}: {error}; leave out the target that stands apart") from error

    def pooled(self, tables: Tables) -> Array:
        """Return values by seed and language, (seeds, languages)."""
        return pooled_languages(tables, self.codes)[0]

    def chosen(self, matching: str) -> dict[str, int]:
        """Return, by target, the arm of the single task with the highest score in English.

        Of a target without English: the one with the highest mean in English over the others, if there are any.
        """
        places = [self.arms(matching)[task] for task in self.design.facts["given"]["factors"]["singles"]]
        with_english = {target: one.english for target, one in self.scores.items() if one.english is not None}
        if not with_english:
            raise UserError(
                f"study {self.design.name} has no target with an English score, by which the single task is chosen; "
                "expected another target, such as xnli"
            )
        english = np.stack([values[places] for values in with_english.values()], axis=1)
        best = dict(zip(with_english, preselected(english).tolist(), strict=True))
        overall = int(preselected(english.mean(axis=1, keepdims=True))[0])
        return {target: places[best.get(target, overall)] for target in self.scores}

    def arms(self, matching: str) -> dict[str, int]:
        """Return the place of each regime of a matching."""
        return arms_of(self.design.arms, matching)

    def tables(self, contrast: str, matching: str) -> dict[str, Array]:
        """Return what a contrast compares, by target: differences of logits, or their mean over regimes."""
        arms = self.arms(matching)
        factors = self.design.facts["given"]["factors"]
        multi = arms[factors["mixtures"][0]]
        singles = [arms[task] for task in factors["singles"]]
        found = {}
        chosen = self.chosen(matching)
        for target, scores in self.scores.items():
            logits = scores.logits
            if contrast == "multi_by_distance":
                found[target] = logits[multi] - logits[chosen[target]]
            elif contrast == "multi_by_distance_mean":
                found[target] = logits[multi] - logits[singles].mean(axis=0)
            else:
                found[target] = logits[list(arms.values())].mean(axis=0)
        return found


def analyse(design: Design, runs: Runs, extra: Sequence[Path], rng: np.random.Generator) -> Analysis:
    """Return what the study found."""
    compared = Comparison(design, runs, extra)
    first, *others = matchings(design.facts)
    names: list[tuple[str, Role, str]] = [(design.contrast, "primary", "")]
    names += [(name, "secondary", family) for family, members in design.secondary.items() for name in members]
    estimates = [_estimate(compared, name, first, role, family) for name, role, family in names]
    estimates += [_estimate(compared, design.contrast, other, "exploratory", other=other) for other in others]
    estimates += _by_target(compared, first)
    estimates += worst_languages(compared, first, rng)
    slopes = slope_rows(compared)
    return Analysis(
        primary=estimates[0],
        estimates=estimates[1:],
        figures={"slopes": slopes_figure(compared, first), "regimes": regimes_figure(slopes, first)},
        tables={
            "languages": pa.Table.from_pylist(language_rows(compared)),
            "slopes": pa.Table.from_pylist(slopes),
            "robustness": pa.Table.from_pylist(robustness_rows(compared)),
            "tests": pa.Table.from_pylist(test_rows(compared, [name for name, *_ in names], first, rng)),
        },
        notes=notes(compared),
        licence=(
            "It speaks of languages like these (whole families are left out for the interval), of these tasks, targets "
            "and this model, with other seeds. It does not speak of other models, nor say that distance is the cause: "
            "what goes with it and is no control counts as distance."
        ),
    )


def _estimate(compared: Comparison, name: str, matching: str, role: Role, family: str = "", **scope: str) -> Estimate:
    interval = distance_slope(compared.pooled(compared.tables(name, matching)), compared.languages)
    return Estimate(name, compared.design.kind.contrasts[name], interval, role, family, scope)


def _by_target(compared: Comparison, matching: str) -> list[Estimate]:
    """Return the primary contrast of each target that has all the languages."""
    design, found = compared.design, []
    tables = compared.tables(design.contrast, matching)
    for target, table in tables.items():
        if compared.codes[target] and set(compared.codes[target]) == set(compared.languages.codes):
            order = [compared.codes[target].index(code) for code in compared.languages.codes]
            interval = distance_slope(table[:, order], compared.languages)
            meaning = design.kind.contrasts[design.contrast]
            found.append(Estimate(design.contrast, meaning, interval, "exploratory", "", {"target": target}))
    return found


def worst_languages(compared: Comparison, matching: str, rng: np.random.Generator) -> list[Estimate]:
    """Return points by which the mixture exceeds the chosen single task in its worst languages, means over targets."""
    design, share = compared.design, compared.design.options["worst_share"]
    drawn = compared.runs.replicates(rng, REPLICATES)
    multi = compared.arms(matching)[design.facts["given"]["factors"]["mixtures"][0]]
    chosen = compared.chosen(matching)
    found = []
    for name, part in (("worst_language", 1e-6), ("conditional_value_at_risk", share)):
        differences, estimates = [], []
        for target, scores in compared.scores.items():
            kept = [compared.runs.languages[target].index(code) for code in scores.languages]
            tail = conditional_value_at_risk(drawn[target][:, :, kept], part)
            differences.append(tail[:, multi] - tail[:, chosen[target]])
            point = conditional_value_at_risk(scores.values.mean(axis=1), part)
            estimates.append(point[multi] - point[chosen[target]])
        values, estimate = np.mean(differences, axis=0), float(np.mean(estimates))
        low, high = percentile_interval(estimate, values)
        spread = float(values.std(ddof=1))
        interval = Interval(estimate, low, high, spread, np.inf, np.nan, 0.95, ("seeds", "examples"), PERCENTILES)
        what = "the worst language" if name == "worst_language" else f"the worst {100 * share:.0f} % of languages"
        found.append(Estimate(name, f"points by which the mixture exceeds the chosen single task in {what}", interval))
    return found


def slope_rows(compared: Comparison) -> list[dict[str, Any]]:
    """Return the slope of each regime's logits on the distance."""
    rows = []
    for place, arm in enumerate(compared.design.arms):
        tables = {target: scores.logits[place] for target, scores in compared.scores.items()}
        found = distance_slope(compared.pooled(tables), compared.languages)
        rows.append(
            {"regime": arm.values.get("regime", "none"), "matching": arm.values.get("matching", "")}
            | {"tasks": int(arm.values.get("tasks", 0)), "slope": found.estimate}
            | {"low": found.low, "high": found.high, "p": found.p}
        )
    return rows


def test_rows(
    compared: Comparison, names: Sequence[str], matching: str, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Return what other methods say of the contrasts: permutation, family bootstrap and mixed model."""
    rows, known = [], compared.languages
    for name in names:
        tables = compared.tables(name, matching)
        values = compared.pooled(tables)
        mean = values.mean(axis=0)
        one = distance_slope(values, known)
        shared = {"contrast": name, "matching": matching}
        rows.append(_test(shared, "seeds and families (t)", one.estimate, one.low, one.high, one.p))
        p = _permuted(mean, known, compared.design.options["permutations"], rng)
        rows.append(_test(shared, "Freedman-Lane, languages within scripts", one.estimate, None, None, p))
        low, high = percentile_interval(one.estimate, family_bootstrap(mean, known, rng))
        rows.append(_test(shared, "bootstrap of families", one.estimate, low, high, None))
        model = distance_model({target: table.mean(axis=0) for target, table in tables.items()}, compared.codes, known)
        if model is not None:
            estimate, reach = float(model.coefficients[-1]), 1.96 * float(model.standard_errors[-1])
            rows.append(_test(shared, "mixed model (Wald)", estimate, estimate - reach, estimate + reach, None))
    return rows


def _permuted(values: Array, known: Languages, permutations: int, rng: np.random.Generator) -> float | None:
    """Return p; None where every script has one language."""
    try:
        return freedman_lane(values, known.regression(), rng, known.scripts, permutations).p
    except ValueError:
        return None


def _test(
    shared: Mapping[str, Any], method: str, estimate: float, low: float | None, high: float | None, p: float | None
) -> dict[str, Any]:
    return {**shared, "method": method, "estimate": estimate, "low": low, "high": high, "p": p}


def notes(compared: Comparison) -> list[str]:
    """Return the caveats."""
    known, families = compared.languages, len(set(compared.languages.families))
    controls = ", ".join(known.controls) or "none"
    told = [
        f"{len(known.codes)} languages of {families} families; a standard deviation of distance is {known.unit:.2f}. "
        f"Controls: {controls}."
    ]
    if compared.left_out:
        told.append(
            f"Left out of the controls: {', '.join(compared.left_out)} (not known, constant, or too few languages)."
        )
    chosen = compared.chosen(matchings(compared.design.facts)[0]).values()
    singles = {compared.design.arms[place].source for place in chosen}
    told.append(f"Single tasks chosen by English scores: {', '.join(sorted(singles))}.")
    lacking = [target for target, one in compared.scores.items() if one.english is None]
    if lacking:
        told.append(f"{', '.join(lacking)}: no English score; the single task is that of the other targets' English.")
    return told
