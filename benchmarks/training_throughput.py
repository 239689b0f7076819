"""How fast fine-tuning is: our loop beside `transformers.Trainer`, on the same encoder, data and effective batch.

    python -m benchmarks.training_throughput [--shape small] [--repetitions 5] [--ablations]

An XLM-R with random weights is fine-tuned for one epoch on sequences with the lengths of MNLI, in batches of 32:

    ours-fp32, ours-bf16        `TrainingLoop` over token files, as the workflow runs it
    padded-fp32, padded-bf16    `Trainer` as run_glue.py runs it: every sequence padded to 128 tokens (fp32 its default)
    grouped-fp32, grouped-bf16  `Trainer` at its best: batches of similar length, padded to their longest sequence

All use AdamW (fused), clip gradients, and neither log nor save. Each variant has a process and, on the CPU, one thread
of its own; they take turns. Start-up, reading data and building the model are left out. A ratio is the median over the
repetitions. Memory is the most that a process has held, its libraries included.

`--ablations` takes the ingredients out of ours-bf16 one at a time. On a GPU utilisation is measured too, at MNLI's
lengths and at 384 tokens: which share of the card's measured bf16 matrix rate our loop's model FLOP are. The last line
is one JSON object.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.startup import device, versions
from benchmarks.turns import Cost, Measured, alternate, ratios, serve, timed
from benchmarks.workload import (
    LABELS,
    LONGEST,
    SHAPES,
    Shape,
    accelerator,
    matrix_rate,
    model_config,
    package_versions,
    padding_collator,
    rows,
    write_sequences,
)
from workflow.scripts.devices import GPU_TOKENS, keep_freed_memory, select_device
from workflow.scripts.features.batches import EpochPlan
from workflow.scripts.features.store import Features
from workflow.scripts.files import commit
from workflow.scripts.modeling import cpu_attention

MODULE = "benchmarks.training_throughput"
BATCH = 32
WARM_STEPS = 2
LEARNING_RATE = 1e-5
OURS = ("ours-fp32", "ours-bf16")
PEERS = ("padded-fp32", "padded-bf16", "grouped-fp32", "grouped-bf16")
ATTENTIONS = ("sdpa", "eager")
ABLATIONS = tuple(
    f"ours-bf16-{otherwise}"
    for otherwise in ("unsorted", "whole", "sdpa", "eager", "dropout", "returned", "foreach", "compile")
)
"""What is taken out: sorting by length, cutting batches at `CPU_TOKENS`, our attention for the libraries' two, our
dropout, memory that is kept, the fused optimiser; `compile` is put in."""
PAIRS = (
    ("ours-bf16", "padded-fp32"),
    ("ours-fp32", "padded-fp32"),
    ("ours-bf16", "padded-bf16"),
    ("ours-bf16", "grouped-bf16"),
    ("ours-fp32", "grouped-fp32"),
)
TARGETS = {"ours-bf16 / padded-fp32": 7.0, "ours-bf16 / padded-bf16": 3.5, "ours-bf16 / grouped-bf16": 1.4}
"""Aims on one core of a CPU."""


class Unsorted(EpochPlan):
    """The batches of an epoch without pools of similar length."""

    def _plan(self, epoch: int) -> list[np.ndarray[Any, Any]]:
        order = np.random.default_rng(epoch).permutation(len(self.lengths))
        return [order[first : first + self.batch_size] for first in range(0, len(order), self.batch_size)]


def restore_dropout(encoder: torch.nn.Module) -> None:
    """Give an encoder PyTorch's dropout back, outside and inside of attention."""
    for module in encoder.modules():
        if type(module) is cpu_attention.Dropout:
            module.__class__ = torch.nn.Dropout  # type: ignore[assignment]
    cpu_attention.drop = torch.nn.functional.dropout  # type: ignore[assignment]


def our_variant(variant: str, path: Path, shape: Shape, longest: int) -> Callable[[bool], Cost]:
    """Return what trains one epoch with our loop; `variant` names precision and, behind it, what is done otherwise."""
    from transformers import XLMRobertaModel

    from workflow.scripts.modeling.heads import make_head
    from workflow.scripts.training.loop import TrainingLoop
    from workflow.scripts.training.task import Hyperparameters, TrainingTask

    precision, otherwise = (*variant.split("-"), "")[1:3]
    if otherwise != "returned":
        keep_freed_memory()
    machine, features = select_device(), Features(path)

    def repetition(warm: bool) -> Cost:
        encoder = XLMRobertaModel(model_config(shape, "sdpa", longest), add_pooling_layer=False)
        plan = (Unsorted if otherwise == "unsorted" else EpochPlan)(features.item_tokens, BATCH, (1, 0))
        head = make_head("classification", shape.width, len(LABELS), dropout=0.1)
        sequence = np.zeros(WARM_STEPS if warm else plan.batches_per_epoch, dtype=np.int64)
        hyper = Hyperparameters(
            LEARNING_RATE,
            lambda step: 1 - step / len(sequence),
            weight_decay=0.01,
            gradient_clip=1.0,
            precision=precision,
        )
        tasks = [TrainingTask("mnli", features, plan, head)]
        budget = GPU_TOKENS if otherwise == "whole" else 0
        loop = TrainingLoop(
            encoder, tasks, sequence, hyper, seed=1, device=machine, state=path.parent / variant, budget=budget
        )
        if otherwise in ATTENTIONS:
            encoder.set_attn_implementation(otherwise)
        if otherwise == "dropout":
            restore_dropout(encoder)
        if otherwise == "compile":
            encoder.compile(dynamic=True)
        if otherwise == "foreach":
            for group in loop.optimizer.param_groups:
                group |= {"fused": False, "foreach": True}
        cost = Cost(len(features))
        with timed(cost):
            loop.run()
        return cost

    return repetition


def stopwatch(cost: Cost) -> Any:
    """Return a callback of `Trainer` that leaves out what `train` does before the first and after the last step."""
    from transformers import TrainerCallback

    class Stopwatch(TrainerCallback):
        def __init__(self) -> None:
            self.watch = timed(cost)

        def on_train_begin(self, *arguments: Any, **options: Any) -> None:
            self.watch.__enter__()

        def on_train_end(self, *arguments: Any, **options: Any) -> None:
            self.watch.__exit__(None, None, None)

    return Stopwatch()


def trainer_variant(variant: str, path: Path, shape: Shape, longest: int) -> Callable[[bool], Cost]:
    """Return what trains one epoch with `Trainer`, padded as run_glue.py does or grouped by length."""
    from transformers import (
        PrinterCallback,
        Trainer,
        TrainingArguments,
        XLMRobertaForSequenceClassification,
        default_data_collator,
    )

    way, precision = variant.split("-")
    gpu, padded = torch.cuda.is_available(), way == "padded"
    features = Features(path)
    dataset = rows(features, longest if padded else 0)
    # run_glue.py takes transformers' default, sdpa; on CPUs eager attention is faster in bf16
    attention = "sdpa" if padded or gpu or precision == "fp32" else "eager"

    def repetition(warm: bool) -> Cost:
        cost = Cost(len(features))
        arguments = TrainingArguments(
            output_dir=str(path.parent / "trainer" / variant),
            per_device_train_batch_size=BATCH,
            learning_rate=LEARNING_RATE,
            num_train_epochs=1,
            max_steps=WARM_STEPS if warm else -1,
            bf16=precision == "bf16",
            use_cpu=not gpu,
            train_sampling_strategy="random" if padded else "group_by_length",
            save_strategy="no",
            disable_tqdm=True,
        )
        trainer = Trainer(
            model=XLMRobertaForSequenceClassification(model_config(shape, attention, longest)),
            args=arguments,
            train_dataset=dataset,
            data_collator=default_data_collator if padded else padding_collator(),
            callbacks=[stopwatch(cost)],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        return cost

    return repetition


def child(variant: str, path: Path, shape: Shape, longest: int) -> None:
    """Measure one variant in this process whenever its parent says so."""
    torch.manual_seed(1)
    torch.set_num_threads(1)
    make = our_variant if variant.startswith("ours") else trainer_variant
    serve(make(variant, path, shape, longest))


def utilisation(measured: Mapping[str, Measured], path: Path, shape: Shape, rate: float) -> dict[str, float]:
    """Return which share of the card's matrix rate the FLOP of our models' training are, without padding."""
    flops = 3 * shape.flops(Features(path).input_ids.lengths)  # the gradients take twice as many as the forward pass
    return {
        name: round(flops / np.median([cost.wall for cost in found.costs]) / rate, 4)
        for name, found in measured.items()
        if name.startswith("ours")
    }


def on_gpu(measured: Mapping[str, Measured], folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Return the utilisation of the GPU at the lengths of MNLI and SQuAD, or plainly that there is none."""
    if not torch.cuda.is_available():
        return {"gpu": accelerator()}
    rate, shape = matrix_rate(), SHAPES[options.shape]
    path = folder / "squad.arrow"
    write_sequences(path, options.examples, "squad", shape.vocabulary)
    words = ["--file", str(path), "--shape", options.shape, "--lengths", "squad"]
    full = alternate(MODULE, ["ours-bf16"], words, options.repetitions)
    return {
        "gpu": accelerator(),
        "matrix_tflop_per_second": round(rate / 1e12, 1),
        "utilisation": {
            "mnli": utilisation(measured, folder / "mnli.arrow", shape, rate),
            "squad": utilisation(full, path, shape, rate),
        },
    }


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description="How fast fine-tuning is, beside transformers.Trainer.")
    parser.add_argument("--shape", choices=SHAPES, default="small", help="of the encoder (default: small)")
    parser.add_argument("--examples", type=int, default=256, help="examples of a repetition (default: 256)")
    parser.add_argument("--repetitions", type=int, default=5, help="repetitions (default: 5)")
    parser.add_argument("--ablations", action="store_true", help="measure the ingredients of our loop instead of peers")
    parser.add_argument("--only", nargs="+", metavar="VARIANT", help="variants (default: all)")
    parser.add_argument("--child", metavar="VARIANT", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--lengths", choices=LONGEST, default="mnli", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the JSON object."""
    options = parse_arguments(argv)
    shape = SHAPES[options.shape]
    if options.child:
        child(options.child, options.file, shape, LONGEST[options.lengths])
        return 0
    variants = options.only or ((*OURS, *ABLATIONS) if options.ablations else (*OURS, *PEERS))
    pairs = [(name, "ours-bf16") for name in variants] if options.ablations else PAIRS
    with tempfile.TemporaryDirectory(prefix="training") as name:
        path = Path(name) / "mnli.arrow"
        write_sequences(path, options.examples, "mnli", shape.vocabulary)
        words = ["--file", str(path), "--shape", options.shape, "--lengths", "mnli"]
        measured = alternate(MODULE, variants, words, options.repetitions)
        about = on_gpu(measured, Path(name), options)
        tokens = round(float(Features(path).input_ids.lengths.mean()), 1)
    figures = {
        "shape": options.shape,
        "examples": options.examples,
        "tokens_per_example": tokens,
        "batch": BATCH,
        "repetitions": options.repetitions,
        "variants": {name: found.figures() for name, found in measured.items()},
        "ratios": ratios(measured, pairs),
        "targets": TARGETS,
        **about,
        "versions": versions() | package_versions("accelerate", "datasets"),
        "machine": device(),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    print(json.dumps({"benchmark": "training_throughput", **figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
