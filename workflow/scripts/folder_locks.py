"""Locks on folders: one program at a time writes to a folder, and the system takes the lock back when that one ends.

The lock is `flock` on a file in the folder. On NFS Linux makes it a lock of the server, so that other machines see it;
other shared file systems need the mount option that passes locks on (Lustre: `flock`). Where there are no locks at all,
that is told, and the program goes on without. This module imports the standard library only.
"""

import errno
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from workflow.scripts.errors import UserError

log = logging.getLogger(__name__)

NAME = "lock"

OTHER_MACHINE_SECONDS = 120.0
"""How long to wait for a holder on another machine: file servers notice the death of a machine only after a while."""

_HELD = (errno.EAGAIN, errno.EACCES)


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Hold the lock of a folder, which is made if need be and removed at the end if nothing else is in it.

    Args:
        folder: what only one program may write to.
        what: what the program does, for the message.

    Raises:
        UserError: another program holds the lock.
    """
    path = folder / NAME
    file = _lock(path, what)
    try:
        yield
    finally:
        if file is not None:
            with suppress(OSError):
                path.unlink()  # before the lock is given back: who opened the file meanwhile sees that it is gone
            os.close(file)
            with suppress(OSError):
                folder.rmdir()


def _lock(path: Path, what: str) -> int | None:
    """Return the open file that holds the lock, None where there can be no lock."""
    until = time.monotonic() + OTHER_MACHINE_SECONDS
    told = False
    while True:
        try:
            file = _try(path)
        except OSError as error:
            log.warning("%s cannot be locked (%s); take care that no other program writes there", path.parent, error)
            return None
        if file is not None:
            return file
        holder = _holder(path)
        elsewhere = bool(holder) and not holder.endswith(f" on {_machine()}")
        if not elsewhere or time.monotonic() >= until:
            raise UserError(
                f"{what} is under way already: {holder or 'another process'} holds {path}. Two programs must not write "
                "to one state; wait until that one has ended, or end it, and run again. The lock goes with its process"
            )
        if not told:
            log.warning("%s is held by %s; waiting up to %.0f s", path, holder, OTHER_MACHINE_SECONDS)
            told = True
        time.sleep(1.0)


def _try(path: Path) -> int | None:
    """Return the open file that holds the lock, None if another program has it.

    Raises:
        OSError: the file cannot be made, or the file system has no locks.
    """
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # not inherited by programs that this one starts: the lock ends with its holder
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except FileNotFoundError:  # the last holder has just removed the folder
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(file)
            if error.errno in _HELD:
                return None
            raise
        if _is_there(file, path):
            with suppress(OSError):  # a full disk; the lock holds all the same
                os.ftruncate(file, 0)
                os.write(file, f"process {os.getpid()} on {_machine()}".encode())
            return file
        os.close(file)  # the last holder has removed it between opening and locking


def _is_there(file: int, path: Path) -> bool:
    """Return whether an open file is still the one at its path."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _holder(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace").strip()
    return ""


def _machine() -> str:
    return os.uname().nodename
