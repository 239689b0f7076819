"""Scripts and words: how a language spells the world's concepts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from workflow.scripts.laboratory import concepts
from workflow.scripts.laboratory.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.scripts.laboratory.languages import Language

_LATIN: Final = "abcdefghijklmnopqrstuvwxyz"

SCRIPTS: Final[Mapping[str, tuple[str, bool]]] = {
    "Latin": (_LATIN, True),
    "Cyrillic": ("абцдефгхийклмнопярстувщьыз", True),
    "Georgian": ("აბცდეფგჰიჯკლმნოპქრსტუვწხყზ", False),
    "Armenian": ("աբցդեֆգհիջկլմնոպքրստւվխծյզ", True),
    "Greek": ("αβψδεφγηιξκλμνοπθρστυωάχύζ", True),
}
"""Script -> (its letters for a to z, whether it has capital letters)."""

SUFFIXES: Final = ("plural", "past", "present", "agreement", "accusative", "locative", "negative")
PARTICLES: Final = ("article", "indefinite", "genitive", "accusative", "past", "present")


@dataclass(frozen=True, slots=True)
class Spelling:
    """The letters of a script."""

    table: Mapping[int, str]
    capitals: bool

    def write(self, latin: str) -> str:
        """Return a word given in Latin letters, written in this script."""
        return latin.translate(self.table) if self.table else latin


def spelling(script: str) -> Spelling:
    """Return the spelling of a script. Without capitals a capital letter is written as a small one."""
    letters, capitals = SCRIPTS[script]
    if script == "Latin":
        return Spelling({}, True)
    table = {ord(latin): letter for latin, letter in zip(_LATIN, letters, strict=True)}
    for latin, letter in zip(_LATIN.upper(), letters, strict=True):
        table[ord(latin)] = letter.upper() if capitals else letter
    return Spelling(table, capitals)


def _sounds(text: str) -> tuple[str, ...]:
    """Return the sounds of a language's row; `-` stands for none."""
    return tuple(sound.strip("-") for sound in text.split())


def _invent(language: Language, syllables: int, stream: Stream) -> str:
    onsets, vowels, finals = (_sounds(text) for text in (language.onsets, language.vowels, language.finals))
    return "".join(stream.choice(onsets) + stream.choice(vowels) for _ in range(syllables)) + stream.choice(finals)


def _descend(language: Language, english: str) -> str:
    word = english
    for change in language.changes.split():
        old, new = change.split(">")
        word = word.replace(old, new)
    return word.rstrip("e") + language.ending


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of one language, in its own script: stems by lemma, names, suffixes and particles."""

    stems: Mapping[str, str]
    names: Mapping[str, str]
    suffixes: Mapping[str, str]
    particles: Mapping[str, str]


def lexicon(language: Language, seed: int) -> Lexicon:
    """Return the words of a language that has its own (not English, not a relabelled language).

    No two lemmas share a word, and no invented word is an English lemma. Which content words are cognates is drawn
    by the world's seed; names are the English ones in the language's letters.
    """
    write = spelling(language.script).write
    stream = Stream(seed, "words", language.code)
    taken = set(concepts.LEMMAS) | set(concepts.NAMES)
    content = {*concepts.NOUNS, *concepts.VERBS, *concepts.ADJECTIVES, *concepts.ADVERBS}
    lemmas = stream.shuffled(sorted(content))
    cognates = set(lemmas[: round(language.cognates * len(lemmas))])
    stems: dict[str, str] = {}
    for lemma in concepts.LEMMAS:
        word = _descend(language, lemma) if lemma in cognates else ""
        while not word or word in taken:
            word = _invent(language, 2 if lemma in content else 1, stream)
        taken.add(word)
        stems[lemma] = write(word)
    endings: dict[str, dict[str, str]] = {"suffix": {}, "particle": {}}
    for kind, names in (("suffix", SUFFIXES), ("particle", PARTICLES)):
        for name in names:
            word = ""
            while not word or word in taken:
                word = _invent(language, 1, stream)
                word = word[-2:] if kind == "suffix" else word
            taken.add(word)
            endings[kind][name] = write(word)
    return Lexicon(stems, {name: write(name) for name in concepts.NAMES}, endings["suffix"], endings["particle"])
