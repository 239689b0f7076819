"""Show the running jobs of all studies: what they do, how fast, how much longer; until Ctrl-C.

    python -m workflow.scripts.watch_jobs            # or: make watch
    python -m workflow.scripts.watch_jobs --once     # print once; so does a program that reads the output

All is read from the jobs' log files (`<results>/<collection>/logs/**/*.log`, see `job_logs`), and nothing is written.
"""

import argparse
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from workflow.scripts.errors import UserError
from workflow.scripts.job_logs import FAILED, FINISHED, KILLED, RUNNING, STOPPED, JobLog, memory
from workflow.scripts.logs import run
from workflow.scripts.progress import duration

SECONDS = 2.0
"""Time between two looks."""

ENDS_SHOWN = 3
"""Jobs of a study that failed or were killed and are shown, the latest first."""


class Watcher:
    """Looks at the log files of all studies below a folder.

    Args:
        results: the folder, with one folder for every study.
    """

    def __init__(self, results: Path) -> None:
        self.results = results
        self._logs: dict[Path, JobLog] = {}

    def look(self) -> dict[str, list[JobLog]]:
        """Return the jobs of every study that has any, as they are now."""
        studies: dict[str, list[JobLog]] = {}
        for path in sorted(self.results.glob("*/logs/**/*.log")):
            log = self._logs.setdefault(path, JobLog(path))
            log.read()
            if log.state:
                studies.setdefault(path.relative_to(self.results).parts[0], []).append(log)
        return studies

    def lines(self, width: int, height: int | None = None) -> list[str]:
        """Return what is shown now.

        Args:
            width: of the terminal, in characters; no line is longer.
            height: of the terminal, in lines; None for as many as are needed.
        """
        now, lines = time.time(), []
        for name, jobs in self.look().items():
            lines += _study_lines(name, jobs, now, width)
        lines = lines or [f"no jobs have been started below {self.results}"]
        if height is not None and len(lines) > height:
            lines = [*lines[: height - 1], f"... {len(lines) - height + 1} more lines"]
        return [_cut(line, width) for line in lines]


def _study_lines(name: str, jobs: Sequence[JobLog], now: float, width: int) -> list[str]:
    """Return the lines of one study: how many jobs there are, those that run, and the last that went wrong."""
    outcomes = [(log, log.outcome(now)) for log in jobs]
    counts = Counter(outcome for _, outcome in outcomes)
    shown = [RUNNING, FINISHED, *(state for state in (FAILED, KILLED, STOPPED) if counts[state])]
    head = ", ".join(f"{counts[state]} {state}" for state in shown)
    running = sorted((log for log, outcome in outcomes if outcome == RUNNING), key=lambda log: log.began)
    lines = [f"{name}: {head}", *_running_lines(running, now, width)]
    ended = sorted(((log, how) for log, how in outcomes if how in (FAILED, KILLED)), key=lambda e: -e[0].modified)
    for log, how in ended[:ENDS_SHOWN]:
        why = f"{'after ' if how == KILLED else ''}{log.message}" if log.message else "no line was written"
        lines += [f"  {how}  {log.title}  {why}", f"    details: {log.path}"]
    return lines


def _running_lines(jobs: Sequence[JobLog], now: float, width: int) -> list[str]:
    """Return one line for each job, with aligned columns, or two where the terminal is too narrow for all of them."""
    rows = [(log.title, log.message, _signs(log, now)) for log in jobs]
    titles = max((len(title) for title, _, _ in rows), default=0)
    messages = max((len(message) for _, message, _ in rows), default=0)
    lines = [f"  {title:{titles}}  {message:{messages}}  {signs}" for title, message, signs in rows]
    if all(len(line) <= width for line in lines):
        return lines
    return [line for title, message, signs in rows for line in (f"  {title}  {signs}", f"    {message}")]


def _signs(log: JobLog, now: float) -> str:
    """Return since when a job is silent, its memory, and where it runs if not here."""
    silent = max(0, round(now - log.modified))
    words = [f"{silent} s ago" if silent < 60 else f"{duration(silent)} ago"]
    words.append(memory(log.process) if log.here else f"on {log.machine}")
    return "  ".join(word for word in words if word)


def _cut(line: str, width: int) -> str:
    """Return a line that fits, without characters that would move the cursor."""
    line = "".join(character if character.isprintable() else " " for character in line)
    return line if len(line) <= width else line[: max(0, width - 1)] + "…"


@contextmanager
def _screen() -> Iterator[None]:
    """Show another page of the terminal, without cursor, and bring the user's back at the end."""
    sys.stdout.write("\x1b[?1049h\x1b[?25l")
    try:
        yield
    finally:
        sys.stdout.write("\x1b[?25h\x1b[?1049l")
        sys.stdout.flush()


def watch(watcher: Watcher, seconds: float) -> None:
    """Show the jobs, again and again, until Ctrl-C."""
    try:
        with _screen():
            while True:
                size = shutil.get_terminal_size()
                lines = watcher.lines(size.columns, size.lines - 1)
                # over the old lines, and not after clearing them: the screen does not flicker
                page = [*lines, _cut("Ctrl-C ends this view, and no job", size.columns)]
                sys.stdout.write("\x1b[H" + "\x1b[K\r\n".join(page) + "\x1b[K\x1b[J")
                sys.stdout.flush()
                time.sleep(seconds)
    except KeyboardInterrupt:
        pass


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder with a folder for every study")
    parser.add_argument("--once", action="store_true", help="print once and end; as where the output is no terminal")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time between two looks (%(default)s)")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    arguments = parse_arguments(argv)
    if not arguments.results.is_dir():
        raise UserError(
            f"there is no folder {arguments.results}; expected the one with the results of the studies. Run this in "
            "the project's folder after a study was started, or name the folder with --results"
        )
    watcher = Watcher(arguments.results)
    if sys.stdout.isatty() and not arguments.once:
        watch(watcher, arguments.seconds)
    print("\n".join(watcher.lines(shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000)))
    return 0


if __name__ == "__main__":
    sys.exit(run(main, stage="watch"))
