"""Curves of a training run as TensorBoard reads them: event files, in the format of TensorFlow's records.

    events = open_event_files(arguments.tensorboard, loop.done.step)     # "" = none
    with events:
        events.write(step, loss=loss, learning_rate=rate, examples_per_second=speed)
        events.flush()                                                    # when the state is saved

Events are written by tensorboardX's writer of records, not its `SummaryWriter`: that one hands them to a thread, so
that after a flush they need not be on the disk, and two parts of a run that begin in one second overwrite one another.
"""

import os
import time
from pathlib import Path
from typing import Any, Self

from workflow.scripts.errors import UserError


class EventFiles:
    """Takes scalars of steps; this one, of a run without event files, drops them."""

    def write(self, step: int, **scalars: float) -> None:
        """Add scalars of a step by name."""

    def flush(self) -> None:
        """Bring what was added to the disk."""

    def close(self) -> None:
        """End the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class WrittenEventFiles(EventFiles):
    """Event files on disk.

    Args:
        folder: where a file is added; one run has one folder, however often it goes on.
        step: the last step that is done. What was written of later steps is shown no more: they are done again.

    Raises:
        UserError: tensorboardX is not installed, or the folder cannot be written to.
    """

    def __init__(self, folder: Path, step: int) -> None:
        try:  # here, because runs without event files need not wait for it
            from tensorboardX.event_file_writer import EventsWriter
            from tensorboardX.proto.event_pb2 import Event, SessionLog
            from tensorboardX.proto.summary_pb2 import Summary
        except ImportError as error:
            raise UserError(
                f"tensorboard: true needs the package tensorboardX, which cannot be imported ({error}). Install the "
                "version that requirements/run.txt names, or set tensorboard: false"
            ) from error
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # TensorBoard reads files in the order of their names, which begin with whole seconds
            self._writer: Any = EventsWriter(str(folder / "events"), f".{time.time_ns():020}.{os.getpid()}")
        except OSError as error:
            raise UserError(
                f"cannot write event files into {folder} ({error.strerror}). Free the path, or set tensorboard: false"
            ) from error
        self._event, self._summary = Event, Summary
        started = SessionLog(status=SessionLog.START)
        self._writer.write_event(Event(wall_time=time.time(), step=step + 1, session_log=started))
        self.flush()

    def write(self, step: int, **scalars: float) -> None:
        """Add scalars of a step by name."""
        values = [self._summary.Value(tag=name, simple_value=value) for name, value in scalars.items()]
        summary = self._summary(value=values)
        self._writer.write_event(self._event(wall_time=time.time(), step=step, summary=summary))

    def flush(self) -> None:
        """Bring what was added to the disk."""
        self._writer.flush()

    def close(self) -> None:
        """End the file."""
        self._writer.close()


def open_event_files(folder: str | Path, step: int = 0) -> EventFiles:
    """Return the event files of a folder, or those that drop everything where there is none.

    Args:
        folder: where they are; empty for none.
        step: the last step that is done, of a run that goes on.

    Raises:
        UserError: as `WrittenEventFiles`.
    """
    return WrittenEventFiles(Path(folder), step) if folder not in ("", Path()) else EventFiles()
