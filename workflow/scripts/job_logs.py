"""Jobs as their log files tell of them: which one it is, what it does, and how it has ended (`logs` writes the lines).

The first line of a run names process and machine, the last one says how it has ended. A job that ended without a word,
because it was killed, is known by its process: there is none of its number any more, or one that has begun later.
"""

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

QUIET_SECONDS = 1800.0
"""A job on another machine, whose process cannot be seen, runs if it has written within this time."""

CLOCK_SECONDS = 60.0
"""How far the clock may have been set since a job began; no number is used again so soon."""

RUNNING, FINISHED, STOPPED, FAILED, KILLED = "running", "finished", "stopped", "failed", "killed"

_LINE = re.compile(r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?P<level>\w+) +(?P<logger>[\w.]+): (?P<message>.*)")
_START = re.compile(r"start of (?P<title>.+?), process (?P<process>\d+)(?: on (?P<machine>\S+?))?: ")
_STATUS = re.compile(r"stopped with exit status (\d+)")
_PROGRESS = re.compile(r"\w+ \d+(/\d+)?( |$)")
_SIGNALLED = (128 + 2, 128 + 15)


@dataclass
class JobLog:
    """What a log file says of the last run of its job; read on where the last look ended.

    Attributes:
        path: the file.
        title: stage and title of the job, as in its console lines.
        state: as the log file tells it; whether a job that runs was killed, `outcome` finds out.
        message: its last line of progress, or where there is none its last line; of one that failed, why.
        process, machine: which process writes it, where; None and empty if it does not tell.
        began: when the run began, seconds since the epoch.
        modified: when the file was last written.
    """

    path: Path
    title: str = ""
    state: str = ""
    message: str = ""
    process: int | None = None
    machine: str = ""
    began: float = 0.0
    modified: float = 0.0
    _offset: int = 0
    _progressing: bool = False

    def read(self) -> None:
        """Read what was added since the last time; from the beginning if the file was written anew."""
        try:
            found = self.path.stat()
            if found.st_size < self._offset:
                self._offset = 0
            if found.st_size > self._offset:
                with self.path.open("rb") as file:
                    file.seek(self._offset)
                    whole, newline, _ = file.read().rpartition(b"\n")
                self._offset += len(whole) + len(newline)
                for line in whole.decode("utf-8", "replace").split("\n"):
                    self._take(line)
            self.modified = found.st_mtime
        except OSError:  # removed while we look
            self.state = ""

    def _take(self, line: str) -> None:
        match = _LINE.match(line)
        if match is None:
            return  # of a traceback
        message, own = match["message"], match["logger"] == "workflow"
        if own and (start := _START.match(message)):
            self.title, self.machine, self.state, self.message = start["title"], start["machine"] or "", RUNNING, ""
            self.process, self._progressing = int(start["process"]), False
            self.began = time.mktime(time.strptime(match["time"], "%Y-%m-%d %H:%M:%S"))
        elif own and message.startswith("finished: "):
            self.state, self.message = FINISHED, message
        elif own and (status := _STATUS.match(message)):
            self.state = STOPPED if int(status[1]) in _SIGNALLED else FAILED
        elif match["level"] == "ERROR":
            self.message, self._progressing = message, True
        elif own and (_PROGRESS.match(message) or not self._progressing):
            self.message = message
            self._progressing = self._progressing or bool(_PROGRESS.match(message))

    @property
    def here(self) -> bool:
        """Whether the job is one of this machine."""
        return self.machine in ("", os.uname().nodename)

    def outcome(self, now: float) -> str:
        """Return the job's state; one that runs as far as its log tells is looked for among the processes."""
        if self.state != RUNNING:
            return self.state
        if not self.here:
            return RUNNING if now - self.modified < QUIET_SECONDS else KILLED
        return RUNNING if self.process is not None and is_alive(self.process, self.began) else KILLED


def is_alive(process: int, began: float) -> bool:
    """Return whether a process runs that had started when its job's first line was written.

    A number is used again for later processes, which is why their start counts.

    Args:
        process: its number.
        began: time of the line, seconds since the epoch.
    """
    started = _started(process)
    if started is not None:
        return started <= began + CLOCK_SECONDS
    if Path("/proc/self/stat").exists():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _started(process: int) -> float | None:
    """Return when a process started, None if there is none that runs or the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        booted = next(
            int(line.split()[1]) for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime ")
        )
    except (OSError, StopIteration):
        return None
    return None if fields[0] in "ZX" else booted + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def memory(process: int | None) -> str:
    """Return the resident memory of a process in words (`780 MiB`), nothing if the system does not tell."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return ""
    sizes = [int(line.split()[1]) >> 10 for line in lines if line.startswith("VmRSS:")]
    return f"{sizes[0]:,} MiB" if sizes else ""
