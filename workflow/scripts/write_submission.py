"""Write XTREME's submission folder of one model, source and seed: its predictions as `evaluate.py` reads them.

inputs   examples/{model}/{source}/seed{seed}/{target}.parquet of all targets; the test data of Tatoeba, in whose
         English sentences' order its file is
outputs  submission/{model}/{source}/seed{seed}/{task}/test-{language}.…: the predictions (`reporting.submission`)
         submission/{model}/{source}/seed{seed}/manifest.json: which files there are, and what is missing
         LABELS/{task}/test-{language}.… if --labels is given: the gold side, to try `evaluate.py` offline; the official
         scores of a submission come from the benchmark's own label files

Targets that the benchmark does not have, and languages without predictions, are named in the log.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.errors import UserError
from workflow.scripts.files import read_table, write_json, write_text
from workflow.scripts.logs import configure, run
from workflow.scripts.reporting.submission import GOLD, PREDICTION, VERSIONS, file_name, file_text, version_of
from workflow.scripts.tasks import TASKS, Family

COLUMNS = ["id", "language", "split", GOLD, PREDICTION]


def main(argv: Sequence[str] | None = None) -> int:
    """Write the folder; see the module's docstring and `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=Path, nargs="+", required=True, help="tables of examples, one per target")
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="test data of the retrieval targets")
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.json to write into the folder")
    parser.add_argument("--labels", type=Path, help="folder for the gold labels (default: not written)")
    for name in ("model", "source", "seed"):
        parser.add_argument(f"--{name}", required=True, help=f"value of the wildcard {{{name}}}")
    add_log_argument(parser)
    options = parser.parse_args(argv)
    log = configure(options.log, stage=f"submission {options.source} seed {options.seed}")
    tables = {path.stem: path for path in options.examples}
    data = {path.parent.name: path for path in options.data}
    version = version_of(list(tables))
    folders = VERSIONS[version]
    files: list[str] = []
    missing: dict[str, list[str]] = {}
    for target, path in tables.items():
        if target in folders:
            written = write_target(target, folders[target], path, data.get(target), options)
            files += written.values()
            missing |= (
                {target: lost} if (lost := [code for code in TASKS[target].languages if code not in written]) else {}
            )
    absent = [target for target in folders if target not in tables]
    other = [target for target in tables if target not in folders]
    for sentence in _warnings(version, missing, absent, other):
        log.warning("%s", sentence)
    facts = {"version": version, "model": options.model, "source": options.source, "seed": int(options.seed)}
    lists = {"files": files, "missing_languages": missing, "missing_targets": absent, "other_targets": other}
    write_json(options.manifest, facts | lists)
    log.info("%s: %d files of %s, %d targets", options.manifest.parent, len(files), version, len(tables) - len(other))
    return 0


def write_target(
    target: str, folder: str, path: Path, data: Path | None, options: argparse.Namespace
) -> dict[str, str]:
    """Write the files of one target and return them by language.

    Raises:
        UserError: a table is missing or not as `score` writes it, or the data of a retrieval target are not given.
    """
    counts = ["predicted_pairs", "gold_pairs"] if TASKS[target].family is Family.MINING else []
    rows = read_table(path, [*COLUMNS, *counts])
    if counts:
        rows = rows.filter((pc.field(counts[0]) == 1) | (pc.field(counts[1]) == 1))  # most proposed pairs are neither
    sentences = _english(target, rows, data)
    written = {}
    for language, group in groupby(rows.to_pylist(), key=lambda row: row["language"]):
        examples = list(group)
        name = file_name(folder, language)
        english = [sentences[row["id"]] for row in examples] if sentences else ()
        for root, column in ((options.manifest.parent, PREDICTION), (options.labels, GOLD)):
            if root is not None:
                write_text(root / name, file_text(folder, language, examples, column, english))
        written[language] = name
    return written


def _english(target: str, rows: pa.Table, data: Path | None) -> dict[str, str]:
    """Return the English sentence of each pair of a retrieval target, nothing for other targets."""
    if TASKS[target].family is not Family.RETRIEVAL:
        return {}
    if data is None:
        raise UserError(f"the test data of '{target}' are not given; expected data/{target}/test.parquet with --data")
    table = read_table(data, ["id", "text_b"])
    found = dict(zip(table["id"].to_pylist(), table["text_b"].to_pylist(), strict=True))
    if lost := [name for name in rows["id"].to_pylist() if name not in found]:
        raise UserError(
            f"{data} lacks {len(lost)} pairs of the examples of '{target}', such as '{lost[0]}'; score the target again"
        )
    return found


def _warnings(version: str, missing: Mapping[str, Any], absent: Sequence[str], other: Sequence[str]) -> Iterable[str]:
    for target, codes in missing.items():
        yield f"{target} has no predictions in {', '.join(codes)}: evaluate.py stops where a language is missing"
    if absent:
        yield f"{version} also has {', '.join(absent)}, which the study does not: there will be no overall score"
    if other:
        yield f"{version} has no {', '.join(other)}: left out"
    if version == "xtreme" and "udpos" not in absent:
        yield (
            "udpos: the words are those of google/xtreme; XTREME's own label files fuse multiword forms, so that "
            "languages with contractions have other lines there"
        )


if __name__ == "__main__":
    sys.exit(run(main, stage="submission"))
