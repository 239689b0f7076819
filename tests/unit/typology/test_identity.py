"""What of the key `typology` is part of a run specification: the measure and the content of the vectors."""

import json
from pathlib import Path
from shutil import copytree

import pytest
import yaml

from workflow.scripts.errors import UserError
from workflow.scripts.specifications import Specifications
from workflow.scripts.study import Study

ROOT = Path(__file__).resolve().parents[3]


def specifications(config="tests/config/smoke.yaml", **typology):
    return Specifications(Study(yaml.safe_load((ROOT / config).read_text()) | {"typology": typology}))


def test_in_the_laboratory_no_measure_matters():
    plain, other = specifications(), specifications(measure="coarse", vectors="nowhere")
    assert plain.languages_spec() == other.languages_spec()
    assert plain.report_spec() == other.report_spec()
    assert set(json.loads(plain.languages_spec())) == {"version", "languages"}


def test_the_measure_and_the_content_of_the_vectors_are_identity(tmp_path):
    plain = specifications("config/paper.yaml")
    same = copytree(ROOT / "reference" / "typology", tmp_path / "vectors")
    moved = specifications("config/paper.yaml", vectors=str(same))
    assert moved.languages_spec() == plain.languages_spec()
    assert moved.report_spec() == plain.report_spec()
    assert "measure" not in json.loads(plain.languages_spec())  # the default is left out
    assert specifications("config/paper.yaml", measure="genealogy").languages_spec() != plain.languages_spec()
    with (same / "features.csv").open("a") as file:
        file.write("\n")
    assert specifications("config/paper.yaml", vectors=str(same)).languages_spec() != plain.languages_spec()


def test_vectors_that_are_nowhere_are_told_before_anything_runs():
    with pytest.raises(UserError, match=r"nowhere/features\.csv is missing"):
        specifications("config/paper.yaml", vectors="nowhere")
