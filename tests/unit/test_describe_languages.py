"""The program describe_languages: what it writes for the laboratory and for natural languages."""

import json

import pytest

from workflow.scripts import describe_languages
from workflow.scripts.errors import UserError
from workflow.scripts.laboratory.languages import describe as describe_laboratory
from workflow.scripts.reporting.scores import distance_order, read_languages
from workflow.scripts.runspec import encode


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
    assert distance_order(facts, facts) == ["en", "de", "ar", "ja"]
    assert facts["ja"].family == "Japonic"
    assert not any(language.is_control for language in facts.values())


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"languages": ["en", "dee"], "provider": "mirror"}, "Did you mean 'de'"),
        ({"languages": ["en", "qaa"], "provider": "hub"}, "unknown language 'qaa'"),
        ({"languages": ["en", "de"]}, "the laboratory has no language 'de'"),
        ({"languages": ["en"], "provider": "hubb"}, "Did you mean 'hub'"),
    ],
)
def test_unknown_names_are_refused(describe, facts, message):
    with pytest.raises(UserError, match=message):
        describe(**facts)
