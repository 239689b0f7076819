"""How many sequences and tokens a study's data have: counted where they are prepared, else published or estimated."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from workflow.scripts.files import read_json
from workflow.scripts.sources import canonical, providers
from workflow.scripts.study import Study
from workflow.scripts.tasks import Family

REFERENCE = Path(__file__).resolve().parents[3] / "reference" / "planning"


@dataclass(frozen=True, slots=True)
class Size:
    """One split: rows, sequences and tokens in all languages, squared tokens, and how sure that is.

    `certainty` is `counted` (token files), `estimated`, or `unknown` (then the numbers are 0).
    """

    rows: int = 0
    sequences: float = 0.0
    tokens: float = 0.0
    squares: float = 0.0
    certainty: str = "unknown"


@cache
def reference_rows(name: str) -> tuple[Mapping[str, str], ...]:
    """Return the rows of a table in `reference/planning`."""
    with (REFERENCE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def split_size(study: Study, task: str, split: str, tokenizer: str, root: Path) -> Size:
    """Return the size of one split for one tokenizer.

    Args:
        study: its languages and limits count.
        task: name of the task.
        split: train, dev or test.
        tokenizer: its token file is read where it is there.
        root: the folder above `results`.
    """
    path = root / f"results/{study.collection}/tokens/{tokenizer}/{task}/{split}.arrow"
    rows = split_rows(study, task, split, root)
    if path.is_file():
        with pa.memory_map(str(path)) as source:
            columns = [batch.column("input_ids").offsets.to_numpy() for batch in _batches(source)]
        lengths = np.concatenate([np.diff(offsets) for offsets in columns]).astype(np.float64)
        return Size(rows or 0, len(lengths), float(lengths.sum()), float((lengths * lengths).sum()), "counted")
    found = _estimate(study, task, split)
    if rows is None or found is None:
        return Size()
    limits = study.settings["tokenization"]
    longest = (limits | limits["tasks"].get(task, {}))["max_length"]
    mean, spread = min(float(found["tokens_per_sequence"]), longest), 1 + float(found["squared_variation"])
    sequences = rows * float(found["sequences_per_row"])
    return Size(rows, sequences, sequences * mean, sequences * mean * mean * spread, "estimated")


def _batches(source: pa.NativeFile) -> list[pa.RecordBatch]:
    reader = pa.ipc.open_file(source)
    return [reader.get_batch(number) for number in range(reader.num_record_batches)]


def _estimate(study: Study, task: str, split: str) -> Mapping[str, str] | None:
    """Return tokens per sequence: of the split, else of another one of the task; the laboratory's else natural ones."""
    for world in ("laboratory", "natural")[study.provider != "laboratory" :]:
        found = [row for row in reference_rows("tokens") if (row["world"], row["task"]) == (world, task)]
        if found:
            return next((row for row in found if row["split"] == split), found[0])
    return None


def split_rows(study: Study, task: str, split: str, root: Path) -> int | None:
    """Return the rows of a split in all its languages, of the prepared data if they are there; None if not known."""
    path = root / f"results/{study.collection}/data/{task}/{split}.json"
    if path.is_file():
        return int(read_json(path)["rows"])
    record = study.task(task)
    languages = providers.languages_of(record, study.provider, study.wanted)
    codes = [language.code for language in canonical.split_languages(record, split, languages)]
    sides = 2 if record.family is Family.MINING else 1
    if study.provider == "laboratory":
        rows = study.settings["laboratory"]["examples"][task][split]
        each_language = split == "test" or record.family in canonical.MULTILINGUAL
        return int(rows) * sides * (len(codes) if each_language else 1)
    limit = study.settings["limits"].get(task, {}).get(split)
    if record.family is Family.TEXT:
        return None if limit is None else limit * len(study.languages())
    given = {row["language"]: int(row["rows"]) for row in reference_rows("rows") if _is(row, task, split)}
    size = record.sizes.get(split) or given or limit
    if size is None:
        return None
    if isinstance(size, Mapping):
        return sum(min(size[code], limit or size[code]) for code in codes if code in size)
    if split == "test":
        return min(size, limit or size) * len(codes)
    return min(size, limit * len(codes) if limit else size)


def _is(row: Mapping[str, str], task: str, split: str) -> bool:
    return row["task"] == task and row["split"] == split
