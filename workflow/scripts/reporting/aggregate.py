"""Means over languages and targets, gains against `none`, spread over seeds, the best source per target.

The averages are XTREME's (evaluate.py of google-research/xtreme): a target's score is the unweighted mean over
its languages, English included; a question-answering target's score is the mean of its mean F1 and its mean
exact match; the overall score is the unweighted mean over targets. Two rules are ours:

* Control languages are diagnostics of the laboratory, not languages, and enter no average.
* What is incomplete is missing. A target lacking one of its languages has no score, and a source lacking one
  target has no average: an average over fewer parts would look better or worse for the wrong reason.

Everything is computed per seed first and summarised over seeds last, so that gains are paired within seeds.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from statistics import fmean, stdev

from workflow.scripts.reporting.scores import BASELINE, Scores

SeedValues = dict[int, float]
"""One value (0-100, or a difference of two such) per seed."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds, its standard deviation (n - 1; None for one seed) and the number of seeds."""

    mean: float
    std: float | None
    seeds: int


@dataclass(frozen=True, slots=True)
class Best:
    """The best source of one target: chosen by its gain on the very scores it is reported on."""

    target: str
    source: str
    score: Estimate
    gain: Estimate | None
    candidates: int


def estimate(values: SeedValues) -> Estimate | None:
    """Summarise over seeds; None where there is no value."""
    if not values:
        return None
    numbers = list(values.values())
    return Estimate(fmean(numbers), stdev(numbers) if len(numbers) > 1 else None, len(numbers))


def paired_gain(treated: SeedValues, baseline: SeedValues) -> SeedValues:
    """Return the difference within each seed that both have."""
    return {seed: treated[seed] - baseline[seed] for seed in treated if seed in baseline}


def mean_over(parts: Iterable[SeedValues]) -> SeedValues:
    """Return the unweighted mean of the parts for each seed that every part has."""
    columns = list(parts)
    if not columns:
        return {}
    seeds = [seed for seed in columns[0] if all(seed in column for column in columns)]
    return {seed: fmean(column[seed] for column in columns) for seed in seeds}


def language_scores(scores: Scores, source: str, target: str, metric: str, language: str) -> SeedValues:
    """Return one language's score for each seed that has it."""
    found = {}
    for seed in scores.seeds:
        cell = scores.values.get((source, target, metric, seed), {})
        if language in cell:
            found[seed] = cell[language]
    return found


def metric_scores(scores: Scores, source: str, target: str, metric: str) -> SeedValues:
    """Return the mean over the target's languages for each seed that has all of them."""
    languages = scores.languages[target]
    return mean_over(language_scores(scores, source, target, metric, language) for language in languages)


def task_scores(scores: Scores, source: str, target: str) -> SeedValues:
    """Return the target's score per seed: the mean of its main metrics' means over languages."""
    return mean_over(metric_scores(scores, source, target, metric) for metric in scores.metrics[target])


def task_language_scores(scores: Scores, source: str, target: str, language: str) -> SeedValues:
    """Return one language's score per seed: the mean of its main metrics (F1 and exact match, say)."""
    metrics = scores.metrics[target]
    return mean_over(language_scores(scores, source, target, metric, language) for metric in metrics)


def overall_scores(scores: Scores, source: str, targets: Collection[str] | None = None) -> SeedValues:
    """Return the mean over the targets (default: all) for each seed that has every one of them."""
    wanted = scores.targets if targets is None else targets
    return mean_over(task_scores(scores, source, target) for target in wanted)


def task_gain(scores: Scores, source: str, target: str) -> Estimate | None:
    """Return the gain of a source over `none` on one target."""
    return estimate(paired_gain(task_scores(scores, source, target), task_scores(scores, BASELINE, target)))


def overall_gain(scores: Scores, source: str) -> Estimate | None:
    """Return the gain of a source over `none` on the average of all targets."""
    return estimate(paired_gain(overall_scores(scores, source), overall_scores(scores, BASELINE)))


def all_gains(scores: Scores) -> dict[tuple[str, str], Estimate]:
    """Return every gain there is, by (source, target)."""
    found = {}
    for source in scores.intermediates:
        for target in scores.targets:
            gain = task_gain(scores, source, target)
            if gain is not None:
                found[source, target] = gain
    return found


def best_source(scores: Scores, target: str) -> Best | None:
    """Return the intermediate source with the highest score on a target (the first of equals).

    Where `none` has a score the paired gain decides, so that a source measured on fewer seeds is compared
    on those seeds only. `none` itself is no candidate: the paper's "best intermediate" may be a loss.
    """
    candidates = []
    for source in scores.intermediates:
        score = estimate(task_scores(scores, source, target))
        if score is not None:
            candidates.append((source, score, task_gain(scores, source, target)))
    if not candidates:
        return None
    has_gain = [candidate for candidate in candidates if candidate[2] is not None]
    source, score, gain = max(has_gain or candidates, key=lambda c: c[1].mean if c[2] is None else c[2].mean)
    return Best(target, source, score, gain, len(candidates))


def best_overall(scores: Scores) -> tuple[Estimate | None, Estimate | None]:
    """Return score and gain of the paper's "our best models": the best source of each target, averaged.

    None where a target has no best source. Biased upward: the maximum of noisy scores is too high.
    """
    chosen = [best_source(scores, target) for target in scores.targets]
    if any(best is None for best in chosen):
        return None, None
    mean = mean_over(task_scores(scores, best.source, best.target) for best in chosen if best is not None)
    return estimate(mean), estimate(paired_gain(mean, overall_scores(scores, BASELINE)))


def missing_parts(scores: Scores) -> list[tuple[str, str, int, list[str]]]:
    """Return (source, target, seed, languages without a score) for every incomplete cell.

    The list is empty when the study is complete. Control languages count as parts here.
    """
    gaps = []
    for source in scores.sources:
        for target in scores.targets:
            expected = scores.languages[target] + scores.controls[target]
            for seed in scores.seeds:
                cells = [scores.values.get((source, target, m, seed), {}) for m in scores.metrics[target]]
                absent = [code for code in expected if any(code not in cell for cell in cells)]
                if absent or not cells:
                    gaps.append((source, target, seed, absent))
    return gaps
