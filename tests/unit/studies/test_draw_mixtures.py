"""Mixtures of random tasks."""

import numpy as np
import pytest
import yaml

from workflow.scripts.draw_mixtures import main, random_subsets
from workflow.scripts.errors import UserError

TASKS = ["mnli", "squad_v2", "ccg", "hellaswag"]


def test_the_lines_are_mixtures_of_a_configuration(capsys):
    arguments = ["--tasks", *TASKS, "--sizes", "2", "3", "--draws", "3"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    found = {name: mixture["tasks"] for name, mixture in yaml.safe_load(printed).items()}
    assert list(found) == ["multi2a", "multi2b", "multi2c", "multi3a", "multi3b", "multi3c"]
    assert all(len(tasks) == int(name[5]) == len(set(tasks)) for name, tasks in found.items())
    assert len({tuple(tasks) for tasks in found.values()}) == 6
    assert main(arguments) == 0
    assert capsys.readouterr().out == printed
    assert main([*arguments, "--seed", "2"]) == 0
    assert capsys.readouterr().out != printed


def test_all_subsets_are_as_likely():
    rng = np.random.default_rng(0)
    drawn = [subset for _ in range(600) for subset in random_subsets(TASKS, 2, 1, rng)]
    assert {drawn.count(subset) for subset in set(drawn)} <= set(range(60, 150))
    assert len(set(drawn)) == 6


@pytest.mark.parametrize(("size", "draws"), [(2, 7), (2, 0), (1, 1), (5, 1)])
def test_more_than_there_are_is_refused(size, draws):
    with pytest.raises(UserError, match="different mixtures"):
        random_subsets(TASKS, size, draws, np.random.default_rng(0))


def test_a_task_that_is_none_is_named():
    with pytest.raises(UserError, match="Did you mean 'mnli'"):
        main(["--tasks", "mnl", "ccg", "--sizes", "2"])
