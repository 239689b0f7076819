"""What the numbers say, in sentences computed from them."""

from collections.abc import Collection, Mapping, Sequence
from statistics import fmean, median

from workflow.scripts.reporting.aggregate import (
    all_gains,
    best_overall,
    estimate,
    mean_over,
    missing_parts,
    overall_gain,
    overall_scores,
    task_language_scores,
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
            _relabelled(scores),
            _gaps(scores),
        )
        if sentence
    ]


def caveats(
    models: Sequence[Scores], retrieval: Collection[str], *, provider: str = "", aligned: Collection[str] = ()
) -> list[str]:
    """Return what a reader must know before believing the numbers.

    Args:
        models: the scores of each model.
        retrieval: which targets are retrieval or mining.
        provider: where the data come from (`laboratory`: they are generated).
        aligned: the models whose pretraining includes translation pairs.
    """
    notes = []
    if len(models[0].seeds) == 1:
        notes.append(
            "One seed: differences of a few points are not evidence. Repeat the study with more seeds before "
            "ranking tasks that are close."
        )
    notes.append(BIAS)
    notes.append(_retrieval(models, retrieval))
    if provider == "laboratory":
        notes.append(
            "The laboratory's languages and data are generated and its models are tiny: it shows how a study works, "
            "and its numbers are no estimates for natural languages."
        )
    notes.append(_aligned(models, aligned))
    notes.append(_controls(models, provider))
    return [note for note in notes if note]


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
        "(biased upward)."
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


def _relabelled(scores: Scores) -> str:
    """Say how the control languages do beside English, over the targets that have both."""
    codes = sorted({code for found in scores.controls.values() for code in found})
    english = next((code for code, facts in scores.facts.items() if facts.role == "source"), "")
    targets = [t for t in scores.targets if english in scores.languages[t] and set(codes) <= set(scores.controls[t])]
    means = {}
    for code in (english, *codes):
        found = estimate(mean_over(task_language_scores(scores, BASELINE, target, code) for target in targets))
        if found:
            means[code] = f"{scores.name(code)} {decimal(found.mean)}"
    if not codes or len(means) < len(codes) + 1:
        return ""
    shown = ", ".join(means.values())
    return (
        f"The controls beside English, without intermediate training, on average over {len(targets)} targets: {shown}."
    )


def _gaps(scores: Scores) -> str:
    gaps = len(missing_parts(scores))
    total = len(scores.sources) * len(scores.targets) * len(scores.seeds)
    return f"Incomplete: {gaps} of {total} cells lack scores; they are listed under provenance." if gaps else ""


def _retrieval(models: Sequence[Scores], retrieval: Collection[str]) -> str:
    means = {}
    for scores in models:
        gains = [gain.mean for (_, target), gain in all_gains(scores).items() if target in retrieval]
        if gains:
            means[scores.model] = fmean(gains)
    if not means:
        return ""
    published = "The paper's abstract reports large gains on the retrieval targets (BUCC, Tatoeba)."
    shown = [decimal(mean, signed=True) for mean in means.values()]
    if len(models) > 1:
        shown = [f"{value} ({model})" for value, model in zip(shown, means, strict=True)]
    mean = f"the mean gain over these targets is {' and '.join(shown)} points"
    if max(means.values()) < 5:
        return f"{published} They do not show here: {mean}."
    return f"{published} Here {mean}."


def _aligned(models: Sequence[Scores], aligned: Collection[str]) -> str:
    names = [scores.model for scores in models if scores.model in aligned]
    if not names:
        return ""
    which = f"The model {names[0]} is" if len(names) == 1 else f"The models {' and '.join(names)} are"
    return (
        f"{which} aligned with parallel text (translation pairs are part of the pretraining), unlike XLM-R, which saw "
        "monolingual text only: transfer before any intermediate training says nothing about XLM-R."
    )


def _controls(models: Sequence[Scores], provider: str) -> str:
    codes = sorted({code for scores in models for found in scores.controls.values() for code in found})
    if not codes:
        return ""
    names = ", ".join(models[0].name(code) for code in codes)
    note = f"Control languages (*) are diagnostics and enter no average: {names}."
    if provider == "laboratory":
        note += " An exact relabelling of English should transfer nearly as well as English, reversed order should not."
    return note
