"""Tables of similarities, and the program that writes them."""

import csv

import pyarrow as pa
import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.files import write_table
from workflow.scripts.measure_similarity import SCHEMA
from workflow.scripts.tabulate_similarity import main


def rows(seed, value):
    shared = {"model": "tiny", "seed": seed, "source": "mnli", "source_flops": 2.0 * seed, "target_flops": 0.0}
    return [
        shared | {"measure": "logme", "target": "pawsx", "similarity": value},
        shared | {"measure": "logme", "target": "tatoeba", "similarity": None},
        shared | {"measure": "class", "target": "pawsx", "similarity": 1.0},
    ]


@pytest.fixture
def folder(tmp_path):
    for seed, value in ((1, -0.5), (2, -0.25)):
        table = pa.Table.from_pylist(rows(seed, value), schema=SCHEMA)
        write_table(tmp_path / f"seed{seed}.parquet", table)
    return tmp_path


def test_seeds_are_averaged(folder):
    paths = [str(folder / f"seed{seed}.parquet") for seed in (1, 2)]
    assert main(["--similarities", *paths, "--out-dir", str(folder)]) == 0
    with (folder / "similarity.csv").open(encoding="utf-8") as lines:
        found = list(csv.DictReader(lines))
    assert [(row["measure"], row["target"], row["similarity"]) for row in found] == [
        ("logme", "pawsx", "-0.375"),
        ("logme", "tatoeba", ""),
        ("class", "pawsx", "1.0"),
    ]
    assert {row["source_flops"] for row in found} == {"3.0"}
    text = (folder / "similarity.md").read_text(encoding="utf-8")
    assert text.index("## Similarity: LogME") < text.index("## Similarity: same class")
    assert "\u22120.375" in text
    assert "\\toprule" in (folder / "similarity.tex").read_text(encoding="utf-8")


def test_another_table_is_refused(folder):
    write_table(folder / "other.parquet", pa.table({"source": ["mnli"]}))
    with pytest.raises(UserError, match="is no table of similarities"):
        main(["--similarities", str(folder / "other.parquet"), "--out-dir", str(folder)])
    (folder / "text.parquet").write_text("no table", encoding="utf-8")
    with pytest.raises(UserError, match="delete it"):
        main(["--similarities", str(folder / "text.parquet"), "--out-dir", str(folder)])
