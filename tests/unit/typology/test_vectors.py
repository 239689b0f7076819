"""The shipped vectors: whole, of every language, and the policy on codes."""

import re
from pathlib import Path

import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.files import sha256
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES
from workflow.scripts.typology.vectors import EQUIVALENT, PARTS, candidates, content, read_vectors

FOLDER = Path(__file__).resolve().parents[3] / "reference" / "typology"
NOTHING = {
    "syntax": {"ht", "kk"},
    "phonology": {"af", "et", "ht", "it", "ml", "mr", "nl", "pa", "pt", "ta", "uk", "ur"},
    "inventory": {"et", "ht", "kk"},
    "genealogy": {"eu"},
    "geography": set(),
}
"""The languages of which nothing is observed: Basque is an isolate, without groups."""


@pytest.fixture(scope="module")
def vectors():
    return read_vectors(FOLDER)


def table(folder, features="feature,source,eng,deu\nS_A,WALS,1,0\n", languages=None):
    """Write the two tables and return their folder."""
    folder.mkdir(exist_ok=True)
    (folder / "features.csv").write_text(features)
    (folder / "languages.csv").write_text(languages or "code,latitude,longitude,inventories,groups\neng,53,-1,,A|B\n")
    return folder


def test_the_tables_are_those_that_the_readme_names():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| `(\w+\.csv)` .*`([0-9a-f]{64})` \|$", readme, flags=re.MULTILINE))
    assert stated == {name: sha256(FOLDER / name) for name in ("features.csv", "languages.csv")}


def test_the_features_are_those_of_uriel(vectors):
    assert {part: len(names) for part, names in vectors.features.items()} == {
        "syntax": 103, "phonology": 28, "inventory": 158,
    }  # fmt: skip
    codes = {code for row in NATURAL_LANGUAGES.values() for code in candidates(row.iso639_3)}
    assert len(codes) == 59
    for part in PARTS:
        assert set(vectors.values[part]) == codes


@pytest.mark.parametrize("part", NOTHING)
def test_every_language_is_there_or_named_as_missing(vectors, part):
    missing = {code for code, row in NATURAL_LANGUAGES.items() if vectors.choose(part, row.iso639_3) is None}
    assert missing == NOTHING[part]


def test_known_values(vectors):
    def value(code, feature):
        return vectors.values["syntax"][code][vectors.features["syntax"].index(feature)]

    assert [value(code, "S_SVO") for code in ("eng", "jpn", "tur")] == [1, 0, 0]
    assert [value(code, "S_ADPOSITION_AFTER_NOUN") for code in ("eng", "jpn", "fin")] == [0, 1, 1]
    assert vectors.groups["eng"][:2] == ("Indo-European", "Germanic")
    assert vectors.places["jpn"] == (35, 135)


def test_the_code_of_which_most_is_observed_counts(vectors):
    chosen = {code: vectors.choose("syntax", code) for code in ("ekk", "arb", "zsm", "quz", "azj", "cmn")}
    assert chosen == {"ekk": "est", "arb": "ara", "zsm": "msa", "quz": "que", "azj": "aze", "cmn": "zho"}
    assert vectors.choose("genealogy", "que") in ("quz", "quy")  # the macrolanguage has no groups
    assert vectors.choose("genealogy", "zho") == "cmn"
    for codes in EQUIVALENT:
        most = max(vectors.observed("syntax", code) for code in codes)
        assert {vectors.observed("syntax", vectors.choose("syntax", code)) for code in codes} == {most}


def test_of_equals_the_languages_own_code_counts(vectors):
    assert vectors.observed("syntax", "swa") == vectors.observed("syntax", "swh")
    assert vectors.choose("syntax", "swh") == "swh"
    assert vectors.choose("syntax", "swa") == "swa"
    assert candidates("deu") == ("deu",)


def test_what_identifies_the_vectors_is_their_content(tmp_path):
    first = content(table(tmp_path / "a"))
    assert content(table(tmp_path / "b")) == first
    assert content(table(tmp_path / "b", "feature,source,eng,deu\nS_A,WALS,1,1\n")) != first


@pytest.mark.parametrize(
    ("features", "languages", "message"),
    [
        ("", None, "begins with the columns"),
        ("feature,source,eng,eng\n", None, "begins with the columns"),
        ("feature,source,eng\nS_A,WALS,2\n", None, "line 2: '2'; expected a number between 0 and 1"),
        ("feature,source,eng\nS_A,WALS,yes\n", None, "line 2: 'yes'"),
        ("feature,source,eng\nS_A,WALS\n", None, "line 2: 2 cells; expected 3"),
        ("feature,source,eng\n", "code,latitude\n", "lacks the columns groups, longitude"),
    ],
)
def test_a_table_that_is_not_as_it_must_be_is_refused(tmp_path, features, languages, message):
    with pytest.raises(UserError, match=message):
        read_vectors(table(tmp_path / "odd", features, languages))
