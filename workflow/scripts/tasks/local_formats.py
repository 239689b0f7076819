"""Which tasks can be read from a user's own files, because no repository carries them, and in which formats."""

from collections.abc import Mapping

FORMATS: Mapping[str, tuple[str, ...]] = {
    "ccg": ("jiant", "ccgbank_auto"),
    "bucc2018": ("bucc",),
    "lareqa": ("xquad_r",),
    "mewslix": ("mewsli_x",),
}

ON_THE_HUB = frozenset({"lareqa"})
"""Of these tasks the ones that the Hub has as well, if not as good: LAReQA's sentences are then cut by rule."""
