r"""Bring an intermediate checkpoint from elsewhere into the folder of a source, so that targets are fine-tuned on it.

    python -m workflow.scripts.import_checkpoint --spec '{"checkpoint":"someone/xlmr-mnli",...}' --title theirs \
        --pretrained models/xlmr/model.safetensors --tokenizer tokenizers/xlmr/tokenizer.json \
        --run intermediate/xlmr/theirs/seed1/run.json

The checkpoint is a folder (`--checkpoint`) or a repository, found and identified as in `fetch_model`. It has to be an
encoder or decoder with the shape and tokenizer of the study's pretrained model, as safetensors; further weights, such
as the head of a task, stay in the file and are not used. If the folder has SHA256SUMS, as those of `make publish` have,
its files are compared with them.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.errors import UserError
from workflow.scripts.fetch_model import Checkpoint, find_checkpoint, model_card, origin_card
from workflow.scripts.files import replacing, sha256, write_json, write_text
from workflow.scripts.logs import configure, progress, run
from workflow.scripts.modeling.agreement import check_model, check_tokenizer
from workflow.scripts.modeling.checkpoints import TOKENIZER_FILES
from workflow.scripts.modeling.conversion import ModelFacts, describe_encoder, write_config
from workflow.scripts.modeling.decoders import BIDIRECTIONAL
from workflow.scripts.modeling.tokenizer_files import write_tokenizer
from workflow.scripts.modeling.weights import WEIGHTS, weight_files, write_weights
from workflow.scripts.runspec import decode
from workflow.scripts.sources.lock import LOCK_PATH
from workflow.scripts.training.card import base_model

SUMS = "SHA256SUMS"
STAGE = "imported"


def check_sums(folder: Path) -> None:
    """Compare the files of a folder with its SHA256SUMS, if it has any; files that were left out are no fault.

    Raises:
        UserError: a file is not what it was, or a line says nothing.
    """
    path = folder / SUMS
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        expected, _, name = line.partition("  ")
        if not name or Path(name).name != name:
            raise UserError(f"{path} has the line '{line}'; expected a SHA-256, two spaces and the name of a file")
        if (folder / name).is_file() and (found := sha256(folder / name)) != expected:
            raise UserError(
                f"{folder / name} is damaged (sha256 {found[:12]}…, but {expected[:12]}… by {SUMS}); fetch it again"
            )


def bring(
    checkpoint: Checkpoint, directory: Path, pretrained: Path, tokenizer: Path, attention: str
) -> tuple[ModelFacts, dict[str, str]]:
    """Check a checkpoint and write its files into the folder of a source; return what it is, and their SHA-256.

    Args:
        checkpoint: from a folder or the Hub.
        directory: where to.
        pretrained: folder of the model that it was trained from.
        tokenizer: folder of that model's tokenizer, which becomes the checkpoint's.
        attention: `models.<name>.attention` of the configuration.

    Raises:
        UserError: it is another model, has another tokenizer, or is not whole.
    """
    check_sums(checkpoint.folder)
    files = weight_files(checkpoint.folder)
    facts = describe_encoder(checkpoint.folder, files, attention)
    check_model(checkpoint.folder, pretrained)
    with tempfile.TemporaryDirectory() as converted:
        decoder = attention != BIDIRECTIONAL
        write_tokenizer(checkpoint.folder, Path(converted), facts, decoder=decoder)
        check_tokenizer(Path(converted) / "tokenizer.json", tokenizer / "tokenizer.json", checkpoint.folder)
    for name in TOKENIZER_FILES:
        with replacing(directory / name) as copy:
            shutil.copyfile(tokenizer / name, copy)
    write_config(checkpoint.folder, directory / "config.json", attention)
    hashes = {name: sha256(directory / name) for name in ("config.json", *TOKENIZER_FILES)}
    return facts, {WEIGHTS: write_weights(files, directory / WEIGHTS), **hashes}


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--title", required=True, help="what it is, for logs and the model card")
    parser.add_argument("--spec", required=True, help="run specification (JSON): checkpoint, revision, attention")
    parser.add_argument("--checkpoint", type=Path, help="folder of the checkpoint, if the specification has none")
    parser.add_argument("--mirror", default="", help="folder of clones of repositories")
    parser.add_argument("--lock", type=Path, default=Path(LOCK_PATH), help="file of the repositories' commits")
    parser.add_argument(
        "--pretrained", required=True, type=Path, help="weights of the pretrained model, in their folder"
    )
    parser.add_argument("--tokenizer", required=True, type=Path, help="tokenizer.json of that model, in its folder")
    parser.add_argument("--run", required=True, type=Path, help="run card to write; the checkpoint stands beside it")
    add_log_argument(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    arguments = parse_arguments(argv)
    log = configure(arguments.log, f"import {arguments.title}")
    spec, directory = decode(arguments.spec), arguments.run.parent
    attention = str(spec.get("attention", BIDIRECTIONAL))
    pretrained = arguments.pretrained.parent
    with tempfile.TemporaryDirectory() as staging:
        folder = None if "checkpoint" in spec else arguments.checkpoint
        mirror = Path(arguments.mirror) if arguments.mirror else None
        checkpoint = find_checkpoint(spec, folder, mirror, arguments.lock, Path(staging))
        log.info("from %s", checkpoint.folder)
        facts, files = bring(checkpoint, directory, pretrained, arguments.tokenizer.parent, attention)
    card = origin_card(STAGE, spec, checkpoint, facts, files, base=base_model(pretrained))
    write_text(directory / "README.md", model_card(arguments.title, card))
    write_json(arguments.run, card)
    progress(
        f"{facts.model_type}, {facts.parameters / 1e6:.1f} million parameters, as those of the model in {pretrained}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
