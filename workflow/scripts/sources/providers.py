"""Where dataset repositories come from.

A provider knows its languages and can bring the repositories of a task into a folder in the layout of the Hub
(`mirror.py`). Everything downstream reads that folder and does not know the provider.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.files import sha256
from workflow.scripts.sources import canonical, mirror
from workflow.scripts.tasks import SOURCE_LANGUAGE, SPLITS, Family, Origin, Task
from workflow.scripts.tasks.languages import Language, select_languages
from workflow.scripts.tasks.schemas import Row

ENGLISH_EXCLUDED = frozenset({Family.RETRIEVAL, Family.MINING})
"""Families whose every language is paired with English."""


def laboratory_languages() -> Mapping[str, Language]:
    """Return the languages of the generated world by code."""
    from workflow.scripts.laboratory.languages import LANGUAGES

    return {row.code: Language(row.code, row.name, row.code, row.script, row.family) for row in LANGUAGES.values()}


def task_languages(task: Task, languages: Sequence[str]) -> tuple[Language, ...]:
    """Return the laboratory's languages of a task: all, but for English where it is the other half of a pair."""
    paired = task.family in ENGLISH_EXCLUDED or "{pair}" in "".join(origin.config for origin in task.train)
    codes = [code for code in languages if not (paired and code == SOURCE_LANGUAGE)]
    return select_languages(codes, laboratory_languages())


def generate(task: Task, *, seed: int, languages: Sequence[str], examples: Mapping[str, int], root: Path) -> None:
    """Generate the laboratory's rows of every split of a task and write them as Hub repositories under `root`.

    Args:
        task: its `laboratory` phenomenon says what is generated, its origins and schema in which layout.
        seed: seed of the world.
        languages: language codes of the world, `en` first.
        examples: rows of each split (of `test` and of plain text: in each language).
        root: folder of the repositories.
    """
    from workflow.scripts.laboratory.world import World

    world = World(seed=seed, languages=languages)
    repositories: dict[str, dict[tuple[str, str], list[Row]]] = {}
    for split in task.splits:
        chosen = canonical.split_languages(task, split, task_languages(task, languages))
        codes = [language.code for language in chosen]
        series = world.rows(task.laboratory, split=split, languages=codes, examples=examples[split], stream=task.name)
        rows = [_without_language(row) for row in series]
        origins = task.origins(split)
        for number, origin in enumerate(origins):
            files = repositories.setdefault(origin.repository, {})
            for language in chosen:
                mine = [row for row in rows if row["language"] == language.code][number :: len(origins)]
                name = canonical.config_name(origin, language)
                files.setdefault((name, origin.split), []).extend(task.schema.write(mine, language))
    for repository, files in repositories.items():
        mirror.write_repository(root, repository, files)


def _without_language(row: Row) -> Row:
    """Return a generated row with ids as repositories have them: numbers that all languages of a parallel set share."""
    prefix = f"{row['language']}-"
    shortened = {"id": row["id"].removeprefix(prefix)}
    if "gold" in row:
        shortened["gold"] = [name.removeprefix(prefix) for name in row["gold"]]
    return row | shortened


def manifest(task: Task, root: Path, languages: Sequence[Language]) -> dict[str, Any]:
    """Return the list of a task's files under `root`, each with split, origin, language, path and sha256."""
    files = []
    for split in SPLITS:
        chosen = canonical.split_languages(task, split, languages)
        for number, origin in enumerate(task.origins(split)):
            for language in chosen if origin.per_language else [None]:
                for path in _locate(root, origin, language):
                    entry = {"split": split, "origin": number, "language": language.code if language else None}
                    files.append(entry | {"path": path.relative_to(root).as_posix(), "sha256": sha256(path)})
    return {"task": task.name, "files": files}


def _locate(root: Path, origin: Origin, language: Language | None) -> list[Path]:
    config = origin.config if language is None else canonical.config_name(origin, language)
    return mirror.locate(root, origin.repository, config, origin.split)


def check_languages(codes: Sequence[str], key: str, known: Sequence[str] | None = None) -> list[str]:
    """Return language codes after a check that they are known and that English is among them.

    Raises:
        UserError: a code is unknown, or English is missing.
    """
    valid = list(laboratory_languages()) if known is None else known
    for code in codes:
        if code not in valid:
            raise UserError(
                f"config: {key} = '{code}' is no language of the collection; it has {', '.join(valid)}."
                f"{nearest(code, valid)}"
            )
    if SOURCE_LANGUAGE not in codes:
        raise UserError(f"config: {key} lacks '{SOURCE_LANGUAGE}', the language of all supervised training; add it")
    return list(codes)


def check_examples(tasks: Sequence[Task], examples: Mapping[str, Mapping[str, int]]) -> None:
    """Check that the laboratory knows how many rows to make of every split of some tasks.

    Raises:
        UserError: a number is missing.
    """
    for task in tasks:
        for split in task.splits:
            if split not in examples.get(task.name, {}):
                raise UserError(
                    f"config: laboratory.examples.{task.name}.{split} is missing; "
                    "expected the number of rows to generate"
                )
