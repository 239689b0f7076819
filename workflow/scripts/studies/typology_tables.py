"""Tables of the study `typology`: scores by language, and how robust each regime is."""

from typing import TYPE_CHECKING, Any

import numpy as np

from workflow.scripts.studies.typology_robustness import conditional_value_at_risk, family_macro_mean, retention

if TYPE_CHECKING:
    from workflow.scripts.studies.analyses.typology import Comparison


def language_rows(compared: "Comparison") -> list[dict[str, Any]]:
    """Return a row for each regime, target and language: score, retention (where there is English) and the distance."""
    rows = []
    for target, scores in compared.scores.items():
        for place, arm in enumerate(compared.design.arms):
            means = scores.values[place].mean(axis=0)
            kept = None
            if scores.english is not None:
                both = np.concatenate([scores.english[place][:, None], scores.values[place]], axis=1)
                kept = retention(both, 0).mean(axis=0)
            for column, code in enumerate(scores.languages):
                fact = compared.runs.facts[code]
                rows.append(
                    {"regime": arm.values.get("regime", "none"), "matching": arm.values.get("matching", "")}
                    | {"target": target, "language": code, "distance": fact.distance, "family": fact.family}
                    | {"script": fact.script, "score": float(means[column])}
                    | {"retention": None if kept is None else float(kept[column])}
                )
    return rows


def robustness_rows(compared: "Comparison") -> list[dict[str, Any]]:
    """Return measures of each regime in each target's languages but English, in points, seeds averaged.

    `regret` is the mean over languages of what the best regime of the same matching has more; of `none`, which is in
    no matching, what the best of all has more.
    """
    rows, share = [], compared.design.options["worst_share"]
    arms = compared.design.arms
    for target, scores in compared.scores.items():
        means = scores.values.mean(axis=1)  # (arms, languages)
        families = [compared.runs.facts[code].family or code for code in scores.languages]
        for place, arm in enumerate(arms):
            matching = arm.values.get("matching", "")
            alike = [i for i, other in enumerate(arms) if not matching or other.values.get("matching") == matching]
            own = means[place]
            rows.append(
                {"regime": arm.values.get("regime", "none"), "matching": matching, "target": target}
                | {"mean": float(own.mean()), "family_mean": float(family_macro_mean(own, families))}
                | {"worst": float(own.min()), "worst_language": scores.languages[int(own.argmin())]}
                | {"conditional_value_at_risk": float(conditional_value_at_risk(own, share))}
                | {"standard_deviation": float(own.std(ddof=1)) if len(own) > 1 else None}
                | {"regret": float((means[alike].max(axis=0) - own).mean())}
            )
    return rows
