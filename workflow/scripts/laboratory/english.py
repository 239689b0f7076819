"""English words: regular inflection, auxiliaries and categories of the closed classes."""

from __future__ import annotations

from typing import Final

from workflow.scripts.laboratory import concepts
from workflow.scripts.laboratory.clauses import FUTURE, PAST
from workflow.scripts.laboratory.writing import Lexicon

WORDS: Final = Lexicon(
    {lemma: lemma for lemma in concepts.LEMMAS},
    {name: name for name in concepts.NAMES},
    {},
    {},
)
"""Every lemma and name is its own word."""

OBJECT_PRONOUNS: Final = {"he": "him", "she": "her", "they": "them"}
CLOSED: Final = {"not": "PART", "will": "AUX", "did": "AUX", "do": "AUX", "does": "AUX"}


def plural(noun: str) -> str:
    """Return the plural of a noun."""
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def indefinite(following: str) -> str:
    """Return "a" or "an" before a word."""
    return "an" if following[0].lower() in "aeiou" else "a"


def _past(verb: str) -> str:
    return verb + ("d" if verb.endswith("e") else "ed")


def _copula(tense: int, several: bool) -> list[str]:
    if tense == FUTURE:
        return ["will", "be"]
    if tense == PAST:
        return ["were" if several else "was"]
    return ["are" if several else "is"]


def verb_group(verb: str, tense: int, several: bool, negated: bool, inverted: bool) -> list[str]:
    """Return the words of the verb: at least an auxiliary first if negated or, in questions, inverted."""
    if verb == "be":
        forms = _copula(tense, several)
        return [forms[0], "not", *forms[1:]] if negated else forms
    if tense == FUTURE or negated or inverted:
        helper = "will" if tense == FUTURE else "did" if tense == PAST else "do" if several else "does"
        return [helper, "not", verb] if negated else [helper, verb]
    if tense == PAST:
        return [_past(verb)]
    return [verb if several else plural(verb)]
