"""Token sequences on disk: one uncompressed Arrow file per task and split, read memory-mapped.

Every row is one sequence. Columns, besides `example` (int32: row of the canonical Parquet file) and `input_ids`:

    classification, multiple_choice
        label           right class or choice; the choices of an example follow each other
    tagging
        positions       first sub-token of each word (decoders: last)
        labels          tag of each word, -1 = unknown
    span
        start, end      the answer's first and last token, 0 = not in this window
        context         first token of the context
        offsets         first and past-last character of each of the context's tokens
    retrieval, mining
        side            0 = foreign, 1 = English
    ranking
        side            0 = query, 1 = candidate
        partner         row of the first right candidate of a query, -1 for candidates and where there is none
        group           the same number for all rows that belong together: a query and its right candidates
    text
        language        language of the row, an index into `languages`
    pairs of segments, if the tokenizer tells them apart (BERT)
        second          first token of segment 1; the sequence's length where it has but one segment

The schema's metadata describes the tokenizer (`TokenIds`), the label names and the languages, and holds a checksum of
the columns, which is compared once in every program that reads the file.
"""

import json
import mmap
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from copy import copy
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from workflow.scripts.errors import UserError
from workflow.scripts.features import checksums
from workflow.scripts.files import replacing

TYPES: dict[str, pa.DataType] = {
    "example": pa.int32(),
    "input_ids": pa.large_list(pa.int32()),
    "label": pa.int32(),
    "positions": pa.large_list(pa.int32()),
    "labels": pa.large_list(pa.int32()),
    "start": pa.int32(),
    "end": pa.int32(),
    "context": pa.int32(),
    "offsets": pa.large_list(pa.int32()),
    "side": pa.int8(),
    "partner": pa.int32(),
    "group": pa.int32(),
    "language": pa.int16(),
    "second": pa.int32(),
}

Integers = np.ndarray[Any, np.dtype[np.integer[Any]]]


@dataclass(frozen=True)
class TokenIds:
    """What training needs to know of a tokenizer: its size and the ids of the tokens with a meaning of their own."""

    vocabulary_size: int
    pad: int
    mask: int | None
    special: tuple[int, ...]


class Ragged:
    """Rows of different lengths in one flat array.

    Args:
        values: all rows, one after the other.
        bounds: where each row begins, and where the last one ends, shape (rows + 1,).
    """

    def __init__(self, values: Integers, bounds: Integers) -> None:
        self.values = values
        self.bounds = bounds

    @classmethod
    def of_lengths(cls, values: Integers, lengths: Integers) -> "Ragged":
        """Return rows of given lengths."""
        return cls(values, np.concatenate([[0], np.cumsum(lengths)]))

    @classmethod
    def of_column(cls, column: pa.ChunkedArray) -> "Ragged":
        """Return the rows of a column of lists, zero-copy if it is one piece."""
        # combine_chunks copies even a single chunk
        array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        return cls(array.values.to_numpy(), array.offsets.to_numpy())

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, row: int) -> Integers:
        return self.values[self.bounds[row] : self.bounds[row + 1]]

    def first(self, rows: int) -> "Ragged":
        """Return the first rows."""
        return Ragged(self.values, self.bounds[: rows + 1])

    @property
    def lengths(self) -> Integers:
        """Length of every row, shape (rows,)."""
        return np.diff(self.bounds)


class Features:
    """The token sequences of one task and split.

    Attributes:
        family: the task's family, as text.
        tokens: the tokenizer's ids.
        labels: label names in the order of the head's outputs.
        languages: codes that the column `language` counts (plain text; empty for other families).
        input_ids: the sequences.
        columns: the other columns by name, as arrays of shape (rows,) or `Ragged`.
        items: first row of every item, shape (items + 1,); an item is one sequence, or all choices of an example, or a
            query, whose candidate (`partner`) is its second sequence.
    """

    def __init__(self, path: Path) -> None:
        """Map a file into memory.

        Raises:
            UserError: the file is missing, cut short, or holds no rows.
        """
        try:
            table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        except (pa.ArrowInvalid, OSError) as error:
            raise UserError(f"{path} cannot be read as token file: {error}; delete it and run again") from error
        if table.num_rows == 0:
            raise UserError(f"{path} holds no sequences; check the data it was made from")
        checksums.verify(path, table)
        described = json.loads(table.schema.metadata[b"features"])
        self.family: str = described["family"]
        self.labels: tuple[str, ...] = tuple(described["labels"])
        self.languages: tuple[str, ...] = tuple(described.get("languages", ()))
        ids = described["tokens"]
        self.tokens = TokenIds(ids["vocabulary_size"], ids["pad"], ids["mask"], tuple(ids["special"]))
        self.input_ids = Ragged.of_column(table["input_ids"])
        self.columns: dict[str, Any] = {
            name: Ragged.of_column(table[name])
            if pa.types.is_large_list(table.schema.field(name).type)
            else table[name].to_numpy()
            for name in table.column_names
            if name != "input_ids"
        }
        self.items = self._items()

    def first(self, examples: int) -> "Features":
        """Return the sequences of the first examples only, sharing memory."""
        count = int(np.searchsorted(self.columns["example"], examples))
        part = copy(self)
        part.__dict__.pop("item_tokens", None)
        part.__dict__.pop("item_rows", None)
        part.input_ids = self.input_ids.first(count)
        part.columns = {
            name: column.first(count) if isinstance(column, Ragged) else column[:count]
            for name, column in self.columns.items()
        }
        part.items = part._items()
        return part

    def _items(self) -> Integers:
        rows = len(self.input_ids)
        if self.family == "ranking":
            partner = self.columns["partner"]
            return np.append(np.flatnonzero((partner >= 0) & (partner < rows)), rows)
        if self.family != "multiple_choice":
            return np.arange(rows + 1)
        example = self.columns["example"]
        first = np.flatnonzero(np.diff(example, prepend=-1))
        return np.append(first, rows)

    @cached_property
    def ordinary(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether a token id is an ordinary token, not a special one; shape (vocabulary,)."""
        ordinary = np.ones(self.tokens.vocabulary_size, dtype=np.bool_)
        ordinary[list(self.tokens.special)] = False
        return ordinary

    def __len__(self) -> int:
        """Return the number of training items."""
        return len(self.items) - 1

    @cached_property
    def item_tokens(self) -> Integers:
        """Padded tokens of each item on its own, shape (items,): its longest sequence times its sequences."""
        lengths = self.input_ids.lengths
        if self.family == "ranking":
            queries = self.items[:-1]
            longest: Integers = np.maximum(lengths[queries], lengths[self.columns["partner"][queries]])
        else:
            longest = np.maximum.reduceat(lengths, self.items[:-1])
        return longest * self.item_rows

    @cached_property
    def item_rows(self) -> Integers:
        """Number of sequences in each item, shape (items,)."""
        return np.full(len(self), 2) if self.family == "ranking" else np.diff(self.items)


class _Spool:
    """The values of one column in an unnamed file, which the system removes whatever happens.

    Args:
        kind: type of the column.
        folder: where the file is.
    """

    def __init__(self, kind: pa.DataType, folder: Path, stack: ExitStack) -> None:
        self.kind = kind
        self.ragged = pa.types.is_large_list(kind)
        self.type = kind.value_type if self.ragged else kind
        self.file = stack.enter_context(tempfile.TemporaryFile(dir=folder))  # noqa: SIM115 (the stack closes it)
        self.lengths: list[Integers] = []
        self.values = 0

    def append(self, values: Any) -> int:
        """Add rows (an array, a list, `Ragged` or a list of lists) and return how many values they have."""
        if self.ragged and not isinstance(values, Ragged):
            values = Ragged.of_column(pa.chunked_array([pa.array(values, self.kind)]))
        if self.ragged:
            self.lengths.append(values.lengths)
            values = values.values[values.bounds[0] : values.bounds[-1]]
        flat = np.asarray(values, dtype=self.type.to_pandas_dtype())
        self.file.write(np.ascontiguousarray(flat).data)  # `tofile` may say nothing when the disk is full
        self.values += len(flat)
        return len(flat)

    def array(self) -> pa.Array:
        """Return the whole column, mapped into memory."""
        self.file.flush()
        memory = mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ) if self.values else b""
        flat = pa.Array.from_buffers(self.type, self.values, [None, pa.py_buffer(memory)])
        if not self.ragged:
            return flat
        lengths = np.concatenate([np.zeros(1, dtype=np.int64), *self.lengths])
        return pa.LargeListArray.from_arrays(pa.array(np.cumsum(lengths)), flat)


def write_features(path: Path, columns: Mapping[str, Any], **described: Any) -> None:
    """Write the sequences of one split, given at once; see `write_chunks`."""
    write_chunks(path, [columns], **described)


def write_chunks(
    path: Path,
    chunks: Iterable[Mapping[str, Any]],
    *,
    family: str,
    tokens: TokenIds,
    labels: tuple[str, ...],
    languages: tuple[str, ...] = (),
) -> tuple[int, int]:
    """Write the sequences of one split, atomically; return how many sequences and tokens there are.

    The file has a single record batch, so that reading copies nothing. What has come is kept on disk until the last
    chunk, so that memory holds one chunk and the lengths of sequences.

    Args:
        path: the file.
        chunks: columns of some sequences each, all with the same names.
        family: the task's family.
        tokens: the tokenizer's ids.
        labels: label names in the order of the head's outputs.
        languages: what the column `language` counts.
    """
    facts = {"family": family, "labels": labels, "languages": languages, "tokens": asdict(tokens)}
    with replacing(path) as temporary, ExitStack() as stack:
        spools = {name: _Spool(TYPES[name], path.parent, stack) for name in ("example", "input_ids")}
        for chunk in chunks:
            for name, values in chunk.items():
                if name not in spools:
                    spools[name] = _Spool(TYPES[name], path.parent, stack)
                spools[name].append(values)
        arrays = [spool.array() for spool in spools.values()]
        checksum = checksums.of_columns(spools, arrays)
        metadata = {"features": json.dumps(facts, ensure_ascii=False).encode(), checksums.KEY: checksum}
        schema = pa.schema([(name, TYPES[name]) for name in spools], metadata=metadata)
        batch = pa.record_batch(arrays, schema=schema)
        with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            writer.write_batch(batch)
        return batch.num_rows, spools["input_ids"].values
