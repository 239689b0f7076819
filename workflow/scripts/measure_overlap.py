r"""Count the test rows of targets that occur in the training data of intermediate tasks.

python -m workflow.scripts.measure_overlap --train data/mnli/train.parquet data/qqp/train.parquet \
        --test data/xnli/test.parquet data/tatoeba/test.parquet --out-dir tables

inputs   canonical training and test data; the folder of a file is the name of its task
outputs  OUT_DIR/overlap.json  every count, with what was compared
         OUT_DIR/overlap.*     CSV (tidy), Markdown and LaTeX: intermediate tasks by targets
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.errors import UserError
from workflow.scripts.files import read_table, write_json, write_text
from workflow.scripts.logs import configure, run
from workflow.scripts.reporting.datasets import RECORD_FIELDS, overlap_records, overlap_table
from workflow.scripts.reporting.formats import to_csv, to_latex, to_markdown
from workflow.scripts.reporting.titles import display_titles
from workflow.scripts.sources.overlap import INPUTS, TRAINED, TRIVIAL, Count, Texts, collect_texts, count_overlap, total
from workflow.scripts.tasks import Family, find_task

BATCH_ROWS = 1 << 16
"""Rows read at a time: bounds memory, changes no count."""


def main(argv: Sequence[str] | None = None) -> int:
    """Count and write; see the module's docstring and `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, nargs="*", default=[], help="training data of the intermediate tasks")
    parser.add_argument("--test", type=Path, nargs="*", default=[], help="test data of the targets")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder for the four files")
    add_log_argument(parser)
    options = parser.parse_args(argv)
    log = configure(options.log, stage="overlap")
    measured = measure(options.train, options.test)
    table, records = overlap_table(measured, display_titles()), overlap_records(measured)
    texts = {
        "csv": to_csv(records) if records else f"{','.join(RECORD_FIELDS)}\n",
        "md": to_markdown(table),
        "tex": to_latex(table),
    }
    for suffix, text in texts.items():
        write_text(options.out_dir / f"overlap.{suffix}", text)
    write_json(options.out_dir / "overlap.json", measured)
    shared = sum(pair["any"] > 0 for pair in measured["pairs"])
    log.info("%d of %d pairs of intermediate task and target share an input", shared, len(measured["pairs"]))
    return 0


def measure(train: Sequence[Path], test: Sequence[Path]) -> dict[str, Any]:
    """Return the counts of every pair, in the order of the files; by language where a language has any.

    Raises:
        UserError: a file cannot be read, its folder is no task, or a family has no inputs that can be compared.
    """
    sources = [(path, _family(path, TRAINED, "training data of an intermediate task")) for path in train]
    targets = {path: read_texts(path, _family(path, tuple(INPUTS), "test data")) for path in test}
    pairs, sizes = [], {}
    for path, family in sources:
        texts = read_texts(path, family)  # one training set in memory at a time: they are the large ones
        sizes[path.parent.name] = len(texts.language)
        pairs += [_pair(path, texts, other, found) for other, found in targets.items()]
    return {
        "compared": "whole input texts after NFKC, case folding and collapsing white space",
        "trivial": TRIVIAL,
        "sources": sizes,
        "targets": {path.parent.name: len(texts.language) for path, texts in targets.items()},
        "pairs": pairs,
    }


def read_texts(path: Path, family: Family) -> Texts:
    """Return the input texts of a canonical file; only their columns are read.

    Raises:
        UserError: the file is missing, cannot be read or lacks a column.
    """
    columns = ["language", *INPUTS[family]]
    try:
        return collect_texts(family, _batches(path, columns))
    except (OSError, pa.ArrowInvalid, KeyError):
        read_table(path, columns)  # says what is wrong
        raise


def _batches(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=BATCH_ROWS, columns=columns)


def _family(path: Path, allowed: Sequence[Family], what: str) -> Family:
    """Return the family of the task that a file belongs to; refuse one that is not among the allowed."""
    task = find_task(path.parent.name)
    if task.family not in allowed:
        raise UserError(
            f"{path} holds '{task.name}', a task of the family {task.family}; expected {what}, which is of "
            f"{', '.join(allowed)}: leave this file out"
        )
    return task.family


def _pair(train: Path, train_texts: Texts, test: Path, test_texts: Texts) -> dict[str, Any]:
    counts = count_overlap(train_texts, test_texts)
    names = {"source": train.parent.name, "target": test.parent.name}
    found = {code: _fields(count) for code, count in counts.items() if count.any}
    return {**names, **_fields(total(counts.values())), "languages": found}


def _fields(count: Count) -> dict[str, int]:
    return {"rows": count.rows, "whole": count.whole, "any": count.any}


if __name__ == "__main__":
    sys.exit(run(main, stage="overlap"))
