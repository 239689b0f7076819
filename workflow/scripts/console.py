"""Fewer lines from Snakemake: one that says how far the study is, instead of five for every job.

A filter (standard `logging`) on the handler of Snakemake's console; its log file under `.snakemake/log` stays complete.
Should Snakemake name its records otherwise one day, its own lines come back and nothing else changes.
"""

import logging
import time

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
        scheduling = isinstance(record.msg, str) and record.msg.startswith(("Select jobs", "Execute "))
        return event != "JOB_FINISHED" and not scheduling

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
