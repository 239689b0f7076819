"""The extraction from lang2vec, on a package made here: what is taken, averaged, located and refused."""

import csv
import math

import numpy as np
import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.files import sha256
from workflow.scripts.typology import uriel
from workflow.scripts.typology.formulas import great_circle
from workflow.scripts.typology.vectors import read_vectors

CODES = ["eng", "deu", "jpn"]
POINTS = [(lat, lon) for lat in (-60, -20, 0, 35, 70) for lon in (-150, -40, 10, 80, 170)]
PLACES = {"eng": (53.0, -1.0), "deu": (48.7, 12.5)}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Write a package of three languages and two features a part."""
    data = tmp_path / "lang2vec" / "data"
    data.mkdir(parents=True)
    sources, features = ["ETHNO", "WALS", "PHOIBLE_SPA", "PHOIBLE_PH"], ["S_SVO", "P_TONE", "INV_NASAL"]
    values = np.full((3, 3, 4), -1.0)
    values[0, 0, :2] = (0, 1)  # English: Ethnologue and WALS disagree
    values[0, 2, 2:] = (1, 0)  # and so do two inventories
    values[1, 1, 0] = 1  # German: only Ethnologue
    ways = np.full((3, len(POINTS), 1), -1.0)
    for number, code in enumerate(PLACES):
        ways[number, :, 0] = [great_circle(PLACES[code], point) for point in POINTS]
    layers = {
        "features.npz": (features, sources, values),
        "family_features.npz": (
            ["F_Indo-European", "F_Germanic"],
            ["FAM"],
            np.array([[1, 1], [1, 1], [0, 0]])[..., None],
        ),
        "geocoord_features.npz": ([f"GC_{lat}_{lon}" for lat, lon in POINTS], ["GC"], ways),
    }
    for name, (names, origins, content) in layers.items():
        np.savez(data / name, langs=CODES, feats=names, sources=origins, data=content.astype(np.float32))
    monkeypatch.setattr(uriel, "FILES", {name: sha256(data / name) for name in layers})
    return data.parent


def rows(folder, name):
    with (folder / name).open() as file:
        return {next(iter(row.values())): row for row in csv.DictReader(file)}


def test_only_the_wanted_sources_are_taken(package, tmp_path):
    assert uriel.main(["--package", str(package), "--out-dir", str(tmp_path)]) == 0
    found = rows(tmp_path, "features.csv")
    assert [found["S_SVO"][code] for code in CODES] == ["1", "", ""]
    assert [found["P_TONE"][code] for code in CODES] == ["", "", ""]
    assert [found["INV_NASAL"][code] for code in CODES] == ["0.5", "", ""]
    assert found["S_SVO"]["source"] == "WALS"
    assert found["S_SVO"]["afr"] == ""  # a code that the package lacks has its column
    languages = rows(tmp_path, "languages.csv")
    assert languages["deu"]["groups"] == "Indo-European|Germanic"
    assert (languages["eng"]["inventories"], languages["deu"]["inventories"]) == ("SPA PH", "")
    assert (languages["eng"]["latitude"], languages["eng"]["longitude"]) == ("53.0", "-1.0")
    assert languages["jpn"]["latitude"] == ""
    assert read_vectors(tmp_path).places["deu"] == (48.7, 12.5)


def test_of_several_sources_the_mean_counts(package, tmp_path):
    words = ["--package", str(package), "--out-dir", str(tmp_path), "--grammar", "WALS", "ETHNO"]
    assert uriel.main(words) == 0
    found = rows(tmp_path, "features.csv")
    assert (found["S_SVO"]["eng"], found["P_TONE"]["deu"]) == ("0.5", "1")


def test_distances_to_no_place_give_no_place():
    names = [f"GC_{lat}_{lon}" for lat, lon in POINTS]
    assert uriel.locate(names, np.ones(len(POINTS))) is None
    assert uriel.locate(names, np.full(len(POINTS), math.nan)) is None


def test_other_versions_and_sources_are_refused(package, tmp_path):
    words = ["--package", str(package), "--out-dir", str(tmp_path / "out")]
    with pytest.raises(UserError, match="no source WALLS; it has ETHNO, WALS"):
        uriel.main([*words, "--grammar", "WALLS"])
    (package / "data" / "features.npz").write_bytes(b"other")
    with pytest.raises(UserError, match=r"features\.npz has the SHA-256 .*; expected that of lang2vec 1\.1\.2"):
        uriel.main(words)
    (package / "data" / "features.npz").unlink()
    with pytest.raises(UserError, match=r"features\.npz is missing"):
        uriel.main(words)
    assert not (tmp_path / "out").exists()
