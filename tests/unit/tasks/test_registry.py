import json
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
XTREME_R = {"xcopa": 11, "udpos38": 38, "panx48": 48, "xquad12": 12, "tatoeba41": 41, "lareqa": 11, "mewslix": 11}


def test_the_papers_tasks_are_there_in_its_order():
    intermediate = [task.name for task in TASKS.values() if task.role is Role.INTERMEDIATE]
    assert intermediate[: len(PAPER_SOURCES)] == PAPER_SOURCES
    translated = ["mnli-translated", "qqp-translated", "hellaswag-translated"]
    assert intermediate[len(PAPER_SOURCES) :] == [*translated, "siqa", "copa"]
    assert [task.name for task in TASKS.values() if task.role is Role.TARGET] == [*XTREME, *XTREME_R]


@pytest.mark.parametrize(("name", "count"), (XTREME | XTREME_R).items())
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
    assert shared == {
        **{"xnli": "mnli", "xquad": "squad_v1", "mlqa": "squad_v1"},
        **{"xcopa": "copa", "udpos38": "udpos", "panx48": "panx", "xquad12": "squad_v1"},
    }


def test_the_official_protocol_trains_in_two_steps_where_the_benchmark_does():
    assert TASKS["xcopa"].training_tasks("direct") == ("copa",)
    assert TASKS["xcopa"].training_tasks("official") == ("siqa", "copa")
    assert TASKS["tatoeba41"].training_tasks("direct") == ()
    assert TASKS["tatoeba41"].training_tasks("official") == ("squad_v1",)
    others = {name for name, task in TASKS.items() if task.training_tasks("direct") != task.training_tasks("official")}
    assert others == {"xcopa", "tatoeba41"}


def test_added_languages_come_from_other_repositories_and_no_language_is_without_one():
    for name in XTREME_R:
        task = TASKS[name]
        for language in task.languages:
            assert any(origin.serves(language) for origin in task.test), (name, language)
    treebanks = [origin.config for origin in TASKS["udpos38"].test if origin.serves("pl")]
    assert treebanks == ["pl_lfg", "pl_pdb", "pl_pud"]
    assert [origin.repository for origin in TASKS["panx48"].test if origin.serves("qu")] == ["unimelb-nlp/wikiann"]
    assert [origin.repository for origin in TASKS["panx48"].test if origin.serves("de")] == ["google/xtreme"]


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
    with pytest.raises(ValueError, match="'xcopa' trains on 'tatoeba', which has no training split"):
        register([TASKS["tatoeba"], TASKS["copa"], replace(TASKS["xcopa"], official_train_tasks=("tatoeba", "copa"))])


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
    assert not any(
        "languages" in origin for task in TASKS.values() if task.name in XTREME for origin in task.identity()["test"]
    )
    several = json.loads(json.dumps(TASKS["panx48"].identity()))
    assert several["test"][1]["languages"][0] == "qu"
    assert restore_task("panx48", several) == TASKS["panx48"]


def test_published_sizes_name_splits_and_languages_of_their_task():
    for task in TASKS.values():
        assert set(task.sizes) <= set(task.splits), task.name
        for sizes in task.sizes.values():
            assert isinstance(sizes, int) or set(sizes) <= set(task.languages), task.name
