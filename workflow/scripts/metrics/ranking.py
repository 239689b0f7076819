"""Mean average precision of ranked candidates: LAReQA and Mewsli-X."""

from collections.abc import Collection, Sequence

CUTOFF = 20
"""How many of the ranked candidates count in XTREME-R."""


def average_precision(relevant: Collection[str], ranked: Sequence[str], cutoff: int = CUTOFF) -> float:
    """Return the average precision of one query, 0 to 1.

    The precisions at the ranks of the right candidates, summed and divided by the number of right ones, at most
    `cutoff`. A candidate counts at its first place only. With one right candidate this is the reciprocal of its rank.

    Args:
        relevant: ids of the right candidates, at least one.
        ranked: ids of candidates, best first.
        cutoff: how many of them count.

    Raises:
        ValueError: no candidate is right.

    Source: google-research/xtreme third_party/utils_lareqa.py, `average_precision_at_k`; for one right candidate
    third_party/utils_mewslix.py, `mean_reciprocal_rank`.
    """
    right = frozenset(relevant)
    if not right:
        raise ValueError("a query without a right candidate has no average precision")
    hits, total = 0, 0.0
    seen: set[str] = set()
    for rank, candidate in enumerate(ranked[:cutoff], start=1):
        if candidate in right and candidate not in seen:
            seen.add(candidate)
            hits += 1
            total += hits / rank
    return total / min(len(right), cutoff)


def map_at_20(
    gold: Sequence[Collection[str]], predicted: Sequence[Sequence[str] | None], language: str = ""
) -> dict[str, float]:
    """Return the mean average precision at 20 over the queries of one language.

    Args:
        gold: for each query the ids of its right candidates.
        predicted: for each query ids of candidates, best first; None where it was left unanswered.
        language: not used; all metrics of the registry are called alike.

    Returns:
        `{"map_at_20": 0..100}`.

    Raises:
        ValueError: no queries, not one ranking per query, or a query without a right candidate.
    """
    if not gold or len(gold) != len(predicted):
        raise ValueError(f"{len(gold)} queries and {len(predicted)} rankings; expected one for each, and at least one")
    scores = [average_precision(right, ranked or ()) for right, ranked in zip(gold, predicted, strict=True)]
    return {"map_at_20": 100 * sum(scores) / len(scores)}
