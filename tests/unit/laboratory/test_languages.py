"""The languages: one row each, distances known by construction, controls exact."""

import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.laboratory import concepts
from workflow.scripts.laboratory.clauses import Sampler
from workflow.scripts.laboratory.grammar import Grammar
from workflow.scripts.laboratory.languages import LANGUAGES, describe, distance
from workflow.scripts.laboratory.streams import Stream
from workflow.scripts.laboratory.writing import lexicon, spelling

OWN = [code for code, language in LANGUAGES.items() if language.role == "language"]


def test_distance_is_zero_for_english_and_grows_from_germanic_to_indic() -> None:
    assert distance("en") == 0
    assert distance("qaa") < distance("qab") < distance("qad") < distance("qae") < distance("qaf") <= 1


def test_distance_is_the_stated_formula() -> None:
    # qaa differs in 2 of 13 features and has 60 % cognates in the same script.
    assert distance("qaa") == pytest.approx(0.5 * 2 / 13 + 0.35 * 0.4)
    # The relabelled control differs in nothing but words and script.
    assert distance("qay") == pytest.approx(0.35 + 0.15)


def test_descriptions_have_the_columns_of_the_language_table() -> None:
    rows = describe()
    assert [row["code"] for row in rows] == list(LANGUAGES)
    assert all(set(row) == {"code", "name", "script", "family", "distance", "role"} for row in rows)
    assert {row["role"] for row in rows} == {"source", "language", "control"}
    assert len(OWN) >= 5


def test_unknown_language_names_the_nearest() -> None:
    with pytest.raises(UserError, match="qaa"):
        distance("qaaa")


@pytest.mark.parametrize("code", OWN)
def test_no_two_lemmas_of_a_language_share_a_word(code: str) -> None:
    words = lexicon(LANGUAGES[code], seed=7)
    forms = [*words.stems.values(), *words.suffixes.values(), *words.particles.values()]
    assert len(set(forms)) == len(forms)
    assert set(words.stems) == set(concepts.LEMMAS)


@pytest.mark.parametrize("script", ["Cyrillic", "Georgian", "Armenian", "Greek"])
def test_scripts_write_letters_one_to_one(script: str) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    written = spelling(script).write(letters)
    assert len(set(written)) == len(letters)
    assert not set(written) & set(letters)


def _sentences(code: str) -> list[list[str]]:
    sampler, grammar = Sampler(7, Stream(7, "test")), Grammar(code, 7)
    return [[word.form for word in grammar.statement(sampler.statement())] for _ in range(300)]


def test_relabelled_english_is_english_word_by_word() -> None:
    there, back = {}, {}
    for english, relabelled in zip(_sentences("en"), _sentences("qay"), strict=True):
        assert len(english) == len(relabelled)
        for word, copy in zip(english, relabelled, strict=True):
            assert there.setdefault(word, copy) == copy
            assert back.setdefault(copy, word) == word
            assert word == copy if word == "." else word != copy


def test_reversed_english_has_the_words_in_reversed_order() -> None:
    write = spelling("Greek").write
    for english, mirrored in zip(_sentences("en"), _sentences("qaz"), strict=True):
        assert mirrored[-1] == "."
        assert [write(word) for word in english[:-1]] == mirrored[-2::-1]


def test_word_order_follows_the_row_of_the_language() -> None:
    sampler = Sampler(7, Stream(7, "order"))
    while (clause := sampler.action("trust")).place is not None or clause.adverb:
        pass
    orders = {}
    for code in ("en", "qaa", "qad", "qae"):
        roles = [word.role for word in Grammar(code, 7).statement(clause) if word.role in ("subject", "verb", "object")]
        orders[code] = "".join(role[0].upper() for role in dict.fromkeys(roles))
    assert orders == {"en": "SVO", "qaa": "SVO", "qad": "VSO", "qae": "SOV"}
