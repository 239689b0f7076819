"""What the numbers say, in sentences computed from them."""

from collections.abc import Collection, Mapping
from statistics import fmean, median

from workflow.scripts.reporting.aggregate import (
    all_gains,
    best_overall,
    estimate,
    missing_parts,
    overall_gain,
    overall_scores,
)
from workflow.scripts.reporting.distance import distance_correlation
from workflow.scripts.reporting.formats import decimal
from workflow.scripts.reporting.scores import BASELINE, Scores
from workflow.scripts.reporting.tables import BIAS, source_title


def headline(scores: Scores, titles: Mapping[str, str]) -> str:
    """Return the main finding: the source with the best average, or plainly that none gains."""
    gains = {source: overall_gain(scores, source) for source in scores.intermediates}
    known = {source: gain.mean for source, gain in gains.items() if gain is not None}
    if not known:
        return "No average gain can be given yet: scores are missing."
    best = max(known, key=lambda source: known[source])
    title, gain = source_title(best, titles), decimal(known[best], signed=True)
    score = estimate(overall_scores(scores, best))
    level = f"{decimal(score.mean)} against {decimal(score.mean - known[best])} without it" if score else ""
    absent = len(scores.intermediates) - len(known)
    among = f" among the {len(known)} complete ones" if absent else ""
    if round(known[best], 1) <= 0:
        return (
            f"No intermediate task{among} raises the average score; the best, {title}, changes it by {gain} ({level})."
        )
    return f"{title} has the best average{among}: {gain} points ({level})."


def findings(scores: Scores, titles: Mapping[str, str]) -> list[str]:
    """Return further findings: how many cells gain, the extremes, the best per target, the effect of distance."""
    return [
        sentence
        for sentence in (
            _signs(scores),
            _extremes(scores, titles),
            _best_per_target(scores),
            _distance(scores),
            _gaps(scores),
        )
        if sentence
    ]


def caveats(scores: Scores, retrieval: Collection[str]) -> list[str]:
    """Return what a reader must know before believing the numbers."""
    notes = []
    if len(scores.seeds) == 1:
        notes.append(
            "One seed: differences of a few points are not evidence. Repeat the study with more seeds before "
            "ranking tasks that are close."
        )
    notes.append(BIAS)
    effect = _retrieval(scores, retrieval)
    if effect:
        notes.append(effect)
    if scores.collection == "laboratory":
        notes.append(
            "The laboratory's languages are generated and its model is tiny. The model is aligned with parallel "
            "text (translation pairs are part of its pretraining), unlike XLM-R, which saw monolingual text only: "
            "how well it transfers before any intermediate training says nothing about XLM-R."
        )
    if any(scores.controls.values()):
        notes.append(
            "Control languages (*) test the laboratory itself: an exact relabelling of English should transfer "
            "nearly as well as English, reversed word order should not. They enter no average."
        )
    return notes


def _signs(scores: Scores) -> str:
    shown = [round(gain.mean, 1) for gain in all_gains(scores).values()]
    total = len(scores.intermediates) * len(scores.targets)
    if not shown:
        return f"None of the {total} gains can be computed: `none` or the intermediate tasks are missing."
    up, down = sum(gain > 0 for gain in shown), sum(gain < 0 for gain in shown)
    rest = [f"{same} unchanged"] if (same := len(shown) - up - down) else []
    rest += [f"{total - len(shown)} missing"] if total > len(shown) else []
    tail = f" ({', '.join(rest)})" if rest else ""
    return f"Of {total} pairs of intermediate task and target, {up} gain and {down} lose{tail}."


def _extremes(scores: Scores, titles: Mapping[str, str]) -> str:
    gains = all_gains(scores)
    if len(gains) < 2:
        return ""

    def name(pair: tuple[str, str]) -> str:
        value = decimal(gains[pair].mean, signed=True)
        return f"{source_title(pair[0], titles)} → {titles.get(pair[1], pair[1])}, {value}"

    ordered = sorted(gains, key=lambda pair: gains[pair].mean)
    top = "Largest gain" if gains[ordered[-1]].mean > 0 else "Smallest loss"
    low = "largest loss" if gains[ordered[0]].mean < 0 else "smallest gain"
    return f"{top}: {name(ordered[-1])}; {low}: {name(ordered[0])}."


def _best_per_target(scores: Scores) -> str:
    score, gain = best_overall(scores)
    if score is None or gain is None:
        return ""
    return (
        f"Taking the best task of each target, as the paper's best models do, gives an average of "
        f"{decimal(score.mean)}, a change of {decimal(gain.mean, signed=True)} over {BASELINE} "
        "(biased upward, see below)."
    )


def _distance(scores: Scores) -> str:
    found = [distance_correlation(scores, BASELINE, target) for target in scores.targets]
    known = [rho for rho in found if rho is not None]
    if not known:
        return ""
    falling = sum(rho < 0 for rho in known)
    middle = f"{median(known):.2f}".replace("-", "\u2212")
    return (
        f"Without intermediate training, scores fall with typological distance to English on {falling} of "
        f"{len(known)} targets (median Spearman ρ {middle})."
    )


def _gaps(scores: Scores) -> str:
    gaps = len(missing_parts(scores))
    total = len(scores.sources) * len(scores.targets) * len(scores.seeds)
    return f"Incomplete: {gaps} of {total} cells lack scores; they are listed under provenance." if gaps else ""


def _retrieval(scores: Scores, retrieval: Collection[str]) -> str:
    gains = [gain.mean for (_, target), gain in all_gains(scores).items() if target in retrieval]
    if not gains:
        return ""
    mean = decimal(fmean(gains), signed=True)
    published = "The paper's abstract reports large gains on the retrieval targets (BUCC, Tatoeba)."
    if fmean(gains) < 5:
        return f"{published} They do not show here: the mean gain over these targets is {mean} points."
    return f"{published} Here the mean gain over these targets is {mean} points."
