"""What a run in a terminal needs: the right `python`, an idle scheduler, and fewer lines from Snakemake.

One line says how far the study is, instead of five for every job, by a filter (standard `logging`) on the handler of
Snakemake's console; its log file under `.snakemake/log` stays complete. Should Snakemake name its records otherwise
one day, its own lines come back and nothing else changes.
"""

import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

from workflow.scripts.errors import UserError
from workflow.scripts.progress import duration

SECONDS = 5.0
"""Time between two lines."""


class ProgressFilter(logging.Filter):
    """Lets pass what a person has to read, and progress every few seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()
        self._told = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the console shows a record; a progress record becomes one line of ours."""
        event = getattr(getattr(record, "event", None), "name", "")
        if event == "PROGRESS":
            return self._progress(record)
        text = str(record.msg)
        if record.levelno >= logging.ERROR:
            # status 1: the program itself has said what is wrong, in one line; anything else only Snakemake can tell
            return not ("CalledProcessError" in text and "exit status 1." in text)
        return event != "JOB_FINISHED" and not text.startswith(("Select jobs", "Execute "))

    def _progress(self, record: logging.LogRecord) -> bool:
        done, total = getattr(record, "done", 0), getattr(record, "total", 0)
        now = time.monotonic()
        if now - self._told < SECONDS and done < total:
            return False
        self._told = now
        record.event = None
        share = done / max(1, total)
        record.msg = f"[study] {done} of {total} jobs done ({share:.0%}) after {duration(now - self._began)}"
        return True


def shorten_progress() -> None:
    """Put the filter on the handlers that write to a console."""
    for handler in logging.getLogger("snakemake.logging").handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            handler.addFilter(ProgressFilter())


def check_logs(collection: str) -> None:
    """Check that the logs of a study can be written.

    Snakemake would remove the outputs of a job that is to run again before it finds that it cannot remove its old log.

    Raises:
        UserError: they cannot, although results can. Where nothing can be written Snakemake itself says so in time.
    """
    root = Path("results", collection)
    if not (root / "logs").exists() or not os.access(root, os.W_OK):
        return
    folders = [root / "logs"]
    if folders[0].is_dir() and os.access(folders[0], os.R_OK):
        folders += [path for path in folders[0].iterdir() if path.is_dir()]
    for folder in folders:
        if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise UserError(
                f"{folder} cannot be written to or read (no folder, no permission, or a file system mounted for "
                "reading); every job writes its log there. Make it writable, or move it away: it is then made anew"
            )


def prefer_this_python() -> None:
    """Let `python` in the rules be the one that runs Snakemake, also where its environment is not activated.

    An environment that Snakemake activates itself (`--sdm`) still comes first.
    """
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def start_jobs_at_once(workflow: Any) -> None:
    """Lift Snakemake's limit on jobs started in a second (100), where jobs run on this machine.

    With the limit every round of its scheduler sets a clock for another round a second later, so that each finished job
    adds one more round in every second for as long as the study lasts (snakemake/snakemake issue 2354). Executors that
    submit to a scheduler keep it. The scheduler is there only when jobs are about to start (`onstart`).

    Args:
        workflow: Snakemake's.
    """
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None
