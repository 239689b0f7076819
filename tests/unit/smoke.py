"""The smallest configuration, and variations of it."""

from copy import deepcopy
from pathlib import Path

import yaml

from workflow.scripts.specifications import Specifications
from workflow.scripts.study import Study

SMOKE = yaml.safe_load(Path("tests/config/smoke.yaml").read_text())


def changed(*path, value=None, delete=False):
    config = deepcopy(SMOKE)
    node = config
    for key in path[:-1]:
        node = node[key]
    if delete:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return config


def specify(config):
    return Specifications(Study(config))
