"""Canonical rows: the columns of `data/{task}/{split}.parquet` by family, and the checks every row passes.

Columns of all families: `id` (unique in the file) and `language`. See `COLUMNS` for the others.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from workflow.scripts.errors import UserError
from workflow.scripts.files import read_table
from workflow.scripts.tasks import SOURCE_LANGUAGE, Family, Origin, Task
from workflow.scripts.tasks.languages import Language
from workflow.scripts.tasks.schemas import Row, RowError

_ANSWERS = pa.list_(pa.struct([("text", pa.string()), ("start", pa.int32())]))

COLUMNS: Mapping[Family, Mapping[str, pa.DataType]] = {
    Family.CLASSIFICATION: {"text_a": pa.string(), "text_b": pa.string(), "label": pa.string()},
    Family.MULTIPLE_CHOICE: {"text_a": pa.string(), "choices": pa.list_(pa.string()), "label": pa.int32()},
    Family.TAGGING: {"tokens": pa.list_(pa.string()), "tags": pa.list_(pa.string())},
    Family.SPAN: {"context": pa.string(), "question": pa.string(), "answers": _ANSWERS},
    Family.RETRIEVAL: {"text_a": pa.string(), "text_b": pa.string()},
    Family.MINING: {"side": pa.string(), "text_a": pa.string(), "gold": pa.list_(pa.string())},
    Family.TEXT: {"text_a": pa.string(), "text_b": pa.string()},
}

MULTILINGUAL = frozenset({Family.MINING, Family.TEXT})
"""Families whose training and development splits are read in every language, not only in English."""


def split_languages(task: Task, split: str, languages: Iterable[Language]) -> tuple[Language, ...]:
    """Return the languages of one split: English for training and development, all for test and for plain text."""
    chosen = tuple(languages)
    if split != "test" and task.family not in MULTILINGUAL:
        return tuple(language for language in chosen if language.code == SOURCE_LANGUAGE)
    return chosen


def config_name(origin: Origin, language: Language) -> str:
    """Return the name of an origin's configuration for one language."""
    pair = "-".join(sorted((SOURCE_LANGUAGE, language.code)))
    return origin.config.format(language=language.code, name=language.name, iso639_3=language.iso639_3, pair=pair)


def read_entry(task: Task, root: Path, entry: Mapping[str, Any], languages: Mapping[str, Language]) -> Iterator[Row]:
    """Yield the canonical rows of one file of a manifest, each with `id` and `language`.

    Ids begin with the language; rows of several origins (ANLI+) are told apart by the repository's split.

    Args:
        task: whose schema the file has.
        root: folder of the repositories.
        entry: the manifest's entry (see `providers.manifest`).
        languages: the wanted languages by code; rows in others are left out.

    Raises:
        UserError: the file cannot be read, or a row does not fit; file and row number (from 0) are named.
    """
    path = root / entry["path"]
    by_name = {language.name.lower(): language.code for language in languages.values()}
    several = len(task.origins(entry["split"])) > 1
    numbers: Counter[str] = Counter()
    for number, row in enumerate(_read_file(path, root)):
        for item in _read_row(task, row, path, number):
            name = item.pop("language_name", None)
            default = item.get("language", entry["language"] or SOURCE_LANGUAGE)
            code: str = by_name.get(name, "") if name else default
            if code not in languages:
                continue
            origin = f"{entry['origin']}-" if several else ""
            item |= {"language": code, "id": f"{code}-{origin}{item.get('id', numbers[code])}"}
            numbers[code] += 1
            if task.family is Family.MINING:
                item["gold"] = [f"{code}-{gold}" for gold in item["gold"]]
            yield item


def _read_file(path: Path, root: Path) -> list[Row]:
    """Return a repository file's rows; an error says how to fetch the file anew."""
    try:
        rows: list[Row] = read_table(path).to_pylist()
    except UserError as error:
        raise UserError(f"{error} (deleting {root / 'manifest.json'} makes the next run fetch it)") from error
    return rows


def _read_row(task: Task, row: Row, path: Path, number: int) -> list[Row]:
    """Return the canonical rows of one repository row, or raise a `UserError` that names file, row and fault."""
    try:
        canonical = list(task.schema.read(row))
        for item in canonical:
            for column in ("text_a", "context", "question"):
                if column in item and not item[column].strip():
                    raise RowError(f"'{task.name}' has an empty {column}")
    except RowError as error:
        raise UserError(f"{path}, row {number}: {error}; correct or remove the row") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"{path}, row {number} does not have the layout of '{task.name}' ({type(task.schema).__name__}): "
            f"{type(error).__name__} {error}; its columns are {', '.join(row)}"
        ) from error
    return canonical


def to_table(family: Family, rows: Iterable[Row]) -> pa.Table:
    """Return canonical rows as a table with the family's columns."""
    schema = pa.schema([("id", pa.string()), ("language", pa.string()), *COLUMNS[family].items()])
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema=schema)


def check_table(task: Task, split: str, table: pa.Table, languages: Iterable[Language]) -> None:
    """Check a whole split.

    Raises:
        UserError: it is empty, lacks a language, or two rows share an id.
    """
    where = f"split '{split}' of '{task.name}'"
    if table.num_rows == 0:
        raise UserError(f"{where} is empty; expected at least one row: check the repository or laboratory.examples")
    present = set(table["language"].unique().to_pylist())
    missing = [language.code for language in languages if language.code not in present]
    if missing:
        raise UserError(
            f"{where} has no row in {', '.join(missing)}; it has {', '.join(sorted(present))}. "
            "Add the data, or leave the language out with the config key 'languages'"
        )
    repeated = [name for name, count in Counter(table["id"].to_pylist()).items() if count > 1]
    if repeated:
        raise UserError(
            f"{where} has {len(repeated)} ids more than once, for example '{repeated[0]}'; ids must be unique"
        )


def statistics(task: Task, table: pa.Table) -> dict[str, Any]:
    """Return the counts that stand beside a split: rows by language, and labels or tags."""
    counts: dict[str, Any] = {
        "rows": table.num_rows,
        "languages": dict(sorted(Counter(table["language"].to_pylist()).items())),
    }
    if task.family is Family.CLASSIFICATION:
        counts["labels"] = dict(sorted(Counter(table["label"].to_pylist()).items()))
    if task.family is Family.TAGGING:
        counts["labels"] = dict(sorted(Counter(tag for tags in table["tags"].to_pylist() for tag in tags).items()))
    if task.family is Family.SPAN:
        counts["unanswerable"] = sum(not answers for answers in table["answers"].to_pylist())
    return counts
