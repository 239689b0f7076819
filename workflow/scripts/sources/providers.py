"""Where dataset repositories come from.

A provider brings the files of a task into a folder in the layout of the Hub (`mirror.py`) and lists them in a manifest.
Everything downstream reads that folder and does not know the provider.

    laboratory  generated (`generated.py`)
    hub         downloaded from the Hugging Face Hub at pinned commits (`hub.py`)
    mirror      a folder of clones of Hub repositories
    local       a user's own files, for single tasks (`user_files.py`)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.files import fingerprint, replacing, sha256
from workflow.scripts.sources import canonical
from workflow.scripts.sources.generated import laboratory_languages, task_languages
from workflow.scripts.sources.mirror import README, SUFFIX, Clones, MissingDataError, match_files
from workflow.scripts.tasks import SOURCE_LANGUAGE, Origin, Task
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES, Language, select_languages

ALL, AVAILABLE = "all", "available"
"""Values of the config key `languages`: every language of a benchmark must be there, or those that are."""


class Repositories(Protocol):
    """What a provider offers of its repositories."""

    def find(self, origin: Origin) -> list[str]:
        """Return the files of an origin, relative to its repository."""
        ...

    def fetch(self, origin: Origin, path: str) -> Path:
        """Return a readable copy of one file."""
        ...

    def commit(self, origin: Origin) -> str | None:
        """Return the commit that the files are of, where it is known."""
        ...


@dataclass(frozen=True)
class File:
    """A file that some split of a task needs: number of the origin, the origin itself, language if it has one."""

    split: str
    number: int
    origin: Origin
    language: str | None
    path: str


def known_languages(provider: str) -> Mapping[str, Language]:
    """Return all languages that a provider's data can be in."""
    return laboratory_languages() if provider == "laboratory" else NATURAL_LANGUAGES


def languages_of(task: Task, provider: str, wanted: str | Sequence[str]) -> tuple[Language, ...]:
    """Return the languages in which a study reads a task.

    Args:
        task: which task.
        provider: where its data come from.
        wanted: `all`, `available` (both: every language that the task has) or codes.
    """
    if provider == "laboratory":
        return task_languages(task, list(laboratory_languages()) if isinstance(wanted, str) else wanted)
    own = dict.fromkeys((*task.languages, *task.train_languages))
    codes = [code for code in own if isinstance(wanted, str) or code in wanted or code in task.train_languages]
    return select_languages(codes, NATURAL_LANGUAGES)


def locate(task: Task, repositories: Repositories, languages: Iterable[Language], *, lenient: bool) -> list[File]:
    """Return the files that a task needs.

    Args:
        task: its origins are looked up.
        repositories: where.
        languages: as `languages_of` returns them.
        lenient: whether a test language (or a language of a corpus) may be missing.

    Raises:
        MissingDataError: repository, configuration, split or file are missing.
    """
    found: list[File] = []
    for split in task.splits:
        chosen = canonical.split_languages(task, split, languages)
        optional = lenient and (split == "test" or task.family in canonical.MULTILINGUAL)
        absent: list[MissingDataError] = []
        before = len(found)
        for number, origin in enumerate(task.origins(split)):
            spoken: Sequence[Language | None] = [None]
            if origin.per_language:
                spoken = [language for language in chosen if origin.serves(language.code)]
            missing: list[MissingDataError] = []
            for language in spoken:
                named = origin if language is None else canonical.fill(origin, language)
                try:
                    paths = repositories.find(named)
                except MissingDataError as error:
                    if not optional or language is None:
                        raise
                    missing.append(error)
                    continue
                code = language.code if language else None
                found += [File(split, number, named, code, path) for path in paths]
            if missing and len(missing) == len(spoken) and not origin.languages:
                raise missing[0]
            absent += missing
        if absent and len(found) == before:
            raise absent[0]
    return found


def bring(
    task: Task, repositories: Repositories, languages: Iterable[Language], root: Path, *, lenient: bool
) -> dict[str, Any]:
    """Bring a task's files into a folder and return the manifest that lists them, each with its sha256.

    Files that are elsewhere are linked, not copied: a study needs no second copy of a mirror or of the Hub's cache.
    """
    files, origins = [], {}
    for file in locate(task, repositories, languages, lenient=lenient):
        path = Path(file.origin.repository) / file.path
        link(repositories.fetch(file.origin, file.path), root / path)
        entry = {"split": file.split, "origin": file.number, "language": file.language, "path": path.as_posix()}
        if not file.origin.files:
            entry |= {"config": file.origin.config, "repository_split": file.origin.split.partition("[")[0]}
        files.append(entry | {"sha256": sha256(root / path)})
        origins[file.origin.repository, file.origin.revision] = repositories.commit(file.origin)
    listed = [
        {"repository": repository, "revision": revision, "commit": commit}
        for (repository, revision), commit in sorted(origins.items())
    ]
    return {"task": task.name, "files": files, "repositories": listed}


def link(source: Path, target: Path) -> None:
    """Make `target` a symbolic link to `source`, unless they are one file already."""
    if target.exists() and target.samefile(source):
        return
    with replacing(target) as temporary:
        temporary.symlink_to(source.resolve())


def contents(task: Task, folder: Path, wanted: str | Sequence[str], *, own: bool) -> str:
    """Return a fingerprint of the files outside the results that a task's repositories are made of.

    It is part of what a task's data are: a mirror that gains a language or a corrected file makes what depends on them
    stale, one that is moved or copied does not.

    Args:
        task: which task.
        folder: a mirror, or a user's own files of this task.
        wanted: languages, as for `languages_of`.
        own: whether they are a user's own files.

    Raises:
        UserError: the mirror lacks something that the task needs.
    """
    if own:
        return fingerprint({str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()})
    languages, repositories = languages_of(task, "mirror", wanted), clones(folder)
    found = locate(task, repositories, languages, lenient=wanted == AVAILABLE)
    paths = {f"{file.origin.repository}/{file.path}": repositories.fetch(file.origin, file.path) for file in found}
    return fingerprint(paths)


def check_codes(codes: Sequence[str], key: str, known: Iterable[str]) -> list[str]:
    """Return language codes after a check that they are known and that English is among them.

    Raises:
        UserError: a code is unknown, or English is missing.
    """
    valid = list(known)
    for code in codes:
        if code not in valid:
            raise UserError(
                f"config: {key} = '{code}' is no language of the collection; it has {', '.join(valid)}."
                f"{nearest(code, valid)}"
            )
    if SOURCE_LANGUAGE not in codes:
        raise UserError(f"config: {key} lacks '{SOURCE_LANGUAGE}', the language of all supervised training; add it")
    return list(codes)


@cache
def clones(root: str | Path) -> Clones:
    """Return the repositories of a mirror.

    Raises:
        UserError: the folder does not exist.
    """
    folder = Path(root)
    if not folder.is_dir():
        raise UserError(
            f"config: mirror = '{root}' is no folder; expected clones of Hub dataset repositories, "
            "<mirror>/<organisation>/<name>/. Name it with the config key 'mirror' or the environment variable MIRROR"
        )
    return Clones(folder)


class HubRepositories:
    """Repositories of the Hugging Face Hub, at pinned commits."""

    def __init__(self, lock: Path) -> None:
        from workflow.scripts.sources.hub import Hub
        from workflow.scripts.sources.lock import LockFile

        self.hub = Hub(LockFile(lock))

    def find(self, origin: Origin) -> list[str]:
        """Return the files of an origin, relative to its repository.

        Raises:
            UserError: the Hub refuses, or has no such repository, configuration, split or file.
        """
        from workflow.scripts.sources.hub import explain_unreadable

        listed = self.hub.resolve("dataset", origin.repository, origin.revision)
        parquet = [path for path in listed.files if path.endswith(SUFFIX)]
        if not parquet:
            raise UserError(explain_unreadable(listed))
        readme = self.fetch(origin, README).read_text(encoding="utf-8") if README in listed.files else ""
        return match_files(f"{origin.repository} (commit {listed.commit[:12]})", readme, parquet, origin)

    def fetch(self, origin: Origin, path: str) -> Path:
        """Return a file of the cache, downloaded if it is not there."""
        listed = self.hub.resolve("dataset", origin.repository, origin.revision)
        return self.hub.download("dataset", listed, path)

    def commit(self, origin: Origin) -> str | None:
        """Return the pinned commit."""
        return self.hub.resolve("dataset", origin.repository, origin.revision).commit
