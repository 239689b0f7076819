"""The names of sources and targets as tables and figures show them."""

from workflow.scripts.tasks import TASKS

MIXTURES = {"multi": "Multi-task"}
"""Sources that are no task of their own, named as in the paper."""


def display_titles() -> dict[str, str]:
    """Return the titles by name of task; a name that is not among them is shown as it is."""
    return {name: task.title for name, task in TASKS.items()} | MIXTURES
