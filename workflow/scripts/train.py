r"""Train an encoder: pretraining from random weights, intermediate training, or target fine-tuning.

    python -m workflow.scripts.train --stage intermediate --title 'mnli on tiny' --spec '{...}' \
        --encoder models/tiny/model.safetensors --tokenizer tokenizers/sub/tokenizer.json \
        --tokens tokens/sub/mnli/train.arrow tokens/sub/mnli/dev.arrow --data data/mnli/dev.parquet \
        --state state --run intermediate/tiny/mnli/seed1/run.json

Everything that can change the result is in the specification and the input files. A run that was stopped goes on from
its state (`--state`), which is removed at the end; the folder is named by specification and inputs together.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from workflow.scripts.decoding.prediction import Split, predict
from workflow.scripts.devices import device_name, peak_memory_mb, select_device
from workflow.scripts.features.store import Features
from workflow.scripts.files import read_table, sha256
from workflow.scripts.logs import configure, progress, run
from workflow.scripts.metrics.alignment import Table, align_examples
from workflow.scripts.metrics.registry import score_language
from workflow.scripts.modeling.checkpoints import (
    freeze_layers,
    load_encoder,
    load_masked_lm,
    new_masked_lm,
    save_checkpoint,
)
from workflow.scripts.modeling.conversion import check_lengths, language_model_head
from workflow.scripts.runspec import decode
from workflow.scripts.settings import defaults
from workflow.scripts.tasks import find_task
from workflow.scripts.training import plans
from workflow.scripts.training.card import model_card, run_card
from workflow.scripts.training.loop import Hyperparameters, TrainingLoop, TrainingTask


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", required=True, choices=("pretraining", "intermediate", "finetuning"))
    parser.add_argument("--title", required=True, help="what is trained, for logs and the model card")
    parser.add_argument("--spec", required=True, help="run specification (JSON)")
    parser.add_argument("--encoder", type=Path, help="weights to start from, in their folder; none for pretraining")
    parser.add_argument("--tokenizer", required=True, type=Path, help="tokenizer.json, in its folder")
    parser.add_argument("--tokens", required=True, nargs="+", type=Path, help="token files <task>/<split>.arrow")
    parser.add_argument(
        "--data", nargs="*", type=Path, default=[], help="canonical development data <task>/dev.parquet"
    )
    parser.add_argument("--state", required=True, type=Path, help="folder of the states of unfinished runs")
    parser.add_argument("--run", required=True, type=Path, help="run card to write; the trained model stands beside it")
    parser.add_argument("--log", type=Path, help="log file")
    return parser.parse_args(argv)


def run_identity(arguments: argparse.Namespace) -> str:
    """Return a name for this very run: a hash of its specification and of the files it reads."""
    inputs = [*([arguments.encoder] if arguments.encoder else []), *arguments.tokens]
    return hashlib.sha256("\n".join([arguments.spec, *map(sha256, inputs)]).encode()).hexdigest()[:16]


def hyperparameters(spec: dict[str, Any]) -> Hyperparameters:
    """Return what the optimiser is told."""
    names = ("learning_rate", "warmup", "weight_decay", "gradient_clip", "beta2")
    return Hyperparameters(**{name: spec[name] for name in names if name in spec})


def development_scores(
    tasks: Sequence[TrainingTask], encoder: Any, arguments: argparse.Namespace, device: torch.device
) -> dict[str, dict[str, float]]:
    """Return the development scores of every trained task that has a development split.

    In the language of training: English, or the mean over the languages of translated data.
    """
    scores, heads = {}, {task.name: task.head for task in tasks}
    for path in arguments.data:
        task = find_task(path.parent.name)
        split = Split("dev", read_table(path), Features(plans.token_file(arguments.tokens, task.name, "dev")))
        predicted = predict(task, encoder, heads[task.name], split, device)
        examples = align_examples(task.family, Table(split.rows, str(path)), Table(predicted, "predictions"), "dev")
        by_language = [score_language(task, rows.gold, rows.predicted, code) for code, rows in examples.items()]
        scores[task.name] = {
            name: sum(values[name] for values in by_language) / len(by_language) for name in by_language[0]
        }
    return scores


def build(arguments: argparse.Namespace, spec: dict[str, Any]) -> tuple[Any, Any, list[TrainingTask], Any]:
    """Return the model to save, its encoder, the training tasks and the task of every step."""
    if arguments.stage == "pretraining":
        first = Features(plans.token_file(arguments.tokens, next(iter(spec["corpora"]))))
        torch.manual_seed(spec["seed"])
        model = new_masked_lm(defaults("architecture") | spec["architecture"], first.tokens)
        return model, model.base_model, *plans.pretraining(spec, arguments.tokens, model.lm_head)
    model = load_masked_lm(arguments.encoder.parent) if spec.get("corpora") else load_encoder(arguments.encoder.parent)
    encoder = model.base_model
    check_lengths(encoder, arguments.encoder.parent, arguments.tokens)
    freeze_layers(encoder, spec["frozen_layers"])
    torch.manual_seed(spec["seed"])  # new heads are the same whatever encoder they stand on
    head = language_model_head(model) if spec.get("corpora") else None
    return model, encoder, *plans.supervised(spec, arguments.tokens, encoder.config.hidden_size, head)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    arguments = parse_arguments(argv)
    log = configure(arguments.log, f"{arguments.stage} {arguments.title}")
    began, device = time.process_time(), select_device()
    supervised = arguments.stage != "pretraining"
    spec = decode(arguments.spec, defaults("training" if supervised else "pretraining"))
    model, encoder, tasks, sequence = build(arguments, spec)
    state = arguments.state / run_identity(arguments)
    log.info("%d steps on %s; %s", len(sequence), device_name(device), arguments.spec)
    loop = TrainingLoop(encoder, tasks, sequence, hyperparameters(spec), seed=spec["seed"], device=device, state=state)
    done = loop.run()
    dev = development_scores(tasks, encoder, arguments, device) if supervised else {}
    cost = {
        **{name: getattr(done, name) for name in ("examples", "tokens", "seconds")},
        "steps": done.step,
        "cpu_seconds": time.process_time() - began,
        "peak_memory_mb": peak_memory_mb(device),
        "device": device_name(device),
        "loss": loop.mean_loss(),
    }
    card = run_card(arguments.stage, arguments.spec, cost, dev)
    heads = {task.name: task.head for task in tasks if not task.masked}
    save_checkpoint(
        arguments.run.parent, model, heads, arguments.tokenizer.parent, model_card(arguments.title, card), card
    )
    loop.state.remove()
    scores = ", ".join(
        f"{task} {' '.join(f'{name} {value:.1f}' for name, value in values.items())}" for task, values in dev.items()
    )
    progress(f"{done.step} steps in {done.seconds:.0f} s, loss {cost['loss']:.3f}{'; dev ' + scores if scores else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
