r"""Collect the data and models that a study needs into a folder for a machine without network.

    python -m workflow.scripts.bundle_inputs --manifests repositories/*/manifest.json --models models/*/run.json \
        --out bundle/SHA256SUMS

The folder is a mirror: `<organisation>/<name>/…` with a README.md that names the configurations that are there, and
`models/<organisation>/<name>/`. Links are followed. What is there already with the right content is not copied again.
SHA256SUMS is written last: where it stands, the rest is whole.
"""

import argparse
import hashlib
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json, replacing, sha256, write_text
from workflow.scripts.logs import Progress, configure, progress, run
from workflow.scripts.sources.mirror import Configurations, write_readme

MODELS = "models"
OWN_MODELS = f"{MODELS}/local"
"""Folder of models that are from a folder, not from a repository."""

LOCK = "datasets.lock.yaml"
GUIDE = "BUNDLE.md"
_CHUNK = 1 << 24


@dataclass(frozen=True)
class Item:
    """A file to bundle: where it is, and the hash that it must have by the manifest or run card `listed_in`."""

    source: Path
    sha256: str
    listed_in: Path


@dataclass(frozen=True)
class Repository:
    """A dataset repository in the bundle: what it has, and the revisions and commits that it is from."""

    configurations: Configurations
    revisions: dict[str, str | None]


class Bundle:
    """What goes into a bundle.

    Attributes:
        items: files by their path in the bundle.
        repositories: dataset repositories by name.
        models: facts of each model (its run card's `checkpoint`) by its folder in the bundle.
    """

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.repositories: dict[str, Repository] = {}
        self.models: dict[str, Mapping[str, Any]] = {}

    def add(self, path: str, item: Item) -> None:
        """Add a file.

        Raises:
            UserError: another one with another content has its place, or the place is outside the bundle.
        """
        if Path(path).is_absolute() or ".." in Path(path).parts:
            raise UserError(
                f"{item.listed_in} names the file '{path}', which would be outside the bundle; delete "
                f"{item.listed_in} and run again"
            )
        there = self.items.setdefault(path, item)
        if there.sha256 != item.sha256:
            raise UserError(
                f"{there.listed_in} and {item.listed_in} have different files '{path}': two revisions of one "
                "repository cannot be in one folder. Give the tasks one revision (config key 'origins'), or bundle "
                "the studies apart"
            )

    def add_manifest(self, manifest: Path) -> None:
        """Add the files of a task; only those with a configuration and a split are named in a README."""
        listed = read_json(manifest)
        for entry in listed["repositories"]:
            repository = self.repositories.setdefault(entry["repository"], Repository({}, {}))
            repository.revisions[entry["revision"]] = entry["commit"]
        names = sorted((entry["repository"] for entry in listed["repositories"]), key=len, reverse=True)
        for entry in listed["files"]:
            path, split = entry["path"], entry.get("repository_split")
            self.add(path, Item(manifest.parent / path, entry["sha256"], manifest))
            name = next((name for name in names if path.startswith(f"{name}/")), None)
            if name and split:
                splits = self.repositories[name].configurations.setdefault(entry["config"], {})
                files, own = splits.setdefault(split, []), path.removeprefix(f"{name}/")
                if own not in files:
                    files.append(own)

    def add_model(self, card: Path) -> None:
        """Add a model that was brought in.

        Raises:
            UserError: the run card is of another kind of model.
        """
        described = read_json(card)
        if "checkpoint" not in described or "files" not in described:
            raise UserError(f"{card} is not of a model that was fetched; expected the run card that fetch_model writes")
        repository = described["checkpoint"].get("repository")
        own = card.parent.name if described["stage"] != "imported" else "-".join(card.parent.parts[-3:])
        folder = f"{MODELS}/{repository}" if repository else f"{OWN_MODELS}/{own}"
        for name, digest in {**described["files"], card.name: sha256(card)}.items():
            self.add(f"{folder}/{name}", Item(card.parent / name, digest, card))
        self.models[folder] = described["checkpoint"]


def place(item: Item, target: Path) -> bool:
    """Put a file into the bundle; return whether it had to be written.

    Files that the workflow owns are linked where the file system can, others (of a mirror, of the Hub's cache) copied.

    Raises:
        UserError: the file is gone, or is not what it was when it was fetched.
    """
    if not item.source.is_file():
        raise UserError(f"{item.source} is gone; {item.listed_in} lists it. Delete {item.listed_in} and run again")
    same_size = target.is_file() and target.stat().st_size == item.source.stat().st_size
    if same_size and sha256(target) == item.sha256:
        return False
    with replacing(target) as temporary:
        found = _link(item.source, temporary) or _copy(item.source, temporary)
        if found != item.sha256:
            raise UserError(
                f"{item.source} has changed since it was fetched (sha256 {found[:12]}…, but {item.sha256[:12]}… by "
                f"{item.listed_in}). Delete {item.listed_in} and run again"
            )
    return True


def _link(source: Path, target: Path) -> str:
    """Make a hard link to a file and return its hash; an empty string where that cannot be."""
    if source.is_symlink():
        return ""
    with suppress(OSError):
        os.link(source, target)
        return sha256(target)
    return ""


def _copy(source: Path, target: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as read, target.open("wb") as written:
        while piece := read.read(_CHUNK):
            digest.update(piece)
            written.write(piece)
    return digest.hexdigest()


def place_all(bundle: Bundle, root: Path) -> dict[str, str]:
    """Put all files into the bundle and return their hashes by path."""
    written = 0
    with Progress(len(bundle.items), what="file", unit="MB") as bar:
        for number, (path, item) in enumerate(sorted(bundle.items.items()), start=1):
            written += place(item, root / path)
            bar.update(number, (root / path).stat().st_size / 1e6)
    progress(f"{len(bundle.items)} files, {written} of them written now")
    return {path: item.sha256 for path, item in bundle.items.items()}


def describe(bundle: Bundle, root: Path) -> dict[str, str]:
    """Write what explains a bundle: READMEs, commits, guide; return their hashes by path."""
    written = [GUIDE]
    write_text(root / GUIDE, guide(bundle))
    for name, repository in sorted(bundle.repositories.items()):
        if repository.configurations:
            sources = ", ".join(_revision(*pair) for pair in sorted(repository.revisions.items()))
            note = f"The files that one study needs, from {sources}. Licence and citation are those of the repository."
            splits = {
                config: {split: sorted(files) for split, files in sorted(listed.items())}
                for config, listed in sorted(repository.configurations.items())
            }
            write_readme(root / name / "README.md", name, splits, note)
            written.append(f"{name}/README.md")
    commits = known_commits(bundle)
    if commits:
        write_text(root / LOCK, yaml.safe_dump(commits, sort_keys=True, allow_unicode=True))
        written.append(LOCK)
    return {path: sha256(root / path) for path in written}


def known_commits(bundle: Bundle) -> dict[str, dict[str, dict[str, str]]]:
    """Return the commits of a bundle's repositories in the layout of the lock file (`sources/lock.py`)."""
    commits: dict[str, dict[str, dict[str, str]]] = {}
    found = [
        *(
            ("datasets", name, *pair)
            for name, listed in bundle.repositories.items()
            for pair in listed.revisions.items()
        ),
        *(
            ("models", facts.get("repository"), facts.get("revision"), facts.get("commit"))
            for facts in bundle.models.values()
        ),
    ]
    for section, repository, revision, commit in found:
        if repository and revision and commit:
            commits.setdefault(section, {}).setdefault(repository, {})[revision] = commit
    return commits


def _revision(revision: str, commit: str | None) -> str:
    return f"revision '{revision}'" + (f" (commit {commit})" if commit else "")


def guide(bundle: Bundle) -> str:
    """Return what a person on the other machine has to know."""
    rows = [
        *((name, *pair) for name, listed in bundle.repositories.items() for pair in listed.revisions.items()),
        *((folder, facts.get("revision", ""), facts.get("commit")) for folder, facts in bundle.models.items()),
    ]
    table = "\n".join(f"| {name} | {revision} | {commit or ''} |" for name, revision, commit in sorted(rows))
    hints = [
        f"`{folder}` is from a folder: set `models.{Path(folder).name}.checkpoint` to `<this folder>/{folder}` (of a "
        "source: its checkpoint in `imported`)."
        for folder in bundle.models
        if folder.startswith(f"{OWN_MODELS}/")
    ]
    hint = "".join(f"\n{sentence}\n" for sentence in hints)
    return f"""# Data and models of one study

Made for a machine without network. Check the copy, then run the study from it:

```sh
cd <this folder> && sha256sum -c SHA256SUMS
snakemake --cores 2 --configfile <file> --config provider=mirror mirror=<this folder>
```

Translation models and encoders that the configuration names as repositories are found in `models/`.
{hint}
The licences of the data and models hold for this copy, too.

| repository | revision | commit |
|---|---|---|
{table}
"""


def stale_files(root: Path, wanted: Iterable[str]) -> list[str]:
    """Return the files below a folder that are not part of the bundle."""
    known = set(wanted)
    present = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return sorted(path for path in present if path not in known)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifests", nargs="*", type=Path, default=[], help="manifests of the tasks' repositories")
    parser.add_argument("--models", nargs="*", type=Path, default=[], help="run cards of the models that were fetched")
    parser.add_argument("--out", required=True, type=Path, help="SHA256SUMS to write, in the folder of the bundle")
    add_log_argument(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    arguments = parse_arguments(argv)
    log, root = configure(arguments.log, "bundle"), arguments.out.parent
    bundle = Bundle()
    for manifest in arguments.manifests:
        bundle.add_manifest(manifest)
    for card in arguments.models:
        bundle.add_model(card)
    root.mkdir(parents=True, exist_ok=True)
    hashes = place_all(bundle, root) | describe(bundle, root)
    write_text(arguments.out, "".join(f"{digest}  {path}\n" for path, digest in sorted(hashes.items())))
    stale = stale_files(root, [*hashes, arguments.out.name])
    if stale:
        log.warning("%d files in %s are not part of this study (first: %s); delete them", len(stale), root, stale[0])
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
