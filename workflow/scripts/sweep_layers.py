r"""Score a retrieval target at every layer of an encoder, from one forward pass.

    python -m workflow.scripts.sweep_layers --task tatoeba --spec '{...}' --run models/tiny/run.json \
        --tokens tokens/sub/tatoeba/test.arrow --data data/tatoeba/test.parquet --out layers/tatoeba.json

inputs   canonical data, token files, the encoder beside its run card
outputs  the scores by layer (index into the hidden states, 0 = embeddings) and language (JSON)
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from workflow.scripts.arguments import add_device_arguments, add_log_argument
from workflow.scripts.config_schema import defaults
from workflow.scripts.decoding.layers import predict_layers
from workflow.scripts.decoding.prediction import Split
from workflow.scripts.devices import return_freed_memory, select_device
from workflow.scripts.features.store import Features
from workflow.scripts.files import commit, read_json, read_table, write_json
from workflow.scripts.logs import configure, run
from workflow.scripts.metrics.alignment import SCORED_SPLIT, Table, align_examples, align_pools
from workflow.scripts.metrics.registry import score_language
from workflow.scripts.modeling.checkpoints import load_encoder
from workflow.scripts.modeling.conversion import check_lengths
from workflow.scripts.runspec import decode
from workflow.scripts.tasks import Family, Task, find_task


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True, help="name of the target")
    parser.add_argument("--spec", required=True, help="run specification (JSON)")
    parser.add_argument("--run", required=True, type=Path, help="run card of the encoder, in its folder")
    parser.add_argument("--data", required=True, nargs="+", type=Path, help="canonical data <task>/<split>.parquet")
    parser.add_argument("--tokens", required=True, nargs="+", type=Path, help="their token files, in the same order")
    for name in ("model", "source"):
        parser.add_argument(f"--{name}", required=True, help=f"value of the wildcard {{{name}}}")
    parser.add_argument("--seed", type=int, required=True, help="value of the wildcard {seed}")
    parser.add_argument("--out", required=True, type=Path, help="scores by layer to write (JSON)")
    add_device_arguments(parser)
    add_log_argument(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    options = parse_arguments(argv)
    log = configure(options.log, f"layers {options.source} > {options.task} (seed {options.seed})")
    task, device = find_task(options.task), select_device(options.gpus)
    spec = decode(options.spec, defaults("retrieval") | defaults("prediction"))
    how = {name: spec[name] for name in ("neighbours", "pooling", "precision")}
    return_freed_memory()
    encoder = load_encoder(options.run.parent)
    check_lengths(encoder, options.run.parent, options.tokens)
    splits = [
        Split(path.stem, read_table(path), Features(tokens))
        for path, tokens in zip(options.data, options.tokens, strict=True)
    ]
    predicted = [
        predict_layers(task, encoder, split, device=device, budget=options.micro_batch_tokens, **how)
        for split in splits
    ]
    layers = [scores(task, splits, pa.concat_tables(tables)) for tables in zip(*predicted, strict=True)]
    best = max(range(len(layers)), key=lambda layer: layers[layer]["mean"])
    write_json(
        options.out,
        {
            **{name: getattr(options, name) for name in ("model", "source", "seed")},
            "target": task.name,
            "metric": task.metrics[0],
            "pooling": spec["pooling"],
            "read": spec["layer"],
            "layers": layers,
            "spec_hash": read_json(options.run)["spec_hash"],
            "commit": commit(),
        },
    )
    what = (task.metrics[0], spec["pooling"], best, layers[best]["mean"], len(layers) - 1)
    log.info("%s, pooling %s: best at hidden_states[%d], %.1f (0 = embeddings, %d = last layer)", *what)
    return 0


def scores(task: Task, splits: Sequence[Split], predictions: pa.Table) -> dict[str, Any]:
    """Return the first metric of a task by language and its mean over the languages, 0 to 100."""
    data = {split.name: Table(split.rows, f"split {split.name}") for split in splits}
    table = Table(predictions, "the predictions of a layer")
    if task.family is Family.MINING:
        examples = align_pools(data, table)
    else:
        examples = align_examples(task.family, data[SCORED_SPLIT], table)
    found = {
        language: score_language(task, rows.gold, rows.predicted, language)[task.metrics[0]]
        for language, rows in examples.items()
    }
    return {"mean": sum(found.values()) / len(found), "languages": found}


if __name__ == "__main__":
    sys.exit(run(main))
