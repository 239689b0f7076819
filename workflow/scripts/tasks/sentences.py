"""A rule for sentence boundaries, where a data set has none of its own.

A sentence ends after a stop (and closing quotes and brackets) that is followed by a space and by something that can
begin a sentence: no small letter. Full stops of abbreviations and initials end nothing. Chinese and Japanese stops need
no space. A text without stops (Thai) is one sentence.
"""

import re
from functools import lru_cache

from workflow.scripts.tasks.languages import codes

_CLOSING = "\"'”’»)\\]"
_OPENING = "\"'“‘«([¿¡"
_STOP = re.compile(
    rf"(?P<stop>[.!?…؟।]+[{_CLOSING}]*(?:\[[\w ]{{1,15}}\])*)\s+(?=[{re.escape(_OPENING)}]*[^\W_])"
    r"|[。！？]+[”’」』）]*(?=.)",
    re.DOTALL,
)
_ABBREVIATIONS = frozenset(
    codes(
        "Mr Mrs Ms Dr Prof Rev Fr St Sta Gen Col Maj Capt Lt Sgt Adm Gov Sen Rep Pres Jr "
        "Jan Feb Aug Sept Oct Nov Dec Mt Ft vs approx ca cf e.g i.e p pp No Vol Art Sec ch al"
    )
)
_INITIAL = re.compile(r"(?:^|[\s(\"'“.])[^\W\d_]$")


@lru_cache(maxsize=1024)
def sentence_breaks(text: str) -> tuple[tuple[int, int], ...]:
    """Return the first and past-last character of every sentence of a text, without the spaces between them.

    Args:
        text: a paragraph.
    """
    cuts = [match.end() for match in _STOP.finditer(text) if _ends(text, match)]
    found = []
    for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        inside = text[begin:end]
        if inside.strip():
            first = begin + len(inside) - len(inside.lstrip())
            found.append((first, first + len(inside.strip())))
    return tuple(found)


def _ends(text: str, match: re.Match[str]) -> bool:
    """Return whether a stop ends a sentence; before a small letter, after an abbreviation or an initial it does not."""
    if text[match.end() : match.end() + 3].lstrip(_OPENING)[:1].islower():
        return False
    if match["stop"] != ".":
        return True
    before = text[max(0, match.start() - 20) : match.start()]
    word = before.rsplit(None, 1)[-1].lstrip(_OPENING) if before.strip() else ""
    return word not in _ABBREVIATIONS and not _INITIAL.search(before)
