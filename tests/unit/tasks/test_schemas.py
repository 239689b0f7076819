"""Every task's repository layout is read as it was written, from rows of the laboratory."""

from collections import Counter

import pytest

from workflow.scripts.sources.canonical import join_gold
from workflow.scripts.tasks import TASKS
from workflow.scripts.tasks.choice_schemas import AlternativesSchema, NumberedAnswersSchema
from workflow.scripts.tasks.languages import Language
from workflow.scripts.tasks.parallel_schemas import PoolSchema
from workflow.scripts.tasks.schemas import (
    DroppedRowError,
    PairSchema,
    RowError,
    SpanSchema,
    TaggingSchema,
    choice_index,
)

QAC = Language("qac", "Cazhdan", "qac", "Cyrillic", "Slavic-like")


# Mewsli-X repeats entities in its pairs: see test_ranking_schemas
@pytest.mark.parametrize(
    "task", [task for task in TASKS.values() if task.name != "mewslix"], ids=lambda task: task.name
)
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


def squad(context, *answers):
    texts, starts = zip(*answers, strict=True) if answers else ((), ())
    row = {"id": "1", "context": context, "question": "?", "answers": {"text": [*texts], "answer_start": [*starts]}}
    (canonical,) = SpanSchema().read(row)
    return [(answer["text"], answer["start"]) for answer in canonical["answers"]], "repaired" in canonical


def test_answers_at_their_offsets_stay_as_they_are():
    assert squad("a red fox, a red hen", ("red", 13), ("a", 0)) == ([("red", 13), ("a", 0)], False)
    assert squad("a red fox") == ([], False)


def test_an_answer_beside_its_offset_moves_to_the_one_place_it_has():
    assert squad("a red fox", ("red", 3)) == ([("red", 2)], True)
    assert squad("a red fox, a red hen", ("red", 3), ("hen", 17)) == ([("hen", 17)], True)


@pytest.mark.parametrize("context", ["a red fox, a red hen", "a fox"])
def test_an_answer_without_one_place_leaves_its_row_out(context):
    with pytest.raises(DroppedRowError, match="neither at its offset nor at one other place"):
        squad(context, ("red", 3))


def test_malformed_rows_of_pawsx_are_left_out():
    schema = TASKS["pawsx"].schema
    assert list(schema.read({"sentence1": "a", "sentence2": "NS", "label": "0"}))  # untranslated, but scored officially
    for row in ({"sentence1": "", "sentence2": "b", "label": "1"}, {"sentence1": "a", "sentence2": "b", "label": "x"}):
        with pytest.raises(DroppedRowError, match="malformed row"):
            list(schema.read(row))


def test_parts_of_a_mining_pool_are_joined():
    schema = PoolSchema()
    rows = [
        {"id": "zh-1", "text": "A"},
        {"id": "zh-2", "text": "B"},
        {"id": "en-9", "text": "b "},
        {"source_sentence": "B", "target_sentence": "b"},
        {"source_sentence": "C", "target_sentence": "b"},
    ]
    read = [item | {"language": "zh"} for row in rows for item in schema.read(row)]
    repairs = Counter()
    joined = join_gold(read, repairs)
    assert [(row["id"], row["side"], row["gold"]) for row in joined] == [
        ("zh-1", "foreign", []),
        ("zh-2", "foreign", ["en-9"]),
        ("en-9", "english", []),
    ]
    assert repairs == {"dropped: gold pair whose sentences are not in the pool": 1}


def test_social_iqa_counts_its_answers_from_one():
    row = {"context": "A did it.", "question": "Why?", "answerA": "a", "answerB": "b", "answerC": "c"}
    read = NumberedAnswersSchema().read
    assert list(read(row | {"label": "3\n"})) == [{"text_a": "A did it. Why?", "choices": ["a", "b", "c"], "label": 2}]
    for label in ("0", "4", "", None, "B"):
        with pytest.raises(RowError, match="expected a number from 1 to 3"):
            list(read(row | {"label": label}))


def test_copa_asks_in_english_for_the_cause_or_the_effect():
    row = {"premise": "Qhari yaku pilitata kicharurqan.", "choice1": "x", "choice2": "y", "label": 1, "idx": 0}
    (read,) = AlternativesSchema().read(row | {"question": "effect"})
    assert read["text_a"] == "Qhari yaku pilitata kicharurqan. What was the effect?"
    assert (read["choices"], read["label"]) == (["x", "y"], 1)
    with pytest.raises(RowError, match=r"'efect' is neither cause nor effect.*Did you mean 'effect'"):
        list(AlternativesSchema().read(row | {"question": "efect"}))
    (named,) = AlternativesSchema().read(row | {"question": "cause", "label": "choice2"})  # SuperGLUE's class names
    assert named["label"] == 1
    with pytest.raises(RowError, match="label -1 is outside"):  # SuperGLUE's test set
        list(AlternativesSchema().read(row | {"question": "cause", "label": -1}))


def test_lines_of_a_treebank_that_are_no_words_are_left_out():
    schema = TASKS["udpos38"].schema
    lines = {  # one fused form with its two words, and an empty node
        "tokens": ["do", "domu", "zum", "zu", "dem", "ging", "."],
        "upos": [2, 0, 13, 2, 8, 16, 1],
        "head": ["2", "0", "None", "2", "2", "None", "2"],
    }
    (read,) = schema.read(lines)
    assert read["tokens"] == ["do", "domu", "zu", "dem", "."]
    assert read["tags"] == ["ADP", "NOUN", "ADP", "DET", "PUNCT"]
    assert list(schema.read({"tokens": ["a"], "pos_tags": [15]})) == [{"tokens": ["a"], "tags": ["VERB"]}]
    with pytest.raises(RowError, match="7 words in 'tokens' but 6 tags in 'upos'"):
        list(schema.read(lines | {"upos": lines["upos"][1:]}))


def test_translation_pairs_under_both_repositories_names():
    schema = TASKS["tatoeba41"].schema
    expected = [{"text_a": "labas", "text_b": "hello"}]
    assert list(schema.read({"source_sentence": "labas\n", "target_sentence": "hello\n"})) == expected
    assert list(schema.read({"sentence1": "labas", "sentence2": "hello"})) == expected


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
