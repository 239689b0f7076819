"""Checks of mixtures: what a source trains on that is no single task, and which source it begins after."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from workflow.scripts import source_names
from workflow.scripts.errors import UserError
from workflow.scripts.tasks import TASKS

Settings = Mapping[str, Any]


def check_mixtures(mixtures: Settings, known: Collection[str]) -> None:
    """Check what one key of a mixture demands of another.

    Args:
        mixtures: by name.
        known: all names of intermediate tasks and mixtures.

    Raises:
        UserError: a mixture trains on nothing that a source is not by itself, on shares that leave no steps for its
            tasks, or after a source that there is not.
    """
    for name, mixture in mixtures.items():
        if name == source_names.NONE or name in TASKS:
            raise UserError(
                f"config: mixtures.{name} has the name of {'the baseline' if name == 'none' else 'a task'}; rename it"
            )
        if not mixture["tasks"] and not mixture["corpora"]:
            raise UserError(f"config: mixtures.{name} has neither tasks nor corpora; expected some")
        if len(mixture["tasks"]) == 1 and not mixture["corpora"] and not mixture["after"]:
            raise UserError(f"config: mixtures.{name} has one task and no corpora; a single task is a source by itself")
        if mixture["tasks"] and sum(mixture["corpora"].values()) >= 1:
            raise UserError(
                f"config: the shares in mixtures.{name}.corpora add up to {sum(mixture['corpora'].values()):g}; "
                "expected less than 1, the rest of the steps is the tasks'"
            )
        if mixture["languages"] and not mixture["corpora"]:
            raise UserError(f"config: mixtures.{name}.languages limits corpora, of which it has none")
        if mixture["after"]:
            source_names.parse(mixture["after"], known, f"mixtures.{name}.after")
    for name in mixtures:
        chain(name, mixtures, known)
    check_durations((mixture["after"] for mixture in mixtures.values() if mixture["after"]), mixtures, known)


def check_durations(sources: Iterable[str], mixtures: Settings, known: Collection[str]) -> None:
    """Check that sources without tasks have a number of steps, as nothing else says how long they are.

    Raises:
        UserError: one has not.
    """
    for source in sources:
        parts = source_names.split(source_names.without_target_size(source)[0], known)
        mixture = mixtures.get(parts.base)
        if mixture and not mixture["tasks"] and parts.steps is None:
            raise UserError(
                f"config: the source '{source}' has corpora and no tasks, so that nothing says how long it is; give "
                f"its steps, as {source}-d1000"
            )


def chain(source: str, mixtures: Settings, known: Collection[str]) -> list[str]:
    """Return the sources that a source comes after, the last one first; none if it begins with the pretrained model.

    Raises:
        UserError: a source comes after itself.
    """
    found: list[str] = []
    at = source
    while after := mixtures.get(source_names.split(at, known).base, {}).get("after", ""):
        if after in found or source_names.split(after, known).base == source_names.split(source, known).base:
            way = " after ".join([source, *found, after])
            raise UserError(f"config: mixtures: '{source}' comes after itself ({way})")
        found.append(after)
        at = after
    return found
