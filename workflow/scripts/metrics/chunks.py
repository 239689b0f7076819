"""How many chunks each sentence has, and how many of them are right: what adds up to seqeval's chunk F1.

seqeval reads a corpus as one sequence with an `O` between sentences, and where tags have no prefix (UDPOS) its
bookkeeping reaches across them: a chunk may begin in an earlier sentence than it ends in. Chunks are therefore found in
the whole corpus and counted in the sentence in which they end.

Source: `get_entities`, `start_of_chunk` and `end_of_chunk` of seqeval 1.2.2 and 0.0.12, all tokens at once.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Tags = Sequence[Sequence[str]]
TypeOf = Callable[[str], str]


def rest_of_tag(tag: str) -> str:
    """Return the type of a tag as seqeval 1.2.2 reads it: what follows the first letter, and a hyphen behind it."""
    return tag[1:].split("-", 1)[-1] or "_"


def behind_last_hyphen(tag: str) -> str:
    """Return the type of a tag as seqeval 0.0.12 reads it: what follows the last hyphen, or the whole tag."""
    return tag.rsplit("-", 1)[-1]


_STARTS = frozenset({"EE", "EI", "SE", "SI", "OE", "OI"})
_ENDS = frozenset({"BB", "BS", "BO", "IB", "IS", "IO"})
"""Prefixes of two neighbours between which a chunk starts, or ends."""


def chunk_counts(gold: Tags, predicted: Tags, type_of: TypeOf = rest_of_tag) -> tuple[Array, Array, Array]:
    """Return for each sentence the number of gold chunks, of predicted chunks, and of predicted chunks that are right.

    Args:
        gold: one sequence of tags per sentence, none of them empty.
        predicted: the same shape.
        type_of: how the type of a tag is read, `rest_of_tag` or `behind_last_hyphen`.
    """
    bounds = np.cumsum([len(tags) + 1 for tags in gold])
    types: dict[str, int] = {}
    expected, found = (_chunks(tags, types, type_of) for tags in (gold, predicted))
    right = found[np.isin(_keys(found, bounds), _keys(expected, bounds))]
    counts = (
        np.bincount(np.searchsorted(bounds, part[:, 2], "right"), minlength=len(gold))
        for part in (expected, found, right)
    )
    return tuple(counts)  # type: ignore[return-value]


def _keys(chunks: Array, bounds: Array) -> Array:
    """Return one number for each chunk of (type, first token, last token)."""
    size = int(bounds[-1]) + 1
    return (chunks[:, 0] * size + chunks[:, 1]) * size + chunks[:, 2]


def _chunks(sentences: Tags, types: dict[str, int], type_of: TypeOf) -> Array:
    """Return the chunks as rows of (type, first token, last token); `types` numbers the types."""
    flat = ["O", *chain.from_iterable((*tags, "O") for tags in sentences)]
    names = list(dict.fromkeys(flat))
    number = {name: code for code, name in enumerate(names)}
    codes = np.fromiter(map(number.__getitem__, flat), dtype=np.int64, count=len(flat))
    prefixes = [name[0] for name in names]
    kinds = np.array([types.setdefault(type_of(name), len(types)) for name in names])
    inside = np.array([prefix not in "O." for prefix in prefixes])
    opens = np.array([prefix in "BS" for prefix in prefixes])
    closes = np.array([prefix in "ES" for prefix in prefixes])
    starts_between = np.array([[a + b in _STARTS for b in prefixes] for a in prefixes])
    ends_between = np.array([[a + b in _ENDS for b in prefixes] for a in prefixes])
    before, after = codes[:-1], codes[1:]
    other = kinds[before] != kinds[after]
    other[0] = True  # nothing stands before the corpus: a type that no tag has
    starts = opens[after] | starts_between[before, after] | (inside[after] & other)
    ends = closes[before] | ends_between[before, after] | (inside[before] & other)
    begun = np.maximum.accumulate(np.where(starts, np.arange(len(starts)), 0))
    last = np.flatnonzero(ends) - 1
    return np.stack([kinds[before[last + 1]], begun[last], last], axis=1)
