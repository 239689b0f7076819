"""Extract the feature vectors of the study's languages from the package lang2vec (URIEL).

    pip install --no-deps --target FOLDER lang2vec==1.1.2
    python -m workflow.scripts.typology.uriel --package FOLDER/lang2vec --out-dir reference/typology

Only observed values are taken (no predictions), and only from sources whose own licence permits it: grammar and
phonology from WALS, inventories from PHOIBLE, groups and places from Glottolog. `--grammar WALS ETHNO SSWL` adds the
others, for a table of your own (config key `typology.vectors`); of several sources the mean counts.
"""

import argparse
import csv
import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from workflow.scripts.errors import UserError
from workflow.scripts.files import sha256, write_text
from workflow.scripts.logs import configure, run
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES
from workflow.scripts.typology.vectors import FEATURES_FILE, LANGUAGES_FILE, candidates

Array = npt.NDArray[np.float64]

FILES = {
    "features.npz": "1a83a5fc6ea31dfb2d27e634c0d601b47b784b398c4305e410db9d7be72ddbba",
    "family_features.npz": "e814e0588c0263297c76ddfc9c2744937a52233a4ed525ba5bc86ffc54958fb3",
    "geocoord_features.npz": "d7364bd05ecd2f7075755b8361aff6a6cda82519c11c98d7e88bda817bd353ab",
}
"""The files of lang2vec 1.1.2 that are read, and their SHA-256."""

PHOIBLE = "PHOIBLE_"
FARTHEST_RESIDUAL = 0.02
"""Most by which the place found may miss a cosine of the distances in the package, which are rounded."""


@dataclass(frozen=True)
class Layer:
    """One file of the package: `values` has shape (languages, features, sources), with -1 where nothing is observed."""

    languages: list[str]
    features: list[str]
    sources: list[str]
    values: Array

    def of(self, code: str) -> Array | None:
        """Return the values of a language, shape (features, sources), NaN where nothing is observed."""
        if code not in self.languages:
            return None
        values = self.values[self.languages.index(code)].astype(np.float64)
        return np.where(values < 0, np.nan, values)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", required=True, type=Path, help="the installed folder lang2vec")
    parser.add_argument("--grammar", nargs="+", default=["WALS"], help="sources of grammar and phonology")
    parser.add_argument("--out-dir", required=True, type=Path, help="folder for the two tables")
    arguments = parser.parse_args(argv)
    log = configure(None, "typology")
    codes = sorted({code for row in NATURAL_LANGUAGES.values() for code in candidates(row.iso639_3)})
    layers = {name: read_layer(arguments.package / "data" / name, digest) for name, digest in FILES.items()}
    features = feature_rows(layers["features.npz"], codes, arguments.grammar)
    languages = language_rows(layers, codes)
    write_text(arguments.out_dir / FEATURES_FILE, _csv(features))
    write_text(arguments.out_dir / LANGUAGES_FILE, _csv(languages))
    log.info("%d features of %d codes in %s", len(features) - 1, len(codes), arguments.out_dir)
    return 0


def read_layer(path: Path, digest: str) -> Layer:
    """Read a file of the package.

    Raises:
        UserError: it is missing or is another version's.
    """
    if not path.is_file():
        raise UserError(f"{path} is missing; expected the folder of an installed lang2vec 1.1.2")
    if (found := sha256(path)) != digest:
        raise UserError(f"{path} has the SHA-256 {found}; expected that of lang2vec 1.1.2, {digest}")
    with np.load(path) as file:
        languages, features, sources = ([str(name) for name in file[key]] for key in ("langs", "feats", "sources"))
        return Layer(languages, features, sources, file["data"])


def feature_rows(layer: Layer, codes: Sequence[str], grammar: Sequence[str]) -> list[list[str]]:
    """Return a heading and a row for each feature: name, sources, and the value of each code (empty: not observed).

    Raises:
        UserError: the package has no such source.
    """
    if unknown := set(grammar) - set(layer.sources):
        raise UserError(f"lang2vec has no source {', '.join(sorted(unknown))}; it has {', '.join(layer.sources)}")
    phoible = [source for source in layer.sources if source.startswith(PHOIBLE)]
    values = {code: layer.of(code) for code in codes}
    rows = []
    for number, feature in enumerate(layer.features):
        inventory = feature.startswith("INV_")
        chosen = [layer.sources.index(source) for source in (phoible if inventory else grammar)]
        cells = [None if found is None else found[number, chosen] for found in values.values()]
        rows.append([feature, "PHOIBLE" if inventory else " ".join(grammar), *map(_mean, cells)])
    return [["feature", "source", *codes], *sorted(rows)]


def language_rows(layers: dict[str, Layer], codes: Sequence[str]) -> list[list[str]]:
    """Return a heading and a row for each code: place (degrees), inventories of PHOIBLE, genealogical groups."""
    features, families, places = (layers[name] for name in FILES)
    rows = [["code", "latitude", "longitude", "inventories", "groups"]]
    for code in codes:
        observed, groups, ways = features.of(code), families.of(code), places.of(code)
        inventories = [
            source.removeprefix(PHOIBLE)
            for number, source in enumerate(features.sources)
            if source.startswith(PHOIBLE) and observed is not None and not np.isnan(observed[:, number]).all()
        ]
        members = [] if groups is None else [families.features[number] for number in np.flatnonzero(groups[:, 0] > 0)]
        place = None if ways is None else locate(places.features, ways[:, 0])
        rows.append(
            [
                code,
                *(("", "") if place is None else (f"{place[0]:.1f}", f"{place[1]:.1f}")),
                " ".join(inventories),
                "|".join(group.removeprefix("F_") for group in members),
            ]
        )
    return rows


def locate(points: Iterable[str], ways: Array) -> tuple[float, float] | None:
    """Return latitude and longitude (degrees) from the distances to fixed points.

    The package says how far a language is from each of 299 points `GC_<latitude>_<longitude>`, as shares of half the
    circumference. With unit vectors p to the points, p·x = cos(π · distance) is linear in the unit vector x.

    Returns:
        None where distances are missing or belong to no place (codes of several languages have 1 throughout).
    """
    names = [point.split("_") for point in points]
    angles = np.radians([[float(latitude), float(longitude)] for _, latitude, longitude in names])
    x, y = np.cos(angles[:, 0]) * np.cos(angles[:, 1]), np.cos(angles[:, 0]) * np.sin(angles[:, 1])
    units, cosines = np.stack([x, y, np.sin(angles[:, 0])], axis=1), np.cos(np.pi * ways)
    if np.isnan(cosines).any():
        return None
    place = np.linalg.lstsq(units, cosines, rcond=None)[0]
    if np.abs(units @ place - cosines).max() > FARTHEST_RESIDUAL:
        return None
    place /= np.linalg.norm(place)
    return float(np.degrees(np.arcsin(place[2]))), float(np.degrees(np.arctan2(place[1], place[0])))


def _mean(values: Array | None) -> str:
    """Return the mean of what is observed, an empty text if nothing is."""
    if values is None or np.isnan(values).all():
        return ""
    return f"{np.nanmean(values):.4g}"


def _csv(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(run(main))
