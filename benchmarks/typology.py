"""How well the shipped typological vectors agree with WALS itself.

    python -m benchmarks.typology --wals FOLDER

FOLDER holds `languages.csv` and `values.csv` of a CLDF release of WALS (CC BY 4.0), which is no part of the project.
The reference is the share of WALS's many-valued features of grammar that differ between English and a language. Of
several doculects with an equivalent code the one with most features in common with English counts. Languages are left
out with fewer than `--fewest` features in the reference, or without a syntactic distance. The last line is one JSON
object.
"""

import argparse
import csv
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.startup import device
from benchmarks.workload import package_versions
from workflow.scripts.config_schema import defaults
from workflow.scripts.describe_languages import VECTORS
from workflow.scripts.errors import UserError
from workflow.scripts.files import sha256
from workflow.scripts.logs import run
from workflow.scripts.statistics.ranking import spearman
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES
from workflow.scripts.typology.measures import compare
from workflow.scripts.typology.vectors import candidates, content, read_vectors

ORDERS = {"1": "S_SOV", "2": "S_SVO", "3": "S_VSO"}
"""Values of WALS's feature 81A and the features of the vectors that they mean."""

Doculect = Mapping[str, str]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wals", type=Path, required=True, help="folder of a CLDF release of WALS")
    parser.add_argument("--fewest", type=int, default=20, help="least number of features in common with English")
    options = parser.parse_args(argv)
    wals = read_wals(options.wals)
    if not wals.get("eng"):
        raise UserError(f"{options.wals} has no values of English (eng); expected a CLDF release of WALS")
    english = max(wals["eng"], key=len)
    vectors, least = read_vectors(VECTORS), defaults("typology")["minimum_coverage"]
    ours: dict[str, dict[str, float]] = {}
    reference: dict[str, float] = {}
    orders = []
    for code, language in NATURAL_LANGUAGES.items():
        known = [found for name in candidates(language.iso639_3) for found in wals.get(name, [])]
        chosen = max(known, key=lambda doculect: len(doculect.keys() & english.keys()), default=None)
        if code == "en" or chosen is None:
            continue
        shared = chosen.keys() & english.keys()
        name = vectors.choose("syntax", language.iso639_3)
        if name and chosen.get("81A") in ORDERS:
            feature = vectors.features["syntax"].index(ORDERS[chosen["81A"]])
            orders.append(vectors.values["syntax"][name][feature] == 1)
        for measure, distance in compare(vectors, language.iso639_3, "eng", least)["syntax"].distances.items():
            if distance is not None and len(shared) >= options.fewest:
                ours.setdefault(measure, {})[code] = distance
                reference[code] = sum(chosen[number] != english[number] for number in shared) / len(shared)
    rho = {
        measure: spearman([reference[code] for code in found], list(found.values())) for measure, found in ours.items()
    }
    figures = {
        "benchmark": "typology",
        "languages": len(reference),
        "spearman": {measure: round(value, 3) for measure, value in rho.items()},
        "basic_order": {"languages": len(orders), "agree": sum(orders)},
        "vectors": content(VECTORS),
        "wals": sha256(options.wals / "values.csv"),
        "versions": package_versions("numpy", "scipy"),
        "device": device(),
    }
    print(json.dumps(figures))
    return 0


def read_wals(folder: Path) -> dict[str, list[Doculect]]:
    """Return the grammatical features of the doculects by ISO 639-3 code.

    Raises:
        UserError: a file is missing.
    """
    values: dict[str, dict[str, str]] = {}
    for row in _rows(folder / "values.csv"):
        if grammatical(row["Parameter_ID"]):
            values.setdefault(row["Language_ID"], {})[row["Parameter_ID"]] = row["Value"]
    found: dict[str, list[Doculect]] = {}
    for row in _rows(folder / "languages.csv"):
        for code in (row.get("ISO_codes") or row["ISO639P3code"]).split():
            found.setdefault(code, []).append(values.get(row["ID"], {}))
    return found


def grammatical(feature: str) -> bool:
    """Say whether a feature is one of chapters 20 to 128, 143 or 144: neither sounds nor words."""
    chapter = int(re.sub(r"\D", "", feature))
    return 20 <= chapter <= 128 or feature in ("143A", "144A")


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise UserError(f"{path} is missing; expected the files of a CLDF release of WALS")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    sys.exit(run(main))
