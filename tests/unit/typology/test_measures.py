"""The measures: coverage, what is not given, and pairs of languages that everybody agrees on."""

from pathlib import Path

import pytest

from workflow.scripts.config_schema import defaults, schema
from workflow.scripts.errors import UserError
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES
from workflow.scripts.typology.measures import TITLES, check, compare
from workflow.scripts.typology.vectors import Vectors, read_vectors

FOLDER = Path(__file__).resolve().parents[3] / "reference" / "typology"
NEAR, FAR = ("de", "nl"), ("ja", "tr")


def vectors(**syntax):
    """Return vectors of three codes, in syntax as given."""
    return Vectors(
        features={"syntax": ("S_A", "S_B", "S_C", "S_D"), "phonology": (), "inventory": ()},
        values={"syntax": {"eng": (1, 0, 1, None), **syntax}, "phonology": {}, "inventory": {}},
        groups={"eng": ("A", "B"), "deu": ("A", "C")},
        places={"eng": (0, 0), "deu": (0, 90)},
    )


def test_the_schema_knows_the_measures():
    assert schema()["properties"]["typology"]["properties"]["measure"]["enum"] == list(TITLES)
    check(defaults("typology")["measure"])
    with pytest.raises(UserError, match=r"no typological measure 'genealogie'.*Did you mean 'genealogy'"):
        check("genealogie")


def test_coverage_is_the_share_of_the_features_observed_for_english():
    pair = compare(vectors(deu=(0, 0, None, 1)), "deu", "eng", 0.5)["syntax"]
    assert (pair.code, pair.shared, pair.coverage) == ("deu", 2, 2 / 3)
    assert pair.distances["syntax_gower"] == 0.5
    assert pair.distances["syntax_cosine"] is None  # German is zero in what is observed of both


def test_below_the_least_coverage_there_is_no_distance():
    known = vectors(deu=(1, 0, None, 1))
    assert compare(known, "deu", "eng", 2 / 3)["syntax"].distances["syntax_gower"] == 0
    low = compare(known, "deu", "eng", 0.67)["syntax"]
    assert set(low.distances.values()) == {None}
    assert low.shared == 2


def test_nothing_observed_gives_nothing():
    for known in (vectors(), vectors(deu=(None, None, None, 1))):
        pair = compare(known, "deu", "eng", 0)["syntax"]
        assert set(pair.distances.values()) == {None}
        assert (pair.shared, pair.coverage) == (0, 0)


def test_groups_and_places_need_no_coverage():
    found = compare(vectors(), "deu", "eng", 1)
    assert found["genealogy"].distances == {"genealogy": 1 - 1 / 3}
    assert found["geography"].distances == {"geography": pytest.approx(0.5)}
    assert compare(vectors(), "xxx", "eng", 1)["genealogy"].distances == {"genealogy": None}


@pytest.fixture(scope="module")
def distances():
    """Return the distances of all languages to English, by measure and language."""
    shipped = read_vectors(FOLDER)
    found = {}
    for code, row in NATURAL_LANGUAGES.items():
        for pair in compare(shipped, row.iso639_3, "eng", defaults("typology")["minimum_coverage"]).values():
            for measure, distance in pair.distances.items():
                found.setdefault(measure, {})[code] = distance
    return found


def test_distances_lie_between_0_and_1_and_english_is_at_0(distances):
    for measure, found in distances.items():
        known = [distance for distance in found.values() if distance is not None]
        assert all(-1e-9 <= distance <= 1 for distance in known), measure
        assert found["en"] == pytest.approx(0, abs=1e-9)
        assert sum(distance == 0 for distance in known) <= 1, measure


@pytest.mark.parametrize("measure", [name for name in TITLES if not name.startswith(("phonology", "coarse"))])
def test_near_languages_are_nearer_than_far_ones(distances, measure):
    """Phonology is left out: 25 features, by which German is further than Turkish (docs/typology.md)."""
    found = distances[measure]
    assert max(found[code] for code in NEAR) < min(found[code] for code in FAR)


def test_by_syntax_more_pairs_are_known(distances):
    found = distances["syntax_gower"]
    assert max(found[code] for code in ("de", "es", "it", "nl", "pt", "ru")) < min(
        found[code] for code in ("eu", "hi", "ja", "ko", "ta", "te", "tr")
    )
    assert {code for code, distance in found.items() if distance is None} == {"af", "ht", "jv", "kk"}
    assert found["de"] == pytest.approx(9 / 84)
