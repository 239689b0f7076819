r"""Predict a target's test data in every language with one model.

    python -m workflow.scripts.predict --task xnli --spec '{...}' --run finetuned/tiny/mnli/seed1/mnli/run.json \
        --tokens tokens/sub/xnli/test.arrow --data data/xnli/test.parquet --out predictions/tiny/mnli/seed1/xnli.parquet

The specification holds the training task whose head is used, or layer and neighbours for the tasks without a head.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from workflow.scripts.arguments import add_device_arguments, add_log_argument
from workflow.scripts.config_schema import defaults
from workflow.scripts.decoding.prediction import Split, predict, predict_untrained
from workflow.scripts.devices import return_freed_memory, select_device
from workflow.scripts.features.store import Features
from workflow.scripts.files import check_data, read_table, write_table
from workflow.scripts.logs import configure, run
from workflow.scripts.modeling.checkpoints import load_encoder, load_head
from workflow.scripts.modeling.conversion import check_lengths
from workflow.scripts.modeling.heads import make_head
from workflow.scripts.runspec import decode
from workflow.scripts.tasks import find_task


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True, help="name of the target")
    parser.add_argument("--title", required=True, help="what is predicted, for logs")
    parser.add_argument("--spec", required=True, help="run specification (JSON)")
    parser.add_argument("--run", required=True, type=Path, help="run card of the model, in its folder")
    parser.add_argument("--data", required=True, nargs="+", type=Path, help="canonical data <task>/<split>.parquet")
    parser.add_argument("--tokens", required=True, nargs="+", type=Path, help="their token files, in the same order")
    parser.add_argument("--out", required=True, type=Path, help="predictions to write (Parquet)")
    add_device_arguments(parser)
    add_log_argument(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    arguments = parse_arguments(argv)
    log = configure(arguments.log, f"predict {arguments.title}")
    task, device = find_task(arguments.task), select_device(arguments.gpus)
    spec = decode(arguments.spec, defaults("retrieval") | defaults("prediction"))
    how = {"device": device, "precision": spec["precision"], "budget": arguments.micro_batch_tokens}
    encoder = load_encoder(arguments.run.parent)
    check_lengths(encoder, arguments.run.parent, arguments.tokens)
    if not task.fine_tuned:
        return_freed_memory()
        what = (spec["layer"], encoder.config.num_hidden_layers, spec["pooling"])
        log.info("sentence vectors: hidden_states[%d] (0 = embeddings, %d = last layer), pooling %s", *what)
    tables = []
    for path, tokens in zip(arguments.data, arguments.tokens, strict=True):
        check_data(path)
        split = Split(path.stem, read_table(path), Features(tokens))
        if task.fine_tuned:
            width = encoder.config.hidden_size
            head = make_head(task.family, width, len(split.features.labels), dropout=0.0)
            load_head(arguments.run.parent, spec["head"], head)
            tables.append(predict(task, encoder, head, split, **how))
        else:
            reading = {name: spec[name] for name in ("layer", "neighbours", "pooling")}
            tables.append(predict_untrained(task, encoder, split, **reading, **how))
    write_table(arguments.out, pa.concat_tables(tables), checksums=True)
    log.info("%d predictions", sum(table.num_rows for table in tables))
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
