"""How a value of each language depends on its distance to English: slope, interval and tests.

The slope is by least squares beside controls. Its interval has two sources of variance: seeds, for the slope itself
differs from run to run, and languages, of which whole families are left out, one at a time (CR3: Bell and McCaffrey
2002), as related languages are not independent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workflow.scripts.statistics.freedman_lane import Regression
from workflow.scripts.statistics.intervals import Component, Interval, t_interval
from workflow.scripts.statistics.mixed_models import MixedModel, RandomTerm, fit
from workflow.scripts.statistics.ratios import Array

FEWEST_LEFT = 3
"""Degrees of freedom that must be left for another control."""

TINY = 1e-9
"""Sums of squares of standardised values below this are rounding."""


@dataclass(frozen=True)
class Languages:
    """What is known of the languages.

    Attributes:
        codes: which.
        distance: to English, standardised (mean 0, standard deviation 1).
        controls: by name, standardised, each (languages,).
        families: of each language.
        scripts: of each language.
        unit: the standard deviation of the distances as they were given.
    """

    codes: tuple[str, ...]
    distance: Array
    controls: Mapping[str, Array]
    families: tuple[str, ...]
    scripts: tuple[str, ...]
    unit: float

    def regression(self) -> Regression:
        """Return the regression on the distance beside the controls."""
        return Regression(self.distance, np.column_stack([np.ones(len(self.codes)), *self.controls.values()]))


def describe(
    codes: Sequence[str],
    distances: npt.ArrayLike,
    families: Sequence[str],
    scripts: Sequence[str],
    controls: Mapping[str, npt.ArrayLike],
) -> tuple[Languages, list[str]]:
    """Return the languages with the controls that they leave room for, and the controls that were left out.

    Controls are taken in their order while `FEWEST_LEFT` degrees of freedom remain; one that is constant, not known of
    a language, or follows from the others and the distance is left out.

    Raises:
        ValueError: fewer than four languages, or distances that are alike.
    """
    given = np.asarray(distances, dtype=np.float64)
    if len(codes) < FEWEST_LEFT + 1 or given.shape != (len(codes),) or not np.isfinite(given).all() or not given.std():
        raise ValueError(
            f"expected four languages at least, of different distances, got {dict(zip(codes, given, strict=False))}"
        )
    kept: dict[str, Array] = {}
    left_out = []
    distance = _standardised(given)
    for name, column in controls.items():
        values = np.asarray(column, dtype=np.float64)
        usable = values.shape == given.shape and np.isfinite(values).all() and values.std() > 0
        room = len(codes) - len(kept) - 3 >= FEWEST_LEFT
        if usable and room:
            tried = np.column_stack([np.ones(len(codes)), distance, *kept.values(), _standardised(values)])
            usable = np.linalg.matrix_rank(tried, tol=1e-6) == tried.shape[1]
        if usable and room:
            kept[name] = _standardised(values)
        else:
            left_out.append(name)
    return Languages(tuple(codes), distance, kept, tuple(families), tuple(scripts), float(given.std())), left_out


def _standardised(values: Array) -> Array:
    return np.asarray((values - values.mean()) / values.std(), dtype=np.float64)


def distance_slope(values: npt.ArrayLike, languages: Languages, confidence: float = 0.95) -> Interval:
    """Return the slope of values on the distance, per standard deviation of distance, with its interval.

    Families that the controls absorb whole say nothing of the slope and are not counted. Where the others say nothing
    of the distance without a family, the slope without it counts as 0: all of it is due to that family.

    Args:
        values: (seeds, languages).
        languages: what is known of them.
        confidence: share of such intervals that hold the truth.

    Raises:
        ValueError: shapes that do not fit, fewer than three families, or than two that say something of the slope.
    """
    y = np.asarray(values, dtype=np.float64)
    names = list(dict.fromkeys(languages.families))
    if y.ndim != 2 or y.shape[1] != len(languages.codes) or len(names) < 3:
        raise ValueError(f"expected values (seeds, {len(languages.codes)}) of three families at least, got {y.shape}")
    whole = languages.regression()
    slopes = whole.slope(y)  # (seeds,)
    telling = [members for name in names if not _absorbed(whole, members := np.array(languages.families) == name)]
    if len(telling) < 2:
        raise ValueError("expected two families at least that say something of the distance beside the controls")
    moves = np.array([_without(y, whole, members) - slopes for members in telling])  # (families, seeds)
    count, seeds = len(moves), len(slopes)
    factor = (count - 1) / count
    degrees = max(1, min(count, len(languages.codes)) - whole.others.shape[1] - 1)
    terms = [Component(factor * float((moves.mean(axis=1) ** 2).sum()), degrees)]
    if seeds > 1:
        terms.append(Component(float(slopes.var(ddof=1)) / seeds, seeds - 1))
        crossed = factor * float(moves.var(axis=1, ddof=1).sum()) / seeds
        terms.append(Component(-crossed, degrees * (seeds - 1)))
    caution = "" if seeds > 1 else "one seed: the spread between seeds, often the largest, is left out"
    return t_interval(float(slopes.mean()), terms, confidence, ("seeds", "families")[seeds < 2 :], caution)


def _absorbed(whole: Regression, members: npt.NDArray[np.bool_]) -> bool:
    """Return whether the controls fit the languages of a family exactly, whatever their values (leverages of 1)."""
    basis, _ = np.linalg.qr(whole.others)
    return bool(((basis[members] ** 2).sum(axis=1) > 1 - TINY).all())


def _without(y: Array, whole: Regression, members: npt.NDArray[np.bool_]) -> Array:
    """Return the slopes (seeds,) without a family; 0 where the others say nothing of the distance.

    A control that is constant among the others is left out by itself.
    """
    distance, others = whole.regressor[~members], whole.others[~members]
    rest = distance - others @ np.linalg.lstsq(others, distance, rcond=None)[0]
    size = float(rest @ rest)
    return np.asarray(y[:, ~members] @ rest / size) if size > TINY else np.zeros(len(y))


def family_bootstrap(values: npt.ArrayLike, languages: Languages, rng: np.random.Generator, count: int = 2000) -> Array:
    """Return slopes of languages whose families were drawn again, (count,), without draws that say nothing.

    Args:
        values: by language, seeds averaged, (languages,).
        languages: what is known of them.
        rng: source of the draws.
        count: how many draws.
    """
    y = np.asarray(values, dtype=np.float64)
    members = [np.flatnonzero(np.array(languages.families) == name) for name in dict.fromkeys(languages.families)]
    found = []
    for _ in range(count):
        rows = np.concatenate([members[place] for place in rng.integers(0, len(members), len(members))])
        columns = [np.ones(len(rows)), *(column[rows] for column in languages.controls.values())]
        try:
            found.append(float(Regression(languages.distance[rows], np.column_stack(columns)).slope(y[rows])))
        except ValueError:
            continue
    return np.array(found)


def distance_model(
    tables: Mapping[str, Array], codes: Mapping[str, Sequence[str]], languages: Languages
) -> MixedModel | None:
    """Fit value = target + distance + controls + (1 | language) (+ (1 | family)), the distance last.

    None where too little is left over for it.

    Args:
        tables: by target, seeds averaged, (languages of the target,).
        codes: languages of each target.
        languages: what is known of all of them.
    """
    rows = [(target, languages.codes.index(code)) for target in tables for code in codes[target]]
    places = np.array([place for _, place in rows])
    y = np.concatenate([np.asarray(table, dtype=np.float64) for table in tables.values()])
    columns = [np.array([float(name == target) for name, _ in rows]) for target in tables]
    columns += [column[places] for column in languages.controls.values()]
    terms = [RandomTerm("language", places)]
    if 2 < len(set(languages.families)) < len(languages.codes):
        terms.append(RandomTerm("family", np.array(languages.families)[places]))
    try:
        return fit(y, np.column_stack([*columns, languages.distance[places]]), terms)
    except (ValueError, np.linalg.LinAlgError):
        return None
