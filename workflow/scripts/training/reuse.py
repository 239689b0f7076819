"""Checkpoints of other collections in the place of training: taken over where everything that made them is the same.

A candidate has the wanted run specification, was made from the same files (`inputs` and `data` of its run card), and is
still the files that it was when it was written (`files`). Names of models and sources do not count, and neither do
places. What is refused is told in the log, and the run is trained.

Files are copied, not linked: Snakemake sets the time of outputs when a job ends. That would be the time of the other
collection's files, too, and make stale what was computed from them.
"""

import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json, sha256
from workflow.scripts.modeling import adapters
from workflow.scripts.modeling.weights import WEIGHTS

log = logging.getLogger(__name__)

PLACES = {
    "pretraining": "models/*/run.json",
    "trunk": "trunks/*/*/seed*/run.json",
    "intermediate": "intermediate/*/*/seed*/run.json",
    "finetuning": "finetuned/*/*/seed*/*/run.json",
}
"""Where the run cards of a stage stand below the folder of a collection."""

EXCLUSIVE = (WEIGHTS, "config.json", adapters.WEIGHTS, adapters.CONFIG)
"""Files of a whole model or of an adapter; those of the other kind must not stay beside a checkpoint."""

_PIECE = 1 << 30


@dataclass(frozen=True)
class Wanted:
    """A run that may have been done elsewhere.

    Attributes:
        stage: of its run card.
        spec: its run specification.
        inputs: SHA-256 of what it starts from (`input_hashes`).
        data: SHA-256 of the token and data files that it reads, by task and split.
        run: the run card to write; the checkpoint stands beside it.
        base: folder of the model that an adapter belongs to.
    """

    stage: str
    spec: Mapping[str, Any]
    inputs: Mapping[str, str]
    data: Mapping[str, str]
    run: Path
    base: Path | None = None


def input_hashes(
    encoder: Path | None, tokenizer: Path, others: Mapping[str, Path | None], hashed: Callable[[Path], str] = sha256
) -> dict[str, str]:
    """Return the SHA-256 of what a training starts from: weights, their configuration, tokenizer.

    Args:
        encoder: weights, in their folder; with those of an adapter come those of its model. None for random ones.
        tokenizer: tokenizer.json, in its folder.
        others: further weights by name, None where there are none.
        hashed: gives the SHA-256 of a file.
    """
    paths = {**others, "encoder": encoder, "tokenizer": tokenizer}
    paths["tokenizer_config"] = tokenizer.with_name("tokenizer_config.json")
    configured = {}
    if encoder is not None:
        whole = model_folder(encoder)
        configured = {"config": _config_hash(whole / "config.json")}
        paths |= {"base": whole / WEIGHTS} if whole != encoder.parent else {}
    return {name: hashed(path) for name, path in paths.items() if path is not None} | configured


def model_folder(weights: Path) -> Path:
    """Return the folder of the whole model that weights are, or that they are an adapter of."""
    return adapters.base_directory(weights.parent) if adapters.is_adapter(weights.parent) else weights.parent


def _config_hash(path: Path) -> str:
    """Return the SHA-256 of what a model's configuration says, whatever version of transformers has written it."""
    kept = {name: value for name, value in read_json(path).items() if name != "transformers_version"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def take_over(collections: Sequence[Path], wanted: Wanted) -> dict[str, Any] | None:
    """Copy the files of a checkpoint that is the wanted one, and return its run card, to be written last.

    The card is that of the run that made it, with its cost; `reused` says from where.

    Args:
        collections: results folders of other collections, the first one first.
        wanted: the run.

    Returns:
        None if there is no such checkpoint.
    """
    for root, path, card in candidates(collections, wanted):
        refused = _difference(card, wanted)
        if refused:
            log.info("%s is not taken over: %s", path.parent, refused)
            continue
        damage = _copy_all(path.parent, card["files"], wanted)
        if damage:
            log.warning("%s is not taken over: %s", path.parent, damage)
            continue
        place = path.parent.relative_to(root).as_posix()
        folder = wanted.run.parent
        files = {
            name: sha256(folder / name) if name == adapters.CONFIG else sum_ for name, sum_ in card["files"].items()
        }
        return card | {"files": files, "reused": {"collection": root.resolve().name, "folder": place}}
    return None


def candidates(collections: Sequence[Path], wanted: Wanted) -> Iterator[tuple[Path, Path, dict[str, Any]]]:
    """Yield the run cards of a stage and specification: the collection, the card's path and its content."""
    for root in collections:
        for path in sorted(root.glob(PLACES[wanted.stage])):
            if path.resolve() == wanted.run.resolve():
                continue
            try:
                card = read_json(path)
            except (OSError, UserError) as error:
                log.warning("%s is not taken over: %s", path.parent, error)
                continue
            if isinstance(card, dict) and card.get("stage") == wanted.stage and card.get("spec") == wanted.spec:
                yield root, path, card


def _difference(card: Mapping[str, Any], wanted: Wanted) -> str:
    """Return what speaks against a candidate by its run card, nothing if it is the wanted run."""
    known = all(isinstance(card.get(name), dict) for name in ("inputs", "data", "files"))
    if not known or not card["files"]:
        return "its run card lists neither what it was made from nor its files, as those of earlier versions"
    for found, asked in ((card["inputs"], wanted.inputs), (card["data"], wanted.data)):
        names = [name for name in {**asked, **found} if found.get(name) != asked.get(name)]
        if names:
            return f"the specification is the same, but not {', '.join(names)}"
    return ""


def _copy_all(source: Path, files: Mapping[str, str], wanted: Wanted) -> str:
    """Copy files, all of them or none, if they have the hashes that they should; return what is wrong, or nothing."""
    target = wanted.run.parent
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target, prefix=".") as staging:
        for name, expected in files.items():
            if Path(name).name != name or not (source / name).is_file():
                return f"{name} is missing"
            copy = Path(staging) / name
            _copy(source / name, copy)
            if (found := sha256(copy)) != expected:
                return f"{name} is damaged (sha256 {found[:12]}…, but {expected[:12]}… by its run card)"
        if wanted.base is not None and adapters.CONFIG in files:
            adapters.move_to_base(Path(staging), wanted.base)
        for name in EXCLUSIVE:
            (target / name).unlink(missing_ok=True)
        for name in files:
            (Path(staging) / name).replace(target / name)
    return ""


def _copy(source: Path, target: Path) -> None:
    """Copy a file; file systems that can, share its blocks, so that it takes no space."""
    try:
        with source.open("rb") as read, target.open("wb") as written:
            while os.copy_file_range(read.fileno(), written.fileno(), _PIECE):
                pass
    except (AttributeError, OSError):  # not on this system, or not between these two
        shutil.copyfile(source, target)
