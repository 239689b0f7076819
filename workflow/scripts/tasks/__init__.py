"""What is trained and tested: one literal per task, by family, and the languages.

`TASKS` maps every task's name to its literal, in the order of the paper's tables. To add a task, write one literal in
`intermediate.py`, `targets.py`, `targets_xtreme_r.py` or `corpora.py` and list it in the tuple at the end of that file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.tasks.corpora import CORPORA
from workflow.scripts.tasks.intermediate import INTERMEDIATE_TASKS
from workflow.scripts.tasks.ranking_targets import RANKING_TARGETS
from workflow.scripts.tasks.targets import TARGET_TASKS
from workflow.scripts.tasks.targets_xtreme_r import XTREME_R_TARGETS
from workflow.scripts.tasks.task import SOURCE_LANGUAGE, SPLITS, Family, Origin, Role, Task

__all__ = [
    "SOURCE_LANGUAGE",
    "SPLITS",
    "TASKS",
    "Family",
    "Origin",
    "Role",
    "Task",
    "find_task",
    "register",
    "restore_task",
]


def register(tasks: Iterable[Task]) -> Mapping[str, Task]:
    """Return the tasks by name.

    Raises:
        ValueError: two tasks have one name, or a target names a training task that does not exist.
    """
    by_name: dict[str, Task] = {}
    for task in tasks:
        if task.name in by_name:
            raise ValueError(f"two tasks are named '{task.name}'")
        by_name[task.name] = task
    for task in by_name.values():
        for name in (task.train_task, *task.official_train_tasks):
            if name is not None and not by_name[name].train:
                raise ValueError(f"'{task.name}' trains on '{name}', which has no training split")
    return by_name


TASKS = register((*INTERMEDIATE_TASKS, *TARGET_TASKS, *XTREME_R_TARGETS, *RANKING_TARGETS, *CORPORA))


def find_task(name: str) -> Task:
    """Return the task called `name`.

    Raises:
        UserError: there is none; the nearest valid name is given.
    """
    if name not in TASKS:
        raise UserError(f"unknown task '{name}'; known: {', '.join(TASKS)}.{nearest(name, TASKS)}")
    return TASKS[name]


def restore_task(name: str, identity: Mapping[str, Any]) -> Task:
    """Return a task with the origins and training languages of an identity (`Task.identity`).

    Raises:
        UserError: there is no such task.
    """
    given = {split: identity.get(split, ()) for split in SPLITS}
    languages = tuple(identity.get("train_languages", (SOURCE_LANGUAGE,)))
    return replace(find_task(name).with_origins(given), train_languages=languages)
