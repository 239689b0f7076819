"""The names of sources and targets as tables and figures show them."""

from workflow.scripts.tasks import TASKS

MIXTURES = {"multi": "Multi-task"}
"""Sources that are no task of their own, named as in the paper."""


def display_titles() -> dict[str, str]:
    """Return the titles by name of task; a name that is not among them is shown as it is.

    A task with `-mlm` is the mixture of the task and masked language modelling, the paper's "with MLM".
    """
    titles = {name: task.title for name, task in TASKS.items()} | MIXTURES
    return {f"{name}-mlm": f"{title} + MLM" for name, title in titles.items()} | titles
