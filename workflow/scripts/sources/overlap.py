"""How many test rows occur in training data: exact matches of whole input texts.

Two texts are the same if their keys are: the 64-bit BLAKE2b hash of the text in Unicode's NFKC form, case-folded, with
runs of white space as one space and none at the ends. Only keys are kept, 17 bytes a text; that two of ten million
different texts share a key has a probability below 10⁻⁵.

What this does not find: translations, paraphrases, parts of texts, and words that were cut otherwise (the words of a
tagging task are joined by spaces).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from unicodedata import normalize

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from workflow.scripts.tasks import Family

Integers = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

INPUTS: Mapping[Family, tuple[str, ...]] = {
    Family.CLASSIFICATION: ("text_a", "text_b"),
    Family.MULTIPLE_CHOICE: ("text_a", "choices"),
    Family.TAGGING: ("tokens",),
    Family.SPAN: ("question", "context"),
    Family.RETRIEVAL: ("text_a", "text_b"),
    Family.MINING: ("text_a",),
    Family.RANKING: ("text_a",),
}
"""The canonical columns that hold what a model reads of a row; labels, answers and tags are not compared."""

TRAINED = (Family.CLASSIFICATION, Family.MULTIPLE_CHOICE, Family.TAGGING, Family.SPAN)
"""Families whose rows a model is trained on under supervision."""

TRIVIAL = 32
"""Normalised texts of fewer characters are trivial: people write them independently of each other, so finding them
twice says nothing about where data come from. Tatoeba shares with MNLI, SNLI and QQP everyday sentences of up to 30
characters (`Do you believe in ghosts?`, `How did you get your nickname?`), although none was made from the other."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The input texts of one split, one entry a text, sorted by key and then by row; empty texts are left out.

    Attributes:
        keys: [text] hashes.
        rows: [text] the number of the row that the text stands in.
        trivial: [text] whether the text is too short to say anything.
        languages: the language codes of the split.
        language: [row] index into `languages`.
    """

    keys: Keys
    rows: Integers
    trivial: Flags
    languages: tuple[str, ...]
    language: Integers


@dataclass(frozen=True, slots=True)
class Count:
    """Test rows of one language, and how many of them occur in training data.

    Attributes:
        rows: all rows.
        whole: rows all of whose texts occur together in one training row, in any order.
        any: rows of which at least one text that is not trivial occurs somewhere in the training data.

    A row of trivial texts only counts in neither, so that `whole <= any <= rows`.
    """

    rows: int
    whole: int
    any: int

    def __add__(self, other: "Count") -> "Count":
        return Count(self.rows + other.rows, self.whole + other.whole, self.any + other.any)


def normalise(text: str) -> str:
    """Return the form in which texts are compared (see the module's docstring)."""
    # for ASCII, NFKC changes nothing and case folding is lower case
    folded = text.lower() if text.isascii() else normalize("NFKC", text).casefold()
    return " ".join(folded.split())


def hash_text(normalised: str) -> int:
    """Return the 64-bit key of a normalised text."""
    digest = blake2b(normalised.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def collect_texts(family: Family, batches: Iterable[pa.RecordBatch]) -> Texts:
    """Return the input texts of canonical rows.

    Args:
        family: of the task; one of `INPUTS`.
        batches: with the columns `INPUTS[family]` and `language`; one is in memory at a time.

    Raises:
        KeyError: a column is missing.
    """
    parts: list[tuple[Keys, Integers, Flags]] = [(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.bool_))]
    language: list[Integers] = [np.zeros(0, np.int64)]
    codes: dict[str, int] = {}
    first = 0
    for batch in batches:
        for name in INPUTS[family]:
            texts, rows = _texts_of(name, batch.column(name))
            keys, lengths = _hash_texts(texts)
            kept = lengths > 0
            parts.append((keys[kept], rows[kept] + first, lengths[kept] < TRIVIAL))
        encoded = pc.dictionary_encode(batch.column("language"))
        numbers = [codes.setdefault(code, len(codes)) for code in encoded.dictionary.to_pylist()]
        language.append(np.array(numbers, dtype=np.int64)[encoded.indices.to_numpy()])
        first += batch.num_rows
    keys, rows, trivial = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.lexsort((rows, keys))
    return Texts(
        keys=keys[order],
        rows=rows[order],
        trivial=trivial[order],
        languages=tuple(codes),
        language=np.concatenate(language),
    )


def count_overlap(train: Texts, test: Texts) -> dict[str, Count]:
    """Return the counts by language of the test rows, sorted by code."""
    starts = np.searchsorted(train.keys, test.keys, side="left")
    ends = np.searchsorted(train.keys, test.keys, side="right")
    found = ends > starts
    rows = len(test.language)
    hit = np.zeros(rows, dtype=np.bool_)
    hit[test.rows[found & ~test.trivial]] = True
    whole = hit.copy()
    _keep_together(train, test, starts, ends, whole)
    sizes = [
        np.bincount(test.language[chosen], minlength=len(test.languages))
        for chosen in (np.ones(rows, dtype=np.bool_), whole, hit)
    ]
    counts = {code: Count(*(int(size[index]) for size in sizes)) for index, code in enumerate(test.languages)}
    return dict(sorted(counts.items()))


def _keep_together(train: Texts, test: Texts, starts: Integers, ends: Integers, whole: Flags) -> None:
    """Take from `whole` [row] the rows whose texts never stand together in one training row."""
    chosen = np.flatnonzero(whole[test.rows])
    chosen = chosen[np.argsort(test.rows[chosen], kind="stable")]
    candidates, firsts = np.unique(test.rows[chosen], return_index=True)
    for row, (first, last) in zip(candidates, pairwise([*firsts, len(chosen)]), strict=True):
        places = [train.rows[starts[text] : ends[text]] for text in chosen[first:last]]
        whole[row] = len(places) == 1 or _share_a_row(places)


def _share_a_row(places: list[Integers]) -> bool:
    """Return whether sorted lists of rows have a row in common; the work is that of the shortest."""
    shared, *others = sorted(places, key=len)
    for other in others:
        at = np.minimum(np.searchsorted(other, shared), len(other) - 1)
        shared = shared[other[at] == shared]
    return bool(shared.size)


def _texts_of(name: str, column: pa.Array) -> tuple[pa.Array, Integers]:
    """Return the texts of a column and the row of each: one a row, or with `choices` several."""
    rows = np.arange(len(column), dtype=np.int64)
    if name == "choices":
        return column.flatten(), np.repeat(rows, pc.fill_null(pc.list_value_length(column), 0).to_numpy())
    return (pc.binary_join(column, " ") if name == "tokens" else column), rows


def _hash_texts(texts: pa.Array) -> tuple[Keys, Integers]:
    """Return keys and lengths in normalised characters of texts; each different one is hashed once."""
    encoded = pc.dictionary_encode(texts, null_encoding="encode")
    forms = [normalise(text or "") for text in encoded.dictionary.to_pylist()]
    keys = np.fromiter(map(hash_text, forms), dtype=np.uint64, count=len(forms))
    lengths = np.fromiter(map(len, forms), dtype=np.int64, count=len(forms))
    indices = encoded.indices.to_numpy()
    return keys[indices], lengths[indices]


def total(counts: Iterable[Count]) -> Count:
    """Return the sum over languages."""
    return sum(counts, start=Count(0, 0, 0))
