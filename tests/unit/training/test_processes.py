"""Two processes train as one does. What they do is in `torchrun_training`; here it is compared."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import AutoModelForMaskedLM, XLMRobertaForMaskedLM

from tests.unit.training.torchrun_training import (
    CPU,
    KINDS,
    STEPS,
    STOP,
    make_loop,
    run_until_stopped,
    weights,
)
from workflow.scripts.errors import UserError
from workflow.scripts.training.distribution import current_processes
from workflow.scripts.training.processes import Processes
from workflow.scripts.training.sharding import ShardedProcesses, transformer_layers

ROOT = Path(__file__).parents[3]
MIXTURE, *OTHERS = KINDS
FP32 = [kind for kind in KINDS if kind != "bf16"]


@pytest.fixture(scope="module")
def alone(token_folder, tmp_path_factory):
    """Loops that one process has run, by kind."""
    loops = {}
    for kind, options in KINDS.items():
        loops[kind] = make_loop(token_folder, tmp_path_factory.mktemp("unused"), Processes(CPU), **options)[1]
        loops[kind].run()
    return loops


@pytest.fixture(scope="module")
def work(token_folder, tmp_path_factory):
    """The folder into which two processes have written their results; one process began a run there before."""
    folder = tmp_path_factory.mktemp("work")
    begun = make_loop(token_folder, folder / "one", Processes(CPU), **KINDS[MIXTURE])[1]
    assert run_until_stopped(begun, rank=0) == 143
    command = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    driver = ["-m", "tests.unit.training.torchrun_training", token_folder, folder]
    subprocess.run([sys.executable, "-m", *command, *driver], cwd=ROOT, check=True, timeout=900)
    return folder


def numbers(work, name):
    return json.loads((work / f"{name}.json").read_text())


def assert_same_weights(found, expected, tolerance=1e-5):
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=tolerance, msg=lambda text, n=name: f"{n}: {text}")


@pytest.mark.parametrize("kind", FP32)
def test_two_processes_train_as_one(alone, work, kind):
    done, expected = numbers(work, kind), alone[kind].done
    assert done["losses"] == pytest.approx(expected.losses, abs=1e-5)
    assert [done["examples"], done["tokens"]] == [expected.examples, expected.tokens]
    assert_same_weights(load_file(work / f"{kind}.safetensors"), weights(alone[kind]))


def test_evaluations_and_the_best_weights_are_the_same(alone, work):
    expected = alone[MIXTURE].done.evaluations
    best = max(expected, key=lambda evaluation: evaluation[1])
    assert best[0] < STEPS, "the last weights are the best: nothing is restored"
    assert numbers(work, MIXTURE)["evaluations"] == [[step, pytest.approx(score, abs=1e-2)] for step, score in expected]


def test_bf16_differs_by_rounding_only(alone, work):
    done = numbers(work, "bf16")
    assert done["losses"] == pytest.approx(alone["bf16"].done.losses, abs=5e-3)
    found = load_file(work / "bf16.safetensors")
    assert {tensor.dtype for tensor in found.values()} == {torch.float32}
    assert_same_weights(found, weights(alone["bf16"]), tolerance=1e-2)


def test_one_process_goes_on_where_two_have_stopped(alone, work, token_folder):
    loop = make_loop(token_folder, work / "two", Processes(CPU), **KINDS[MIXTURE])[1]
    steps, original = [], loop._step
    loop._step = lambda number: steps.append(number) or original(number)
    assert loop.run().losses == pytest.approx(alone[MIXTURE].done.losses, abs=1e-5)
    assert steps == list(range(STOP, STEPS))
    assert_same_weights(weights(loop), weights(alone[MIXTURE]))


def test_two_processes_go_on_where_one_has_stopped(alone, work):
    assert numbers(work, "begun by one")["losses"] == pytest.approx(alone[MIXTURE].done.losses, abs=1e-5)
    assert_same_weights(load_file(work / "begun by one.safetensors"), weights(alone[MIXTURE]))


def test_a_resumed_run_of_two_processes_has_the_same_dropout(work):
    whole, resumed = (load_file(work / f"{name}.safetensors") for name in ("with dropout", "with dropout, resumed"))
    assert_same_weights(resumed, whole, tolerance=0)


def test_the_gathered_model_is_saved_like_any_other(alone, work):
    model, found = AutoModelForMaskedLM.from_pretrained(work / "model", output_loading_info=True)
    assert type(model) is XLMRobertaForMaskedLM
    assert not found["missing_keys"]
    assert not found["unexpected_keys"]
    encoder = {f"encoder.{name}": tensor for name, tensor in model.base_model.state_dict().items()}
    expected = {name: tensor for name, tensor in weights(alone[MIXTURE]).items() if name in encoder}
    assert_same_weights(encoder, expected)


def test_the_shares_of_a_piece_are_all_of_it_once():
    shares = [several(rank, 3).share(np.arange(10, 17)) for rank in range(3)]
    assert sorted(item for mine, _ in shares for item in mine) == list(range(10, 17))
    assert [share for _, share in shares] == [1.0, 1.0, 1.0]


def test_a_process_without_items_computes_one_that_does_not_count():
    shares = [several(rank, 3).share(np.array([7])) for rank in range(3)]
    assert [(list(mine), share) for mine, share in shares] == [([7], 1.0), ([7], 0.0), ([7], 0.0)]


def several(rank, count):
    return Processes(CPU, rank, count)


def test_outside_torchrun_there_is_one_process(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    processes = current_processes(CPU)
    assert (type(processes), processes.rank, processes.count, processes.scale) == (Processes, 0, 1, 1.0)
    code = (
        "import sys, torch; before = set(sys.modules); "
        "from workflow.scripts.training.distribution import current_processes; current_processes(torch.device('cpu')); "
        "print([name for name in ('accelerate', 'torch.distributed.fsdp') if name in set(sys.modules) - before])"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout == "[]\n"


def test_more_processes_than_gpus_are_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("LOCAL_RANK", "3")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(UserError, match=r"process 3 .* has no GPU: 2 can be seen"):
        current_processes(torch.device("cuda"))


def test_quantised_weights_are_refused():
    encoder = nn.Linear(2, 2)
    encoder.weight = nn.Parameter(torch.zeros(2, 2, dtype=torch.uint8), requires_grad=False)
    sharded = ShardedProcesses.__new__(ShardedProcesses)
    with pytest.raises(UserError, match=r"quantised \(weight is uint8\)"):
        sharded.prepare(encoder, {})


def test_layers_are_those_of_the_outermost_lists():
    layer = nn.ModuleDict({"experts": nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1)])})
    encoder = nn.ModuleDict(
        {"embeddings": nn.Linear(1, 1), "encoder": nn.ModuleDict({"layer": nn.ModuleList([layer])})}
    )
    assert transformer_layers(encoder) == [layer]
