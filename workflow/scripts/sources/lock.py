"""The lock file: which commit of every Hub repository a study reads, so that a moved branch changes nothing.

    datasets:
      google/xtreme:
        main: <40 hexadecimal digits>
    models:
      FacebookAI/xlm-roberta-large:
        main: <40 hexadecimal digits>

The workflow adds an entry when it meets a revision for the first time and never changes one. This module imports `yaml`
only, because Snakemake reads commits while it parses.
"""

import re
from pathlib import Path
from typing import Any, Literal

import yaml

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.files import parse_yaml, read_json, write_text

Kind = Literal["dataset", "model"]
"""Kind of Hub repository, as the Hub's own interface names it."""

LOCK_PATH = "config/datasets.lock.yaml"

COMMIT = re.compile(r"[0-9a-f]{40}")

_SECTIONS = {"dataset": "datasets", "model": "models"}

_HEADER = """\
# Commits of the Hub repositories that this workflow reads: repository, revision, commit.
# Written by the workflow when it meets a revision for the first time, and never changed by it. Keep this file under
# version control: it makes a study repeatable. To take a newer commit, delete the entry and run again.
"""

_Entries = dict[str, dict[str, dict[str, str]]]


class LockFile:
    """The commits in one YAML file; a file that is not there is an empty one.

    Args:
        path: the file, by custom `config/datasets.lock.yaml`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[tuple[int, int, int], _Entries] | None = None

    def commit(self, kind: Kind, repository: str, revision: str) -> str | None:
        """Return the locked commit of a revision, None if there is none; a full commit is its own lock.

        Raises:
            UserError: the file is malformed.
        """
        if COMMIT.fullmatch(revision):
            return revision
        return self._entries()[_SECTIONS[kind]].get(repository, {}).get(revision)

    def record(self, kind: Kind, repository: str, revision: str, commit: str) -> str:
        """Add an entry unless the revision has one, and return the commit that the file then holds.

        Processes that meet a revision at the same time agree on one commit: the first one written.

        Args:
            kind: dataset or model.
            repository: `<organisation>/<name>`.
            revision: branch or tag; for a full commit nothing is written.
            commit: 40 hexadecimal digits.

        Raises:
            UserError: the file is malformed or cannot be written.
        """
        if not COMMIT.fullmatch(commit):
            raise ValueError(f"commit '{commit}' of {repository} is not 40 hexadecimal digits")
        known = self.commit(kind, repository, revision)
        if known:
            return known
        from filelock import FileLock

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_name(f".{self.path.name}.lock")):
                self._read = None  # times of files may be too coarse to show another process's write
                entries = self._entries()
                revisions = entries[_SECTIONS[kind]].setdefault(repository, {})
                if revision not in revisions:
                    revisions[revision] = commit
                    write_text(self.path, _HEADER + _to_yaml(entries))
                known = revisions[revision]
        except OSError as error:
            raise UserError(
                f"{self.path} cannot be written ({error.strerror or error}); expected a folder that this user may "
                f"write to, because the commit of '{repository}' is recorded there"
            ) from error
        finally:
            self._read = None
        return known

    def _entries(self) -> _Entries:
        """Return the file's sections; read again only when the file has changed."""
        try:
            stat = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return {section: {} for section in _SECTIONS.values()}
        signature = stat.st_mtime_ns, stat.st_ino, stat.st_size
        if self._read is None or self._read[0] != signature:
            self._read = signature, _parse(self.path)
        return self._read[1]


def commits_to_ask(lock: LockFile, manifest: Path) -> dict[str, str]:
    """Return the commits to ask for where the lock has others than those that a task's data were fetched from.

    A first run pins commits; that must not make its own results stale. So the manifest notes what it was asked for, and
    that stays the answer as long as what it got is what the lock says. A deleted entry asks for what the branch has.

    Args:
        lock: the pinned commits.
        manifest: list of a task's files, as `fetch_dataset` writes it.
    """
    fetched = read_json(manifest) if manifest.exists() else {"repositories": [], "asked": {}}
    pinned, got = {}, {}
    for entry in fetched["repositories"]:
        name = f"{entry['repository']}@{entry['revision']}"
        pinned[name] = lock.commit("dataset", entry["repository"], entry["revision"]) or ""
        got[name] = entry["commit"]
    asked: dict[str, str] = fetched["asked"]
    return asked if pinned == got else pinned


def _to_yaml(entries: _Entries) -> str:
    filled = {section: repositories for section, repositories in entries.items() if repositories}
    return yaml.safe_dump(filled, sort_keys=True, allow_unicode=True, width=120, default_flow_style=False)


def _parse(path: Path) -> _Entries:
    """Read and check a lock file.

    Raises:
        UserError: it cannot be read, is not YAML, or not sections of repositories of revisions of commits.
    """
    try:
        content: Any = parse_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); expected a file that this user may read") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise _malformed(path, f"it is not YAML{where}: {getattr(error, 'problem', None) or error}") from error
    entries: _Entries = {section: {} for section in _SECTIONS.values()}
    for section, repositories in _mapping(path, content, "the file").items():
        if section not in entries:
            raise _malformed(path, f"section '{section}' is unknown.{nearest(str(section), entries)}")
        for repository, revisions in _mapping(path, repositories, section).items():
            commits = _mapping(path, revisions, f"{section}.{repository}")
            for revision, commit in commits.items():
                if not (isinstance(revision, str) and isinstance(commit, str) and COMMIT.fullmatch(commit)):
                    raise _malformed(
                        path,
                        f"{section}.{repository} has '{revision}: {commit}'; expected a revision and 40 hexadecimal "
                        "digits, each in quotes where it would be a number",
                    )
            entries[section][str(repository)] = commits
    return entries


def _mapping(path: Path, value: Any, where: str) -> dict[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _malformed(path, f"{where} is {type(value).__name__} '{value}'; expected a mapping")
    return value


def _malformed(path: Path, fault: str) -> UserError:
    return UserError(
        f"{path} is no lock file: {fault}. Correct it, or take the version of it in git; without it the workflow "
        "would read the repositories as they are today"
    )
