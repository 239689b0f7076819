"""The feature vectors of languages, and which code stands for a language that has several.

The tables lie in `reference/typology`, whose README says where they come from and under which licence:

features.csv   a row for each feature, a column for each ISO 639-3 code: 0 to 1, empty where nothing is observed
languages.csv  a row for each code: place in degrees, inventories in PHOIBLE, genealogical groups, the largest first
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workflow.scripts.errors import UserError
from workflow.scripts.files import sha256

FEATURES_FILE = "features.csv"
LANGUAGES_FILE = "languages.csv"

PARTS: Mapping[str, str] = {"syntax": "S_", "phonology": "P_", "inventory": "INV_"}
"""The parts of the feature vectors, and how the names of their features begin."""

GROUPS, PLACE = "genealogy", "geography"

EQUIVALENT = (
    ("ara", "arb"),
    ("aze", "azj"),
    ("est", "ekk"),
    ("fas", "pes"),
    ("msa", "zsm"),
    ("que", "quz", "quy"),
    ("swa", "swh"),
    ("zho", "cmn"),
)
"""Codes that databases use for the same language: that of the macrolanguage, and that of its standard variety."""


def candidates(code: str) -> tuple[str, ...]:
    """Return the ISO 639-3 codes that can stand for a language, its own first."""
    for codes in EQUIVALENT:
        if code in codes:
            return (code, *(other for other in codes if other != code))
    return (code,)


@dataclass(frozen=True, slots=True)
class Vectors:
    """What is known of the languages, by ISO 639-3 code.

    Attributes:
        features: names of the features of each part.
        values: by part and code, a value for each feature of the part, None where it was not observed.
        groups: the genealogical groups of a code, the largest first.
        places: latitude and longitude, in degrees.
    """

    features: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Mapping[str, tuple[float | None, ...]]]
    groups: Mapping[str, tuple[str, ...]]
    places: Mapping[str, tuple[float, float]]

    def observed(self, part: str, code: str) -> int:
        """Return how much is known of a code: observed features, genealogical groups, or 1 for a place."""
        if part == GROUPS:
            return len(self.groups.get(code, ()))
        if part == PLACE:
            return int(code in self.places)
        return sum(value is not None for value in self.values[part].get(code, ()))

    def choose(self, part: str, code: str) -> str | None:
        """Return the code that stands for a language in a part: the one of which most is known (`max_observed`).

        Of equals the language's own code wins. None if nothing is known of any.
        """
        best = max(candidates(code), key=lambda candidate: self.observed(part, candidate))  # the first of equals
        return best if self.observed(part, best) else None


def read_vectors(folder: Path) -> Vectors:
    """Read the two tables.

    Raises:
        UserError: a table is missing or is not as the module says.
    """
    codes, rows = _read_features(folder / FEATURES_FILE)
    parts = {part: [row for row in rows if row[0].startswith(begin)] for part, begin in PARTS.items()}
    languages = _read_languages(folder / LANGUAGES_FILE)
    return Vectors(
        features={part: tuple(name for name, _ in found) for part, found in parts.items()},
        values={
            part: {code: tuple(values[number] for _, values in found) for number, code in enumerate(codes)}
            for part, found in parts.items()
        },
        groups={row["code"]: tuple(row["groups"].split("|")) for row in languages if row["groups"]},
        places={row["code"]: (float(row["latitude"]), float(row["longitude"])) for row in languages if row["latitude"]},
    )


def content(folder: Path) -> str:
    """Return what identifies the vectors: the first digits of the SHA-256 of both tables.

    Raises:
        UserError: a table is missing.
    """
    paths = [_existing(folder / name) for name in (FEATURES_FILE, LANGUAGES_FILE)]
    return "-".join(sha256(path)[:12] for path in paths)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UserError(
            f"{path} is missing; expected a table of typological features (config key `typology.vectors`). "
            "reference/typology has one; docs/typology.md says how another is made"
        )
    return path


def _read_features(path: Path) -> tuple[list[str], list[tuple[str, list[float | None]]]]:
    """Return the codes of the columns, and a (name, values) pair for each feature."""
    with _existing(path).open(encoding="utf-8", newline="") as file:
        heading, *lines = list(csv.reader(file)) or [[]]
    if heading[:2] != ["feature", "source"] or len(set(heading)) != len(heading):
        raise UserError(f"{path} begins with the columns {heading[:4]}; expected feature, source, then a code each")
    rows = []
    for number, line in enumerate(lines, start=2):
        if len(line) != len(heading):
            raise UserError(f"{path}, line {number}: {len(line)} cells; expected {len(heading)}")
        rows.append((line[0], [_value(cell, f"{path}, line {number}") for cell in line[2:]]))
    return heading[2:], rows


def _value(cell: str, place: str) -> float | None:
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UserError(f"{place}: '{cell}'; expected a number between 0 and 1, or nothing")
    return value


def _read_languages(path: Path) -> list[dict[str, str]]:
    with _existing(path).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    if missing := {"code", "latitude", "longitude", "groups"} - set(reader.fieldnames or ()):
        raise UserError(f"{path} lacks the columns {', '.join(sorted(missing))}")
    return rows
