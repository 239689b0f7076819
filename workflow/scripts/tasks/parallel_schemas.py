"""Layouts of parallel and plain text: Tatoeba, BUCC, OPUS and Wikipedia (see `schemas.py` for the idea)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflow.scripts.tasks.languages import Language
from workflow.scripts.tasks.schemas import Row, RowError


@dataclass(frozen=True, kw_only=True)
class SentencePairSchema:
    """Tatoeba as in google/xtreme: one translation pair a row; the sentences keep a trailing newline there."""

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the one canonical row, without the newlines."""
        yield {"text_a": row["source_sentence"].strip(), "text_b": row["target_sentence"].strip()}

    def write(self, rows: Sequence[Row], language: Language) -> list[Row]:
        """Return one repository row for each canonical row."""
        return [
            {
                "source_sentence": f"{row['text_a']}\n",
                "target_sentence": f"{row['text_b']}\n",
                "source_lang": language.iso639_3,
                "target_lang": "eng",
            }
            for row in rows
        ]


@dataclass(frozen=True, kw_only=True)
class TranslationPairSchema(SentencePairSchema):
    """Tatoeba as in google/xtreme or as in mteb/tatoeba-bitext-mining: there the columns are named otherwise."""

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the one canonical row, without line breaks around the sentences."""
        names = ("sentence1", "sentence2") if "sentence1" in row else ("source_sentence", "target_sentence")
        yield dict(zip(("text_a", "text_b"), (row[name].strip() for name in names), strict=True))


@dataclass(frozen=True, kw_only=True)
class PoolSchema:
    """BUCC as in mteb/BUCC: the whole pool of one language pair in a single row, gold pairs counted from 1.

    Repositories that hold the parts by themselves are read as well: pool sentences with the shared task's ids
    (`zh-000000001`, `en-000000001`) in rows of `id` and `text`, gold pairs as translations (google/xtreme's bucc18).
    """

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield one canonical row for each sentence of both sides; a gold pair alone gives a row with `pair`.

        Raises:
            RowError: a gold pair points outside the pool.
        """
        if "text" in row:
            side = "english" if row["id"].startswith("en-") else "foreign"
            yield {"id": row["id"], "side": side, "text_a": row["text"], "gold": []}
            return
        if "source_sentence" in row:
            yield {"pair": (row["source_sentence"], row["target_sentence"])}
            return
        foreign, english = row["sentence1"], row["sentence2"]
        translations: dict[int, list[str]] = {}
        for i, j in row["gold"]:
            if not (1 <= i <= len(foreign) and 1 <= j <= len(english)):
                raise RowError(
                    f"gold pair [{i}, {j}] is outside the pool of {len(foreign)} x {len(english)} sentences; "
                    "expected numbers counted from 1"
                )
            translations.setdefault(i, []).append(f"english-{j}")
        for i, text in enumerate(foreign, start=1):
            yield {"id": f"foreign-{i}", "side": "foreign", "text_a": text, "gold": translations.get(i, [])}
        for j, text in enumerate(english, start=1):
            yield {"id": f"english-{j}", "side": "english", "text_a": text, "gold": []}

    def write(self, rows: Sequence[Row], language: Language) -> list[Row]:
        """Return the single repository row of this language pair's pool."""
        foreign = [row for row in rows if row["side"] == "foreign"]
        english = [row for row in rows if row["side"] == "english"]
        number = {row["id"]: j for j, row in enumerate(english, start=1)}
        gold = [[i, number[name]] for i, row in enumerate(foreign, start=1) for name in row["gold"]]
        return [
            {
                "sentence1": [row["text_a"] for row in foreign],
                "sentence2": [row["text_a"] for row in english],
                "gold": gold,
            }
        ]


PROVENANCE = frozenset({"source"})
"""Columns beside the two sides of a translation that say where it is from (`id` is Indonesian)."""


@dataclass(frozen=True, kw_only=True)
class TranslationSchema:
    """OPUS: one column `translation` that maps both language codes to the two sides; or one column for each side."""

    english: str = "en"

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the one canonical row: the foreign side first, English second."""
        sides = dict(row.get("translation", row))
        english = sides.pop(self.english)
        (foreign,) = (text for name, text in sides.items() if name not in PROVENANCE and text is not None)
        yield {"text_a": foreign, "text_b": english}

    def write(self, rows: Sequence[Row], language: Language) -> list[Row]:
        """Return one repository row for each canonical row."""
        return [{"translation": {self.english: row["text_b"], language.code: row["text_a"]}} for row in rows]


@dataclass(frozen=True, kw_only=True)
class DocumentSchema:
    """Wikipedia: one document a row."""

    text: str = "text"

    def read(self, row: Mapping[str, Any]) -> Iterator[Row]:
        """Yield the one canonical row."""
        yield {"text_a": row[self.text], "text_b": None}

    def write(self, rows: Sequence[Row], language: Language) -> list[Row]:
        """Return one repository row for each canonical row."""
        return [{"id": row["id"], "url": "", "title": "", self.text: row["text_a"]} for row in rows]
