"""Texts as sub-word tokens without special ones, and the special tokens that a tokenizer puts around them.

Texts are encoded without special tokens, each different one once, and put together afterwards (`encoding`): the words
of a language repeat, and so do the contexts of questions and choices.
"""

import json
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from tokenizers import Encoding, Tokenizer

from workflow.scripts.errors import UserError
from workflow.scripts.features.store import Integers, Ragged, TokenIds
from workflow.scripts.files import read_json

CHUNK = 100
"""Texts encoded at once: long enough to be quick, short enough that their encodings stay small in memory."""

SPELLINGS = {
    "pad_token": ("<pad>", "[PAD]"),
    "mask_token": ("<mask>", "[MASK]"),
    "unk_token": ("<unk>", "[UNK]"),
    "eos_token": ("</s>", "<|endoftext|>", "<|end_of_text|>", "<eos>"),
}
"""Names of special tokens where no file beside `tokenizer.json` gives them."""


class Slices(NamedTuple):
    """Pieces of a flat array: where each begins, and its length; both of shape (pieces,)."""

    starts: Integers
    lengths: Integers

    def at(self, index: Any) -> "Slices":
        """Return the pieces at some indices."""
        return Slices(self.starts[index], self.lengths[index])


def take(values: Integers, slices: Slices) -> Integers:
    """Return pieces of an array, one after the other in one array."""
    past = np.cumsum(slices.lengths)
    shift = np.repeat(slices.starts - past + slices.lengths, slices.lengths)
    return values[shift + np.arange(len(shift))]


def shorten(pieces: Slices, room: Any, *, keep_end: bool = False) -> Slices:
    """Return pieces of at most `room` tokens, cut at their end or, with `keep_end`, at their beginning."""
    lengths = np.minimum(pieces.lengths, room)
    return Slices(pieces.starts + pieces.lengths - lengths if keep_end else pieces.starts, lengths)


def longest_first(first: Slices, second: Slices, room: Any, *, keep_end: bool = False) -> tuple[Slices, Slices]:
    """Cut pairs to `room` tokens: the longer piece to the other's length, then both to the half (as `tokenizers`)."""
    short = np.minimum(first.lengths, second.lengths)
    kept = np.minimum(short, room // 2)
    rest = np.maximum(room - short, (room + 1) // 2)
    swapped = first.lengths > second.lengths
    return (
        shorten(first, np.where(swapped, rest, kept), keep_end=keep_end),
        shorten(second, np.where(swapped, kept, rest), keep_end=keep_end),
    )


@dataclass(frozen=True)
class Frame:
    """The special tokens before, between and after one or two segments.

    Attributes:
        second: how many of the tokens between them have the first segment's id (BERT: 1); None: there is but one id.
    """

    prefix: Sequence[int]
    middle: Sequence[int]
    suffix: Sequence[int]
    second: int | None = None

    @property
    def size(self) -> int:
        """Number of special tokens."""
        return len(self.prefix) + len(self.middle) + len(self.suffix)


class Segmenter:
    """A fast tokenizer.

    Args:
        path: a `tokenizer.json`; the names of special tokens are read from the files that may stand beside it.
        decoder: whether a decoder reads the sequences. Where the tokenizer puts nothing before a text, the end-of-text
            token stands there: position 0 holds the state of a whole sequence (`modeling.decoders`), so no text may
            begin there. Where it puts nothing between two segments, there is a line break, or that token.

    Raises:
        UserError: the file is missing or is none of a fast tokenizer; or a decoder's has no end-of-text token.
    """

    def __init__(self, path: Path, *, decoder: bool = False) -> None:
        if not path.is_file():
            raise UserError(f"{path} is missing; expected the tokenizer.json of a fast tokenizer")
        try:
            self.tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing more special
            raise UserError(f"{path} is no tokenizer.json of a fast tokenizer: {error}; fetch it again") from error
        self.path = path
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.single, self.pair = self._frame("a"), self._frame("a", "a")
        if decoder:
            self.single = replace(self.single, prefix=self.single.prefix or self._end())
            prefix, middle = self.pair.prefix or self._end(), self.pair.middle or self._line_break() or self._end()
            self.pair = replace(self.pair, prefix=prefix, middle=middle)

    def _frame(self, text: str, other: str | None = None) -> Frame:
        """Return the special tokens around one or two segments."""
        encoding = self.tokenizer.encode(text, other)
        segments, ids = encoding.sequence_ids, encoding.ids
        first, second = ([i for i, segment in enumerate(segments) if segment == side] for side in (0, 1))
        if not first or bool(second) != (other is not None):
            raise UserError(f"{self.path} gives no token for the letter a; expected the tokenizer.json of a model")
        if not second:
            return Frame(ids[: first[0]], (), ids[first[-1] + 1 :])
        types = encoding.type_ids[first[-1] + 1 :]
        boundary = types.index(1) if 1 in types else None
        return Frame(ids[: first[0]], ids[first[-1] + 1 : second[0]], ids[second[-1] + 1 :], boundary)

    def _end(self) -> list[int]:
        """Return the end-of-text token.

        Raises:
            UserError: there is none.
        """
        index = self._special("eos_token")
        if index is None:
            raise UserError(
                f"{self.path} puts nothing before a text and has no end-of-text token to put there; expected one of "
                f"{', '.join(SPELLINGS['eos_token'])}, or its name as eos_token in tokenizer_config.json beside it"
            )
        return [index]

    def _line_break(self) -> list[int]:
        """Return the tokens of a line break; none where the tokenizer drops it or does not know it."""
        ids: list[int] = self.tokenizer.encode("\n", add_special_tokens=False).ids
        return ids if self.unknown not in ids else []

    def encode(self, texts: pa.Array) -> tuple[Integers, Slices]:
        """Return the tokens of all different texts, and the piece of each text; a null is an empty piece."""
        distinct = texts.dictionary_encode()
        flat, lengths = array("i"), array("i")
        for encoding in self._encodings(distinct.dictionary.to_pylist(), fast=True):
            ids = encoding.ids
            flat.fromlist(ids)
            lengths.append(len(ids))
        return np.asarray(flat, dtype=np.int32), _pieces(distinct, lengths)

    def encode_with_offsets(self, texts: pa.Array) -> tuple[Integers, Integers, Slices]:
        """Return also the first and past-last character of every token in its text, shape (2 x tokens,)."""
        distinct = texts.dictionary_encode()
        flat, lengths, offsets = array("i"), array("i"), array("i")
        for encoding in self._encodings(distinct.dictionary.to_pylist(), fast=False):
            ids = encoding.ids
            flat.fromlist(ids)
            lengths.append(len(ids))
            offsets.fromlist(list(chain.from_iterable(encoding.offsets)))
        pieces = _pieces(distinct, lengths)
        return np.asarray(flat, dtype=np.int32), np.asarray(offsets, dtype=np.int32), pieces

    def join(self, values: Integers, first: Slices, second: Slices | None = None, pair: Any = False) -> dict[str, Any]:
        """Return the columns of sequences of one or two segments: `input_ids`, and `second` where it means something.

        Args:
            values: tokens of the segments.
            first: first segments, (sequences,).
            second: second segments, (sequences,); empty where there is none.
            pair: whether a sequence has a second segment, (sequences,).
        """
        frames = [part for frame in (self.single, self.pair) for part in (frame.prefix, frame.middle, frame.suffix)]
        sizes = np.array([len(part) for part in frames])
        starts = len(values) + np.cumsum(sizes) - sizes
        pool = np.concatenate([values, *(np.asarray(part, dtype=np.int32) for part in frames)])
        kind = np.broadcast_to(pair, first.lengths.shape).astype(np.int64)
        parts = [Slices(starts[place::3][kind], sizes[place::3][kind]) for place in range(3)]
        segments = [parts[0], first, parts[1], parts[2]]
        if second is not None:
            segments.insert(3, second)
        pieces = Slices(*(np.stack(arrays, axis=1) for arrays in zip(*segments, strict=True)))
        lengths = pieces.lengths.sum(axis=1)
        columns: dict[str, Any] = {"input_ids": Ragged.of_lengths(take(pool, Slices(*map(np.ravel, pieces))), lengths)}
        if second is not None and self.pair.second is not None:
            boundary = pieces.lengths[:, :2].sum(axis=1) + self.pair.second
            columns["second"] = np.where(kind, boundary, lengths)
        return columns

    def _encodings(self, texts: list[str], *, fast: bool) -> Iterator[Encoding]:
        """Yield encodings without special tokens; fast ones have no offsets."""
        encode = self.tokenizer.encode_batch_fast if fast else self.tokenizer.encode_batch
        for start in range(0, len(texts), CHUNK):
            yield from encode(texts[start : start + CHUNK], add_special_tokens=False)

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        """The names of special tokens: those of the files beside the tokenizer first, then the usual spellings."""
        names = {kind: list(spellings) for kind, spellings in SPELLINGS.items()}
        for file in ("tokenizer_config.json", "special_tokens_map.json"):
            path = self.path.with_name(file)
            described = read_json(path) if path.is_file() else {}
            for kind, found in names.items():
                token = described.get(kind)
                name = token.get("content") if isinstance(token, dict) else token
                if name:
                    found.insert(0, name)
        return names

    def _special(self, kind: str) -> int | None:
        found = map(self.tokenizer.token_to_id, self._names[kind])
        return next((index for index in found if index is not None), None)

    @cached_property
    def unknown(self) -> int:
        """The token of a word without tokens: the model's own unknown token, else the named one, else padding."""
        model: dict[str, Any] = json.loads(self.tokenizer.to_str())["model"]
        index = model.get("unk_id")
        if index is None and model.get("unk_token") is not None:
            index = self.tokenizer.token_to_id(model["unk_token"])
        if index is None:
            index = self._special("unk_token")
        return self.token_ids().pad if index is None else int(index)

    def token_ids(self) -> TokenIds:
        """Return the ids that training needs.

        Raises:
            UserError: there is no padding token.
        """
        pad, mask = self._special("pad_token"), self._special("mask_token")
        if pad is None:
            raise UserError(
                f"{self.path} has no padding token; expected one of {', '.join(SPELLINGS['pad_token'])}, or its name "
                "as pad_token in tokenizer_config.json beside it"
            )
        added = self.tokenizer.get_added_tokens_decoder()
        named = {index for index in (pad, mask) if index is not None}
        special = sorted(named | {index for index, token in added.items() if token.special})
        size = max(self.tokenizer.get_vocab_size(), *(index + 1 for index in (*added, *special)))
        return TokenIds(size, pad, mask, tuple(special))


def _pieces(distinct: pa.DictionaryArray, lengths: array) -> Slices:  # type: ignore[type-arg]
    """Return the piece of each text from the lengths of the different ones; nulls are empty."""
    sizes = np.asarray([*lengths, 0], dtype=np.int64)
    pieces = Slices(np.cumsum(sizes) - sizes, sizes)
    return pieces.at(distinct.indices.fill_null(len(lengths)).to_numpy(zero_copy_only=False))
