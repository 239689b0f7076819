r"""Encode one split of a task with one tokenizer; every model with that tokenizer reads the result.

python -m workflow.scripts.tokenize_task --task xnli --spec '{...}' --tokenizer tokenizers/laboratory/tokenizer.json \
        --table data/xnli/test.parquet --features tokens/laboratory/xnli/test.arrow
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.config_schema import defaults
from workflow.scripts.features.encoding import INPUTS, Encoder, Lengths
from workflow.scripts.features.store import write_chunks
from workflow.scripts.files import check_data, read_table
from workflow.scripts.logs import configure, run
from workflow.scripts.runspec import decode
from workflow.scripts.tasks import Family, Task, find_task

ROWS = 4096
"""Rows that are in memory at once."""


@dataclass(frozen=True)
class Batches:
    """Some columns of a Parquet file, batch by batch, each time anew.

    Raises:
        UserError: while reading, as `read_table`.
    """

    path: Path
    columns: tuple[str, ...]

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            with pq.ParquetFile(self.path) as file:
                if set(self.columns) <= set(file.schema_arrow.names):
                    yield from file.iter_batches(ROWS, columns=list(self.columns))
                    return
        except (pa.ArrowInvalid, OSError):
            read_table(self.path)  # says what is wrong with the file
            raise
        read_table(self.path, list(self.columns))  # says which columns there are


def language_codes(task: Task, table: Path) -> tuple[str, ...]:
    """Return the languages of plain text, sorted; those of other tasks are not sampled by and need no number."""
    if task.family is not Family.TEXT:
        return ()
    return tuple(sorted({code for batch in Batches(table, ("language",)) for code in batch[0].unique().to_pylist()}))


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
    add_log_argument(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    arguments = parse_arguments(argv)
    log = configure(arguments.log, f"tokens {arguments.task} {arguments.table.stem}")
    task, spec = find_task(arguments.task), decode(arguments.spec, defaults("tokenization"))
    lengths = Lengths(spec["max_length"], spec["max_question_length"], spec["stride"])
    for table in (arguments.table, *arguments.training_table):
        check_data(table)
    labels = label_names(task, next(iter(arguments.training_table), arguments.table))
    languages = language_codes(task, arguments.table)
    encoder = Encoder(arguments.tokenizer, lengths, labels, languages, decoder=spec.get("decoder", False))
    sequences, tokens = write_chunks(
        arguments.features,
        encoder.encode(task.family, Batches(arguments.table, INPUTS[task.family])),
        family=task.family,
        tokens=encoder.token_ids(),
        labels=labels,
        languages=languages,
    )
    log.info("%d sequences, %d tokens", sequences, tokens)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
