"""One training at a time on a saved state, however many processes it has."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from workflow.scripts.errors import UserError
from workflow.scripts.folder_locks import locked
from workflow.scripts.training.processes import Processes


@contextmanager
def only_run(state: Path, title: str, processes: Processes) -> Iterator[None]:
    """Let no other training write to the same state; of several processes the main one has the lock.

    Raises:
        UserError: another training does, in every process.
    """
    problem = ""
    with ExitStack() as stack:
        if processes.is_main:
            try:
                stack.enter_context(locked(state, f"the training '{title}'"))
            except UserError as error:
                problem = str(error)
        if problem := processes.agree(problem):
            raise UserError(problem)
        yield
