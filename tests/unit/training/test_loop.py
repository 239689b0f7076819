import os
import signal

import pytest
import torch

from workflow.scripts.errors import UserError
from workflow.scripts.training import loop as loop_module

GOLDEN = {0: 0.6937, 6: 4.0795, 12: 4.0591, 18: 4.0210, 23: 0.7107}
"""Loss by step."""


def weights(loop):
    return {name: tensor.clone() for name, tensor in loop.modules.state_dict().items()}


def same(left, right):
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def stop_after(monkeypatch, loop, step):
    """Send SIGTERM to this process at the end of a step, as a cluster does."""
    original = loop._step

    def stopping(number):
        result = original(number)
        if number + 1 == step:
            os.kill(os.getpid(), signal.SIGTERM)
        return result

    monkeypatch.setattr(loop, "_step", stopping)


def test_it_learns(make_loop, tmp_path):
    loop = make_loop(tmp_path, steps=240, dropout=0.0)
    first = make_loop(tmp_path / "x", steps=1, dropout=0.0).run().losses[0]
    loop.run()
    assert first == pytest.approx(0.69, abs=0.1)
    assert sum(loop.done.losses[-8:]) / 8 < 0.2


def test_golden_loss(make_loop, tmp_path):
    """A change of these numbers changes results: raise VERSIONS['train'] and say so in the CHANGELOG."""
    done = make_loop(tmp_path, names=("toy", "plain"), dropout=0.0).run()
    assert done.examples == 24 * 8
    assert [done.losses[step] for step in GOLDEN] == pytest.approx(list(GOLDEN.values()), abs=2e-3)


def test_two_runs_are_bit_identical(make_loop, tmp_path):
    first, second = make_loop(tmp_path / "a"), make_loop(tmp_path / "b")
    first.run()
    second.run()
    assert same(weights(first), weights(second))


@pytest.mark.parametrize("names", [("toy",), ("toy", "plain")])
@pytest.mark.parametrize("step", [1, 11, 23])
def test_a_stopped_run_goes_on_bit_identically(make_loop, tmp_path, monkeypatch, names, step):
    whole = make_loop(tmp_path / "whole", names=names)
    whole.run()
    stopped = make_loop(tmp_path / "state", names=names)
    stop_after(monkeypatch, stopped, step)
    with pytest.raises(SystemExit) as stop:
        stopped.run()
    assert stop.value.code == 143
    resumed = make_loop(tmp_path / "state", names=names)
    done = resumed.run()
    assert same(weights(whole), weights(resumed))
    assert vars(done) | {"seconds": 0} == vars(whole.done) | {"seconds": 0}


def test_a_killed_run_repeats_only_the_steps_since_the_last_state(make_loop, tmp_path, monkeypatch):
    monkeypatch.setattr(loop_module, "SAVE_SECONDS", 0.0)
    killed = make_loop(tmp_path / "state")
    original = killed._step

    def dying(number):
        if number == 10:
            raise KeyboardInterrupt
        return original(number)

    monkeypatch.setattr(killed, "_step", dying)
    with pytest.raises(KeyboardInterrupt):
        killed.run()
    resumed = make_loop(tmp_path / "state")
    steps = []
    original_resumed = resumed._step
    monkeypatch.setattr(resumed, "_step", lambda number: steps.append(number) or original_resumed(number))
    resumed.run()
    assert steps == list(range(10, 24))


def test_an_unreadable_state_is_told_and_training_begins_anew(make_loop, tmp_path, caplog):
    (tmp_path / "state.safetensors").write_bytes(b"half a file")
    loop = make_loop(tmp_path)
    assert loop.run().step == 24
    assert "training begins anew" in caplog.text


def test_the_state_is_removed_at_the_end(make_loop, tmp_path, monkeypatch):
    monkeypatch.setattr(loop_module, "SAVE_SECONDS", 0.0)
    loop = make_loop(tmp_path / "state")
    loop.run()
    assert (tmp_path / "state/state.safetensors").is_file()
    loop.state.remove()
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("names", [("toy",), ("plain",)])
def test_micro_batches_change_nothing_but_rounding(make_loop, tmp_path, monkeypatch, names):
    whole = make_loop(tmp_path / "a", names=names, steps=6, dropout=0.0)
    losses = whole.run().losses
    monkeypatch.setattr(loop_module, "token_budget", lambda device: 40)
    pieces = make_loop(tmp_path / "b", names=names, steps=6, dropout=0.0)
    assert pieces.run().losses == pytest.approx(losses, abs=1e-5)


def test_divergence_is_told(make_loop, tmp_path):
    loop = make_loop(tmp_path, learning_rate=1e30)
    with pytest.raises(UserError, match=r"loss of 'toy' is nan at step .* Lower its learning_rate"):
        loop.run()
