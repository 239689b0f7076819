"""The tables of all measures: records, correlations, notes, and the program that writes them."""

import csv
import json

import pytest

from benchmarks import typology
from workflow.scripts import compare_distances
from workflow.scripts.config_schema import defaults
from workflow.scripts.describe_languages import describe
from workflow.scripts.errors import UserError
from workflow.scripts.reporting.typology import (
    correlation_records,
    correlation_table,
    distance_records,
    distance_table,
)


def fact(code, *, role="language", **distances):
    """Return a row as in languages.json, with two measures of one part."""
    part = {"code": code, "shared": 3, "coverage": 0.5, "distances": distances}
    first = next(iter(distances.values()))
    chosen = next(iter(distances))
    return {
        "code": code, "name": code.upper(), "role": role, "distance": first, "measure": "M", "chosen": chosen,
        "coverage": 0.5, "typology": {"syntax": part},
    }  # fmt: skip


@pytest.fixture
def facts():
    values = [(0.1, 0.5), (0.2, 0.4), (0.3, 0.3), (0.4, 0.2), (0.5, 0.1), (0.6, None)]
    rows = [fact(f"l{n}", syntax_gower=a, syntax_cosine=b) for n, (a, b) in enumerate(values)]
    return [fact("en", role="source", syntax_gower=0.0, syntax_cosine=0.0), *rows]


def test_correlations_leave_english_and_the_unknown_out(facts):
    assert correlation_records(facts) == [
        {"measure": "syntax_gower", "other": "syntax_cosine", "rho": -1.0, "languages": 5}
    ]
    table = correlation_table(facts)
    assert [row.entries for row in table.rows] == [("1.00", "−1.00"), ("−1.00", "1.00")]


def test_too_few_languages_or_no_variation_give_no_correlation(facts):
    assert correlation_records(facts[:5])[0]["rho"] is None
    for row in facts:
        row["typology"]["syntax"]["distances"]["syntax_cosine"] = 0.3
    assert correlation_records(facts)[0]["rho"] is None
    assert correlation_table(facts).rows[0].entries == ("1.00", "–")


def test_records_say_which_measure_the_study_uses(facts):
    records = distance_records(facts)
    assert len(records) == 14
    assert [record["chosen"] for record in records[:2]] == [1, 0]
    assert records[3] == {
        "language": "l0", "measure": "syntax_cosine", "distance": 0.5, "shared": 3, "coverage": 0.5, "code": "l0",
        "chosen": 0,
    }  # fmt: skip


def test_the_table_goes_from_near_to_far_and_names_what_is_missing(facts):
    facts[1] |= {"distance": None, "note": "nothing is observed"}
    table = distance_table(facts)
    assert [row.title for row in table.rows][:2] == ["EN (en)", "L1 (l1)"]
    assert table.rows[-1].title == "L0 (l0)"
    assert table.rows[-2].entries == ("0.50", "0.60", "–")
    assert "Without a distance: L0 (nothing is observed)." in table.notes


@pytest.mark.parametrize(
    ("provider", "codes", "measures"), [("laboratory", ["en", "qaa", "qab"], 1), ("hub", ["en", "de", "af", "tr"], 12)]
)
def test_the_program_writes_all_files(tmp_path, provider, codes, measures):
    languages = tmp_path / "languages.json"
    languages.write_text(json.dumps(describe(codes, provider, defaults("typology"))))
    assert compare_distances.main(["--languages", str(languages), "--out-dir", str(tmp_path)]) == 0
    with (tmp_path / "typology.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == measures * len(codes)
    assert {row["language"] for row in rows if row["chosen"] == "1"} == set(codes)
    with (tmp_path / "typology_correlations.csv").open() as file:
        assert len(list(csv.DictReader(file))) == measures * (measures - 1) // 2
    assert "Typological distance to English" in (tmp_path / "typology.md").read_text()
    assert r"\toprule" in (tmp_path / "typology.tex").read_text()


def test_the_laboratorys_distance_is_by_construction():
    facts = describe(["en", "qac"], "laboratory", defaults("typology"))
    assert "typology" not in facts[1]
    assert distance_records(facts)[1]["measure"] == "construction"
    assert distance_table(facts).notes == ("In the laboratory the distance is known by construction.",)


def test_the_vectors_are_compared_with_wals(tmp_path, capsys):
    """Of a small made-up WALS: German differs from English in two of four features, Japanese in three."""
    values = {"eng": "2111", "ger": "3112", "jpn": "1122", "tur": "1222"}
    numbers = ("81A", "83A", "143A", "20A")
    lines = [
        f"{name},{number},{value}" for name, row in values.items() for number, value in zip(numbers, row, strict=True)
    ]
    lines += ["tur,1A,5", "tur,130A,5"]  # sounds and words do not count
    (tmp_path / "values.csv").write_text("\n".join(["Language_ID,Parameter_ID,Value", *lines]))
    codes = {"eng": "eng", "ger": "deu", "jpn": "jpn", "tur": "tur"}
    rows = [f"{name},{code}" for name, code in codes.items()]
    (tmp_path / "languages.csv").write_text("\n".join(["ID,ISO639P3code", *rows]))
    assert typology.main(["--wals", str(tmp_path), "--fewest", "4"]) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["languages"] == 3
    assert figures["spearman"]["syntax_gower"] == 1
    assert figures["basic_order"] == {"languages": 3, "agree": 2}  # German is made verb-initial, which it is not
    with pytest.raises(UserError, match=r"values\.csv is missing"):
        typology.main(["--wals", str(tmp_path / "none")])
