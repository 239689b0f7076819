"""The names of sources: an intermediate task or a mixture, and how much of its training there is.

    mnli               all its examples, for as many epochs as the configuration says
    mnli-n1000         a nested subset of 1,000 training examples (of every task, where `mnli` is a mixture)
    mnli-s2048         2,048 optimiser steps
    mnli-n1000-s2048   both
    mnli-d2048         2,048 steps in a run of their own, whose learning rate falls over all of them
    mnli-t1000         any source, after which targets are fine-tuned on 1,000 examples (studies of data size)

Sources that differ in their steps alone branch off one trunk, which is made in segments. A segment ends where the
branch of one duration leaves the trunk, and begins with the state that the duration before it left there. Which one is
before it is a function of the duration, not of the study: another duration in the study makes no segment stale.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.tasks import TASKS, Role

NONE = "none"
"""The source without intermediate training."""

SHORTEST = 64
"""Steps of the shortest duration of the ladder; every further one is twice as long."""

_SUFFIX = r"-[nsd](?:[^A-Za-z-][^-]*)?"
"""What is meant as a number of examples or steps, right or wrong: `-n1000`, `-s`, `-n1k`, but not `-nli`."""


@dataclass(frozen=True, slots=True)
class SourceName:
    """The parts of a source's name.

    Args:
        base: intermediate task or mixture.
        examples: training examples of every task, None for all.
        steps: optimiser steps, None for epochs.
        decayed: whether the steps are a run of their own, no branch of a trunk.
    """

    base: str
    examples: int | None = None
    steps: int | None = None
    decayed: bool = False

    def __str__(self) -> str:
        """Return the name itself."""
        examples = "" if self.examples is None else f"-n{self.examples}"
        letter = "d" if self.decayed else "s"
        return f"{self.base}{examples}" + ("" if self.steps is None else f"-{letter}{self.steps}")

    @property
    def trajectory(self) -> str:
        """The name without the steps, which all sources of one trunk have in common."""
        return str(replace(self, steps=None, decayed=False))

    def preceding(self) -> "SourceName | None":
        """Return the duration whose segment of the trunk comes before this one's, None for the first segment."""
        before = None if self.steps is None or self.decayed else predecessor(self.steps)
        return None if before is None else replace(self, steps=before)

    def segments(self) -> "list[SourceName]":
        """Return the durations whose segments lead to this one's branch, this one last; none without steps."""
        before = self.preceding()
        return [] if self.steps is None or self.decayed else [*(before.segments() if before else ()), self]


def predecessor(steps: int) -> int | None:
    """Return the longest duration of the ladder 64, 128, 256, ... that is shorter, None where there is none."""
    if steps <= SHORTEST:
        return None
    doublings = ((steps - 1) // SHORTEST).bit_length() - 1
    return SHORTEST << doublings


def bases(mixtures: Iterable[str]) -> list[str]:
    """Return what sources may be trained on: all intermediate tasks, and mixtures."""
    return [*(name for name, task in TASKS.items() if task.role is Role.INTERMEDIATE), *mixtures]


def parse(name: str, known: Collection[str], key: str = "sources") -> SourceName:
    """Return the parts of a source's name; a whole name that is known is a base by itself (`mnli-mlm`).

    Args:
        name: of the source.
        known: intermediate tasks and mixtures.
        key: where it stands in the configuration, for the message.

    Raises:
        UserError: its base is not known, or a number is none.
    """
    found = split(name, known)
    if found.base not in known:
        raise UserError(f"config: {key} = '{name}' {_explain(name, known)}")
    return found


def split(name: str, known: Collection[str]) -> SourceName:
    """Return the parts of a name whose base may be unknown."""
    if name in known:
        return SourceName(name)
    rest, steps = _without_number(name, "s")
    decayed = steps is None
    if decayed:
        rest, steps = _without_number(name, "d")
        decayed = steps is not None
    if rest in known:
        return SourceName(rest, steps=steps, decayed=decayed)
    base, examples = _without_number(rest, "n")
    return SourceName(base, examples, steps, decayed)


def without_target_size(name: str) -> tuple[str, int | None]:
    """Return a source's name without the number of examples that targets are fine-tuned on, and that number."""
    return _without_number(name, "t")


def _without_number(name: str, letter: str) -> tuple[str, int | None]:
    """Return a name without the number at its end, and the number."""
    found = re.fullmatch(rf"(.+)-{letter}([1-9][0-9]*)", name)
    return (found[1], int(found[2])) if found else (name, None)


def _explain(name: str, known: Collection[str]) -> str:
    """Return what is wrong with a name, what was expected, and the nearest valid name."""
    found = re.fullmatch(rf"(.+?)((?:{_SUFFIX})+)", name)
    if not found:
        return f"is no known source; expected one of none, {', '.join(known)}.{nearest(name, ['none', *known])}"
    base, suffixes = found.groups()
    parts = re.findall(_SUFFIX, suffixes)
    wrong = [part for part in parts if not re.fullmatch("-[nsd][1-9][0-9]*", part)]
    if base not in known:
        hint = nearest(name, [f"{base}{suffixes}" for base in known])
        return f"varies '{base}', which is no intermediate task or mixture; expected one of {', '.join(known)}.{hint}"
    if wrong:
        number, example = ("examples", "-n1000") if wrong[0][1] == "n" else ("steps", "-s1024")
        return f"has '{wrong[0]}' for a number of {number}; expected a whole number from 1 on, such as {base}{example}"
    kinds = {part[1].replace("d", "s") for part in parts}
    hint = f" Did you mean '{base}{''.join(sorted(parts))}'?" if len(kinds) == len(parts) else ""
    return f"has {' and '.join(parts)}; expected one -n at most, then one -s at most.{hint}"
