"""The layout of treebanks of Universal Dependencies (see `schemas.py` for the idea)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflow.scripts.tasks.schemas import Row, RowError, TaggingSchema, named_class

NO_WORD = "_"
"""The tag of CoNLL-U lines of fused forms (German "zum"), whose words follow on lines of their own."""

HUB_TAGS = (
    *("NOUN", "PUNCT", "ADP", "NUM", "SYM", "SCONJ", "ADJ", "PART", "DET"),
    *("CCONJ", "PROPN", "PRON", "X", NO_WORD, "ADV", "INTJ", "VERB", "AUX"),
)
"""Tags in the order of the class ids of the Hub's universal_dependencies (its loading script)."""


@dataclass(frozen=True, kw_only=True)
class TreebankSchema(TaggingSchema):
    """Words with universal parts of speech: in XTREME's layout, or in that of the Hub's universal_dependencies.

    The latter has a row's CoNLL-U lines as they are, in the columns `tokens`, `upos`, `head` and others. Lines that are
    no syntactic word are left out, as google/xtreme does: fused forms (tag `_`) and empty nodes (no number as head).
    """

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the one canonical row; a sentence without words is dropped.

        Raises:
            RowError: words and tags differ in number, or a tag is outside the set.
        """
        if "upos" not in row:
            yield from super().read(row)
            return
        tokens, tags = row[self.tokens], row["upos"]
        heads = row.get("head") or ["0"] * len(tokens)
        if not len(tokens) == len(tags) == len(heads):
            raise RowError(f"{len(tokens)} words in '{self.tokens}' but {len(tags)} tags in 'upos', {len(heads)} heads")
        lines = [
            (token, named_class(tag, HUB_TAGS))
            for token, tag, head in zip(tokens, tags, heads, strict=True)
            if str(head).isdecimal()
        ]
        words = [(token, tag) for token, tag in lines if tag != NO_WORD and token != NO_WORD]
        yield from super().read({self.tokens: [token for token, _ in words], self.tags: [tag for _, tag in words]})
