"""LAReQA and Mewsli-X from a user's own copies of the original files, which have what the Hub's Parquet files lack.

`xquad_r`   `xquad-r/<language>.json` of google-research-datasets/lareqa, with sentence boundaries, and SQuAD v1.1 as
            `squad/train-v1.1.json` and `squad/dev-v1.1.json`: the folders of XTREME-R's download script
`mewsli_x`  a clone of izhx/mewsli-x: JSON lines, as they are or in a tar.gz of one file each
"""

import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow.scripts.errors import UserError
from workflow.scripts.sources import mirror
from workflow.scripts.sources.ccgbank import contents
from workflow.scripts.tasks import Task
from workflow.scripts.tasks.languages import Language
from workflow.scripts.tasks.schemas import Row

FORMS = ("xquad_r", "mewsli_x")

_NOTE = "Written from a user's own files."
_SQUAD = {"train": "squad/train-v1.1.json", "dev": "squad/dev-v1.1.json"}
_PAIRS = {"train": "wikipedia_pairs/train.jsonl", "dev": "wikipedia_pairs/dev.jsonl"}
_MENTIONS, _ENTITIES = "wikinews_mentions/{language}/test.jsonl", "candidate_entities.jsonl"


def write_repositories(
    task: Task, form: str, folder: Path, root: Path, languages: Sequence[Language], *, lenient: bool
) -> None:
    """Write the repositories of LAReQA or Mewsli-X from a user's files.

    Args:
        task: which of them; its origins say what the repositories are called.
        form: one of `FORMS`.
        folder: where the files are.
        root: folder of the repositories.
        languages: languages of the test split.
        lenient: whether some of them may be missing.

    Raises:
        UserError: a file is missing or is not as it must be; file and line are named.
    """
    names = "xquad-r/{language}.json" if form == "xquad_r" else _MENTIONS
    named = {code: names.format(language=code) for code in (language.code for language in languages)}
    spoken = [code for code in named if code in task.languages]
    found = [code for code in spoken if _there(folder, named[code])] if lenient else spoken
    read = _squad_rows if form == "xquad_r" else _lines
    splits: dict[str, dict[tuple[str, str], list[Row]]] = {}
    for split, name in (_SQUAD if form == "xquad_r" else _PAIRS).items():
        (origin,) = task.origins(split)
        splits.setdefault(origin.repository, {})[origin.config, origin.split] = list(read(folder, name))
    tested = task.origins("test")
    for code in found:
        config = tested[0].config.format(language=code)
        rows = list(read(folder, named[code]))
        splits.setdefault(tested[0].repository, {})[config, tested[0].split] = rows
    for origin in tested[1:]:
        rows = list(read(folder, _ENTITIES))
        splits.setdefault(origin.repository, {})[origin.config, origin.split] = rows
    for repository, files in splits.items():
        mirror.write_repository(root, repository, files, _NOTE)


def _there(folder: Path, name: str) -> bool:
    return (folder / name).is_file() or (folder / f"{name}.tar.gz").is_file()


def _squad_rows(folder: Path, name: str) -> Iterator[Row]:
    """Yield one row for each question of a file in SQuAD's JSON, with sentence boundaries where the file has them."""
    path = _existing(folder, name)
    try:
        articles = json.loads(path.read_text(encoding="utf-8"))["data"]
        for article in articles:
            for paragraph in article["paragraphs"]:
                shared = {"title": article.get("title", ""), "context": paragraph["context"]}
                if "sentence_breaks" in paragraph:
                    shared["sentence_breaks"] = paragraph["sentence_breaks"]
                for question in paragraph["qas"]:
                    texts = [answer["text"] for answer in question["answers"]]
                    starts = [answer["answer_start"] for answer in question["answers"]]
                    answers = {"text": texts, "answer_start": starts}
                    yield {"id": question["id"], "question": question["question"], "answers": answers, **shared}
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is no file in SQuAD's JSON: {type(error).__name__} {error}; expected data > paragraphs > context, "
            "qas. Fetch it again"
        ) from error


def _lines(folder: Path, name: str) -> Iterator[Row]:
    """Yield the rows of a file of JSON lines, packed or not."""
    path = _existing(folder, name)
    if path.suffix != ".gz":
        with path.open("rb") as lines:
            yield from _rows(path, lines)
        return
    try:
        with tarfile.open(path, "r:gz") as packed:
            member = next((entry for entry in packed if entry.isfile()), None)
            inside = packed.extractfile(member) if member else None
            if inside is None:
                raise UserError(f"{path} holds no file; expected one of JSON lines: fetch it again")
            yield from _rows(path, inside)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise UserError(f"{path} cannot be unpacked: {error}; fetch it again") from error


def _rows(path: Path, lines: Any) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise UserError(f"{path}, line {number} is no JSON: {error}; fetch the file again") from error
            yield _needed(row)


def _existing(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.tar.gz"):
        if path.is_file():
            return path
    parent = (folder / name).parent
    raise UserError(
        f"{parent} has no {Path(name).name}; it has {contents(parent)}. Expected {name} in {folder}, the folder that "
        "the config key 'local' names"
    )


_KEPT = {
    "contextual_mention": ("context", "mention"),
    "context": ("language", "text", "sentence_spans"),
    "mention": ("example_id", "mention_span", "entity_id"),
    "mentions": ("example_id", "mention_span", "entity_id"),
    "entity": ("entity_id", "description", "sentence_spans", "description_language"),
}


def _needed(row: Mapping[str, Any], kind: str = "") -> Row:
    """Return what is read of a row: the rest (titles, addresses, free metadata) differs from row to row."""
    kept = _KEPT.get(kind, tuple(row))
    return {name: _within(name, row[name]) for name in kept if name in row}


def _within(name: str, value: Any) -> Any:
    if name not in _KEPT:
        return value
    return [_needed(entry, name) for entry in value] if isinstance(value, list) else _needed(value, name)
