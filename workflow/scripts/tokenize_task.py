r"""Encode one split of a task with one tokenizer; every model with that tokenizer reads the result.

python -m workflow.scripts.tokenize_task --task xnli --spec '{...}' --tokenizer tokenizers/laboratory/tokenizer.json \
        --table data/xnli/test.parquet --features tokens/laboratory/xnli/test.arrow
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from workflow.scripts.features.encoding import Encoder, Lengths
from workflow.scripts.features.store import write_features
from workflow.scripts.files import read_table
from workflow.scripts.logs import configure, run
from workflow.scripts.runspec import decode
from workflow.scripts.settings import defaults
from workflow.scripts.tasks import Family, Task, find_task


def label_names(task: Task, table: Path) -> tuple[str, ...]:
    """Return a task's labels; a tagging task without a fixed set takes the tags of a table, sorted."""
    if task.labels or task.family is not Family.TAGGING:
        return task.labels
    tags = read_table(table, ["tags"])["tags"].combine_chunks().flatten().unique()
    return tuple(sorted(tags.to_pylist()))


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--spec", required=True, help="run specification (JSON)")
    parser.add_argument("--tokenizer", required=True, type=Path, help="tokenizer.json")
    parser.add_argument("--table", required=True, type=Path, help="canonical Parquet file")
    parser.add_argument(
        "--training-table",
        nargs="*",
        type=Path,
        default=[],
        help="training split, if the task's tag set is read from it",
    )
    parser.add_argument("--features", required=True, type=Path, help="token file to write")
    parser.add_argument("--log", type=Path, help="log file")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    arguments = parse_arguments(argv)
    log = configure(arguments.log, f"tokens {arguments.task} {arguments.table.stem}")
    task, spec = find_task(arguments.task), decode(arguments.spec, defaults("tokenization"))
    lengths = Lengths(spec["max_length"], spec["max_question_length"], spec["stride"])
    labels = label_names(task, next(iter(arguments.training_table), arguments.table))
    encoder = Encoder(arguments.tokenizer, lengths, labels)
    columns = encoder.encode(task.family, read_table(arguments.table).to_pydict())
    write_features(arguments.features, columns, family=task.family, tokens=encoder.token_ids(), labels=labels)
    tokens = sum(map(len, columns["input_ids"]))
    log.info("%d sequences, %d tokens", len(columns["input_ids"]), tokens)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
