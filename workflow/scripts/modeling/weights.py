"""Weights of checkpoints as files: which they are, whether they are whole, and shards put together.

Only safetensors are read. Tensors are never loaded: headers say what there is, and bytes are copied. So a checkpoint of
any size takes little memory. Layout: length of the header (8 bytes, little-endian), header (JSON), data.
"""

import hashlib
import json
import re
import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json, replacing

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"

_SHARD = re.compile(r"model-\d+-of-\d+\.safetensors")
_OTHER_FORMAT = re.compile(r"pytorch_model.*\.bin|tf_model.*\.h5|.*\.(?:pt|pth|ckpt|msgpack|ot)")
_CHUNK = 1 << 24


@dataclass(frozen=True)
class Header:
    """The header of a safetensors file: tensors by name (`dtype`, `shape`, `data_offsets`), and where data begin."""

    tensors: Mapping[str, Mapping[str, Any]]
    start: int


def weight_names(names: Collection[str], where: str) -> list[str]:
    """Return the names of the weight files among a checkpoint's files: one, or an index and its shards.

    Raises:
        UserError: there is none; what there is instead is named.
    """
    if WEIGHTS in names:
        return [WEIGHTS]
    shards = sorted(name for name in names if _SHARD.fullmatch(name))
    if INDEX in names and shards:
        return [INDEX, *shards]
    others = sorted(name for name in names if _OTHER_FORMAT.fullmatch(name))
    if others:
        raise UserError(
            f"{where} has no weights as safetensors, only {', '.join(others)}; pickled weights can run code when they "
            "are loaded, and are not read. Either name a revision that has safetensors ('refs/pr/<number>', where a "
            "pull request of the Hub's conversion service offers them), or convert the checkpoint where you trust it: "
            "'AutoModelForMaskedLM.from_pretrained(checkpoint).save_pretrained(folder)', with AutoModelForSeq2SeqLM "
            "for translation models, then the same with AutoTokenizer; and name the folder"
        )
    raise UserError(f"{where} has no {WEIGHTS}; it has {', '.join(sorted(names)) or 'no files'}")


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files of a checkpoint.

    Raises:
        UserError: there is none, or one that the index names is missing.
    """
    names = weight_names([path.name for path in folder.iterdir()], str(folder))
    if INDEX not in names:
        return [folder / WEIGHTS]
    needed = _shards(folder / INDEX)
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        raise UserError(f"{folder} lacks {', '.join(missing)}, of {len(needed)} that {INDEX} names; fetch it again")
    return [folder / name for name in needed]


def _shards(index: Path) -> list[str]:
    """Return the names of the files that an index names.

    Raises:
        UserError: it is no index, or names something else than files beside it.
    """
    content = read_json(index)
    placed = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(placed, dict):
        raise UserError(f"{index} has no 'weight_map'; expected the index of a checkpoint's shards: fetch it again")
    names = sorted(set(map(str, placed.values())))
    others = [name for name in names if not _SHARD.fullmatch(name)]
    if others:
        raise UserError(
            f"{index} names '{others[0]}' as a file of weights; expected names like model-00001-of-00002.safetensors, "
            "in the same folder"
        )
    return names


def read_header(path: Path) -> Header:
    """Read the header of a safetensors file.

    Raises:
        UserError: it is no such file, or its size is not what the header says.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        first = file.read(8)
        length = struct.unpack("<Q", first)[0] if len(first) == 8 else size
        if length > size - 8:
            hint = " (it is a Git LFS pointer)" if first == b"version " else ""
            raise UserError(f"{path} ({size:,} bytes) is cut short or no safetensors file{hint}; fetch it again")
        try:
            tensors: Any = json.loads(file.read(length))
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path} ({size:,} bytes) is no safetensors file: {error}; fetch it again") from error
    tensors = tensors if isinstance(tensors, dict) else {"": tensors}
    tensors.pop("__metadata__", None)
    wrong = next((name for name, entry in tensors.items() if not _is_tensor(entry)), None)
    if wrong is not None:
        raise UserError(
            f"{path} ({size:,} bytes) is no safetensors file: its header's entry '{wrong}' is not dtype, shape and "
            "data_offsets of a tensor; fetch it again"
        )
    expected = 8 + length + max((tensor["data_offsets"][1] for tensor in tensors.values()), default=0)
    if size != expected:
        raise UserError(f"{path} has {size:,} bytes where its header says {expected:,}; fetch it again")
    return Header(tensors, 8 + length)


def _is_tensor(entry: Any) -> bool:
    """Return whether an entry of a header describes a tensor."""
    if not isinstance(entry, dict) or not isinstance(entry.get("dtype"), str):
        return False
    shape, offsets = entry.get("shape"), entry.get("data_offsets")
    if not isinstance(shape, list) or not isinstance(offsets, list) or len(offsets) != 2:
        return False
    return all(type(number) is int and number >= 0 for number in (*shape, *offsets)) and offsets[0] <= offsets[1]


def read_shapes(files: Sequence[Path]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all tensors in safetensors files by name (errors as `read_header`)."""
    return {name: tuple(tensor["shape"]) for path in files for name, tensor in read_header(path).tensors.items()}


def write_weights(files: Sequence[Path], target: Path) -> str:
    """Write safetensors files as one, atomically, and return its sha256; a single file is copied as it is."""
    pieces = _read(files[0], 0, files[0].stat().st_size) if len(files) == 1 else _merge(files)
    digest = hashlib.sha256()
    with replacing(target) as temporary, temporary.open("wb") as output:
        for piece in pieces:
            digest.update(piece)
            output.write(piece)
    return digest.hexdigest()


def _read(path: Path, start: int, end: int) -> Iterator[bytes]:
    """Yield a part of a file's bytes."""
    with path.open("rb") as file:
        file.seek(start)
        while start < end and (piece := file.read(min(end - start, _CHUNK))):
            start += len(piece)
            yield piece


def _merge(files: Sequence[Path]) -> Iterator[bytes]:
    """Yield the bytes of one safetensors file with the tensors of all files."""
    headers = {path: read_header(path) for path in files}
    placed = [(name, tensor, path) for path, header in headers.items() for name, tensor in header.tensors.items()]
    # the widest types first: tensors then begin at multiples of their width, which readers rely on
    placed.sort(key=lambda item: (-_bits(item[1]["dtype"]), item[0]))
    described: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, tensor, _ in placed:
        first, last = tensor["data_offsets"]
        begin, end = end, end + last - first
        described[name] = {**tensor, "data_offsets": [begin, end]}
    text = json.dumps(described, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    yield struct.pack("<Q", len(text)) + text
    for _, tensor, path in placed:
        first, last = (headers[path].start + offset for offset in tensor["data_offsets"])
        yield from _read(path, first, last)


def _bits(dtype: str) -> int:
    digits = re.search(r"\d+", dtype)
    return int(digits.group()) if digits else 8  # BOOL
