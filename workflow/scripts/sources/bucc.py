"""BUCC 2018 from a user's own copy of the shared task's files: the hub has the pools for test but not those for dev.

Source: the archives of the shared task; which of their files are development and which test: XTREME's and jiant's
download scripts (the training set of the shared task is XTREME's test set, its sample the development set).
"""

from collections.abc import Mapping
from pathlib import Path

from workflow.scripts.errors import UserError
from workflow.scripts.sources.ccgbank import contents, read_lines
from workflow.scripts.tasks.schemas import Row

SPLITS: Mapping[str, str] = {"dev": "sample", "test": "training"}
"""Our split -> what the shared task's files call it."""

_FOLDERS = ("{language}-en", "bucc2018/{language}-en")


def read_pools(folder: Path, language: str) -> dict[str, list[Row]]:
    """Return the rows of both pools of one language pair, by split, as `PoolSchema.read` yields them.

    The files of a split are `<language>-en.<sample or training>.` with the endings `<language>` and `en` (lines
    `id<TAB>sentence`) and `gold` (lines `foreign id<TAB>English id`).

    Args:
        folder: has `<language>-en/` or `bucc2018/<language>-en/`.
        language: code of the foreign language, such as `de`.

    Raises:
        UserError: a file is missing or empty, or a line does not fit; file and line are named.
    """
    pair = _find_pair(folder, language)
    names = {
        split: [f"{language}-en.{name}.{ending}" for ending in (language, "en", "gold")]
        for split, name in SPLITS.items()
    }
    missing = [name for files in names.values() for name in files if not (pair / name).is_file()]
    if missing:
        raise UserError(
            f"{pair} has no {' and no '.join(missing)}; it has {contents(pair)}. "
            f"Expected {', '.join(names['dev'])} (dev, for the threshold) and {', '.join(names['test'])} (test)"
        )
    return {split: _read_pool(*(pair / name for name in files)) for split, files in names.items()}


def _find_pair(folder: Path, language: str) -> Path:
    """Return the folder of a language pair."""
    candidates = [folder / name.format(language=language) for name in _FOLDERS]
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise UserError(
        f"{folder} has no folder {' or '.join(name.format(language=language) for name in _FOLDERS)}; "
        f"it has {contents(folder)}. Unpack the archives of BUCC 2018 for '{language}' there"
    )


def _read_pool(foreign_path: Path, english_path: Path, gold_path: Path) -> list[Row]:
    """Return the rows of the two sides of a pool, numbered from 1, the true pairs on the foreign side."""
    foreign, english = _read_side(foreign_path), _read_side(english_path)
    translations: dict[str, list[str]] = {}
    number_of = {name: number for number, name in enumerate(english, start=1)}
    for number, line in enumerate(read_lines(gold_path), start=1):
        pair = _columns(gold_path, number, line, "foreign id and English id")
        where = f"{gold_path}, line {number}"
        if not (pair[0] in foreign and pair[1] in english) and pair[0] in english and pair[1] in foreign:
            raise UserError(
                f"{where} names the English sentence '{pair[0]}' before the foreign '{pair[1]}'; "
                "expected the foreign one first: exchange the columns"
            )
        for name, side, path in zip(pair, (foreign, english), (foreign_path, english_path), strict=True):
            if name not in side:
                raise UserError(f"{where}: there is no id '{name}' in {path}; correct the id, or remove the line")
        translations.setdefault(pair[0], []).append(f"english-{number_of[pair[1]]}")
    rows: list[Row] = [
        {"id": f"foreign-{i}", "side": "foreign", "text_a": text, "gold": translations.get(name, [])}
        for i, (name, text) in enumerate(foreign.items(), start=1)
    ]
    for j, text in enumerate(english.values(), start=1):
        rows.append({"id": f"english-{j}", "side": "english", "text_a": text, "gold": []})
    return rows


def _read_side(path: Path) -> dict[str, str]:
    """Return the sentences of one side by the id in the file, in its order."""
    sentences: dict[str, str] = {}
    for number, line in enumerate(read_lines(path), start=1):
        name, text = _columns(path, number, line, "id and sentence")
        if name in sentences:
            first = list(sentences).index(name) + 1
            raise UserError(
                f"{path}, line {number}: id '{name}' stands in line {first} already; expected each id once: "
                "remove one of the lines"
            )
        sentences[name] = text
    return sentences


def _columns(path: Path, number: int, line: str, expected: str) -> tuple[str, str]:
    """Return the two columns of a line; further tabs belong to the second one."""
    first, tab, second = line.partition("\t")
    if not (tab and first):
        found = line if len(line) <= 60 else f"{line[:60]}..."
        raise UserError(f"{path}, line {number}: found '{found}'; expected {expected} with a tab between them")
    return first, second
