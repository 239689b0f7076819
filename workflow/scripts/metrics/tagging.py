"""Chunk F1 and token accuracy of tag sequences: UDPOS, PAN-X, CCG.

XTREME scores both tagging targets with seqeval's chunk F1. PAN-X has IOB2 tags, for which that is entity F1.
UDPOS has bare tags, and there seqeval reads the *first letter* of each tag as its chunk prefix and the rest
as its type, so that

* neighbouring tokens with the same tag are one chunk (`NOUN NOUN` is one, as the letter N is no prefix),
* `SCONJ` and `SYM` start with S ("single"), so each of them is a chunk of its own,
* tags that differ only in the first letter are of one type (`CCONJ` and `SCONJ`; since seqeval 1.0),
* `X` has the type `_`.

The figure is therefore not token accuracy, nor tag F1; the published tables use it, so it is the main metric,
and token accuracy stands beside it as the sound one.
"""

import warnings
from collections.abc import Sequence


def chunk_f1(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], language: str = "") -> dict[str, float]:
    """Return seqeval's micro-averaged chunk F1 (conlleval rules: no scheme is enforced).

    Args:
        gold: one sequence of tags per sentence.
        predicted: the same shape, one tag per token.
        language: not used; all metrics of the registry are called alike.

    Returns:
        `{"f1": 0..100}`; 0 where neither side has a chunk, as in seqeval.

    Raises:
        ValueError: no sentences, an empty tag, or shapes that differ.

    Source: `f1` in google-research/xtreme `evaluate.py`, with seqeval 1.2.2.
    """
    _check_shapes(gold, predicted)
    # Imported here: seqeval imports scikit-learn (over a second), for which only tagging should pay.
    from seqeval.metrics.sequence_labeling import f1_score

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one "seems not to be NE tag" for every token of UDPOS
        value = f1_score([list(tags) for tags in gold], [list(tags) for tags in predicted], zero_division=0)
    return {"f1": 100.0 * float(value)}


def token_accuracy(
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], language: str = ""
) -> dict[str, float]:
    """Return the share of tokens with the gold tag, over all tokens of all sentences.

    Args, shapes and errors are those of `chunk_f1`. Returns `{"accuracy": 0..100}`.
    """
    _check_shapes(gold, predicted)
    correct = sum(
        tag == expected
        for expected_tags, tags in zip(gold, predicted, strict=True)
        for expected, tag in zip(expected_tags, tags, strict=True)
    )
    return {"accuracy": 100.0 * correct / sum(len(tags) for tags in gold)}


def _check_shapes(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> None:
    """Raise `ValueError` unless both sides hold one non-empty tag for each of at least one token."""
    if len(gold) != len(predicted):
        raise ValueError(f"{len(predicted)} predicted sentences for {len(gold)} gold sentences")
    if not any(gold):
        raise ValueError("tag scores of no tokens are undefined")
    for i, (expected, tags) in enumerate(zip(gold, predicted, strict=True)):
        if len(expected) != len(tags):
            raise ValueError(f"sentence {i} has {len(expected)} tokens but {len(tags)} predicted tags")
        if not all(expected) or not all(tags):
            raise ValueError(f"sentence {i} has an empty tag")
