"""Reading and writing files so that a reader never meets half of one: write under a temporary name, then rename."""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow.scripts.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa


ENDS = 1 << 16
"""Bytes at both ends of a file that `fingerprint` reads."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes the place of `path`, on failure it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, atomically."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        UserError: the file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is missing; the stage that writes it has to run first") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid JSON ({error}); delete it and run again") from error


def parse_yaml(text: str) -> Any:
    """Return what a YAML text holds; by libyaml where PyYAML has it, which takes a tenth of the time.

    Raises:
        yaml.YAMLError: it is no YAML.
    """
    import yaml

    # both build plain values alone
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def write_table(path: Path, table: "pa.Table", *, checksums: bool = False) -> None:
    """Write a Parquet file atomically (zstd; no timestamps, so that equal tables give equal bytes).

    Args:
        path: the file.
        table: its content.
        checksums: whether pages get a checksum, which `read_table` compares; for files that no other one has a hash of.
    """
    import pyarrow.parquet as pq

    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", write_page_checksum=checksums)


def read_table(path: Path, columns: list[str] | None = None) -> "pa.Table":
    """Read a Parquet file.

    Raises:
        UserError: the file is missing, is no Parquet file, is cut short, lacks a column, or a page's checksum is wrong.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, page_checksum_verification=True)
    except FileNotFoundError:
        raise UserError(f"{path} is missing; expected a Parquet file") from None
    except (pa.ArrowInvalid, OSError) as error:
        size = path.stat().st_size
        raise UserError(
            f"{path} ({size:,} bytes) cannot be read as Parquet: {error}. It may be cut short or a Git LFS pointer; "
            "delete it and fetch it again"
        ) from error
    missing = [name for name in columns or [] if name not in table.column_names]
    if missing:
        raise UserError(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; "
            f"it has {', '.join(table.column_names)}"
        )
    return table.select(columns) if columns else table


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_sha256(path: Path, expected: str | None, told_by: Path) -> None:
    """Compare a file with the SHA-256 that another one notes of it; None where there is none to compare with.

    Raises:
        UserError: the file is another one.
    """
    if expected is not None and sha256(path) != expected:
        raise UserError(
            f"{path} is not what was written: {told_by} notes another SHA-256. The file was damaged or changed by "
            "hand; delete both and run again"
        )


def check_data(path: Path) -> None:
    """Compare canonical data with what the statistics beside them note, where these are there.

    Raises:
        UserError: they are not what was written.
    """
    beside = path.with_suffix(".json")
    told = read_json(beside) if beside.is_file() else {}
    check_sha256(path, told.get("sha256") if isinstance(told, dict) else None, beside)


def fingerprint(files: Mapping[str, Path]) -> str:
    """Return a short hash of files by their names, sizes and both ends, without reading them whole.

    Parquet and safetensors keep what tells two files apart at their ends (column statistics and offsets, a header), so
    that large files can be compared while Snakemake plans. Where they are and when they were written does not matter.

    Args:
        files: paths by name; the names count, the paths do not.
    """
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        size = path.stat().st_size
        digest.update(f"{name}\n{size}\n".encode())
        with path.open("rb") as file:
            digest.update(file.read(ENDS))
            file.seek(max(size - ENDS, 0))
            digest.update(file.read(ENDS))
    return digest.hexdigest()[:16] if files else ""


def check_links(folder: Path, paths: Iterable[Path]) -> None:
    """Check that no file of a folder from elsewhere is a link out of it: its target would become part of the results.

    A snapshot in the Hub's cache may link to the cache's blobs of the same repository.

    Args:
        folder: the folder, which may be a link itself.
        paths: files in it.

    Raises:
        UserError: one is such a link.
    """
    whole = folder.resolve()
    roots = [whole, *([whole.parents[1] / "blobs"] if whole.parent.name == "snapshots" else ())]
    for path in paths:
        target = path.resolve()
        if not any(target.is_relative_to(root) for root in roots):
            raise UserError(
                f"{path} is a link to {target}, outside {folder}; expected files that are in the folder themselves: "
                "replace the link by the file, if you trust it"
            )


@cache
def commit() -> str:
    """Return the commit of the workflow's sources, with `-dirty` if they differ from it, or `unknown` outside git."""
    root = Path(__file__).resolve().parents[2]
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"
