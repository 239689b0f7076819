"""Checksums of token files: a wrong byte in one would train a model on other words, and nobody would notice."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa

from workflow.scripts.errors import UserError

KEY = b"sha256"
"""Where a file's metadata hold the checksum of its columns."""

_verified: set[tuple[str, int, int]] = set()
"""Files that this process has compared: path, time and size."""


def of_columns(names: Iterable[str], arrays: Iterable[pa.Array]) -> bytes:
    """Return the SHA-256 of columns, names and bytes, in hexadecimal.

    Args:
        names: of the columns.
        arrays: numbers, or lists of numbers (`large_list`), without nulls; nothing is copied.
    """
    digest = hashlib.sha256()
    for name, array in zip(names, arrays, strict=True):
        parts = [array.values, array.offsets] if pa.types.is_large_list(array.type) else [array]
        for part in parts:
            numbers = part.to_numpy()
            digest.update(f"{name} {numbers.dtype} {len(numbers)} ".encode())
            digest.update(np.ascontiguousarray(numbers).view(np.uint8).data)
    return digest.hexdigest().encode()


def verify(path: Path, table: pa.Table) -> None:
    """Compare a file's columns with its checksum, once in a process; files of before there were checksums have none.

    Raises:
        UserError: they are not what was written.
    """
    stat = path.stat()
    key = (str(path), stat.st_mtime_ns, stat.st_size)
    expected = (table.schema.metadata or {}).get(KEY)
    if expected is None or key in _verified:
        return
    columns = [column.chunk(0) if column.num_chunks == 1 else column.combine_chunks() for column in table.columns]
    if of_columns(table.column_names, columns) != expected:
        raise UserError(
            f"{path} is not what was written: its content does not have the checksum that it was written with; "
            "delete it and run again"
        )
    _verified.add(key)
