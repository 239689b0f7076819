"""Write the facts on the languages of a study: code, name, script, family, distance to English and role.

    python -m workflow.scripts.describe_languages --spec '{"languages": ["en", "qaa"]}' --out languages.json
    python -m workflow.scripts.describe_languages --spec '{"languages": ["en", "de"], "provider": "hub"}' --out …

In the laboratory the distance is known by construction (`laboratory/languages.py` states the formula). Between natural
languages it comes from typological features by the configured measure (`typology/measures.py`); what all other measures
say stands beside it, with the features observed of both languages and the code that the features are filed under.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.config_schema import defaults
from workflow.scripts.errors import UserError, nearest
from workflow.scripts.files import write_json
from workflow.scripts.laboratory import languages as laboratory
from workflow.scripts.logs import configure, run
from workflow.scripts.runspec import decode
from workflow.scripts.tasks import languages as natural
from workflow.scripts.typology.measures import COARSE, TITLES, check, compare
from workflow.scripts.typology.vectors import Vectors, read_vectors

LABORATORY = "laboratory"
VECTORS = Path("reference/typology")
DECIMALS = 4

Facts = list[dict[str, object]]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", required=True, help="run specification (JSON)")
    parser.add_argument("--vectors", type=Path, default=VECTORS, help="folder of the typological vectors")
    parser.add_argument("--out", required=True, type=Path, help="JSON file to write")
    add_log_argument(parser)
    arguments = parser.parse_args(argv)
    log = configure(arguments.log, "languages")
    spec = decode(arguments.spec, defaults("typology"))
    facts = describe(spec["languages"], spec.get("provider", LABORATORY), spec, arguments.vectors)
    for row in facts:
        if row.get("note"):
            log.warning("%s has no distance to English: %s", row["name"], row["note"])
    write_json(arguments.out, facts)
    return 0


def describe(codes: Sequence[str], provider: str, typology: Mapping[str, Any], folder: Path = VECTORS) -> Facts:
    """Return the facts on the languages of a provider.

    Args:
        codes: which languages.
        provider: who provides the data.
        typology: `measure` and `minimum_coverage`, as the configuration names them.
        folder: where the vectors of natural languages lie.

    Raises:
        UserError: no such provider or measure, no such language, or the vectors cannot be read.
    """
    describers: dict[str, Callable[[], Facts]] = {
        LABORATORY: lambda: laboratory.describe(codes),
        "hub": lambda: describe_natural(codes, typology["measure"], typology["minimum_coverage"], read_vectors(folder)),
    }
    describers["mirror"] = describers["hub"]
    if provider not in describers:
        known = ", ".join(describers)
        raise UserError(
            f"provider '{provider}' has no languages: expected one of {known}.{nearest(provider, describers)}"
        )
    return describers[provider]()


def describe_natural(codes: Sequence[str], measure: str, minimum_coverage: float, vectors: Vectors) -> Facts:
    """Return the facts on natural languages, with the distance to English by every measure.

    Raises:
        UserError: no such measure or language.
    """
    check(measure)
    english = natural.NATURAL_LANGUAGES["en"]
    facts = natural.describe(codes)
    for row, language in zip(facts, natural.select_languages(codes, natural.NATURAL_LANGUAGES), strict=True):
        parts: dict[str, dict[str, Any]] = {
            name: {
                "code": pair.code,
                "shared": pair.shared,
                "coverage": round(pair.coverage, DECIMALS),
                "distances": {name: _rounded(distance) for name, distance in pair.distances.items()},
            }
            for name, pair in compare(vectors, language.iso639_3, english.iso639_3, minimum_coverage).items()
        }
        parts[COARSE] = _coarse(language, english)
        chosen = next(part for part in parts.values() if measure in part["distances"])
        row |= {
            "distance": chosen["distances"][measure],
            "measure": TITLES[measure],
            "chosen": measure,
            "coverage": chosen["coverage"],
            "typology": parts,
        }
        if row["distance"] is None:
            row["note"] = _reason(chosen, minimum_coverage)
    return facts


def _coarse(language: natural.Language, english: natural.Language) -> dict[str, Any]:
    """Return the project's own coarse measure in the form of the others."""
    pairs = [(getattr(language, name), getattr(english, name)) for name in natural.FEATURES]
    shared = sum(natural.UNKNOWN not in pair for pair in pairs)
    return {
        "code": language.iso639_3,
        "shared": shared,
        "coverage": round(shared / len(pairs), DECIMALS),
        "distances": {COARSE: _rounded(natural.distance(language, english))},
    }


def _rounded(distance: float | None) -> float | None:
    return None if distance is None else round(distance, DECIMALS)


def _reason(part: Mapping[str, Any], minimum_coverage: float) -> str:
    """Return why a part of the vectors gives no distance."""
    if not part["shared"]:
        return "nothing is observed"
    if part["coverage"] < minimum_coverage:
        return f"{part['shared']} features are observed, {part['coverage']:.0%} of the English ones; too few"
    return "the formula is not defined for its features"


if __name__ == "__main__":
    sys.exit(run(main))
