"""The natural languages: one row each, every value legal, distances as the formula says and as common sense expects."""

from dataclasses import replace

import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.tasks import TASKS
from workflow.scripts.tasks.languages import (
    FEATURES,
    FEWEST,
    MEASURE,
    NATURAL_LANGUAGES,
    UNKNOWN,
    Language,
    describe,
    distance,
)

ENGLISH = NATURAL_LANGUAGES["en"]
NEAR = ("af", "de", "nl")
FAR = ("az", "eu", "ja", "ka", "kk", "ko", "ml", "my", "ta", "te", "tr")


def far(code):
    return distance(NATURAL_LANGUAGES[code], ENGLISH)


def test_every_language_of_the_targets_has_one_row():
    assert len(NATURAL_LANGUAGES) == 50
    assert {code for task in TASKS.values() for code in task.languages} <= set(NATURAL_LANGUAGES)
    for column in ("name", "iso639_3"):
        assert len({getattr(language, column) for language in NATURAL_LANGUAGES.values()}) == 50


@pytest.mark.parametrize("language", NATURAL_LANGUAGES.values(), ids=lambda language: language.code)
def test_every_value_is_legal_and_enough_are_known(language):
    assert len(language.iso639_3) == 3
    assert len(language.script) == 4
    values = {name: getattr(language, name) for name in FEATURES}
    for name, value in values.items():
        assert value in (*FEATURES[name][1], UNKNOWN), name
    assert sum(value != UNKNOWN for value in values.values()) >= FEWEST
    assert all(language.lineage)
    if "SOV" in language.order:
        assert language.object == "OV"


def test_english_knows_every_feature():
    assert UNKNOWN not in {getattr(ENGLISH, name) for name in FEATURES}
    assert ENGLISH.lineage == ("Indo-European", "Germanic", "West")


def test_distance_is_zero_to_itself_symmetric_and_within_bounds():
    languages = NATURAL_LANGUAGES.values()
    for language in languages:
        assert distance(language, language) == 0
        assert distance(language, ENGLISH) == distance(ENGLISH, language)
    found = [far(code) for code in NATURAL_LANGUAGES if code != "en"]
    assert 0 < min(found) <= max(found) <= 1


def test_distance_is_the_stated_formula():
    # German: order, object and genitive of nine features differ; the same lineage.
    assert far("de") == pytest.approx((3 / 9 + 0) / 2)
    # Hindi: five of the eight features known of both; one group of three is shared.
    assert far("hi") == pytest.approx((5 / 8 + 2 / 3) / 2)
    # Estonian: adposition, genitive, gender and article; no group is shared.
    assert far("et") == pytest.approx((4 / 9 + 1) / 2)


def test_near_languages_come_out_near_and_far_ones_far():
    middle = ("bg", "el", "es", "fr", "it", "lt", "pl", "pt", "ro", "ru", "uk")
    assert max(map(far, NEAR)) < min(map(far, middle))
    assert max(map(far, middle)) < far("hi") < min(map(far, FAR))
    assert far("fr") < far("he") < far("ar") < far("ja")


def test_groups_count_from_the_family_down():
    swahili = replace(ENGLISH, family="Niger-Congo")
    assert distance(swahili, ENGLISH) == 0.5
    assert distance(replace(ENGLISH, branch="Italic/West"), ENGLISH) == pytest.approx(1 / 3)
    assert distance(replace(ENGLISH, branch="Germanic/West/Low"), ENGLISH) == pytest.approx(1 / 8)


def test_a_row_of_five_columns_is_a_language_whose_distance_is_unknown():
    plain = Language("xx", "Plain", "xxx", "Latn", "Uralic")
    assert plain.lineage == ("Uralic",)
    assert distance(plain, ENGLISH) is None
    known = dict.fromkeys(list(FEATURES)[:FEWEST], "none")
    assert distance(replace(plain, **known), ENGLISH) is not None
    assert distance(replace(plain, **dict(list(known.items())[1:])), ENGLISH) is None


def test_descriptions_have_the_columns_of_the_language_table():
    rows = describe(["zh", "en", "de"])
    assert [row["code"] for row in rows] == ["zh", "en", "de"]
    keys = {"code", "name", "script", "family", "distance", "role", "measure"}
    assert all(set(row) == keys for row in rows)
    assert [row["role"] for row in rows] == ["language", "source", "language"]
    assert {row["measure"] for row in rows} == {MEASURE}
    assert rows[1]["distance"] == 0
    assert rows[2] | {"distance": 0.1667} == rows[2]


def test_unknown_language_names_the_nearest():
    with pytest.raises(UserError, match=r"unknown language 'dee'.*Did you mean 'de'"):
        describe(["en", "dee"])
