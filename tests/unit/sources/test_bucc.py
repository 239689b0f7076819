"""The pools of BUCC 2018 in the files of the shared task: read as written; damage is told with file and line."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workflow.scripts.errors import UserError
from workflow.scripts.sources import bucc
from workflow.scripts.tasks import TASKS
from workflow.scripts.tasks.languages import Language

GERMAN = Language("de", "German", "deu", "Latin", "Germanic")

FILES = {
    "de": "de-7\tEs regnet.\nde-9\tDer Hund ruht.\n",
    "en": "en-2\tA storm.\nen-5\tIt rains.\nen-3\tThe dog rests.\n",
    "gold": "de-9\ten-3\nde-7\ten-5\n",
}

ROWS = [
    {"id": "foreign-1", "side": "foreign", "text_a": "Es regnet.", "gold": ["english-2"]},
    {"id": "foreign-2", "side": "foreign", "text_a": "Der Hund ruht.", "gold": ["english-3"]},
    {"id": "english-1", "side": "english", "text_a": "A storm.", "gold": []},
    {"id": "english-2", "side": "english", "text_a": "It rains.", "gold": []},
    {"id": "english-3", "side": "english", "text_a": "The dog rests.", "gold": []},
]


def write(folder, *, place="de-en", sample=FILES, training=FILES, end="\n"):
    pair = folder / place
    pair.mkdir(parents=True)
    for name, files in (("sample", sample), ("training", training)):
        for ending, text in files.items():
            (pair / f"de-en.{name}.{ending}").write_bytes(text.replace("\n", end).encode("utf-8"))
    return pair


sentence = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), min_size=1, max_size=8)
side = st.lists(sentence, min_size=1, max_size=5)


@st.composite
def pools(draw):
    """Return a row of the repository's layout: two sides, and pairs of numbers from 1."""
    foreign, english = draw(side), draw(side)
    pair = st.tuples(st.integers(1, len(foreign)), st.integers(1, len(english)))
    gold = draw(st.lists(pair, min_size=1, max_size=6, unique=True))
    return {"sentence1": foreign, "sentence2": english, "gold": sorted(map(list, gold))}


def files_of(pool, names):
    """Return the shared task's files of a pool; `names` are the two prefixes of ids."""
    foreign, english = names
    return {
        "de": "".join(f"{foreign}{i:09}\t{text}\n" for i, text in enumerate(pool["sentence1"], start=1)),
        "en": "".join(f"{english}{j:09}\t{text}\n" for j, text in enumerate(pool["sentence2"], start=1)),
        "gold": "".join(f"{foreign}{i:09}\t{english}{j:09}\n" for i, j in pool["gold"]),
    }


ODD = {
    "sentence1": ["a\u2028b", "c\td", "\u00a0"],
    "sentence2": ["e\u0085", "\x0c f "],
    "gold": [[1, 1], [1, 2], [3, 1]],
}


@given(pool=pools(), end=st.sampled_from(["\n", "\r\n"]), names=st.sampled_from([("de-", "en-"), ("", "")]))
@example(pool=ODD, end="\r\n", names=("de-", "en-"))
def test_reading_inverts_writing(tmp_path_factory, pool, end, names):
    folder = tmp_path_factory.mktemp("bucc")
    write(folder, training=files_of(pool, names), end=end)
    splits = bucc.read_pools(folder, "de")
    schema = TASKS["bucc2018"].schema
    assert list(splits) == ["dev", "test"]
    assert splits["test"] == list(schema.read(pool))
    assert schema.write(splits["test"], GERMAN) == [pool]


@pytest.mark.parametrize("place", ["de-en", "bucc2018/de-en"])
def test_sample_is_dev_and_training_is_test(tmp_path, place):
    other = {"de": "x\tJa.\n", "en": "y\tYes.\n", "gold": "x\ty\n\n\n"}
    write(tmp_path, place=place, training=other)
    splits = bucc.read_pools(tmp_path, "de")
    assert splits["dev"] == ROWS
    assert [row["text_a"] for row in splits["test"]] == ["Ja.", "Yes."]


def test_a_pair_need_not_be_in_any_order(tmp_path):
    write(tmp_path, sample=FILES | {"gold": "de-7\ten-5\nde-7\ten-2\n"})
    dev = bucc.read_pools(tmp_path, "de")["dev"]
    assert [row["gold"] for row in dev] == [["english-2", "english-1"], [], [], [], []]


@pytest.mark.parametrize(
    ("ending", "text", "message"),
    [
        (
            "de",
            "de-7\tEs regnet.\nde-9 Der Hund ruht.\n",
            "sample.de, line 2: found 'de-9 Der Hund ruht.'; expected id",
        ),
        ("de", "\tEs regnet.\n", "sample.de, line 1: found '\tEs regnet.'; expected id and sentence with a tab"),
        ("en", "en-2\tA.\n\nen-5\tIt.\n", "sample.en, line 2: found ''; expected id and sentence"),
        ("en", "en-2\tA.\nen-5\tB.\nen-2\tC.\n", "sample.en, line 3: id 'en-2' stands in line 1 already"),
        ("en", "\n", "sample.en is empty"),
        ("gold", "", "sample.gold is empty"),
        ("gold", "de-7\ten-5\nde-9\ten-4\n", r"sample.gold, line 2: there is no id 'en-4' in .*sample\.en;"),
        ("gold", "de-8\ten-5\n", r"sample.gold, line 1: there is no id 'de-8' in .*sample\.de;"),
        ("gold", "en-5\tde-7\n", "line 1 names the English sentence 'en-5' before the foreign 'de-7'; .* exchange"),
        ("gold", "de-7 en-5\n", "sample.gold, line 1: found 'de-7 en-5'; expected foreign id and English id"),
    ],
)
def test_a_line_that_does_not_fit(tmp_path, ending, text, message):
    write(tmp_path, sample=FILES | {ending: text})
    with pytest.raises(UserError, match=message):
        bucc.read_pools(tmp_path, "de")


def test_other_encodings_are_refused(tmp_path):
    pair = write(tmp_path)
    (pair / "de-en.training.de").write_bytes("de-1\tJa.\nde-2\tSch\u00f6n.\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"de-en\.training\.de, line 2 is not UTF-8 \(byte 0xf6\)"):
        bucc.read_pools(tmp_path, "de")


def test_both_splits_are_needed(tmp_path):
    pair = write(tmp_path, training={})
    message = (
        r"has no de-en\.training\.de and no de-en\.training\.en and no de-en\.training\.gold; "
        r"it has de-en\.sample\.de, .* Expected .*de-en\.sample\.gold \(dev, .*de-en\.training\.gold \(test\)"
    )
    with pytest.raises(UserError, match=message):
        bucc.read_pools(tmp_path, "de")
    (pair / "de-en.sample.gold").unlink()
    with pytest.raises(UserError, match=r"has no de-en\.sample\.gold and no"):
        bucc.read_pools(tmp_path, "de")


def test_a_missing_pair_is_told_with_what_is_there(tmp_path):
    write(tmp_path)
    with pytest.raises(UserError, match=r"no folder fr-en or bucc2018/fr-en; it has de-en\. Unpack"):
        bucc.read_pools(tmp_path, "fr")
