"""The program describe_languages: what it writes for the laboratory and for natural languages."""

import json
from pathlib import Path

import pytest

from workflow.scripts import describe_languages
from workflow.scripts.errors import UserError
from workflow.scripts.laboratory.languages import describe as describe_laboratory
from workflow.scripts.reporting.scores import distance_order, read_languages
from workflow.scripts.runspec import encode
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES, distance


@pytest.fixture
def describe(tmp_path):
    """Return a function that runs the program and reads what it wrote."""

    def run(**facts):
        out = tmp_path / "languages.json"
        assert describe_languages.main(["--spec", encode("collect", **facts), "--out", str(out)]) == 0
        return json.loads(out.read_text(encoding="utf-8"))

    return run


def test_without_a_provider_the_languages_are_the_laboratorys(describe):
    expected = describe_laboratory(["en", "qac"])
    assert describe(languages=["en", "qac"]) == expected
    assert describe(languages=["en", "qac"], provider="laboratory") == expected


@pytest.mark.parametrize("provider", ["hub", "mirror"])
def test_natural_languages_are_those_asked_for_and_readable(describe, provider):
    rows = describe(languages=["en", "ja", "de", "ar"], provider=provider)
    assert [row["code"] for row in rows] == ["en", "ja", "de", "ar"]
    facts = read_languages(rows)
    assert distance_order(facts, facts) == ["en", "de", "ja", "ar"]
    assert facts["ja"].family == "Japonic"
    assert not any(language.is_control for language in facts.values())


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"languages": ["en", "dee"], "provider": "mirror"}, "Did you mean 'de'"),
        ({"languages": ["en", "qaa"], "provider": "hub"}, "unknown language 'qaa'"),
        ({"languages": ["en", "de"]}, "the laboratory has no language 'de'"),
        ({"languages": ["en"], "provider": "hubb"}, "Did you mean 'hub'"),
        ({"languages": ["en"], "provider": "hub", "measure": "syntax_gowe"}, "Did you mean 'syntax_gower'"),
    ],
)
def test_unknown_names_are_refused(describe, facts, message):
    with pytest.raises(UserError, match=message):
        describe(**facts)


def test_a_row_tells_measure_coverage_and_code(describe):
    english, arabic = describe(languages=["en", "ar"], provider="hub")
    assert (english["distance"], english["coverage"], english["role"]) == (0, 1, "source")
    assert arabic["measure"] == "Gower distance of syntax features (WALS, URIEL)"
    assert arabic["typology"]["syntax"]["code"] == "ara"  # of arb less is observed
    assert arabic["typology"]["syntax"]["shared"] == 93
    assert arabic["coverage"] == arabic["typology"]["syntax"]["coverage"] == round(93 / 98, 4)
    assert arabic["distance"] == arabic["typology"]["syntax"]["distances"]["syntax_gower"]
    assert "note" not in arabic


def test_too_little_observed_means_no_distance_and_says_so(describe, caplog):
    _, afrikaans, kazakh = describe(languages=["en", "af", "kk"], provider="mirror")
    assert afrikaans["distance"] is None
    assert afrikaans["note"] == "4 features are observed, 4% of the English ones; too few"
    assert kazakh["note"] == "nothing is observed"
    assert "Afrikaans has no distance to English" in caplog.text
    (afrikaans,) = describe(languages=["af"], provider="mirror", minimum_coverage=0.04)
    assert afrikaans["distance"] is not None


def test_the_configuration_chooses_the_measure(describe):
    rows = describe(languages=["en", "de", "tr", "kk"], provider="hub", measure="coarse")
    assert [row["distance"] for row in rows] == [
        round(distance(NATURAL_LANGUAGES[row["code"]], NATURAL_LANGUAGES["en"]), 4) for row in rows
    ]
    assert {row["measure"] for row in rows} == {"WALS features and genealogy"}
    assert rows[1]["coverage"] == 1


def test_vectors_can_lie_elsewhere(tmp_path):
    spec = encode("languages", languages=["en"], provider="hub")
    words = ["--spec", spec, "--vectors", str(tmp_path / "none"), "--out", str(tmp_path / "languages.json")]
    with pytest.raises(UserError, match=r"none/features\.csv is missing.*typology\.vectors"):
        describe_languages.main(words)
    assert not Path(tmp_path / "languages.json").exists()
