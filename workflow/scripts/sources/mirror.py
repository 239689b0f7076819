"""Folders of clones of Hub dataset repositories: `<organisation>/<name>/README.md` and the Parquet files it names.

The README's YAML header lists configurations, splits and file patterns (the Hub's `configs:` convention), so nothing is
guessed from file names. Without one the layout of the Hub's Parquet conversion is understood:
`<configuration>/<split>/0000.parquet`.
"""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.files import check_links, parse_yaml, replacing, write_text
from workflow.scripts.sources.canonical import fill
from workflow.scripts.tasks import Origin, Task
from workflow.scripts.tasks.languages import Language
from workflow.scripts.tasks.ranking_schemas import DealtSchema
from workflow.scripts.tasks.schemas import Row

Configurations = dict[str, dict[str, list[str]]]
"""Configuration name -> split -> file patterns."""

README = "README.md"
SUFFIX = ".parquet"


class MissingDataError(UserError):
    """A repository, configuration, split or file that is not there."""


class Clones:
    """The repositories in a folder.

    Args:
        root: the folder, `<root>/<organisation>/<name>/…`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files: dict[str, tuple[str, ...]] = {}

    def find(self, origin: Origin) -> list[str]:
        """Return the files of an origin (its wildcards filled in), relative to its repository, sorted.

        Raises:
            MissingDataError: repository, configuration, split or files are missing; the nearest valid name is given.
        """
        folder = self.root / origin.repository
        if not folder.is_dir():
            found = sorted(path.relative_to(self.root).as_posix() for path in self.root.glob("*/*") if path.is_dir())
            raise MissingDataError(
                f"{self.root} has no repository '{origin.repository}' (looked for {folder}); download it with "
                f"'hf download --repo-type dataset --local-dir {folder} {origin.repository}'."
                f"{nearest(origin.repository, found)}"
            )
        readme = folder / README
        check_links(folder, [readme])
        text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
        if origin.repository not in self._files:
            found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob(f"*{SUFFIX}"))
            self._files[origin.repository] = tuple(found)
        return match_files(str(folder), text, self._files[origin.repository], origin)

    def fetch(self, origin: Origin, path: str) -> Path:
        """Return where a file of a repository is.

        Raises:
            UserError: it is a link out of the repository.
        """
        folder = self.root / origin.repository
        check_links(folder, [folder / path])
        return folder / path

    def commit(self, origin: Origin) -> str | None:
        """Return the commit of a repository: folders do not tell it."""
        return None


def match_files(where: str, readme: str, files: Sequence[str], origin: Origin) -> list[str]:
    """Return the files of one split of one configuration, sorted.

    Args:
        where: the repository, for messages.
        readme: text of its README.md, empty if there is none.
        files: its Parquet files, relative to it.
        origin: what is looked for; slices of the split are not looked at.

    Raises:
        MissingDataError: configuration, split or files are missing; the nearest valid name is given.
    """
    split = origin.split.partition("[")[0]
    if origin.files:
        patterns = [origin.files]
    else:
        configurations = read_configurations(where, readme, files)
        if origin.config not in configurations:
            raise MissingDataError(
                f"{where} has no configuration '{origin.config}'; it has {_some(configurations)}."
                f"{nearest(origin.config, configurations)} (configurations are named by the config key 'origins')"
            )
        splits = configurations[origin.config]
        if split not in splits:
            raise MissingDataError(
                f"configuration '{origin.config}' of {where} has no split '{split}'; it has {_some(splits)}."
                f"{nearest(split, splits)}"
            )
        patterns = splits[split]
    found = sorted({path for path in files for pattern in patterns if _matches(path, pattern)})
    if not found:
        raise MissingDataError(
            f"no Parquet file of {where} matches {', '.join(patterns)} ({origin.config}, {split}); fetch it again"
        )
    return found[: origin.first] if origin.first else found


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:20]) + (f" and {len(listed) - 20} more" if len(listed) > 20 else "")


def _matches(path: str, pattern: str) -> bool:
    """Return whether a glob pattern names a path; `*` stays within a folder, `**` does not."""
    if "**" in pattern:
        return fnmatchcase(path, pattern.replace("**/", "*"))
    parts, wanted = PurePosixPath(path).parts, PurePosixPath(pattern).parts
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))


@cache
def _header(readme: str) -> Any:
    parts = readme.split("---\n", 2)
    return parse_yaml(parts[1]) if len(parts) == 3 else None


def read_configurations(where: str, readme: str, files: Sequence[str]) -> Configurations:
    """Return the configurations that a README declares, or that folders of the Hub's Parquet conversion make up.

    Raises:
        MissingDataError: there is neither.
    """
    header = _header(readme)
    configurations: Configurations = {}
    if isinstance(header, Mapping) and "configs" in header:
        for entry in header["configs"]:
            given = entry.get("data_files", [])
            listed = given if isinstance(given, list) else [{"split": "train", "path": given}]
            splits = configurations.setdefault(entry["config_name"], {})
            for item in listed:
                path = item["path"]
                splits[item["split"]] = [path] if isinstance(path, str) else list(path)
        return configurations
    for path in files:
        parts = PurePosixPath(path).parts
        if len(parts) == 3 and parts[2].removesuffix(SUFFIX).isdecimal():
            configurations.setdefault(parts[0], {})[parts[1]] = [f"{parts[0]}/{parts[1]}/*{SUFFIX}"]
    if not configurations:
        raise MissingDataError(
            f"{where} has no 'configs:' in the YAML header of its README.md and no folders "
            f"<configuration>/<split>/0000{SUFFIX}; expected the Hub's list of configurations and data files. "
            "Fetch the repository anew, or name its Parquet files with 'files' in the config key 'origins'"
        )
    return configurations


def write_task(
    root: Path,
    task: Task,
    rows: Mapping[str, Mapping[str, Sequence[Row]]],
    languages: Mapping[str, Language],
    note: str,
) -> None:
    """Write the canonical rows of a task in the layout of its repositories.

    Args:
        root: folder of the repositories.
        task: its origins say where, its schema in which layout.
        rows: rows by split and language; those of several origins are dealt out in turn, or as the schema says.
        languages: facts on the languages by code.
        note: one sentence for the README.
    """
    repositories: dict[str, dict[tuple[str, str], list[Row]]] = {}
    for split, by_language in rows.items():
        origins = task.origins(split)
        for number, origin in enumerate(origins):
            files = repositories.setdefault(origin.repository, {})
            for code, series in by_language.items():
                named = fill(origin, languages[code])
                if isinstance(task.schema, DealtSchema):
                    dealt = task.schema.deal(series, len(origins))[number]
                else:
                    dealt = list(series[number :: len(origins)])
                written = task.schema.write(dealt, languages[code])
                files.setdefault((named.config, named.split), []).extend(written)
    for repository, splits in repositories.items():
        write_repository(root, repository, splits, note)


def write_repository(
    root: Path, repository: str, splits: Mapping[tuple[str, str], Iterable[Mapping[str, Any]]], note: str
) -> None:
    """Write a repository in the Hub's layout: one Parquet file for every (configuration, split), then the README."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    configurations: Configurations = {}
    for (config, split), rows in splits.items():
        path = root / repository / config / f"{split}-00000-of-00001{SUFFIX}"
        with replacing(path) as temporary:
            pq.write_table(pa.Table.from_pylist(list(rows)), temporary, compression="zstd")
        configurations.setdefault(config, {})[split] = [f"{config}/{split}-*"]
    write_readme(root / repository / README, repository, configurations, note)


def write_readme(path: Path, repository: str, configurations: Configurations, note: str) -> None:
    """Write a repository's README.md with its `configs:` header."""
    header = {
        "configs": [
            {
                "config_name": config,
                "data_files": [
                    {"split": split, "path": paths[0] if len(paths) == 1 else paths} for split, paths in splits.items()
                ],
            }
            for config, splits in configurations.items()
        ]
    }
    text = yaml.safe_dump(header, sort_keys=False, allow_unicode=True)
    write_text(path, f"---\n{text}---\n\n# {repository}\n\n{note}\n")
