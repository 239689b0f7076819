"""How test rows are found in training data: against a definition that is written out row by row."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.scripts.sources.canonical import COLUMNS, to_table
from workflow.scripts.sources.overlap import (
    INPUTS,
    TRIVIAL,
    Count,
    collect_texts,
    count_overlap,
    hash_text,
    normalise,
    total,
)
from workflow.scripts.tasks import Family

FIRST = "The committee met on Tuesday to decide."
SECOND = "Nobody from the committee was in town."
THIRD = "A third sentence that is long enough."


def collect(family, rows, size=1000):
    table = to_table(family, [{"id": str(number), "language": "en", **row} for number, row in enumerate(rows)])
    return collect_texts(family, table.to_batches(max_chunksize=size))


def pairs(*texts, language="en"):
    return collect(Family.CLASSIFICATION, [{"language": language, "text_a": a, "text_b": b} for a, b in texts])


def counts(train, test):
    return count_overlap(train, test)["en"]


def test_every_family_with_inputs_names_its_columns():
    assert set(INPUTS) == set(Family) - {Family.TEXT}
    assert all(set(columns) <= set(COLUMNS[family]) for family, columns in INPUTS.items())


def test_whole_rows_in_any_order_and_rows_with_one_text():
    train = pairs((FIRST, SECOND), (THIRD, "nothing else"))
    assert counts(train, pairs((FIRST, SECOND))) == Count(1, 1, 1)
    assert counts(train, pairs((SECOND, FIRST))) == Count(1, 1, 1)
    assert counts(train, pairs((FIRST, THIRD))) == Count(1, 0, 1), "both are known, but of different rows"
    assert counts(train, pairs((FIRST, "something new"))) == Count(1, 0, 1)
    assert counts(train, pairs(("something new", "something else"))) == Count(1, 0, 0)


def test_an_empty_text_is_no_text():
    train = pairs((FIRST, None), ("", SECOND))
    assert counts(train, pairs((FIRST, ""))) == Count(1, 1, 1)
    assert counts(train, pairs((FIRST, SECOND))) == Count(1, 0, 1)
    assert counts(train, pairs(("", None), (" \u3000", ""))) == Count(2, 0, 0)


def test_short_texts_prove_nothing_by_themselves():
    just_long, short = "x" * TRIVIAL, "x" * (TRIVIAL - 1)
    train = pairs((short, "yes"), (just_long, "no"))
    assert counts(train, pairs((short, "yes"))) == Count(1, 0, 0)
    assert counts(train, pairs((just_long, "new"))) == Count(1, 0, 1)
    assert counts(train, pairs((just_long, "no"))) == Count(1, 1, 1)
    assert counts(train, pairs((just_long, "yes"))) == Count(1, 0, 1), "short texts count towards whole rows"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("The  DOG\tran \n", "the dog ran"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("STRASSE", "straße"),
        ("e\u0301tude", "étude"),
        ("ﬁle", "file"),
    ],
)
def test_texts_are_compared_in_one_form(text, same):
    assert normalise(text) == normalise(same)


def test_keys_are_stable_and_different():
    assert hash_text("").to_bytes(8, "little").hex() == "e4a6a0577479b2b4"
    assert hash_text("a") != hash_text("b")


@pytest.mark.parametrize(
    ("family", "row", "texts"),
    [
        (Family.MULTIPLE_CHOICE, {"text_a": FIRST, "choices": [SECOND, THIRD], "label": 0}, [FIRST, SECOND, THIRD]),
        (Family.TAGGING, {"tokens": FIRST.split(), "tags": ["X"]}, [FIRST]),
        (Family.SPAN, {"context": FIRST, "question": SECOND, "answers": []}, [FIRST, SECOND]),
        (Family.RETRIEVAL, {"text_a": FIRST, "text_b": SECOND}, [FIRST, SECOND]),
        (Family.MINING, {"side": "foreign", "text_a": FIRST, "gold": []}, [FIRST]),
    ],
)
def test_the_inputs_of_each_family(family, row, texts):
    found = collect(family, [dict.fromkeys(row), row])
    assert sorted(found.keys.tolist()) == sorted(hash_text(normalise(text)) for text in texts)
    assert set(found.rows.tolist()) == {1}
    for text in texts:
        assert counts(pairs((text, "other")), found) == Count(2, int(len(texts) == 1), 1)


def test_rows_of_several_batches_are_told_apart():
    rows = [
        {"text_a": f"{FIRST} {n}", "text_b": f"{SECOND} {n}", "language": "de" if n > 3 else "en"} for n in range(7)
    ]
    train = collect(Family.CLASSIFICATION, rows, size=2)
    assert sorted(train.rows.tolist()) == sorted([*range(7), *range(7)])
    found = count_overlap(train, collect(Family.CLASSIFICATION, rows, size=3))
    assert found == {"de": Count(3, 3, 3), "en": Count(4, 4, 4)}
    assert total(found.values()) == Count(7, 7, 7)


def test_a_split_without_rows():
    nothing = collect_texts(Family.SPAN, [])
    assert count_overlap(pairs((FIRST, SECOND)), nothing) == {}
    assert counts(nothing, pairs((FIRST, SECOND))) == Count(1, 0, 0)


def test_a_missing_column_is_an_error():
    with pytest.raises(KeyError):
        collect_texts(Family.SPAN, pa.table({"language": ["en"], "question": ["?"]}).to_batches())


LETTERS = st.sampled_from(["", "a", "b", *("long " * 7 + letter for letter in "abcd")])
ROWS = st.lists(st.tuples(LETTERS, st.lists(LETTERS, max_size=3), st.sampled_from(["en", "de"])), max_size=12)


@given(train=ROWS, test=ROWS)
def test_counts_are_those_of_the_definition(train, test):
    found = [
        collect(Family.MULTIPLE_CHOICE, [{"text_a": a, "choices": c, "language": code} for a, c, code in rows], size=5)
        for rows in (train, test)
    ]
    known = [{text for text in (a, *choices) if text} for a, choices, _ in train]
    expected = {code: Count(0, 0, 0) for _, _, code in test}
    for a, choices, code in test:
        texts = {text for text in (a, *choices) if text}
        hit = any(len(text) >= TRIVIAL and text in row for text in texts for row in known)
        whole = hit and any(texts <= row for row in known)
        expected[code] += Count(1, int(whole), int(hit))
    assert count_overlap(*found) == expected


def test_memory_is_a_few_numbers_a_text():
    found = pairs(*((f"{FIRST} {n}", SECOND) for n in range(100)))
    assert [array.dtype for array in (found.keys, found.rows, found.trivial)] == [np.uint64, np.int64, np.bool_]
    assert len(found.keys) == 200
