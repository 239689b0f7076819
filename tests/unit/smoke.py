"""The smallest configuration, and variations of it."""

from copy import deepcopy
from pathlib import Path

import yaml

from workflow.scripts.specifications import Specifications
from workflow.scripts.study import Study

SMOKE = yaml.safe_load(Path("tests/config/smoke.yaml").read_text())


def edited(node, path, value=None, delete=False):
    """Set or delete what lies at a path of keys; return the whole."""
    whole = node
    for key in path[:-1]:
        node = node.setdefault(key, {})
    if delete:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return whole


def changed(*path, value=None, delete=False):
    return edited(deepcopy(SMOKE), path, value, delete)


def specify(config):
    return Specifications(Study(config))
