"""Chunk F1 and token accuracy of tag sequences: UDPOS, PAN-X, CCG.

XTREME scores both tagging targets with seqeval's chunk F1. PAN-X has IOB2 tags, for which that is entity F1.
UDPOS has bare tags, and there seqeval reads the *first letter* of each tag as its chunk prefix, so that

* neighbouring tokens with the same tag are one chunk (`NOUN NOUN` is one, as the letter N is no prefix),
* `SCONJ` and `SYM` start with S ("single"), so each of them is a chunk of its own,
* since seqeval 1.0 the rest of the tag is its type: tags that differ only in the first letter are of one type
  (`CCONJ` and `SCONJ`), and `X` has the type `_`. Before that the type was the whole tag.

XTREME names no version of seqeval. `chunk_f1` is that of 1.2.2, which an installation gets today; jiant, and so the
paper, has 0.0.12 (`chunk_f1_seqeval_0_0_12`). IOB2 tags have the same F1 in both.

The figure is neither token accuracy nor tag F1; the published tables use it, so it is the main metric, and token
accuracy stands beside it as the sound one.
"""

from collections.abc import Sequence

from workflow.scripts.metrics.chunks import behind_last_hyphen, chunk_counts


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
    return {"f1": _f1(*(int(counts.sum()) for counts in chunk_counts(gold, predicted)))}


def chunk_f1_seqeval_0_0_12(
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], language: str = ""
) -> dict[str, float]:
    """Return the chunk F1 of seqeval 0.0.12, in which the type of a tag without prefix is the whole tag.

    Args, shapes and errors are those of `chunk_f1`. Returns `{"f1_seqeval_0_0_12": 0..100}`.

    Source: `F1TaggingEvaluationScheme` in nyu-mll/jiant `jiant/tasks/evaluate/core.py`, with seqeval 0.0.12.
    """
    _check_shapes(gold, predicted)
    counts = chunk_counts(gold, predicted, behind_last_hyphen)
    return {"f1_seqeval_0_0_12": _f1(*(int(count.sum()) for count in counts))}


def _f1(gold: int, predicted: int, correct: int) -> float:
    """Return F1 (0-100) of numbers of chunks, in seqeval's order of operations; 0 where none is right."""
    if correct == 0:
        return 0.0
    precision, recall = correct / predicted, correct / gold
    return 100.0 * (2 * precision * recall / (precision + recall))


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
