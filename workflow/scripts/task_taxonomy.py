"""Similarities from what is known of the tasks: their class, their attributes, their place in a tree.

The card of the tasks is `reference/task_attributes.yaml`; an own file of the same form takes its place (config key
`similarity.card`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.files import parse_yaml

CARD = Path("reference/task_attributes.yaml")


@dataclass(frozen=True)
class Card:
    """What is known of the tasks.

    Attributes:
        classes: class by task.
        attributes: attributes by task.
        paths: groups from the root of the tree down to the task, by task; the root itself is left out.
    """

    classes: dict[str, str]
    attributes: dict[str, frozenset[str]]
    paths: dict[str, tuple[str, ...]]


def read_card(path: Path = CARD) -> Card:
    """Read the card of the tasks.

    Raises:
        UserError: the file is missing or not of this form, a task stands in one part only, or twice in the tree.
    """
    try:
        content = parse_yaml(path.read_text(encoding="utf-8"))
        tasks = {
            str(name): (str(facts["class"]), frozenset(map(str, facts["attributes"])))
            for name, facts in content["tasks"].items()
        }
        leaves = _leaves(content["tree"], ())
    except FileNotFoundError:
        raise UserError(f"{path} is missing; expected the card of the tasks (similarity.card)") from None
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is no card of tasks ({error!r}); expected the form of {CARD}") from error
    names = [path[-1] for path in leaves]
    for name in sorted({*names} ^ {*tasks}):
        raise UserError(f"{path}: '{name}' stands only in its {'tree' if name in names else 'tasks'}; expected in both")
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{path}: '{name}' stands {names.count(name)} times in the tree; expected once")
    classes = {name: kind for name, (kind, _) in tasks.items()}
    return Card(classes, {name: found for name, (_, found) in tasks.items()}, {path[-1]: path for path in leaves})


def _leaves(node: Any, above: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the paths to all tasks below a node: a mapping of groups, or a list of tasks."""
    if isinstance(node, Mapping):
        return [path for name, child in node.items() for path in _leaves(child, (*above, str(name)))]
    if not isinstance(node, list):
        raise TypeError(f"the tree has {node!r} where groups or a list of tasks are expected")
    return [(*above, str(name)) for name in node]


def same_class(card: Card, one: str, other: str) -> float:
    """Return 1 if two tasks are of one class, else 0."""
    return float(card.classes[one] == card.classes[other])


def jaccard(card: Card, one: str, other: str) -> float:
    """Return the share of the attributes of either task that both have, 0 to 1; of two without any, 0."""
    first, second = card.attributes[one], card.attributes[other]
    return len(first & second) / len(first | second) if first | second else 0.0


def wu_palmer(card: Card, one: str, other: str) -> float:
    """Return 2 d(lowest common group) / (d(one) + d(other)) in the tree, 1 for a task with itself; d(root) = 1.

    Source: Wu and Palmer (1994).
    """
    first, second = card.paths[one], card.paths[other]
    common = next((i for i, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), None)
    shared = min(len(first), len(second)) if common is None else common
    return 2 * (shared + 1) / (len(first) + len(second) + 2)


KINDS = {"class": same_class, "attributes": jaccard, "tree": wu_palmer}
"""The measures by name."""


def similarity(card: Card, kind: str, sources: Sequence[str], target: str) -> float:
    """Return the similarity of a source and a target, the mean over the tasks that the source mixes.

    Args:
        card: what is known of the tasks.
        kind: a key of `KINDS`.
        sources: the source's tasks.
        target: the target.

    Raises:
        UserError: the card lacks a task.
        ValueError: the source has no task.
    """
    if not sources:
        raise ValueError("a source without a task is similar to nothing")
    for name in (*sources, target):
        if name not in card.classes:
            raise UserError(
                f"the card of tasks has no '{name}'; add it to {CARD}, or name a card that has it with similarity.card."
                f"{nearest(name, card.classes)}"
            )
    return sum(KINDS[kind](card, *pair) for pair in product(sources, [target])) / len(sources)
