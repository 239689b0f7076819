"""Intervals of paired gains: what varies when seeds, examples or languages are drawn again.

With fixed languages the gain is that of these languages; with random ones that of all languages they stand for, so
that differences between languages are uncertainty too. The variance is put together from independent sources:

    fixed     V = V_seeds + V_examples − V_seeds×examples
    random    V = V_seeds + V_languages − V_seeds×languages   (+ V_examples where languages share their examples)

each the variance of the mean that this source alone shows; what is subtracted stands in both terms (Owen 2007; Cameron,
Gelbach and Miller 2011). The interval is gain ± t × √V with Satterthwaite's (1946) degrees of freedom: with 3 seeds
the spread between seeds is known badly, and a bootstrap, which takes it as known, is too narrow (docs/statistics.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from workflow.scripts.statistics.ratios import Array, Measurements, pseudo_values

Languages = Literal["fixed", "random"]


@dataclass(frozen=True)
class Interval:
    """An estimate with its uncertainty, in points.

    Attributes:
        estimate: the gain.
        low: lower end.
        high: upper end.
        standard_error: its standard error.
        degrees: degrees of freedom of the standard error; infinite where it is taken as known.
        p: two-sided, of no gain.
        confidence: share of such intervals that hold the truth.
        sources: what varies in it.
        caution: what it leaves out; empty if nothing.
    """

    estimate: float
    low: float
    high: float
    standard_error: float
    degrees: float
    p: float
    confidence: float
    sources: tuple[str, ...]
    caution: str = ""


@dataclass(frozen=True)
class Component:
    """One term of a variance: its size (negative where it is subtracted) and its degrees of freedom."""

    variance: float
    degrees: float


def gain_interval(
    measured: Measurements,
    treatment: int,
    control: int,
    languages: Languages = "fixed",
    confidence: float = 0.95,
    *,
    nested: bool = False,
) -> Interval:
    """Return the macro-averaged gain of one arm over another, with its interval.

    Args:
        measured: counts of all arms.
        treatment: index of the arm.
        control: index of the arm it is compared with.
        languages: whether languages (families, if there are any) are fixed or drawn.
        confidence: share of such intervals that hold the truth.
        nested: the seeds have other examples, so that a seed's spread contains theirs.

    Raises:
        ValueError: random languages of fewer than two families; nested examples of one seed; confidence not in (0, 1).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
    values = pseudo_values(measured, treatment, control)
    gains = np.stack([table.mean(axis=1) for table in values], axis=1)
    seeds = len(gains)
    if nested and seeds < 2:
        raise ValueError("examples that differ by seed need two seeds")
    terms, sources = _seed_terms(gains)
    if languages == "random":
        terms += language_terms(gains, measured.clusters())
        sources += ("families" if measured.families else "languages",)
    if not nested and (languages == "fixed" or measured.parallel):
        terms += example_terms(values, parallel=measured.parallel)[: 1 if languages == "random" else None]
        sources += ("examples",)
    caution = "" if seeds > 1 else "one seed: the spread between seeds, often the largest, is left out"
    return t_interval(float(gains.mean()), terms, confidence, sources, caution)


def t_interval(
    estimate: float, terms: Sequence[Component], confidence: float, sources: tuple[str, ...] = (), caution: str = ""
) -> Interval:
    """Return estimate ± t × √V; V is the sum of the terms, and at least the largest of them.

    Degrees of freedom: V² / Σ (term² / degrees), Satterthwaite (1946), and at least the smallest of a positive term.
    """
    variance = max(sum(term.variance for term in terms), max(term.variance for term in terms))
    spread = sum(term.variance**2 / term.degrees for term in terms)
    smallest = min((term.degrees for term in terms if term.variance > 0), default=np.inf)
    degrees = max(variance**2 / spread, smallest) if spread > 0 else np.inf
    error = float(np.sqrt(variance))
    reach = float(stats.t.ppf((1 + confidence) / 2, degrees)) * error
    p = 2 * float(stats.t.sf(abs(estimate) / error, degrees)) if error > 0 else float(estimate == 0)
    low, high = estimate - reach, estimate + reach
    return Interval(estimate, low, high, error, float(degrees), p, confidence, sources, caution)


def _seed_terms(gains: Array) -> tuple[list[Component], tuple[str, ...]]:
    """Return the spread of the macro average (seeds, languages) between seeds; nothing of a single seed."""
    seeds = len(gains)
    if seeds < 2:
        return [], ()
    return [Component(float(gains.mean(axis=1).var(ddof=1)) / seeds, seeds - 1)], ("seeds",)


def example_terms(values: Sequence[Array], *, parallel: bool) -> list[Component]:
    """Return V_examples and −V_seeds×examples of the macro average over fixed languages.

    Args:
        values: pseudo-values of each language, (seeds, examples).
        parallel: whether languages share their examples.

    Raises:
        ValueError: a language has fewer than two examples.
    """
    tables = [np.mean(values, axis=0)] if parallel else list(values)
    if any(table.shape[1] < 2 for table in tables):
        raise ValueError("two examples of a language are needed for a variance")
    seeds, share = len(tables[0]), 1 / len(tables) ** 2
    main = [float(table.mean(axis=0).var(ddof=1)) / table.shape[1] * share for table in tables]
    degrees = [table.shape[1] - 1 for table in tables]
    terms = [pooled(main, degrees)]
    if seeds > 1:
        crossed = [(seeds - 1) * degree for degree in degrees]
        rest = [
            share * mean_square / table.size for table, mean_square in zip(tables, map(residual, tables), strict=True)
        ]
        both = pooled(rest, crossed)
        terms.append(Component(-both.variance, both.degrees))
    return terms


def pooled(variances: Sequence[float], degrees: Sequence[float]) -> Component:
    """Return the sum of independent variances as one term, with Satterthwaite's degrees of freedom."""
    total = sum(variances)
    spread = sum(v**2 / d for v, d in zip(variances, degrees, strict=True))
    return Component(total, total**2 / spread if spread > 0 else sum(degrees))


def residual(table: Array) -> float:
    """Return the mean square of rows × columns after both main effects; the table is (rows, columns), both above 1."""
    rest = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
    return float((rest**2).sum() / (table.shape[0] - 1) / (table.shape[1] - 1))


def language_terms(gains: Array, clusters: Sequence[int] | np.typing.NDArray[np.int64]) -> list[Component]:
    """Return V_languages and −V_seeds×languages of the mean of (seeds, languages) when families are drawn.

    Families are left out one by one (CR3: Bell and McCaffrey 2002), which corrects for their unequal sizes. Degrees of
    freedom: the effective number of families 1 / Σ share² less one (after Carter, Schnepel and Steigerwald 2017).

    Args:
        gains: gains by seed and language.
        clusters: the family of each language.

    Raises:
        ValueError: fewer than two families.
    """
    codes = np.asarray(clusters)
    members = codes[None, :] == np.unique(codes)[:, None]  # (families, languages)
    share = members.mean(axis=1)
    families, seeds = len(share), len(gains)
    if families < 2:
        raise ValueError("random languages need two languages or families")
    scale = (families - 1) / families / (1 - share) ** 2
    degrees = max(1.0, 1 / float((share**2).sum()) - 1)
    mean = gains.mean(axis=0)
    total = members @ (mean - mean.mean()) / gains.shape[1]
    terms = [Component(float((scale * total**2).sum()), degrees)]
    if seeds > 1:
        rest = gains - mean - gains.mean(axis=1, keepdims=True) + gains.mean()
        crossed = (rest @ members.T / gains.shape[1]) ** 2
        both = float((scale * crossed).sum()) / seeds / (seeds - 1)
        terms.append(Component(-both, degrees * (seeds - 1)))
    return terms
