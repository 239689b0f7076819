"""How programs tell what they do, and how they fail.

Everything from INFO up goes to the job's log file. The console shows only what a person waiting wants to
read: `progress(...)` lines, warnings of this workflow, and errors. Warnings of libraries go to the file only.

    def main(argv: Sequence[str] | None = None) -> int:
        arguments = parser().parse_args(argv)
        log = configure(arguments.log, stage="intermediate mnli seed 1")
        log.info("only in the file")
        with Progress(total=1200) as bar:
            for step in range(1, 1201):
                bar.update(step, work=32, tokens=900, loss=loss)  # rate-limited; `loss` may be a callable
        return 0

    if __name__ == "__main__":
        sys.exit(run(main))

This module imports the standard library only, so that a program is able to fail within milliseconds.
"""

import errno
import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import NoReturn

from workflow.scripts.errors import UserError
from workflow.scripts.progress import NOTICE, Progress, progress

__all__ = [
    "NOTICE",
    "Progress",
    "adopt_library_loggers",
    "configure",
    "explain",
    "mask",
    "progress",
    "report_failures",
    "run",
]

_OWN_LOGGERS = ("workflow", "__main__")
_SECRET = re.compile(r"\b(?:hf|api_org)_[A-Za-z0-9]{16,}|(?<=[Bb]earer )\S+|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
_SECRET_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_SHORTEST_SECRET = 8
"""Characters; what is shorter is no token, and may be part of any word."""
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_DENIED = (errno.EROFS, errno.EACCES, errno.EPERM)
_KEPT = "Everything finished before is kept; run the same command again and it resumes."

_log = logging.getLogger("workflow")


class _Session:
    """What `configure` has set up in this process."""

    stage = ""
    path: Path | None = None
    handlers: tuple[logging.Handler, ...] = ()


def mask(text: str) -> str:
    """Return `text` without access tokens, whatever their form, and without passwords in addresses."""
    for name in _SECRET_VARIABLES:
        secret = os.environ.get(name, "").strip()
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return _SECRET.sub("***", text)


class _FileFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


class _ConsoleFormatter(logging.Formatter):
    """One short line; a traceback only where no log file could take it."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if record.levelno < logging.ERROR:
            word = "WARNING " if record.levelno >= logging.WARNING else ""
            return mask(f"[{_Session.stage}] {word}{message}")
        line = f"ERROR {_Session.stage}: {message}"
        if record.exc_info and _Session.path:
            line += f" (details: {_Session.path})"
        elif record.exc_info:
            line = f"{self.formatException(record.exc_info)}\n{line}"
        return mask(line)


class _LogFile(logging.FileHandler):
    """A log file whose own failure (a full disk) is told once, and never stops the program."""

    failed = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name is logging's)
        if not self.failed:
            self.failed = True
            print(f"WARNING cannot write {self.baseFilename}: {sys.exc_info()[1]}", file=sys.stderr)


def configure(log_path: Path | None, stage: str) -> logging.Logger:
    """Send this process's log records to `log_path` and the console; return the workflow's logger.

    Calling it again replaces the earlier settings. The file is appended to, so that the log of a run that
    was stopped and resumed is whole; its directory is created. Under torchrun (`RANK` > 0) the file gets the
    suffix `.rank<n>` and the console shows errors only.

    Args:
        log_path: the job's log file, or None for the console alone.
        stage: label of the console lines, e.g. `intermediate mnli seed 1`.

    Raises:
        UserError: the log file cannot be opened.
    """
    rank = int(os.environ.get("RANK", "0"))
    if log_path is not None and rank:
        log_path = log_path.with_name(f"{log_path.name}.rank{rank}")
    console = logging.StreamHandler(sys.stderr)
    console.setFormatter(_ConsoleFormatter())
    console.setLevel(logging.ERROR if rank else NOTICE)
    console.addFilter(lambda record: record.levelno >= logging.ERROR or record.name.startswith(_OWN_LOGGERS))
    handlers: list[logging.Handler] = [console]
    if log_path is not None:
        try:
            log_path.parent.mkdir(parents=True, exist_ok=True)
            file = _LogFile(log_path, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise UserError(
                f"Cannot write the log file {log_path} ({error.strerror}). Make its folder one that this user may "
                "write to, or give --log another path, and run again."
            ) from error
        file.setFormatter(_FileFormatter())
        handlers.append(file)
    _replace_handlers(handlers)
    _Session.stage, _Session.path = stage, log_path
    logging.captureWarnings(True)
    adopt_library_loggers()
    # `watch_jobs` reads this line, and those at the end of `run`
    _log.info("start of %s, process %d on %s: %s", stage, os.getpid(), os.uname().nodename, " ".join(sys.argv))
    return _log


def _replace_handlers(handlers: Sequence[logging.Handler]) -> None:
    root = logging.getLogger()
    for handler in _Session.handlers:
        root.removeHandler(handler)
        with suppress(OSError):  # lines that a full disk did not take
            handler.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(logging.INFO)
    _Session.handlers = tuple(handlers)


def adopt_library_loggers() -> None:
    """Send the records of the Hugging Face libraries through our handlers, and hide their progress bars.

    They install console handlers of their own when they are imported, so call this after importing them;
    `configure` calls it for those imported before.
    """
    for name in ("transformers", "huggingface_hub", "datasets"):
        library = logging.getLogger(name)
        for handler in [h for h in library.handlers if isinstance(h, logging.StreamHandler)]:
            library.removeHandler(handler)
        library.propagate = True
    logging.getLogger("transformers.modeling_utils").addFilter(_no_load_report)
    for module, function in (
        ("transformers.utils.logging", "disable_progress_bar"),
        ("huggingface_hub.utils", "disable_progress_bars"),
        ("datasets.utils", "disable_progress_bars"),
    ):
        if module in sys.modules:
            getattr(sys.modules[module], function)()


def _no_load_report(record: logging.LogRecord) -> bool:
    """Leave out transformers' table of missing weights: `modeling.checkpoints` checks them, poolers are not used."""
    return "LOAD REPORT" not in str(record.msg)


def explain(error: BaseException) -> str | None:
    """Return what a full disk or memory, or a place that must not be written to, means to the user, else None."""
    chain: BaseException | None = error
    while chain is not None:
        text = str(chain)
        if (isinstance(chain, OSError) and chain.errno in _DISK_FULL) or "No space left on device" in text:
            name = getattr(chain, "filename", None)
            where = f" while writing {name}" if name else f" ({text})"
            return f"The disk is full{where}. {_KEPT} Free some space first."
        if isinstance(chain, OSError) and chain.errno in _DENIED and chain.filename:
            return (
                f"{chain.filename} cannot be written or read ({chain.strerror}). {_KEPT} First make it accessible to "
                "this user, or the file system writable."
            )
        if (
            isinstance(chain, MemoryError)
            or type(chain).__name__ == "OutOfMemoryError"
            or "can't allocate memory" in text
        ):
            detail = f" ({text.splitlines()[0]})" if text else ""
            return (
                f"Out of memory{detail}. {_KEPT} First lower the micro-batch, or the number of jobs that "
                "run at the same time."
            )
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
    return None


@contextmanager
def report_failures(stage: str = "program", log_path: Path | None = None) -> Iterator[None]:
    """Turn exceptions into words and an exit status (`SystemExit`); also usable as a decorator.

    A `UserError` is told without a traceback (status 1); a full disk or memory in plain words, anything else
    as one line, both with the traceback in the log file (status 1); Ctrl-C quietly (130).

    Args:
        stage: label of the lines where `configure` was not called before the failure.
        log_path: log file for the same case.
    """
    try:
        yield
    except KeyboardInterrupt:
        _log.info("stopped by SIGINT")
        raise SystemExit(128 + signal.SIGINT) from None
    except Exception as error:
        if not _Session.handlers:
            try:
                configure(log_path, stage)
            except UserError:
                configure(None, stage)
        if isinstance(error, UserError):
            _log.error("%s", error)
        else:
            text = explain(error) or f"{type(error).__name__}: {error}"
            _log.error("%s", text, exc_info=error)
        raise SystemExit(1) from None


def run(main: Callable[[Sequence[str] | None], int], argv: Sequence[str] | None = None, stage: str = "program") -> int:
    """Call a program's `main` and return its exit status, with failures reported and SIGTERM obeyed.

    SIGTERM raises `SystemExit(143)` in the main thread, so that `finally` and `with` blocks tidy up; a
    training loop may install a handler of its own while it runs. A failure before `configure` is logged in
    the file that `--log` names.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)
    began = time.monotonic()
    try:
        with report_failures(stage, _log_argument(arguments)):
            status = main(arguments)
            _log.info("finished: %.1f s, %.1f s CPU", time.monotonic() - began, time.process_time())
            return status
    except SystemExit as stop:
        if isinstance(stop.code, str):
            print(mask(stop.code), file=sys.stderr)
            return 1
        if stop.code:
            _log.info("stopped with exit status %d", stop.code)
        return stop.code or 0
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()


def _terminate(signum: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + signum)


def _log_argument(arguments: Sequence[str]) -> Path | None:
    for word, value in pairwise([*arguments, ""]):
        if word == "--log" and value:
            return Path(value)
        if word.startswith("--log="):
            return Path(word.removeprefix("--log="))
    return None
