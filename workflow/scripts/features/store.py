"""Token sequences on disk: one uncompressed Arrow file per task and split, read memory-mapped.

Every row is one sequence. Columns, besides `example` (int32: row of the canonical Parquet file) and `input_ids`:

    classification, multiple_choice
        label           right class or choice; the choices of an example follow each other
    tagging
        positions       first sub-token of each word
        labels          tag of each word, -1 = unknown
    span
        start, end      the answer's first and last token, 0 = not in this window
        context         first token of the context
        offsets         first and past-last character of each of the context's tokens
    retrieval, mining
        side            0 = foreign, 1 = English

The schema's metadata describes the tokenizer (`TokenIds`) and the label names.
"""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from workflow.scripts.errors import UserError
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
    """Rows of different lengths in one flat array, zero-copy."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        array = column.combine_chunks()
        array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
        self.bounds: Integers = array.offsets.to_numpy()
        self.values: Integers = array.values.to_numpy()

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, row: int) -> Integers:
        return self.values[self.bounds[row] : self.bounds[row + 1]]

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
        input_ids: the sequences.
        columns: the other columns by name, as arrays of shape (rows,) or `Ragged`.
        items: first row of every item, shape (items + 1,); an item is one sequence, or all choices of an example.
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
        described = json.loads(table.schema.metadata[b"features"])
        self.family: str = described["family"]
        self.labels: tuple[str, ...] = tuple(described["labels"])
        ids = described["tokens"]
        self.tokens = TokenIds(ids["vocabulary_size"], ids["pad"], ids["mask"], tuple(ids["special"]))
        self.input_ids = Ragged(table["input_ids"])
        self.columns: dict[str, Any] = {
            name: Ragged(table[name])
            if pa.types.is_large_list(table.schema.field(name).type)
            else table[name].to_numpy()
            for name in table.column_names
            if name != "input_ids"
        }
        self.items = self._items()

    def _items(self) -> Integers:
        rows = len(self.input_ids)
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
        longest: Integers = np.maximum.reduceat(self.input_ids.lengths, self.items[:-1])
        return longest * self.item_rows

    @cached_property
    def item_rows(self) -> Integers:
        """Number of sequences in each item, shape (items,)."""
        return np.diff(self.items)


def write_features(
    path: Path, columns: dict[str, list[Any]], *, family: str, tokens: TokenIds, labels: tuple[str, ...]
) -> None:
    """Write the sequences of one split, atomically, as a single record batch (so that reading copies nothing)."""
    described = json.dumps({"family": family, "labels": labels, "tokens": asdict(tokens)}, ensure_ascii=False)
    schema = pa.schema([(name, TYPES[name]) for name in columns], metadata={"features": described})
    batch = pa.record_batch([pa.array(values, TYPES[name]) for name, values in columns.items()], schema=schema)
    with replacing(path) as temporary, pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(batch)
