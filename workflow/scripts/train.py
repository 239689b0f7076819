r"""Train an encoder: pretraining from random weights, intermediate training, or target fine-tuning.

    python -m workflow.scripts.train --stage intermediate --title 'mnli on tiny' --spec '{...}' \
        --encoder models/tiny/model.safetensors --tokenizer tokenizers/sub/tokenizer.json \
        --tokens tokens/sub/mnli/train.arrow tokens/sub/mnli/dev.arrow --data data/mnli/dev.parquet \
        --state state --run intermediate/tiny/mnli/seed1/run.json

Everything that can change the result is in the specification and the input files. A run that was stopped goes on from
its state (`--state`), which is removed at the end; the folder is named by specification and inputs together. A run that
another collection has done (`--reuse`) is taken over from there.
"""

import argparse
import hashlib
import json
import logging
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from workflow.scripts.arguments import add_device_arguments, add_log_argument
from workflow.scripts.config_schema import defaults
from workflow.scripts.devices import device_name, keep_freed_memory, select_device
from workflow.scripts.errors import UserError
from workflow.scripts.features.store import Features
from workflow.scripts.files import sha256, write_json, write_text
from workflow.scripts.logs import configure, progress, run
from workflow.scripts.modeling.adapters import add_adapter, recompute_activations, store_in_bf16
from workflow.scripts.modeling.checkpoints import (
    freeze_layers,
    load_encoder,
    load_head,
    load_language_model,
    load_with_head,
    new_language_model,
    save_checkpoint,
)
from workflow.scripts.modeling.conversion import check_lengths, language_model_head
from workflow.scripts.modeling.decoders import BIDIRECTIONAL, is_decoder
from workflow.scripts.runspec import decode
from workflow.scripts.schedules import learning_rates
from workflow.scripts.training import plans
from workflow.scripts.training.card import base_model, data_hashes, model_card, repositories, run_card
from workflow.scripts.training.distribution import current_processes
from workflow.scripts.training.evaluation import DevelopmentSets
from workflow.scripts.training.locks import only_run
from workflow.scripts.training.loop import TrainingLoop
from workflow.scripts.training.processes import Processes
from workflow.scripts.training.reuse import Wanted, input_hashes, model_folder, take_over
from workflow.scripts.training.selection import EarlyStopping, Evaluations
from workflow.scripts.training.task import Hyperparameters, TrainingTask

log = logging.getLogger(__name__)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", required=True, choices=("pretraining", "trunk", "intermediate", "finetuning"))
    parser.add_argument("--title", required=True, help="what is trained, for logs and the model card")
    parser.add_argument("--spec", required=True, help="run specification (JSON)")
    parser.add_argument("--encoder", type=Path, help="weights to start from, in their folder; none for pretraining")
    parser.add_argument("--pretrained", type=Path, nargs="?", help="model whose head corpora need, if not --encoder")
    parser.add_argument("--tokenizer", required=True, type=Path, help="tokenizer.json, in its folder")
    parser.add_argument("--tokens", required=True, nargs="+", type=Path, help="token files <task>/<split>.arrow")
    parser.add_argument(
        "--data", nargs="*", type=Path, default=[], help="canonical development data <task>/dev.parquet"
    )
    parser.add_argument("--trunk", type=Path, nargs="?", help="state of a trunk to go on from")
    parser.add_argument("--trunk-out", type=Path, help="where a trunk's state is written, in place of a checkpoint")
    parser.add_argument("--state", required=True, type=Path, help="folder of the states of unfinished runs")
    parser.add_argument("--run", required=True, type=Path, help="run card to write; the trained model stands beside it")
    add_device_arguments(parser)
    parser.add_argument("--recompute-activations", type=int, default=0, help="1 = slower in less memory")
    parser.add_argument("--reuse", nargs="?", const="", default="", help="results folders of other collections (JSON)")
    parser.add_argument("--tensorboard", nargs="?", const="", default="", help="folder for event files; empty = none")
    add_log_argument(parser)
    return parser.parse_args(argv)


def run_identity(arguments: argparse.Namespace, hashed: Callable[[Path], str] = sha256) -> str:
    """Return a name for this very run: a hash of its specification, of the files it reads and of where it ends.

    Two models of a study may be pretrained alike; at the same time they must not write to one state.
    """
    inputs = [path for path in (arguments.encoder, arguments.trunk, *arguments.tokens) if path]
    facts = [arguments.spec, arguments.run.as_posix(), *map(hashed, inputs)]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def event_folder(arguments: argparse.Namespace) -> str | Path:
    """Return the run's folder for event files, named like that of its checkpoint; empty if none are wanted."""
    if not arguments.tensorboard:
        return ""
    folder, run = Path(arguments.tensorboard), Path(arguments.run).parent
    return folder / (run.relative_to(folder.parent) if run.is_relative_to(folder.parent) else run.name)


def hyperparameters(spec: dict[str, Any], steps: int) -> Hyperparameters:
    """Return what the optimiser is told in a run of so many steps."""
    names = ("learning_rate", "weight_decay", "gradient_clip", "beta2", "precision")
    return Hyperparameters(rate=learning_rates(spec, steps), **{name: spec[name] for name in names if name in spec})


def early_stopping(
    spec: dict[str, Any], development: DevelopmentSets, encoder: Any, heads: dict[str, nn.Module]
) -> EarlyStopping | None:
    """Return when the run is evaluated and stopped, or None where its last weights are the result.

    Raises:
        UserError: no task has development data to select by.
    """
    if spec.get("selection", "last") == "last":
        return None
    if not development.sets:
        raise UserError(
            f"selection = 'best', but none of {', '.join(spec['tasks'])} has a development split; set selection: last"
        )
    examples = spec["evaluation_examples"]
    return EarlyStopping(
        spec["evaluate_every"], spec["patience"], lambda: development.main_score(encoder, heads, examples)
    )


def build(arguments: argparse.Namespace, spec: dict[str, Any]) -> tuple[Any, Any, list[TrainingTask], Any]:
    """Return the model to save, its encoder, the training tasks and the task of every step."""
    if arguments.stage == "pretraining":
        first = Features(plans.token_file(arguments.tokens, next(iter(spec["corpora"]))))
        torch.manual_seed(spec["seed"])
        attention = spec.get("attention", BIDIRECTIONAL)
        model = new_language_model(defaults("architecture") | spec["architecture"], first.tokens, attention)
        text = plans.text_head(model.lm_head, decoder=is_decoder(model))
        return model, model.base_model, *plans.pretraining(spec, arguments.tokens, text)
    adapter = defaults("adapter") | spec["adapter"] if "adapter" in spec else None
    quantization = adapter["quantization"] if adapter else "none"
    if arguments.pretrained:
        model = load_with_head(arguments.pretrained.parent, arguments.encoder.parent)
    else:
        load = load_language_model if spec.get("corpora") else load_encoder
        model = load(arguments.encoder.parent, quantization=quantization)
    encoder = model.base_model
    check_lengths(encoder, arguments.encoder.parent, arguments.tokens)
    torch.manual_seed(spec["seed"])  # new heads and adapters are the same whatever encoder they stand on
    head = plans.text_head(language_model_head(model), decoder=is_decoder(model)) if spec.get("corpora") else None
    tasks, sequence = plans.supervised(spec, arguments.tokens, encoder.config.hidden_size, head)
    if "continues" in spec:  # a benchmark's second step of training goes on with the head of the first
        load_head(arguments.encoder.parent, spec["continues"], tasks[0].head)
    if adapter:
        add_adapter(model, adapter)
    freeze_layers(encoder, spec["frozen_layers"])
    if spec["precision"] == "bf16_weights":
        store_in_bf16(model)
    return model, encoder, tasks, sequence


def wanted_run(arguments: argparse.Namespace, hashed: Callable[[Path], str]) -> Wanted:
    """Return what a run is made from, and where it ends."""
    spec = decode(arguments.spec)
    others = {"pretrained": arguments.pretrained, "trunk": arguments.trunk}
    if arguments.pretrained:
        others["pretrained_config"] = arguments.pretrained.with_name("config.json")
    if "continues" in spec:
        others["head"] = arguments.encoder.with_name("head.safetensors")
    return Wanted(
        arguments.stage,
        spec,
        input_hashes(arguments.encoder, arguments.tokenizer, others, hashed),
        data_hashes([*arguments.tokens, *arguments.data], hashed),
        arguments.run,
        model_folder(arguments.encoder) if arguments.encoder else None,
    )


def reuse(arguments: argparse.Namespace, spec: dict[str, Any], wanted: Wanted, state: Path) -> bool:
    """Take the run over from another collection that has done it, and return whether one had."""
    card = take_over([Path(folder) for folder in json.loads(arguments.reuse or "[]")], wanted)
    if card is None:
        return False
    if not arguments.trunk_out:
        published = repositories(arguments.data)
        text = model_card(arguments.title, card, folder=arguments.run.parent, hyperparameters=spec, datasets=published)
        write_text(arguments.run.parent / "README.md", text)
    write_json(arguments.run, card)
    shutil.rmtree(state, ignore_errors=True)
    progress(f"taken over from the collection {card['reused']['collection']}, {card['reused']['folder']}")
    return True


def describe(
    arguments: argparse.Namespace,
    spec: dict[str, Any],
    loop: TrainingLoop,
    dev: dict[str, dict[str, float]],
    wanted: Wanted,
) -> tuple[dict[str, Any], str]:
    """Return the run card and the model card of a run that has ended."""
    done = loop.done
    cost = {
        **{name: getattr(done, name) for name in ("examples", "tokens", "flops", "curve")},
        **done.cost,
        "steps": done.step,
        "device": device_name(loop.device),
        "processes": loop.processes.count,
        "loss": loop.mean_loss(),
    }
    evaluations = Evaluations(done.evaluations)
    selection = {"best_step": evaluations.best[0], "evaluations": evaluations.scores} if evaluations.scores else None
    start = arguments.encoder.parent if arguments.encoder else None
    card = run_card(
        arguments.stage,
        arguments.spec,
        cost,
        dev,
        data=wanted.data,
        inputs=wanted.inputs,
        selection=selection,
        base=base_model(start),
    )
    folder, published = arguments.run.parent, repositories(arguments.data)
    return card, model_card(arguments.title, card, folder=folder, hyperparameters=spec, datasets=published)


def finish(arguments: argparse.Namespace, loop: TrainingLoop, model: Any, cards: tuple[dict[str, Any], str]) -> None:
    """Write the trunk's state, or the checkpoint, and the run card last; then remove the state of the run."""
    card, text = cards
    if arguments.trunk_out:
        loop.state.write(arguments.trunk_out, vars(loop.done))
    loop.processes.gather(loop.modules)
    if not loop.processes.is_main:
        return
    if arguments.trunk_out:
        state = arguments.trunk_out
        write_json(arguments.run, card | {"files": {state.name: sha256(state)}})
    else:
        heads = {task.name: task.head for task in loop.tasks if not task.is_text}
        save_checkpoint(arguments.run.parent, model, heads, arguments.tokenizer.parent, text, card)
    loop.state.remove()


def train(
    arguments: argparse.Namespace, spec: dict[str, Any], wanted: Wanted, state: Path, processes: Processes
) -> None:
    """Train from the beginning or from the saved state, and write what comes of it."""
    device = processes.device
    model, encoder, tasks, sequence = build(arguments, spec)
    if arguments.recompute_activations:
        recompute_activations(encoder)
    heads = {task.name: task.head for task in tasks}
    development = DevelopmentSets(arguments.data, arguments.tokens, device, spec["precision"])
    log.info("%d steps on %s; %s", len(sequence), device_name(device), arguments.spec)
    loop = TrainingLoop(
        encoder,
        tasks,
        sequence,
        hyperparameters(spec, len(sequence)),
        seed=spec["seed"],
        device=device,
        state=state,
        stopping=early_stopping(spec, development, encoder, heads),
        budget=arguments.micro_batch_tokens,
        processes=processes,
        events=event_folder(arguments),
    )
    done = loop.run(arguments.trunk)
    dev = {} if arguments.trunk_out else development.score(encoder, heads)
    finish(arguments, loop, model, describe(arguments, spec, loop, dev, wanted))
    scores = ", ".join(
        f"{task} {' '.join(f'{name} {value:.1f}' for name, value in values.items())}" for task, values in dev.items()
    )
    told = f"; dev {scores}" if scores else ""
    progress(f"{done.step} steps in {done.cost['seconds']:.0f} s, loss {loop.mean_loss():.3f}{told}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    arguments = parse_arguments(argv)
    configure(arguments.log, f"{arguments.stage} {arguments.title}")
    keep_freed_memory()
    processes = current_processes(select_device(arguments.gpus))
    spec = decode(arguments.spec, defaults("pretraining" if arguments.stage == "pretraining" else "training"))
    hashed = cache(sha256)  # large files are read once
    wanted, state = wanted_run(arguments, hashed), arguments.state / run_identity(arguments, hashed)
    with only_run(state, arguments.title, processes):
        if not processes.agree(processes.is_main and reuse(arguments, spec, wanted, state)):
            train(arguments, spec, wanted, state, processes)
    processes.close()
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
