"""How fast prediction in many languages is: ours beside `transformers.Trainer` as run_xnli.py uses it.

    python -m benchmarks.prediction_throughput [--shape small] [--repetitions 5]

An XLM-R with random weights predicts classes for sequences with the lengths of XNLI, in several languages:

    ours-fp32, ours-bf16        `head_outputs` over one token file with all languages, sorted by length
    padded-fp32, padded-bf16    `Trainer.predict` for one language after the other, every sequence padded to 128 tokens,
                                8 in a batch (fp32 is the script's default)

Each variant has a process and, on the CPU, one thread of its own; they take turns. Start-up, reading data and building
the model are left out. A ratio is the median over the repetitions; that of equal precision says what batches alone are
worth. `--budgets` measures our numbers of padded tokens in a batch instead. The last line is one JSON object.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from benchmarks.startup import device, versions
from benchmarks.turns import Cost, alternate, ratios, serve, timed
from benchmarks.workload import (
    LABELS,
    LONGEST,
    SHAPES,
    Shape,
    accelerator,
    model_config,
    package_versions,
    rows,
    write_sequences,
)
from workflow.scripts.devices import select_device
from workflow.scripts.features.store import Features
from workflow.scripts.files import commit

MODULE = "benchmarks.prediction_throughput"
LANGUAGES = 4
BATCH = 8
"""Examples in a batch of the peer: default of `per_device_eval_batch_size`, which run_xnli.py keeps."""

OURS = ("ours-fp32", "ours-bf16")
PEERS = ("padded-fp32", "padded-bf16")
BUDGETS = tuple(f"ours-{precision}-{1 << power}" for precision in ("fp32", "bf16") for power in range(10, 15))
PAIRS = (
    ("ours-fp32", "padded-fp32"),
    ("ours-bf16", "padded-fp32"),
    ("ours-bf16", "padded-bf16"),
)
TARGETS = {"ours-fp32 / padded-fp32": 3.0}
"""Aim on one core of a CPU."""


def our_variant(variant: str, path: Path, shape: Shape) -> Callable[[bool], Cost]:
    """Return what predicts all languages our way; `variant` names precision and, behind it, tokens in a batch."""
    from transformers import XLMRobertaModel

    from workflow.scripts.decoding.answers import classes
    from workflow.scripts.decoding.inference import head_outputs
    from workflow.scripts.modeling.heads import make_head

    precision, budget = (*variant.split("-"), "0")[1:3]
    machine, features = select_device(), Features(path)
    encoder = XLMRobertaModel(model_config(shape, "sdpa", LONGEST["mnli"]), add_pooling_layer=False)
    head = make_head("classification", shape.width, len(LABELS), dropout=0.0)

    def repetition(warm: bool) -> Cost:
        chosen = features.first(2 * BATCH) if warm else features
        cost = Cost(len(chosen))
        with timed(cost):
            outputs = head_outputs(encoder, head, chosen, machine, precision, int(budget))
            classes(outputs, chosen, len(chosen))
        return cost

    return repetition


def trainer_variant(variant: str, path: Path, shape: Shape) -> Callable[[bool], Cost]:
    """Return what predicts language after language as run_xnli.py does."""
    from transformers import (
        PrinterCallback,
        Trainer,
        TrainingArguments,
        XLMRobertaForSequenceClassification,
        default_data_collator,
    )

    gpu, longest = torch.cuda.is_available(), LONGEST["mnli"]
    dataset = rows(Features(path), longest)
    parts = [dataset.shard(LANGUAGES, number) for number in range(LANGUAGES)]
    arguments = TrainingArguments(
        output_dir=str(path.parent / variant),
        per_device_eval_batch_size=BATCH,
        bf16=variant.endswith("bf16"),
        use_cpu=not gpu,
        disable_tqdm=True,
    )
    trainer = Trainer(
        model=XLMRobertaForSequenceClassification(model_config(shape, "sdpa", longest)),
        args=arguments,
        data_collator=default_data_collator,
    )
    trainer.remove_callback(PrinterCallback)

    def repetition(warm: bool) -> Cost:
        chosen = [dataset.select(range(2 * BATCH))] if warm else parts
        cost = Cost(sum(map(len, chosen)))
        with timed(cost):
            for part in chosen:
                logits: Any = trainer.predict(part).predictions
                logits.argmax(axis=1)
        return cost

    return repetition


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description="How fast prediction in many languages is, beside run_xnli.py.")
    parser.add_argument("--shape", choices=SHAPES, default="small", help="of the encoder (default: small)")
    parser.add_argument("--examples", type=int, default=512, help="examples of all languages (default: 512)")
    parser.add_argument("--repetitions", type=int, default=5, help="repetitions (default: 5)")
    parser.add_argument("--budgets", action="store_true", help="measure tokens in a batch instead of peers")
    parser.add_argument("--only", nargs="+", metavar="VARIANT", help="variants (default: all)")
    parser.add_argument("--child", metavar="VARIANT", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the JSON object."""
    options = parse_arguments(argv)
    shape = SHAPES[options.shape]
    if options.child:
        torch.manual_seed(1)
        select_device()
        make = our_variant if options.child.startswith("ours") else trainer_variant
        serve(make(options.child, options.file, shape))
        return 0
    variants = options.only or (BUDGETS if options.budgets else (*OURS, *PEERS))
    pairs = [(name, f"{name.rpartition('-')[0]}-16384") for name in variants] if options.budgets else PAIRS
    with tempfile.TemporaryDirectory(prefix="prediction") as name:
        path = Path(name) / "xnli.arrow"
        write_sequences(path, options.examples, "mnli", shape.vocabulary)
        words = ["--file", str(path), "--shape", options.shape]
        measured = alternate(MODULE, variants, words, options.repetitions)
    figures = {
        "shape": options.shape,
        "examples": options.examples,
        "languages": LANGUAGES,
        "repetitions": options.repetitions,
        "variants": {name: found.figures() for name, found in measured.items()},
        "ratios": ratios(measured, pairs),
        "targets": TARGETS,
        "gpu": accelerator(),
        "versions": versions() | package_versions("accelerate", "datasets"),
        "machine": device(),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    print(json.dumps({"benchmark": "prediction_throughput", **figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
