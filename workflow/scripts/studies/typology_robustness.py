"""How robust a regime is across languages: pure functions of scores by language.

Retention of a language is logit(score) − logit(score in English), so that a point counts more near 0 and 100.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from workflow.scripts.statistics.ratios import Array

EDGE = 0.5
"""Scores are kept this many points off 0 and 100, where the logit is infinite."""


def logits(scores: npt.ArrayLike) -> Array:
    """Return log(s / (100 − s)) of scores from 0 to 100."""
    clipped = np.clip(np.asarray(scores, dtype=np.float64), EDGE, 100 - EDGE)
    return np.asarray(np.log(clipped / (100 - clipped)), dtype=np.float64)


def retention(scores: npt.ArrayLike, english: int) -> Array:
    """Return the retention of all languages but English, (…, languages − 1).

    Args:
        scores: 0 to 100, (…, languages).
        english: its place.
    """
    values = logits(scores)
    return np.asarray(np.delete(values, english, axis=-1) - values[..., english : english + 1])


def conditional_value_at_risk(scores: npt.ArrayLike, share: float) -> Array:
    """Return the mean of the worst languages, a `share` of them (rounded up), of scores (…, languages).

    Source: Rockafellar and Uryasev (2000).

    Raises:
        ValueError: a share not in (0, 1].
    """
    values = np.sort(np.asarray(scores, dtype=np.float64), axis=-1)
    if not 0 < share <= 1:
        raise ValueError(f"the share must lie in (0, 1], got {share}")
    count = int(np.ceil(share * values.shape[-1] - 1e-9))
    return np.asarray(values[..., :count].mean(axis=-1))


def family_macro_mean(scores: npt.ArrayLike, families: Sequence[str]) -> Array:
    """Return the mean over families of the means over their languages, of scores (…, languages)."""
    values, names = np.asarray(scores, dtype=np.float64), np.asarray(families)
    return np.asarray(np.mean([values[..., names == name].mean(axis=-1) for name in np.unique(names)], axis=0))


def pooled_languages(tables: Mapping[str, Array], languages: Mapping[str, Sequence[str]]) -> tuple[Array, list[str]]:
    """Return one value by language from tables of several targets with different languages.

    Least squares of value = target + language: a target that has only near languages does not make them look better.
    The values have mean 0 over the languages, for means of targets say nothing about slopes.

    Args:
        tables: by target, (…, languages of the target).
        languages: of each target.

    Returns:
        values (…, languages) and the languages, sorted.

    Raises:
        ValueError: no tables, or targets that no language connects.
    """
    codes = sorted({code for target in tables for code in languages[target]})
    rows = [(place, codes.index(code)) for place, target in enumerate(tables) for code in languages[target]]
    if not rows:
        raise ValueError("no target has a language beside English")
    design = np.zeros((len(rows), len(tables) + len(codes)))
    for row, (target, language) in enumerate(rows):
        design[row, target] = design[row, len(tables) + language] = 1
    if np.linalg.matrix_rank(design) < design.shape[1] - 1:
        raise ValueError("targets without a language in common cannot be pooled")
    y = np.concatenate([np.asarray(table, dtype=np.float64) for table in tables.values()], axis=-1)
    effects = y @ np.linalg.pinv(design).T
    found = effects[..., len(tables) :]
    return np.asarray(found - found.mean(axis=-1, keepdims=True)), codes


def preselected(english: npt.ArrayLike) -> Array:
    """Return the place of the regime with the highest mean score in English, by target, (targets,).

    English scores choose, and the slope on distance does not see them: retentions of one regime share theirs, so that
    having been lucky in English moves all languages alike.

    Args:
        english: (regimes, targets, seeds).
    """
    return np.asarray(np.asarray(english, dtype=np.float64).mean(axis=-1).argmax(axis=0))
