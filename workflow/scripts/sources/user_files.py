"""A user's own files as a provider, for tasks that no repository carries: CCGbank and the pools of BUCC 2018."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from workflow.scripts.errors import UserError
from workflow.scripts.sources import bucc, ccgbank, mirror, ranking_files
from workflow.scripts.tasks import SOURCE_LANGUAGE, Task
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES, Language
from workflow.scripts.tasks.schemas import Row

Rows = dict[str, dict[str, list[Row]]]
"""Canonical rows by split and language."""


def write(task: Task, form: str, folder: Path, root: Path, languages: Sequence[Language], *, lenient: bool) -> None:
    """Read a user's files and write them as a repository under `root`.

    Args:
        task: which task.
        form: a format of `tasks.local_formats`.
        folder: where the files are.
        root: folder of the repositories.
        languages: the languages that are wanted.
        lenient: whether languages may be missing.

    Raises:
        UserError: the folder, a file or a line is not as it must be.
    """
    if not folder.is_dir():
        raise UserError(
            f"config: local.{task.name}.path = '{folder}' is no folder; expected the files of '{task.name}'"
        )
    if form in ranking_files.FORMS:
        ranking_files.write_repositories(task, form, folder, root, languages, lenient=lenient)
        return
    readers: Mapping[str, Callable[[], Rows]] = {
        "jiant": lambda: _english(ccgbank.read_jiant(folder)),
        "ccgbank_auto": lambda: _english(ccgbank.read_auto(folder)),
        "bucc": lambda: _pools(folder, languages, lenient=lenient),
    }
    rows = {split: series for split, series in readers[form]().items() if split in task.splits}
    mirror.write_task(root, task, rows, NATURAL_LANGUAGES, "Written from a user's own files.")


def _english(rows: Mapping[str, list[Row]]) -> Rows:
    return {split: {SOURCE_LANGUAGE: series} for split, series in rows.items()}


def _pools(folder: Path, languages: Sequence[Language], *, lenient: bool) -> Rows:
    rows: Rows = {"dev": {}, "test": {}}
    for language in languages:
        pair = f"{language.code}-en"
        if lenient and not any((parent / pair).is_dir() for parent in (folder, folder / "bucc2018")):
            continue
        for split, series in bucc.read_pools(folder, language.code).items():
            rows[split][language.code] = series
    return rows
