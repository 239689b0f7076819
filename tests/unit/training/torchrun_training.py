"""Trains small models in every process that torchrun starts: `test_processes` compares them with one process.

    python -m torch.distributed.run --standalone --nproc-per-node 2 -m tests.unit.training.torchrun_training TOKENS WORK

WORK/one holds the state of a run that one process has begun; what the processes find is written into WORK.
"""

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from workflow.scripts.decoding.inference import head_outputs
from workflow.scripts.features.batches import EpochPlan
from workflow.scripts.features.store import Features, TokenIds
from workflow.scripts.modeling.adapters import add_adapter, recompute_activations
from workflow.scripts.modeling.checkpoints import freeze_layers, new_masked_lm
from workflow.scripts.modeling.heads import MaskedTokenHead, make_head
from workflow.scripts.schedules import learning_rates, task_sequence
from workflow.scripts.training.distribution import current_processes
from workflow.scripts.training.loop import TrainingLoop
from workflow.scripts.training.selection import EarlyStopping
from workflow.scripts.training.task import Hyperparameters, TrainingTask

STEPS = 8
STOP = 3
"""Steps after which a run is stopped by SIGTERM."""

ITEMS, BATCH = 16, 5
"""So that a batch has one item only, and one process none."""

CPU = torch.device("cpu")
TOKENS = TokenIds(vocabulary_size=60, pad=1, mask=4, special=(0, 1, 2, 3, 4))
ARCHITECTURE = {
    "hidden_size": 16,
    "layers": 2,
    "attention_heads": 2,
    "feed_forward_size": 32,
    "max_positions": 64,
    "initializer_range": 0.05,
}
ADAPTER = {"rank": 2, "alpha": 4, "dropout": 0.0, "modules": ["query", "value"], "quantization": "none"}
KINDS = {
    "mixture with early stopping": {"names": ("toy", "plain"), "evaluated": True},
    "frozen layers, recomputed activations": {"frozen": 2, "recompute": True},
    "adapter": {"adapter": True},
    "bf16": {"precision": "bf16"},
}


def make_loop(
    tokens,
    state,
    processes,
    *,
    names=("toy",),
    dropout=0.0,
    evaluated=False,
    frozen=0,
    recompute=False,
    adapter=False,
    precision="fp32",
):
    """Return a model and its loop; the same arguments give the same."""
    torch.manual_seed(5)
    model = new_masked_lm(ARCHITECTURE | {"dropout": dropout}, TOKENS)
    encoder = model.base_model
    freeze_layers(encoder, frozen)
    if adapter:
        add_adapter(model, ADAPTER)
    if recompute:
        recompute_activations(encoder)
    tasks = []
    for number, name in enumerate(names):
        features = Features(tokens / name / "train.arrow")
        plan = EpochPlan(features.item_tokens, BATCH, (1, number), items=np.arange(ITEMS))
        text = features.family == "text"
        head = MaskedTokenHead(model.lm_head) if text else make_head(features.family, 16, 2, dropout)
        tasks.append(TrainingTask(name, features, plan, head, 0.3 if text else 0.0))
    hyper = Hyperparameters(
        learning_rate=1e-3,
        rate=learning_rates({"warmup": 0.1}, STEPS),
        weight_decay=0.01,
        gradient_clip=0.5,
        precision=precision,
    )
    loop = TrainingLoop(
        encoder,
        tasks,
        task_sequence(np.ones(len(tasks)), STEPS, seed=1),
        hyper,
        seed=1,
        device=CPU,
        state=state,
        stopping=EarlyStopping(2, 10, lambda: score(encoder, tasks[0])) if evaluated else None,
        budget=60 // processes.count,
        processes=processes,
    )
    return model, loop


def score(encoder, task):
    """Return a number that depends on all weights, and is not the best at the end."""
    logits = torch.cat([logits for _, logits in head_outputs(encoder, task.head, task.features, CPU)])
    return 50 + 50 * float(torch.sin(40 * logits.double().mean()))


def stop_after(loop, step, rank):
    """Let a loop's process of one rank get SIGTERM at the end of a step."""
    original = loop._step

    def stopping(number):
        result = original(number)
        if number + 1 == step and loop.processes.rank == rank:
            os.kill(os.getpid(), signal.SIGTERM)
        return result

    loop._step = stopping


def run_until_stopped(loop, rank):
    """Run a loop that SIGTERM stops; return the status it ends with."""
    stop_after(loop, STOP, rank)
    try:
        loop.run()
    except SystemExit as stop:
        return stop.code
    return 0


def weights(loop):
    """Return all weights; of a loop of several processes once they are gathered."""
    return {name: tensor.detach().clone() for name, tensor in loop.modules.state_dict().items()}


def finish(work, name, model, loop):
    """Run a loop to its end and write what it has come to."""
    done = loop.run()
    loop.processes.gather(loop.modules)
    if loop.processes.is_main:
        save_file(weights(loop), work / f"{name}.safetensors")
        (work / f"{name}.json").write_text(json.dumps(vars(done)))
        if name == next(iter(KINDS)):
            model.save_pretrained(work / "model")


def main(tokens, work):
    """Train all kinds of models, and stopped and resumed ones."""
    processes = current_processes(CPU)
    assert processes.count == 2
    for kind, options in KINDS.items():
        finish(work, kind, *make_loop(tokens, work / "unused", processes, **options))
    mixture = next(iter(KINDS.values()))
    stopped = make_loop(tokens, work / "two", processes, **mixture)[1]
    assert run_until_stopped(stopped, rank=1) == 128 + signal.SIGTERM
    finish(work, "begun by one", *make_loop(tokens, work / "one", processes, **mixture))
    finish(work, "with dropout", *make_loop(tokens, work / "unused", processes, dropout=0.1))
    stopped = make_loop(tokens, work / "dropout", processes, dropout=0.1)[1]
    assert run_until_stopped(stopped, rank=0) == 128 + signal.SIGTERM
    finish(work, "with dropout, resumed", *make_loop(tokens, work / "dropout", processes, dropout=0.1))
    processes.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
