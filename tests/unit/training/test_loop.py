import os
import signal

import pytest
import torch
from safetensors import SafetensorError

from workflow.scripts.errors import UserError
from workflow.scripts.training import loop as loop_module
from workflow.scripts.training import state as state_module
from workflow.scripts.training.selection import EarlyStopping

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


def count_steps(monkeypatch, loop):
    """Return a list to which the loop's steps will be added."""
    steps, original = [], loop._step
    monkeypatch.setattr(loop, "_step", lambda number: steps.append(number) or original(number))
    return steps


def flip(path):
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


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
    assert vars(done) | {"cost": 0} == vars(whole.done) | {"cost": 0}


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
    steps = count_steps(monkeypatch, resumed)
    resumed.run()
    assert steps == list(range(10, 24))


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"half a file"), lambda path: flip(path)])
def test_a_damaged_state_is_told_and_the_one_before_it_is_used(make_loop, tmp_path, monkeypatch, caplog, damage):
    whole = make_loop(tmp_path / "whole")
    whole.run()
    monkeypatch.setattr(loop_module, "SAVE_SECONDS", 0.0)
    stopped = make_loop(tmp_path / "state")
    stop_after(monkeypatch, stopped, 12)
    with pytest.raises(SystemExit):
        stopped.run()
    damage(tmp_path / "state/state.safetensors")
    resumed = make_loop(tmp_path / "state")
    steps = count_steps(monkeypatch, resumed)
    resumed.run()
    assert "damaged" in caplog.text
    assert steps == list(range(11, 24))
    assert same(weights(whole), weights(resumed))


def test_without_a_whole_state_training_begins_anew(make_loop, tmp_path, caplog):
    (tmp_path / "state.safetensors").write_bytes(b"half a file")
    loop = make_loop(tmp_path)
    assert loop.run().step == 24
    assert "damaged" in caplog.text


def test_a_full_disk_is_told_and_training_goes_on(make_loop, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(loop_module, "SAVE_SECONDS", 0.0)

    def full(*args, **kwargs):
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(state_module, "save_file", full)
    loop = make_loop(tmp_path / "state")
    assert loop.run().step == 24
    assert "No space left on device" in caplog.text
    assert not list((tmp_path / "state").iterdir())


def test_the_state_is_removed_at_the_end(make_loop, tmp_path, monkeypatch):
    monkeypatch.setattr(loop_module, "SAVE_SECONDS", 0.0)
    loop = make_loop(tmp_path / "state")
    loop.run()
    assert (tmp_path / "state/state.safetensors").is_file()
    loop.state.remove()
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("names", [("toy",), ("plain",)])
def test_micro_batches_change_nothing_but_rounding(make_loop, tmp_path, names):
    whole = make_loop(tmp_path / "a", names=names, steps=6, dropout=0.0)
    losses = whole.run().losses
    pieces = make_loop(tmp_path / "b", names=names, steps=6, dropout=0.0, budget=40)
    assert pieces.run().losses == pytest.approx(losses, abs=1e-5)


def test_divergence_is_told(make_loop, tmp_path):
    loop = make_loop(tmp_path, learning_rate=1e30)
    with pytest.raises(UserError, match=r"loss of 'toy' is nan at step .* Lower its learning_rate"):
        loop.run()


@pytest.fixture
def make_stopping_loop(make_loop):
    """Return a function that builds a loop whose evaluations after every third step have given scores."""

    def make(state, scores, **options):
        loop = make_loop(state, stopping=lambda encoder, tasks: EarlyStopping(3, 2, lambda: None), **options)
        object.__setattr__(loop.stopping, "evaluate", lambda: scores[loop.done.step // 3 - 1])
        return loop

    return make


def test_early_stopping_takes_the_best_weights(make_stopping_loop, make_loop, tmp_path):
    scores = [50.0, 60.0, 60.0, 55.0, 99.0]
    loop = make_stopping_loop(tmp_path / "a", scores)
    done = loop.run()
    # the second evaluation is the best, two without a better one follow it
    assert done.evaluations == [(3, 50.0), (6, 60.0), (9, 60.0), (12, 55.0)]
    assert done.step == 12
    six = make_stopping_loop(tmp_path / "b", [0.0, 1.0, 0.0, 0.0])
    six.run()
    assert same(weights(loop), weights(six))
    last = make_loop(tmp_path / "c")
    last.run()
    assert not same(weights(loop), weights(last))


@pytest.mark.parametrize("step", [2, 6, 8, 11])
def test_early_stopping_is_the_same_after_a_stop(make_stopping_loop, tmp_path, monkeypatch, step):
    scores = [50.0, 60.0, 61.0, 55.0, 54.0, 99.0, 0.0, 0.0]
    whole = make_stopping_loop(tmp_path / "whole", scores)
    whole.run()
    stopped = make_stopping_loop(tmp_path / "state", scores)
    stop_after(monkeypatch, stopped, step)
    with pytest.raises(SystemExit):
        stopped.run()
    resumed = make_stopping_loop(tmp_path / "state", scores)
    done = resumed.run()
    assert same(weights(whole), weights(resumed))
    assert vars(done) | {"cost": 0} == vars(whole.done) | {"cost": 0}


def test_damaged_best_weights_are_an_error_that_says_what_to_do(make_stopping_loop, tmp_path, monkeypatch):
    loop = make_stopping_loop(tmp_path, [50.0] * 8)
    original = loop.state.load_best
    monkeypatch.setattr(loop.state, "load_best", lambda: flip(tmp_path / "best.safetensors") or original())
    with pytest.raises(UserError, match=r"best weights of this run cannot be read .* delete"):
        loop.run()


def test_a_branch_goes_on_from_its_trunk(make_loop, tmp_path, monkeypatch):
    """The trunk's steps are the branch's first ones; a longer trunk begins with the shorter one."""
    trunk = make_loop(tmp_path / "t", steps=8, schedule="stable", warmup_steps=2)
    trunk.run()
    trunk.state.write(tmp_path / "trunk.safetensors", vars(trunk.done))
    longer = make_loop(tmp_path / "u", steps=14, schedule="stable", warmup_steps=2)
    continued = make_loop(tmp_path / "v", steps=14, schedule="stable", warmup_steps=2)
    longer.run()
    continued.run(tmp_path / "trunk.safetensors")
    assert same(weights(longer), weights(continued))
    whole = make_loop(tmp_path / "w", steps=10, schedule="cooldown", warmup_steps=2, cooldown=0.2)
    branch = make_loop(tmp_path / "x", steps=10, schedule="cooldown", warmup_steps=2, cooldown=0.2)
    steps = count_steps(monkeypatch, branch)
    whole.run()
    branch.run(tmp_path / "trunk.safetensors")
    assert steps == [8, 9]
    assert same(weights(whole), weights(branch))
    assert branch.done.curve == whole.done.curve


def test_a_lack_of_memory_halves_the_micro_batch_and_changes_nothing(make_loop, tmp_path, monkeypatch, caplog):
    whole = make_loop(tmp_path / "a", steps=6, dropout=0.0)
    losses = whole.run().losses
    loop = make_loop(tmp_path / "b", steps=6, dropout=0.0)
    original = loop._backward

    def scarce(task, batch, share, divisor):
        if batch.tensors["input_ids"].numel() > 60:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(task, batch, share, divisor)

    monkeypatch.setattr(loop, "_backward", scarce)
    assert loop.run().losses == pytest.approx(losses, abs=1e-5)
    assert "out of memory; going on with" in caplog.text
    assert loop.budget < whole.budget


def test_an_example_that_never_fits_is_an_error_that_says_what_to_do(make_loop, tmp_path, monkeypatch):
    loop = make_loop(tmp_path)

    def scarce(*_):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried")

    monkeypatch.setattr(loop, "_backward", scarce)
    with pytest.raises(UserError, match="does not fit into the memory of cpu"):
        loop.run()


def test_other_errors_are_not_taken_for_a_lack_of_memory(make_loop, tmp_path, monkeypatch):
    loop = make_loop(tmp_path)
    monkeypatch.setattr(loop, "_backward", lambda *_: (_ for _ in ()).throw(RuntimeError("shapes")))
    with pytest.raises(RuntimeError, match="shapes"):
        loop.run()


def test_bfloat16_gives_nearly_the_same_losses(make_loop, tmp_path):
    exact = make_loop(tmp_path / "a", steps=12, dropout=0.0).run().losses
    rounded = make_loop(tmp_path / "b", steps=12, dropout=0.0, precision="bf16")
    assert rounded.run().losses == pytest.approx(exact, abs=0.05)
    assert rounded.done.losses != exact
    assert all(parameter.dtype == torch.float32 for parameter in rounded.parameters)
