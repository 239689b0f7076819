"""The errors that a user can cause, told in words a user can act on.

    WorkflowError
    └── UserError      config, data or file that is not as it must be

Programs print the message of a `UserError` without a traceback (see `logs.report_failures`).
"""

from collections.abc import Iterable
from difflib import get_close_matches


class WorkflowError(Exception):
    """Base class of this workflow's own errors."""


class UserError(WorkflowError):
    """Input that is not as it must be: says what was found, where, what was expected and what to do."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return `" Did you mean 'x'?"` for the valid name closest to `name`, else an empty string."""
    matches = get_close_matches(name, list(valid), n=1, cutoff=0.5)
    return f" Did you mean '{matches[0]}'?" if matches else ""
