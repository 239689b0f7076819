"""Canonical rows: the columns of `data/{task}/{split}.parquet` by family, and the checks every row passes.

Columns of all families: `id` (unique in the file) and `language`. See `COLUMNS` for the others.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from workflow.scripts.errors import UserError
from workflow.scripts.files import read_table
from workflow.scripts.sources.class_names import renamer
from workflow.scripts.tasks import SOURCE_LANGUAGE, Family, Origin, Task
from workflow.scripts.tasks.languages import Language
from workflow.scripts.tasks.ranking_schemas import CANDIDATE
from workflow.scripts.tasks.schemas import DroppedRowError, Row, RowError
from workflow.scripts.tasks.task import SLICE

_ANSWERS = pa.list_(pa.struct([("text", pa.string()), ("start", pa.int32())]))

COLUMNS: Mapping[Family, Mapping[str, pa.DataType]] = {
    Family.CLASSIFICATION: {"text_a": pa.string(), "text_b": pa.string(), "label": pa.string()},
    Family.MULTIPLE_CHOICE: {"text_a": pa.string(), "choices": pa.list_(pa.string()), "label": pa.int32()},
    Family.TAGGING: {"tokens": pa.list_(pa.string()), "tags": pa.list_(pa.string())},
    Family.SPAN: {"context": pa.string(), "question": pa.string(), "answers": _ANSWERS},
    Family.RETRIEVAL: {"text_a": pa.string(), "text_b": pa.string()},
    Family.MINING: {"side": pa.string(), "text_a": pa.string(), "gold": pa.list_(pa.string())},
    Family.RANKING: {
        "side": pa.string(),
        "text_a": pa.string(),
        "text_b": pa.string(),
        "gold": pa.list_(pa.string()),
    },
    Family.TEXT: {"text_a": pa.string(), "text_b": pa.string()},
}

MULTILINGUAL = frozenset({Family.MINING, Family.TEXT})
"""Families whose training and development splits are read in every language, not only in English."""

SAMPLING_SEED = 2020
"""Of the rows that `limits` keep; the same for all languages, so that parallel sets stay parallel."""


def split_languages(task: Task, split: str, languages: Iterable[Language]) -> tuple[Language, ...]:
    """Return the languages of one split: those of training (English) for training and development, all for the rest."""
    if split == "test" or task.family in MULTILINGUAL:
        test_only = set(task.train_languages) - set(task.languages)
        return tuple(language for language in languages if language.code not in test_only)
    return tuple(language for language in languages if language.code in task.train_languages)


def fill(origin: Origin, language: Language) -> Origin:
    """Return an origin with its wildcards filled in for one language."""
    pair = "-".join(sorted((SOURCE_LANGUAGE, language.code)))
    names = {"language": language.code, "name": language.name, "iso639_3": language.iso639_3, "pair": pair}
    filled = {key: getattr(origin, key).format(**names) for key in ("config", "split", "files")}
    return replace(origin, **filled)


def bounds(split: str, rows: int) -> tuple[int, int]:
    """Return first and past-last row of a split that may be sliced, as in `datasets`: `train[10%:200]`.

    Raises:
        UserError: the slice cannot be read.
    """
    name, bracket, inside = split.partition("[")
    found = re.fullmatch(r"(\d+%?)?:(\d+%?)?\]", inside)
    if not bracket:
        return 0, rows
    if not found:
        raise UserError(f"split '{split}' has a slice that cannot be read; expected for example {name}[:80%]")
    begin, end = (
        default if text is None else round(rows * int(text[:-1]) / 100) if text.endswith("%") else int(text)
        for text, default in zip(found.groups(), (0, rows), strict=True)
    )
    return min(begin, rows), min(end, rows)


class Reader:
    """Reads the canonical rows of one split of a task.

    Args:
        task: whose schema the files have.
        split: train, dev or test.
        languages: the wanted languages; rows in others are left out.
        head: of files with a language of their own only so many rows are read.

    Attributes:
        repairs: what was corrected or dropped, and how often.
    """

    def __init__(self, task: Task, split: str, languages: Iterable[Language], *, head: int | None = None) -> None:
        self.task = task
        self.head = head
        self.split = split
        self.languages = {language.code: language for language in languages}
        self.by_name = {language.name.lower(): code for code, language in self.languages.items()}
        self.repairs: Counter[str] = Counter()
        self._numbers: Counter[str] = Counter()

    def rows(self, root: Path, entries: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
        """Yield the canonical rows of the files of a manifest, each with `id` and `language`.

        Ids begin with the language; rows of several origins of one language (ANLI+) are told apart by the origin's
        number.

        Raises:
            UserError: a file cannot be read, or a row does not fit; file and row number (from 0) are named.
        """
        wanted = [entry for entry in entries if entry["split"] == self.split]
        for (number, language), group in groupby(wanted, key=lambda entry: (entry["origin"], entry["language"])):
            if language is not None and language not in self.languages:
                continue
            paths = [root / entry["path"] for entry in group]
            for row in self._read_origin(root, paths, number):
                yield from self._identified(row, language, number)

    def _read_origin(self, root: Path, paths: Sequence[Path], number: int) -> Iterator[Row]:
        """Yield the canonical rows of the files of one origin and language, cut to the origin's slice."""
        tables = [_read_file(path, root) for path in paths]
        origin = self.task.origins(self.split)[number]
        begin, end = bounds(origin.split, sum(table.num_rows for table in tables))
        if self.head is not None and origin.per_language:
            end = min(end, begin + self.head)
        first = 0
        for path, table in zip(paths, tables, strict=True):
            low, high = max(begin - first, 0), min(end - first, table.num_rows)
            rename = renamer(table.schema, getattr(self.task.schema, "classes", ()))
            for position, row in enumerate(table.slice(low, max(high - low, 0)).to_pylist(), start=low):
                yield from self._canonical(rename(row), path, position)
            first += table.num_rows

    def _canonical(self, row: Row, path: Path, number: int) -> list[Row]:
        """Return the canonical rows of one repository row, or raise a `UserError` that names file, row and fault."""
        try:
            canonical = list(self.task.schema.read(row))
        except DroppedRowError as reason:
            self.repairs[f"dropped: {reason}"] += 1
            return []
        except RowError as error:
            raise UserError(f"{path}, row {number}: {error}; correct or remove the row") from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UserError(
                f"{path}, row {number} does not have the layout of '{self.task.name}' "
                f"({type(self.task.schema).__name__}): {type(error).__name__} {error}; "
                f"its columns are {', '.join(row)}"
            ) from error
        for item in canonical:
            item |= {f"{SLICE}{name}": _named(row.get(name)) for name in self.task.slices}
            if "repaired" in item:
                self.repairs[item.pop("repaired")] += 1
            for column in ("text_a", "context", "question"):
                if column in item and not (item[column] or "").strip():
                    item[column] = item[column] or ""
                    self.repairs[f"kept: empty {column}"] += 1
        return canonical

    def _identified(self, item: Row, language: str | None, number: int) -> Iterator[Row]:
        """Yield a row with its language and an id, unless its language is not wanted."""
        name = item.pop("language_name", None)
        default = item.get("language", language or SOURCE_LANGUAGE)
        code: str = self.by_name.get(name, "") if name else default
        if code not in self.languages and item.get("side") != CANDIDATE:  # entities speak any language
            return
        serving = sum(origin.serves(code) for origin in self.task.origins(self.split))
        several = serving > 1 and self.task.family is not Family.MINING
        origin = f"{number}-" if several else ""
        item |= {"language": code, "id": f"{code}-{origin}{item.get('id', self._numbers[code])}"}
        self._numbers[code] += 1
        if "gold" in item and self.task.family is Family.MINING:
            item["gold"] = [f"{code}-{gold}" for gold in item["gold"]]
        yield item


def _named(value: Any) -> str | None:
    """Return what a column says of a row as a name, None where it says nothing."""
    return None if value is None or value == "" else str(value)


def _read_file(path: Path, root: Path) -> pa.Table:
    """Return a repository file; an error says how to fetch it anew."""
    try:
        return read_table(path)
    except UserError as error:
        raise UserError(f"{error} (deleting {root / 'manifest.json'} makes the next run fetch it)") from error


def join_gold(rows: Sequence[Row], repairs: Counter[str]) -> list[Row]:
    """Return the sentences of mining pools, with the gold pairs that are given by their texts among their rows.

    Repositories that hold pools and gold pairs apart have rows with `pair` (foreign text, English text) and `language`.
    """
    pairs = [row for row in rows if "pair" in row]
    if not pairs:
        return list(rows)
    sentences = [row for row in rows if "pair" not in row]
    by_text: dict[tuple[str, str, str], list[Row]] = {}
    for row in sentences:
        by_text.setdefault((row["language"], row["side"], row["text_a"].strip()), []).append(row)
    for row in pairs:
        foreign = by_text.get((row["language"], "foreign", row["pair"][0].strip()), [])
        english = by_text.get((row["language"], "english", row["pair"][1].strip()), [])
        if not (foreign and english):
            repairs["dropped: gold pair whose sentences are not in the pool"] += 1
            continue
        foreign[0]["gold"] = [*foreign[0]["gold"], english[0]["id"]]
    return sentences


def sample(table: pa.Table, limit: int | None) -> pa.Table:
    """Return at most `limit` rows of each language, in their order; the same positions in all parallel languages."""
    if limit is None:
        return table
    languages = np.asarray(table["language"].to_pylist(), dtype=object)
    kept = []
    for language in dict.fromkeys(languages):
        rows = np.flatnonzero(languages == language)
        chosen = np.random.default_rng(SAMPLING_SEED).permutation(len(rows))[:limit]
        kept.append(rows[np.sort(chosen)])
    return table.take(np.sort(np.concatenate(kept))) if kept else table


def to_table(family: Family, rows: Iterable[Row], slices: Iterable[str] = ()) -> pa.Table:
    """Return canonical rows as a table with the family's columns, and one for each of `Task.slices`."""
    named = [(f"{SLICE}{name}", pa.string()) for name in slices]
    schema = pa.schema([("id", pa.string()), ("language", pa.string()), *COLUMNS[family].items(), *named])
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema=schema)


def check_table(task: Task, split: str, table: pa.Table, languages: Iterable[Language], *, lenient: bool) -> list[str]:
    """Check a whole split and return the languages it lacks.

    Args:
        task: which task.
        split: which split.
        table: canonical rows.
        languages: the languages it should have.
        lenient: whether languages may be missing.

    Raises:
        UserError: it is empty, lacks a language, or two rows share an id.
    """
    where = f"split '{split}' of '{task.name}'"
    if table.num_rows == 0:
        raise UserError(f"{where} is empty; expected at least one row: check the repository or laboratory.examples")
    present = set(table["language"].unique().to_pylist())
    missing = [language.code for language in languages if language.code not in present]
    if missing and not lenient:
        raise UserError(
            f"{where} has no row in {', '.join(missing)}; it has {', '.join(sorted(present))}. "
            "Add the data, or leave the language out with the config key 'languages' "
            "('available' takes what is there)"
        )
    repeated = [name for name, count in Counter(table["id"].to_pylist()).items() if count > 1]
    if repeated:
        raise UserError(
            f"{where} has {len(repeated)} ids more than once, for example '{repeated[0]}'; ids must be unique"
        )
    return missing
