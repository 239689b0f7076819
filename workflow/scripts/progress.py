"""Progress lines of loops: what is done, how fast, and when it will be over. Used through `logs`."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Self

NOTICE = 25
"""Level of the lines a person wants on the console: above INFO, below WARNING."""

logging.addLevelName(NOTICE, "NOTICE")
_log = logging.getLogger("workflow")


def progress(message: str) -> None:
    """Show one line on the console, after the stage's label, and in the log file."""
    _log.log(NOTICE, message)


Figure = float | str | Callable[[], float]


class Progress:
    """Lines such as `step 200/1200 loss 0.83 31 ex/s 840 tokens/s ETA 0:32`, at most every few seconds.

    Args:
        total: the number of the last step, or None where it is not known (then no ETA).
        start: the last step done before this process (a resumed run); it counts neither for rate nor ETA.
        what: the word before the step.
        unit: what `work` counts, for the rate; e.g. `ex`, `tokens`, `rows`.
        file_seconds: least time between two lines of the log file.
        console_seconds: least time between two lines of the console; short loops show none.
        clock: seconds, for tests.
    """

    def __init__(
        self,
        total: int | None,
        *,
        start: int = 0,
        what: str = "step",
        unit: str = "ex",
        file_seconds: float = 2.0,
        console_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total, self._start, self._what, self._unit = total, start, what, unit
        self._file_seconds, self._console_seconds, self._clock = file_seconds, console_seconds, clock
        self._began = self._filed = self._shown = clock()
        self._step, self._work, self._tokens = start, 0.0, 0.0
        self._figures: Mapping[str, Figure] = {}
        self._reported = start

    def update(self, step: int, work: float = 0.0, *, tokens: float = 0.0, **figures: Figure) -> None:
        """Say that `step` (1-based) is done, how much `work` it was and, where that tells more, how many tokens.

        Figures are numbers, words or callables; a callable is called only when a line is written, so that a
        loss need not be copied from a GPU at every step.
        """
        self._step, self._figures = step, figures
        self._work += work
        self._tokens += tokens
        now = self._clock()
        if now - self._shown >= self._console_seconds:
            self._shown = self._filed = now
            self._write(NOTICE, now)
        elif now - self._filed >= self._file_seconds:
            self._filed = now
            self._write(logging.INFO, now)

    def _write(self, level: int, now: float) -> None:
        self._reported = self._step
        _log.log(level, "%s", self.line(now))

    def line(self, now: float | None = None) -> str:
        """Return the line of the present state."""
        seconds = (self._clock() if now is None else now) - self._began
        done = self._step - self._start
        words = [f"{self._what} {self._step}" + (f"/{self._total}" if self._total is not None else "")]
        for name, figure in self._figures.items():
            value = figure() if callable(figure) else figure
            words.append(f"{name} {value}" if isinstance(value, str) else f"{name} {value:.3g}")
        for amount, unit in ((self._work, self._unit), (self._tokens, "tokens")):
            if amount and seconds > 0:
                words.append(f"{_short(amount / seconds)} {unit}/s")
        if self._total is not None and done > 0:
            words.append(f"ETA {duration(seconds / done * max(0, self._total - self._step))}")
        return " ".join(words)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._reported != self._step:
            self._write(logging.INFO, self._clock())


def _short(rate: float) -> str:
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.2g}"


def duration(seconds: float) -> str:
    """Return `m:ss` or `h:mm:ss`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
