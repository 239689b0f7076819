"""Which tasks can be read from a user's own files, because no repository carries them, and in which formats."""

from collections.abc import Mapping

FORMATS: Mapping[str, tuple[str, ...]] = {"ccg": ("jiant", "ccgbank_auto"), "bucc2018": ("bucc",)}
