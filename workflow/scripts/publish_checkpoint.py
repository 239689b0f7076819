r"""Prepare an intermediate checkpoint for the Hub: a folder to upload as it is, with a model card and SHA256SUMS.

    python -m workflow.scripts.publish_checkpoint --run intermediate/tiny/mnli/seed1/run.json --model tiny \
        --source mnli --seed 1 --statistics data/mnli/train.json --scores scores/tiny/*/seed1/*.json \
        --out published/tiny/mnli/seed1/SHA256SUMS

The folder holds the encoder (or adapter), the heads of its tasks in a file of their own, the tokenizer, the run card
and README.md. Files are compared with the run card as they are copied. SHA256SUMS is written last: where it stands,
the rest is whole. Nothing is uploaded.
"""

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.config_schema import defaults
from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json, replacing, sha256, write_json, write_text
from workflow.scripts.logs import configure, progress, run
from workflow.scripts.modeling import adapters
from workflow.scripts.study import NONE
from workflow.scripts.training.card import repositories
from workflow.scripts.training.publication import publication_card
from workflow.scripts.training.reuse import EXCLUSIVE

LEFT = ("README.md", "run.json", "SHA256SUMS")
"""Files of the folder that are written anew."""


def copy_files(card: Mapping[str, Any], source: Path, target: Path) -> dict[str, str]:
    """Copy the files of a checkpoint and return their SHA-256 by name.

    Raises:
        UserError: a file is missing or is not what it was when it was written.
    """
    present = [path.name for path in source.iterdir() if path.is_file() and path.name[0] != "."]
    listed = card.get("files") or dict.fromkeys(name for name in sorted(present) if name not in LEFT)
    target.mkdir(parents=True, exist_ok=True)
    for name in EXCLUSIVE:
        (target / name).unlink(missing_ok=True)
    found = {}
    for name, expected in listed.items():
        if name not in present:
            raise UserError(f"{source / name}, which its run card lists, is missing; delete that card and run again")
        with replacing(target / name) as copy:
            shutil.copyfile(source / name, copy)
        found[name] = sha256(target / name)
        if expected and found[name] != expected:
            raise UserError(
                f"{source / name} is not what was written (sha256 {found[name][:12]}…, but {expected[:12]}… by its run "
                "card); delete that card and run again"
            )
    return found


def name_base(folder: Path, base: str) -> None:
    """Write into a published adapter which model it belongs to: the Hub's name, as a path would say nothing.

    Raises:
        UserError: the model has none.
    """
    if not base:
        raise UserError(
            "the adapter belongs to a model that is not on the Hub, so that nobody could load it; publish the model "
            "first, and name it as models.<name>.checkpoint"
        )
    described = read_json(folder / adapters.CONFIG) | {"base_model_name_or_path": base}
    write_json(folder / adapters.CONFIG, dict(sorted(described.items())))


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True, type=Path, help="run card of the checkpoint, beside its files")
    for name in ("model", "source", "seed"):
        parser.add_argument(f"--{name}", required=True, help=f"value of the wildcard {{{name}}}")
    parser.add_argument("--statistics", type=Path, nargs="*", default=[], help="counts of the training data")
    parser.add_argument("--scores", type=Path, nargs="*", default=[], help="scores of the source and of none")
    parser.add_argument("--out", required=True, type=Path, help="SHA256SUMS to write, in the folder to publish")
    add_log_argument(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    arguments = parse_arguments(argv)
    configure(arguments.log, f"publish {arguments.source} (seed {arguments.seed})")
    card, target = read_json(arguments.run), arguments.out.parent
    arguments.out.unlink(missing_ok=True)
    files = copy_files(card, arguments.run.parent, target)
    if adapters.CONFIG in files:
        name_base(target, card.get("base_model", ""))
        files[adapters.CONFIG] = sha256(target / adapters.CONFIG)
    scores = [read_json(path) for path in arguments.scores]
    names = {name: getattr(arguments, name) for name in ("model", "source", "seed")}
    text = publication_card(
        card,
        names,
        defaults("training") | card["spec"],
        repositories(arguments.statistics),
        [score for score in scores if score["source"] == arguments.source],
        [score for score in scores if score["source"] == NONE],
    )
    write_text(target / "README.md", text)
    write_json(target / "run.json", card | {"files": files})
    sums = files | {name: sha256(target / name) for name in ("README.md", "run.json")}
    write_text(arguments.out, "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())))
    size = sum((target / name).stat().st_size for name in sums)
    progress(f"{len(sums)} files, {size / 1e6:.1f} MB, ready to be uploaded")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
