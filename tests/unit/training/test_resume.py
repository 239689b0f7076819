"""Runs that are killed at any moment end with the same bits as runs that are not."""

import os
import signal
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflow.scripts.training import loop as loop_module
from workflow.scripts.training.selection import EarlyStopping

STEPS = 18
KINDS = {
    "single task": {},
    "mixture": {"names": ("toy", "plain")},
    "gradient accumulation": {"budget": 40},
    "early stopping": {"stopping": lambda encoder, tasks: EarlyStopping(4, 2, weight_score(encoder))},
}


def weight_score(encoder):
    """Return an evaluation that depends on the weights alone, as a development score does."""
    return lambda: float(next(encoder.parameters()).detach().double().sum().sin()) * 50 + 50


def weights(loop):
    return {name: tensor.clone() for name, tensor in loop.modules.state_dict().items()}


def run_and_die(loop, *, step, write):
    """Run a loop in a child process that kills itself, at a step or at its so many-th replacement of a file."""
    child = os.fork()
    if child:
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
        return
    loop_module.SAVE_SECONDS = 0.0
    take_step, replace, written = loop._step, Path.replace, []

    def dying_step(number):
        if number >= step:
            os.kill(os.getpid(), signal.SIGKILL)
        return take_step(number)

    def dying_replace(path, target):
        written.append(target)
        if len(written) == write:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(path, target)

    loop._step, Path.replace = dying_step, dying_replace
    try:
        loop.run()
    finally:
        os._exit(1)


@pytest.fixture(scope="module")
def whole_runs():
    """Weights of runs that nobody killed, by kind."""
    return {}


@settings(max_examples=16, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    kills=st.lists(st.tuples(st.integers(0, STEPS - 1), st.integers(1, 3 * STEPS)), min_size=1, max_size=3),
)
def test_a_killed_run_ends_with_the_same_bits(make_loop, tmp_path_factory, whole_runs, kind, kills):
    if kind not in whole_runs:
        whole = make_loop(tmp_path_factory.mktemp("whole"), steps=STEPS, **KINDS[kind])
        whole_runs[kind] = whole.run(), weights(whole)
    done, expected = whole_runs[kind]
    state = tmp_path_factory.mktemp("state")
    for step, write in kills:
        # an early stop may come before the step
        run_and_die(make_loop(state, steps=STEPS, **KINDS[kind]), step=min(step, done.step - 1), write=write)
    resumed = make_loop(state, steps=STEPS, **KINDS[kind])
    assert vars(resumed.run()) | {"cost": 0} == vars(done) | {"cost": 0}
    final = weights(resumed)
    assert all(torch.equal(final[name], expected[name]) for name in expected)
