from dataclasses import replace

import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.tasks import TASKS, Family, Origin, Role, find_task, register, restore_task
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES, select_languages

PAPER_SOURCES = ["anli", "mnli", "qqp", "squad_v2", "squad_v1", "hellaswag", "ccg", "cosmosqa", "csqa"]
XTREME = {
    "xnli": 15,
    "pawsx": 7,
    "udpos": 33,
    "panx": 40,
    "xquad": 11,
    "mlqa": 7,
    "tydiqa": 9,
    "bucc2018": 4,
    "tatoeba": 36,
}


def test_the_papers_tasks_are_there_in_its_order():
    intermediate = [task.name for task in TASKS.values() if task.role is Role.INTERMEDIATE]
    assert intermediate[: len(PAPER_SOURCES)] == PAPER_SOURCES
    assert intermediate[len(PAPER_SOURCES) :] == ["mnli-translated", "qqp-translated", "hellaswag-translated"]
    assert [task.name for task in TASKS.values() if task.role is Role.TARGET] == list(XTREME)


@pytest.mark.parametrize(("name", "count"), XTREME.items())
def test_targets_have_xtremes_languages(name, count):
    languages = TASKS[name].languages
    assert len(set(languages)) == len(languages) == count
    select_languages(languages, NATURAL_LANGUAGES)


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_every_literal_is_complete(task):
    assert task.title
    assert task.licence
    assert task.citation
    assert task.version >= 1
    assert task.splits
    assert bool(task.metrics) == (task.family is not Family.TEXT)
    if task.role is Role.TARGET and task.fine_tuned:
        assert TASKS[task.train_task or task.name].train


def test_targets_that_share_a_training_set_name_it():
    shared = {name: TASKS[name].train_task for name in TASKS if TASKS[name].train_task}
    assert shared == {"xnli": "mnli", "xquad": "squad_v1", "mlqa": "squad_v1"}


def test_identity_follows_what_changes_rows_and_nothing_else():
    task = TASKS["mnli"]
    assert replace(task, title="Other", licence="?", citation="?").identity() == task.identity()
    assert replace(task, labels=task.labels[::-1]).identity() != task.identity()
    assert replace(task, version=2).identity() != task.identity()
    moved = (Origin(repository="other/glue", config="mnli", split="train"),)
    assert replace(task, train=moved).identity() != task.identity()


def test_two_tasks_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two tasks are named 'mnli'"):
        register([TASKS["mnli"], TASKS["mnli"]])


def test_a_training_task_without_training_data_is_refused():
    with pytest.raises(ValueError, match="has no training split"):
        register([TASKS["tatoeba"], replace(TASKS["xnli"], train_task="tatoeba")])


def test_unknown_names_get_the_nearest():
    with pytest.raises(UserError, match="Did you mean 'mnli'"):
        find_task("mnlii")
    with pytest.raises(UserError, match="Did you mean 'de'"):
        select_languages(["dee"], NATURAL_LANGUAGES)


def test_identity_leaves_defaults_out_and_can_be_restored():
    task = replace(TASKS["mnli-translated"], train_languages=("fr",))
    identity = task.identity()
    assert "first" not in identity["train"][0]
    assert "unanswerable" not in identity
    assert restore_task("mnli-translated", identity) == task
    moved = TASKS["mnli"].with_origins({"dev": [{"repository": "a/b", "config": "c", "split": "d[:10]", "first": 2}]})
    assert restore_task("mnli", moved.identity()) == moved


def test_published_sizes_name_splits_and_languages_of_their_task():
    for task in TASKS.values():
        assert set(task.sizes) <= set(task.splits), task.name
        for sizes in task.sizes.values():
            assert isinstance(sizes, int) or set(sizes) <= set(task.languages), task.name
