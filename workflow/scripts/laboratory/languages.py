"""The languages of the laboratory: one row each, and the distances that follow from the rows."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from workflow.scripts.errors import UserError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language: its names, its words' origin and its grammar. The defaults are those of English.

    Attributes:
        code: `en`, or an ISO 639-3 private-use code.
        name: name shown to people.
        role: `source` (English), `language`, or `control`.
        family: the family whose type it imitates.
        script: writing system (see `writing.SCRIPTS`).
        cognates: share of content words that descend from the English word.
        relabels: code of the language whose sentences it copies word by word in its own letters, or "".
        reversed: with `relabels`, whether the words of a sentence stand in reversed order.
        order: order of subject, verb and object.
        adjective, adposition, genitive: `before` or `after` its noun.
        article: `before` the noun or `none`.
        case: `none`, `suffix` or `particle` (after the phrase).
        tense: `suffix`, or `particle` after the verb.
        agreement: whether the verb agrees with the subject in number.
        plural: whether nouns have a plural.
        negation: `auxiliary` (did not go), `before` or `after` the verb, or `suffix`.
        adverb: `end` of the clause, before the `verb`, or `first`.
        wh: the question word at the `front` or in its place (`situ`).
        copula: whether "is" is said.
        onsets, vowels, finals: sounds of invented words, separated by spaces (`-` = none).
        changes: regular sound changes of cognates, `old>new`, in the order in which they happened.
        ending: what cognates end in.
    """

    code: str
    name: str
    role: str = "language"
    family: str = ""
    script: str = "Latin"
    cognates: float = 0.0
    relabels: str = ""
    reversed: bool = False
    order: str = "SVO"
    adjective: str = "before"
    adposition: str = "before"
    genitive: str = "after"
    article: str = "before"
    case: str = "none"
    tense: str = "suffix"
    agreement: bool = True
    plural: bool = True
    negation: str = "auxiliary"
    adverb: str = "end"
    wh: str = "front"
    copula: bool = True
    onsets: str = "b d f g k l m n p r s t v z h"
    vowels: str = "a e i o u"
    finals: str = "- - n r s"
    changes: str = ""
    ending: str = ""


LANGUAGES: Final[Mapping[str, Language]] = {
    row.code: row
    for row in (
        Language(code="en", name="English", role="source", family="Germanic", cognates=1.0),
        Language(
            code="qaa", name="Alandic", family="Germanic-like", cognates=0.6, genitive="before", negation="after",
            onsets="b d f g k l m n p r s t v z h tr br st kl",
            vowels="a e i o u ei", finals="n r st l k m", ending="e",
            changes="th>d ck>k c>k ee>i ea>e w>v",
        ),
        Language(
            code="qab", name="Brevian", family="Romance-like", cognates=0.45, adjective="after", negation="before",
            vowels="a e i o io", finals="- - - n l", ending="o",
            changes="th>t k>c w>gu ee>i oo>u y>i",
        ),
        Language(
            code="qac", name="Cazhdan", family="Slavic-like", script="Cyrillic", cognates=0.3, article="none",
            case="suffix", negation="before", adverb="first", copula=False,
            onsets="b d f g k l m n p r s t v z h zh vl",
            vowels="a e o i y", finals="k v t sh n", ending="a",
            changes="th>t c>k w>v b>v oo>u qu>kv",
        ),
        Language(
            code="qad", name="Dorvethan", family="Celtic-like", cognates=0.15, order="VSO", adjective="after",
            plural=False, negation="before", agreement=False,
            onsets="b d f g k l m n p r s t v z h gw rh",
            vowels="a e o y ae", finals="th dd n ch -", ending="en",
            changes="k>c w>gw v>f oo>o b>p",
        ),
        Language(
            code="qae", name="Erkesh", family="Turkic-like", cognates=0.15, order="SOV", adposition="after",
            genitive="before", article="none", case="suffix", negation="suffix", adverb="verb", wh="situ",
            vowels="a e i u o", finals="k r z m sh", ending="i",
            changes="th>t c>k w>v d>t g>k oo>u",
        ),
        Language(
            code="qaf", name="Furajati", family="Indic-like", script="Georgian", order="SOV", adposition="after",
            genitive="before", article="none", case="particle", tense="particle", agreement=False,
            negation="before", adverb="verb", wh="situ",
            onsets="b d f g k l m n p r s t v z h gh ch",
            vowels="a i u o e", finals="- - n r t", ending="a",
        ),
        Language(
            code="qay", name="Relabelled English", role="control", family="relabelled", script="Armenian",
            relabels="en",
        ),
        Language(
            code="qaz", name="Reversed English", role="control", family="reversed", script="Greek",
            relabels="en", reversed=True, order="OVS", adjective="after", adposition="after", genitive="before",
            article="after", adverb="first", wh="end",
        ),
    )
}  # fmt: skip
"""Every language by its code, nearest to English first, the two controls last."""

SYNTAX: Final = (
    "order", "adjective", "adposition", "genitive", "article", "case", "tense", "agreement", "plural",
    "negation", "adverb", "wh", "copula",
)  # fmt: skip
"""The fields of a language that are syntactic features."""

assert set(SYNTAX) <= {field.name for field in fields(Language)}


def find(code: str) -> Language:
    """Return the language of a code.

    Raises:
        UserError: the laboratory has no such language.
    """
    if code not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise UserError(f"the laboratory has no language {code!r}: expected one of {known}.{nearest(code, LANGUAGES)}")
    return LANGUAGES[code]


def distance(code: str) -> float:
    """Return the distance of a language to English, between 0 and 1.

    It is 0.50 x the share of the 13 features of `SYNTAX` in which the two differ
    + 0.35 x (1 - share of cognates; 1 across scripts, where a cognate is not to be seen)
    + 0.15 x (1 if the script differs, else 0).

    Raises:
        UserError: the laboratory has no such language.
    """
    language, english = find(code), LANGUAGES["en"]
    differing: int = sum(getattr(language, name) != getattr(english, name) for name in SYNTAX)
    foreign_script = language.script != english.script
    lexical = 1.0 if foreign_script else 1.0 - language.cognates
    return 0.5 * differing / len(SYNTAX) + 0.35 * lexical + 0.15 * foreign_script


def describe(codes: Iterable[str] | None = None) -> list[dict[str, object]]:
    """Return the facts on the languages (default: all): code, name, script, family, distance and role.

    Raises:
        UserError: the laboratory has no such language.
    """
    return [
        {
            "code": language.code,
            "name": language.name,
            "script": language.script,
            "family": language.family,
            "distance": round(distance(language.code), 4),
            "role": language.role,
        }
        for language in (find(code) for code in (LANGUAGES if codes is None else codes))
    ]
