"""Every task's repository layout is read as it was written, from rows of the laboratory."""

import pytest

from workflow.scripts.tasks import TASKS
from workflow.scripts.tasks.languages import Language
from workflow.scripts.tasks.parallel_schemas import PoolSchema
from workflow.scripts.tasks.schemas import PairSchema, RowError, SpanSchema, TaggingSchema, choice_index

QAC = Language("qac", "Cazhdan", "qac", "Cyrillic", "Slavic-like")


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_reading_inverts_writing(task, world):
    split = "train" if task.train else "test"
    rows = list(world.rows(task.laboratory, split=split, languages=["qac"], examples=20, stream=task.name))
    read = [row for written in task.schema.write(rows, QAC) for row in task.schema.read(written)]
    assert len(read) == len(rows)
    for before, after in zip(rows, read, strict=True):
        compared = {name for name in after if name not in {"id", "language_name", "gold"}}
        assert compared
        assert {name: after[name] for name in compared} == {name: before[name] for name in compared}


def test_gold_pairs_of_a_pool_survive_renumbering(world):
    rows = list(world.rows("mining", split="dev", languages=["qac"], examples=20, stream="bucc2018"))
    (written,) = PoolSchema().write(rows, QAC)
    text = {row["id"]: row["text_a"] for row in rows}
    before = {(row["text_a"], text[gold]) for row in rows for gold in row["gold"]}
    after = {(written["sentence1"][i - 1], written["sentence2"][j - 1]) for i, j in written["gold"]}
    assert before == after
    assert before


def test_labels_as_ids_names_and_unlabelled_rows():
    schema = PairSchema(text_a="a", text_b="b", classes=("yes", "no"), dropped=(-1,))
    assert next(schema.read({"a": "x", "b": "y", "label": 1}))["label"] == "no"
    assert next(schema.read({"a": "x", "b": "y", "label": "yes"}))["label"] == "yes"
    assert list(schema.read({"a": "x", "b": "y", "label": -1})) == []
    with pytest.raises(RowError, match=r"label 2 is outside .* yes, no"):
        list(schema.read({"a": "x", "b": "y", "label": 2}))
    with pytest.raises(RowError, match="Did you mean 'yes'"):
        list(schema.read({"a": "x", "b": "y", "label": "yess"}))


def test_an_answer_has_to_stand_where_its_offset_says():
    row = {"id": "1", "context": "a red fox", "question": "?", "answers": {"text": ["red"], "answer_start": [3]}}
    with pytest.raises(RowError, match="'red' is not at offset 3: 'ed ' stands there"):
        list(SpanSchema().read(row))


def test_words_and_tags_have_to_match():
    with pytest.raises(RowError, match="2 words in 'tokens' but 1 tags in 'pos_tags'"):
        list(TaggingSchema(tags="pos_tags").read({"tokens": ["a", "b"], "pos_tags": ["X"]}))
    assert list(TaggingSchema(tags="pos_tags").read({"tokens": [], "pos_tags": []})) == []


def test_gold_pairs_count_from_one():
    with pytest.raises(RowError, match=r"\[0, 1\] is outside the pool of 1 x 1"):
        list(PoolSchema().read({"sentence1": ["a"], "sentence2": ["b"], "gold": [[0, 1]]}))


@pytest.mark.parametrize("value", ["4", "-1", "", "a", 4, None])
def test_a_choice_outside_the_choices_is_refused(value):
    with pytest.raises(RowError, match="expected a number from 0 to 3"):
        choice_index(value, 4)
