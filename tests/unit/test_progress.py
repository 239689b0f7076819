"""Progress: rate, time left, and how often a line is written."""

import logging

import pytest

from workflow.scripts.logs import NOTICE, Progress
from workflow.scripts.progress import duration


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_progress_rate_and_time_left(caplog: pytest.LogCaptureFixture) -> None:
    clock, evaluated = Clock(), []

    def loss() -> float:
        evaluated.append(clock.now)
        return 0.8312

    with (
        caplog.at_level(logging.INFO),
        Progress(1200, start=100, file_seconds=2, console_seconds=10, clock=clock) as bar,
    ):
        for step in range(101, 131):
            clock.now += 0.5
            bar.update(step, work=16, loss=loss)
        assert bar.line() == "step 130/1200 loss 0.831 32 ex/s ETA 8:55"
    levels = [(record.levelno, record.getMessage().split()[1]) for record in caplog.records]
    info = logging.INFO
    assert levels == [
        *((info, f"{step}/1200") for step in (104, 108, 112, 116)),
        (NOTICE, "120/1200"),
        *((info, f"{step}/1200") for step in (124, 128, 130)),
    ]
    assert len(evaluated) == 9  # eight lines and our own, not thirty steps


def test_progress_without_total_or_work() -> None:
    clock = Clock()
    bar = Progress(None, what="row", clock=clock)
    clock.now += 3
    bar.update(7, split="dev")
    assert bar.line() == "row 7 split dev"
    assert Progress(10, clock=clock).line() == "step 0/10"


def test_progress_tells_tokens_beside_work() -> None:
    clock = Clock()
    bar = Progress(10, clock=clock)
    clock.now += 4
    bar.update(2, work=64, tokens=1200)
    bar.update(4, work=64, tokens=880, loss=0.5)
    assert bar.line() == "step 4/10 loss 0.5 32 ex/s 520 tokens/s ETA 0:06"


@pytest.mark.parametrize(("seconds", "text"), [(31.6, "0:32"), (3599.7, "1:00:00"), (61, "1:01"), (7325, "2:02:05")])
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text
