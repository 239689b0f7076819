r"""Bring a pretrained checkpoint into a model folder, so that it is used like one that the workflow has pretrained.

    python -m workflow.scripts.fetch_model --model xlmr --spec '{"checkpoint":"FacebookAI/xlm-roberta-base",...}' \
        --mirror mirror --run models/xlmr/run.json --tokenizer tokenizers/xlmr/tokenizer.json

The checkpoint is a folder (`--checkpoint`, a folder or files in it), or a repository: `<mirror>/models/<repository>`
where a mirror has it, else that of the Hub at its locked commit. A repository and its revision identify a checkpoint
from anywhere; of a folder only the content does: the run card holds the hash of the weights, never a path.

A translation model (`--kind translator`) keeps the tokenizer files that it comes with, and needs no `--tokenizer`.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.errors import UserError
from workflow.scripts.files import check_links, read_json, replacing, sha256, write_json, write_text
from workflow.scripts.logs import configure, progress, run
from workflow.scripts.modeling.checkpoints import TOKENIZER_FILES
from workflow.scripts.modeling.conversion import ModelFacts, describe_encoder, describe_translator, write_config
from workflow.scripts.modeling.decoders import BIDIRECTIONAL
from workflow.scripts.modeling.tokenizer_files import write_tokenizer
from workflow.scripts.modeling.weights import WEIGHTS, weight_files, weight_names, write_weights
from workflow.scripts.runspec import decode
from workflow.scripts.sources.lock import COMMIT, LOCK_PATH, LockFile
from workflow.scripts.training.card import run_card

MODELS = "models"
"""Folder of a mirror that holds clones of model repositories."""

STAGES = {"encoder": "pretrained", "translator": "translator"}

SIDE_FILES = (
    *TOKENIZER_FILES,
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
    "source.spm",
    "target.spm",
    "target_vocab.json",
    "generation_config.json",
)
"""What a checkpoint may have beside configuration and weights: the files of tokenizers, and settings of generation."""

_REPOSITORY = re.compile(r"[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)?")
"""No part begins with a dot, so that no name leads out of a mirror or bundle."""

_FACTS = {
    "repository": _REPOSITORY,
    "revision": re.compile(r"[\w.+/@-]+"),
    "commit": COMMIT,
    "name": re.compile(r"[^/\\\s][^/\\\n]*"),
}


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint's files in one folder, and where they are from: repository, revision and commit, or a name."""

    folder: Path
    facts: dict[str, Any]


def find_checkpoint(
    spec: dict[str, Any], folder: Path | None, mirror: Path | None, lock: Path, staging: Path
) -> Checkpoint:
    """Return the checkpoint that a specification or a folder names.

    Args:
        spec: `checkpoint` (a repository) and `revision`; without them a folder has to be given.
        folder: the folder of a checkpoint.
        mirror: folder of clones of repositories.
        lock: the file of commits.
        staging: an empty folder for links to the files of the Hub's cache.

    Raises:
        UserError: there is no such folder or repository.
    """
    if folder is not None:
        if not (folder / "config.json").is_file():
            raise UserError(f"{folder} is no checkpoint: it has no config.json; expected a folder in the Hub's form")
        check_links(folder, folder.iterdir())
        return Checkpoint(folder, known_facts(folder) or {"name": folder.resolve().name})
    repository, revision = str(spec.get("checkpoint", "")), str(spec.get("revision", "main"))
    if not _REPOSITORY.fullmatch(repository):
        raise UserError(f"'{repository}' is no folder with a checkpoint and no repository '<organisation>/<name>'")
    clone = mirror / MODELS / repository if mirror is not None else None
    if clone is not None and (clone / "config.json").is_file():
        return _from_mirror(clone, repository, revision)
    try:
        return _from_hub(repository, revision, lock, staging)
    except UserError as error:
        if clone is None:
            raise
        raise UserError(f"{clone} has no config.json, and the Hub did not help: {error}") from error


def known_facts(folder: Path) -> dict[str, Any]:
    """Return where a checkpoint that this program has brought in before is from; of others nothing is known.

    The folder may be anybody's, and what its run card says becomes paths of a bundle and text of model cards: a card
    with other facts, or facts of another form, counts as none.
    """
    path = folder / "run.json"
    card = read_json(path) if path.is_file() else {}
    told = card.get("checkpoint") if isinstance(card, dict) else None
    facts = {name: value for name, value in told.items() if name != "sha256"} if isinstance(told, dict) else {}
    for name, value in facts.items():
        if name not in _FACTS or (value is not None and not _FACTS[name].fullmatch(str(value))):
            return {}
    return facts if facts.get("repository") or facts.get("name") else {}


def _from_mirror(folder: Path, repository: str, revision: str) -> Checkpoint:
    """Return the clone of a repository; those of a bundle have a run card that tells revision and commit."""
    check_links(folder, folder.iterdir())
    known = known_facts(folder)
    if known.get("revision", revision) != revision:
        raise UserError(f"{folder} is revision '{known['revision']}' of '{repository}', but '{revision}' is asked for")
    return Checkpoint(folder, {"repository": repository, "revision": revision, "commit": known.get("commit")})


def _from_hub(repository: str, revision: str, lock: Path, staging: Path) -> Checkpoint:
    hub = open_hub(lock)
    files = hub.resolve("model", repository, revision)
    for name in needed_files(files.files, f"'{repository}' (revision '{revision}')"):
        (staging / name).symlink_to(hub.download("model", files, name).resolve())
    return Checkpoint(staging, {"repository": repository, "revision": revision, "commit": files.commit})


def open_hub(lock: Path) -> Any:
    """Return the Hub with the commits of a lock file."""
    from workflow.scripts.sources.hub import Hub

    return Hub(LockFile(lock))


def needed_files(names: Collection[str], where: str) -> list[str]:
    """Return those files of a checkpoint that are read.

    Args:
        names: all its files.
        where: the checkpoint, for messages.

    Raises:
        UserError: it has no configuration, or no weights as safetensors.
    """
    if "config.json" not in names:
        raise UserError(f"{where} has no config.json; it has {', '.join(sorted(names)[:20]) or 'no files'}")
    return ["config.json", *weight_names(names, where), *(name for name in SIDE_FILES if name in names)]


def bring_encoder(
    checkpoint: Checkpoint, directory: Path, tokenizer: Path, attention: str = BIDIRECTIONAL
) -> tuple[ModelFacts, dict[str, str]]:
    """Write an encoder or decoder and its tokenizer into their folders; return what it is, and its files' sha256."""
    files = weight_files(checkpoint.folder)
    facts = describe_encoder(checkpoint.folder, files, attention)
    write_tokenizer(checkpoint.folder, tokenizer, facts, decoder=attention != BIDIRECTIONAL)
    _copy((tokenizer / name for name in TOKENIZER_FILES), directory)
    return facts, _bring_weights(checkpoint, files, directory, TOKENIZER_FILES, attention)


def bring_translator(checkpoint: Checkpoint, directory: Path) -> tuple[ModelFacts, dict[str, str]]:
    """Write a translation model into a folder; returns as `bring_encoder`."""
    files = weight_files(checkpoint.folder)
    facts = describe_translator(checkpoint.folder, files)
    beside = [name for name in SIDE_FILES if (checkpoint.folder / name).is_file()]
    _copy((checkpoint.folder / name for name in beside), directory)
    return facts, _bring_weights(checkpoint, files, directory, beside)


def _bring_weights(
    checkpoint: Checkpoint,
    files: Sequence[Path],
    directory: Path,
    beside: Sequence[str],
    attention: str = BIDIRECTIONAL,
) -> dict[str, str]:
    write_config(checkpoint.folder, directory / "config.json", attention)
    hashes = {name: sha256(directory / name) for name in ("config.json", *beside)}
    return {WEIGHTS: write_weights(files, directory / WEIGHTS), **hashes}


def _copy(paths: Iterable[Path], target: Path) -> None:
    for path in paths:
        with replacing(target / path.name) as temporary:
            shutil.copyfile(path, temporary)


def origin_card(
    stage: str,
    spec: dict[str, Any],
    checkpoint: Checkpoint,
    facts: ModelFacts,
    files: dict[str, str],
    *,
    base: str = "",
) -> dict[str, Any]:
    """Return the run card of a model that was brought from elsewhere; its weights are part of its identity.

    Args:
        stage: of the card.
        spec: the run specification.
        checkpoint: where it is from.
        facts: what kind of model it is.
        files: SHA-256 of its files by name.
        base: the Hub's name of the checkpoint that it was trained from, if there is one.
    """
    identity = json.dumps({**spec, "sha256": files[WEIGHTS]}, sort_keys=True, separators=(",", ":"))
    attention = str(spec.get("attention", BIDIRECTIONAL))
    return {
        **run_card(stage, identity, {}, {}, base=base),
        "checkpoint": {**checkpoint.facts, "sha256": files[WEIGHTS]},
        "model": asdict(facts) | ({} if attention == BIDIRECTIONAL else {"attention": attention}),
        "files": files,
    }


def model_card(title: str, card: dict[str, Any]) -> str:
    """Return a model card in the Hub's form: what was brought in, and from where."""
    source = card["checkpoint"]
    name = source.get("repository") or f"folder '{source['name']}'"
    commit = f", commit {source['commit']}" if source.get("commit") else ""
    rows = "\n".join(f"| {key.replace('_', ' ')} | {value} |" for key, value in card["model"].items())
    based = f"base_model: {source['repository']}\n" if "repository" in source else ""
    return f"""---
library_name: transformers
{based}tags: [cross-lingual-transfer, {card["stage"]}]
---

# {title}

Brought into an intermediate-task transfer study from {name}{commit}; its licence and citation are given there.

| | |
|---|---|
{rows}

SHA-256 of the weights: `{source["sha256"]}`
"""


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="name of the model in the study")
    parser.add_argument("--kind", choices=tuple(STAGES), default="encoder", help="what the checkpoint is")
    parser.add_argument("--spec", required=True, help="run specification (JSON): checkpoint, revision, attention")
    parser.add_argument("--checkpoints", default="{}", help="folder or repository of every model, as JSON")
    parser.add_argument("--mirror", default="", help="folder of clones of repositories")
    parser.add_argument("--lock", type=Path, default=Path(LOCK_PATH), help="file of the repositories' commits")
    parser.add_argument("--run", required=True, type=Path, help="run card to write; the model stands beside it")
    parser.add_argument("--tokenizer", type=Path, help="tokenizer.json to write, in its folder (encoders)")
    add_log_argument(parser)
    arguments = parser.parse_args(argv)
    if arguments.kind == "encoder" and arguments.tokenizer is None:
        parser.error("--tokenizer is needed for an encoder")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    arguments = parse_arguments(argv)
    log = configure(arguments.log, f"model {arguments.model}")
    spec, directory = decode(arguments.spec), arguments.run.parent
    attention = str(spec.get("attention", BIDIRECTIONAL))
    mirror = Path(arguments.mirror) if arguments.mirror else None
    with tempfile.TemporaryDirectory() as staging:
        folder = None if "checkpoint" in spec else Path(json.loads(arguments.checkpoints)[arguments.model])
        checkpoint = find_checkpoint(spec, folder, mirror, arguments.lock, Path(staging))
        log.info("%s from %s", arguments.kind, checkpoint.folder)
        if arguments.kind == "encoder":
            facts, files = bring_encoder(checkpoint, directory, arguments.tokenizer.parent, attention)
        else:
            facts, files = bring_translator(checkpoint, directory)
    card = origin_card(STAGES[arguments.kind], spec, checkpoint, facts, files)
    write_text(directory / "README.md", model_card(arguments.model, card))
    write_json(arguments.run, card)
    head = "" if facts.language_model_head else ", without language-model head"
    progress(f"{facts.model_type}, {facts.parameters / 1e6:.1f} million parameters, {facts.layers} layers{head}")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
