"""Words with their analysis, and the written text they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Word(NamedTuple):
    """One word of a sentence.

    Attributes:
        form: as written, without the capital letter of a sentence's beginning.
        tag: universal part of speech.
        role: the part of the clause it belongs to (`subject`, `object`, `place`, `adverb`, `verb`, ...).
        entity: `PER`, `ORG`, `LOC` or "".
    """

    form: str
    tag: str
    role: str
    entity: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """Written sentences: the text, its words and where each word starts (characters)."""

    text: str
    words: tuple[Word, ...]
    starts: tuple[int, ...]

    def span(self, role: str, *, first: int = 0, last: int | None = None) -> tuple[str, int]:
        """Return (text, start) of the words of a role among `words[first:last]`; ("", -1) if there are none."""
        places = [i for i, word in enumerate(self.words[first:last], first) if word.role == role]
        if not places:
            return "", -1
        start, end = self.starts[places[0]], self.starts[places[-1]] + len(self.words[places[-1]].form)
        return self.text[start:end], start
