r"""CCGbank from a user's own copy, which no hub carries: jiant's text files, or the AUTO files of LDC2005T13.

Rows have `tokens` and `tags`, the supertags (lexical categories), in the order of the files. Words stay as they are
written, with the treebank's escapes (`-LRB-`, `1\/2`), as in jiant.

Source: nyu-mll/jiant, `jiant/tasks/lib/ccg.py` for the text files, v1's `scripts/ccg/ccg_proc.py` for the AUTO files.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.files import read_json
from workflow.scripts.tasks.schemas import Row, RowError

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "train": tuple(f"{section:02}" for section in range(19)),
    "dev": ("19", "20", "21"),
    "test": ("22", "23", "24"),
}
"""Sections of the Wall Street Journal in each split: jiant v1's, those of part-of-speech tagging, not of parsing."""

_FIELDS = "L, category, modified tag, original tag, word, predicate-argument category"
_PART = re.compile(
    r" *(?:(?P<node>\(<T [^<>]*>)"
    r"|\(<L +(?P<tag>[^ <>]+) +[^ <>]+ +[^ <>]+ +(?P<token>[^ ]+) +[^ <>]+>\)"
    r"|(?P<close>\)))"
)


def read_jiant(folder: Path) -> dict[str, list[Row]]:
    """Return the rows of `ccg.train`, `ccg.dev` and, if it is there, `ccg.test`, by split.

    A line is `words separated by one space`, tab, `supertags separated by one space`. Where `tags_to_id.json` (supertag
    -> number) stands beside them, it has to hold every supertag.

    Raises:
        UserError: a file is missing or empty, or a line does not fit; file, line and nearest supertag are named.
    """
    paths = {split: folder / f"ccg.{split}" for split in SECTIONS}
    missing = [path.name for split, path in paths.items() if split != "test" and not path.is_file()]
    if missing:
        raise UserError(
            f"{folder} has no {' and no '.join(missing)}; it has {contents(folder)}. "
            "Expected jiant's files ccg.train, ccg.dev and, if there is one, ccg.test"
        )
    inventory = _read_inventory(folder / "tags_to_id.json")
    return {split: list(_read_tagged(path, inventory)) for split, path in paths.items() if path.is_file()}


def _read_inventory(path: Path) -> Mapping[str, Any] | None:
    """Return the supertags of `tags_to_id.json`, or None where there is no such file."""
    if not path.is_file():
        return None
    inventory = read_json(path)
    if not isinstance(inventory, Mapping):
        raise UserError(f"{path} holds a {type(inventory).__name__}; expected a map from supertag to number")
    return inventory


def _read_tagged(path: Path, inventory: Mapping[str, Any] | None) -> Iterator[Row]:
    for number, line in enumerate(read_lines(path), start=1):
        where = f"{path}, line {number}"
        tokens, *rest = (column.split(" ") for column in line.strip(" ").split("\t"))
        if len(rest) != 1:
            raise UserError(f"{where} has {len(rest)} tabs; expected one, between the words and their supertags")
        (tags,) = rest
        if "" in tokens or "" in tags:
            raise UserError(f"{where} has an empty word or supertag; expected one space between two of them")
        if len(tokens) != len(tags):
            raise UserError(f"{where} has {len(tokens)} words but {len(tags)} supertags; expected one for each word")
        for tag in tags:
            if inventory is not None and tag not in inventory:
                raise UserError(
                    f"{where}: supertag '{tag}' is not in {path.with_name('tags_to_id.json')}; "
                    f"add it there, or remove that file.{nearest(tag, inventory)}"
                )
        yield {"tokens": tokens, "tags": tags}


def read_auto(folder: Path) -> dict[str, list[Row]]:
    """Return the rows of CCGbank's derivations, by split (see `SECTIONS`).

    The files are `<section>/*.auto` in `folder`, or in the one folder `AUTO` somewhere below it. Each holds pairs of
    lines: `ID=...` and a derivation. Without any section of the test split there is no `test`.

    Raises:
        UserError: folder or section is missing, or a derivation is damaged; file and line are named.
    """
    root = _find_root(folder)
    found = sorted({path.parent.name for path in root.glob("*/*.auto")})
    splits = [split for split, sections in SECTIONS.items() if split != "test" or set(sections) & set(found)]
    missing = [section for split in splits for section in SECTIONS[split] if section not in found]
    if missing:
        raise UserError(
            f"{root} has no .auto files of section {', '.join(missing)}; found the sections {', '.join(found)}. "
            f"Expected {', '.join(f'{names[0]} to {names[-1]} ({split})' for split, names in SECTIONS.items())}; "
            "copy the missing ones from CCGbank (test is only needed as a whole)"
        )
    return {
        split: [row for section in SECTIONS[split] for path in _auto_files(root / section) for row in _read_file(path)]
        for split in splits
    }


def _find_root(folder: Path) -> Path:
    """Return the folder whose subfolders are the sections."""
    if any(folder.glob("[0-9][0-9]/*.auto")):
        return folder
    roots = sorted(path for path in folder.rglob("AUTO") if any(path.glob("[0-9][0-9]/*.auto")))
    if len(roots) == 1:
        return roots[0]
    if roots:
        raise UserError(f"{folder} has {len(roots)} folders AUTO: {', '.join(map(str, roots))}; name one of them")
    raise UserError(
        f"{folder} has no CCGbank derivations; it has {contents(folder)}. Expected files <section>/wsj_<number>.auto "
        "there or in a folder AUTO below it, as in ccgbank_1_1/data/AUTO/00/wsj_0001.auto"
    )


def _auto_files(section: Path) -> list[Path]:
    return sorted(section.glob("*.auto"))


def _read_file(path: Path) -> Iterator[Row]:
    """Yield the rows of one AUTO file: pairs of an ID line and a derivation."""
    lines = read_lines(path, empty=True)
    for index, (header, derivation) in enumerate(zip_longest(lines[::2], lines[1::2], fillvalue="")):
        number = 2 * index + 1
        if not header.startswith("ID="):
            raise UserError(f"{path}, line {number}: expected a line 'ID=...', found '{_excerpt(header)}'")
        if not derivation.startswith("(<"):
            found = f"found '{_excerpt(derivation)}'" if derivation else "found nothing"
            raise UserError(
                f"{path}, line {number + 1}: no derivation after '{_excerpt(header)}', {found}; "
                "expected '(<T ...> ...)' in one line: copy the file from CCGbank again"
            )
        try:
            tokens, tags = parse_derivation(derivation)
        except RowError as error:
            raise UserError(f"{path}, line {number + 1}: {error}; copy the file from CCGbank again") from error
        yield {"tokens": tokens, "tags": tags}


def parse_derivation(text: str) -> tuple[list[str], list[str]]:
    """Return words and supertags of a derivation's leaves, from left to right.

    Args:
        text: nodes `(<T category head daughters> ... )` around leaves
            `(<L category modified-tag original-tag word predicate-argument-category>)`.

    Raises:
        RowError: brackets do not match, or a leaf does not have six fields.
    """
    tokens: list[str] = []
    tags: list[str] = []
    text = text.strip(" ")
    position = depth = 0
    while position < len(text):
        part = _PART.match(text, position)
        if part is None:
            raise RowError(_fault(text[position:]))
        if position > 0 and depth == 0:
            raise RowError(f"'{_excerpt(text[position:].lstrip(' '))}' stands behind the end of the derivation")
        position = part.end()
        if part["node"]:
            depth += 1
        elif part["close"]:
            depth -= 1
        else:
            tokens.append(part["token"])
            tags.append(part["tag"])
    if depth:
        raise RowError(
            f"brackets do not match: {depth} of the nodes '(<T ...>' {'is' if depth == 1 else 'are'} not closed"
        )
    if not tokens:
        raise RowError("the derivation has no leaf '(<L ...>)'")
    return tokens, tags


def _fault(rest: str) -> str:
    """Return what is wrong at the beginning of the rest of a derivation."""
    rest = rest.lstrip(" ")
    if rest.startswith("(<L"):
        leaf = rest[: rest.find(">)") + 2] if ">)" in rest else rest
        fields = leaf.removeprefix("(<").removesuffix(">)").split()
        return f"leaf '{_excerpt(leaf)}' has {len(fields)} fields; expected 6 ({_FIELDS}) and '>)' behind them"
    return f"'{_excerpt(rest)}' is neither a node '(<T ...>' nor a leaf '(<L ...>)' nor a closing bracket"


def _excerpt(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}..."


def read_lines(path: Path, *, empty: bool = False) -> list[str]:
    """Return the lines of a user's text file, without line ends (LF or CR LF) and without empty lines at its end.

    Lines end at line feeds only: words and sentences may hold other characters that Unicode counts as line ends.

    Args:
        path: a UTF-8 file, with or without byte order mark.
        empty: whether the file may be empty.

    Raises:
        UserError: the file is not UTF-8 (the line is named), or is empty.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}, line {line} is not UTF-8 (byte {data[error.start]:#04x}); convert the file, "
            f"for example with: iconv -f LATIN1 -t UTF-8 {path.name}"
        ) from error
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if not (lines or empty):
        raise UserError(f"{path} is empty; expected at least one line")
    return lines


def contents(folder: Path) -> str:
    """Return the first names in a folder, for messages about what is missing there."""
    if not folder.is_dir():
        return "nothing, because there is no such folder"
    names = sorted(path.name for path in folder.iterdir())
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "") or "no files"
