"""The analysis of the study `domain` on tables of examples made by hand."""

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.studies.planted import domain_design
from workflow.scripts.analyse_study import write
from workflow.scripts.errors import UserError
from workflow.scripts.files import write_json, write_table
from workflow.scripts.reporting.scores import Language
from workflow.scripts.studies.analyses.domain import analyse
from workflow.scripts.studies.domain_data import sides, slice_values
from workflow.scripts.studies.runs import Runs

CODES = ("en", "qaa", "qab", "qaf")
COVERED = ("qaa", "qab")
ROWS = 40
"""Test rows of a language: first those of the town, then as many of the country."""

RIGHT = {
    "news": {("town", True): 16, ("town", False): 12},
    "medical": {("country", True): 14},
}
"""Right answers of 20, by domain, topic and whether the language has text; else 10."""

FACTORS = {
    "tasks": ["mnli"],
    "domains": ["news", "medical"],
    "placements": ["before", "mixed"],
    "shares": [50],
    "targets": ["pawsx"],
}
SLICES = {"news": {"topic": ["town"]}, "medical": {"topic": ["country"]}}


def right(arm, code, topic):
    if code == "en":
        return 10
    return RIGHT.get(arm.values.get("domain"), {}).get((topic, code in COVERED), 10)


def make(folder, design):
    """Write examples, cards and data; which rows are right differs between seeds, how many does not."""
    rng, paths, cards = np.random.default_rng(0), [], []
    for arm in design.arms:
        for seed in design.seeds:
            path = folder / "examples" / arm.model / arm.source / f"seed{seed}" / "pawsx.parquet"
            rows = {"id": [], "language": [], "split": [], "accuracy": []}
            for code in CODES:
                rows["id"] += [f"{code}-{number}" for number in range(ROWS)]
                rows["language"] += [code] * ROWS
                rows["split"] += ["test"] * ROWS
                for topic in ("town", "country"):
                    answers = np.arange(20) < right(arm, code, topic)
                    rows["accuracy"] += rng.permutation(answers.astype(int)).tolist()
            write_table(path, pa.table(rows))
            paths.append(path)
            text = {"general": "sentences"}.get(arm.values.get("domain"), arm.values.get("domain"))
            for source, tokens in ((arm.source, 1000), (f"{text}-text-d64", 500)):
                card = folder / "intermediate" / arm.model / source / f"seed{seed}" / "run.json"
                write_json(card, {"tokens": tokens * (1.5 if "news" in source else 1), "steps": 64})
                cards.append(card)
    data = folder / "data/pawsx/test.parquet"
    texts = ["The dog followed the cat.", "The horse followed the cow."]
    write_table(
        data,
        pa.table(
            {
                "id": [f"{code}-{number}" for code in CODES for number in range(ROWS)],
                "language": [code for code in CODES for _ in range(ROWS)],
                "text_a": [texts[number >= 20] if code == "en" else "…" for code in CODES for number in range(ROWS)],
            }
        ),
    )
    facts = {code: Language(code, code, family=code) for code in CODES}
    return Runs(design, paths, cards, facts), [data, *cards]


def study(**options):
    given = {"steps": 64, "general": "sentences", "covered": list(COVERED), "slices": SLICES} | options
    return domain_design(FACTORS, **given)


@pytest.fixture(scope="module")
def analysed(tmp_path_factory):
    folder, design = tmp_path_factory.mktemp("domain"), study()
    runs, extra = make(folder, design)
    return analyse(design, runs, extra, np.random.default_rng(0))


def test_the_primary_contrast_is_of_all_rows_and_languages(analysed):
    news, medical = (0 + 15 + 15 + 5) / 4, (0 + 10 + 10 + 0) / 4
    assert analysed.primary.name == "domain_minus_general"
    assert analysed.primary.interval.estimate == pytest.approx((news + medical) / 2)
    assert analysed.primary.interval.sources == ("seeds", "examples")


def test_differences_of_slices_and_languages_are_those_planted(analysed):
    found = {one.name: one.interval.estimate for one in analysed.estimates if one.role == "secondary"}
    assert found == pytest.approx(
        {
            "domain_by_slice": ((0 + 30 + 30 + 10) / 4 + (0 + 20 + 20 + 0) / 4) / 2,
            "domain_by_coverage": ((15 - 5) + (10 - 0)) / 2,  # without English
            "triple_difference": ((30 - 10) + (20 - 0)) / 2,
        }
    )


def test_slices_and_languages_stand_in_the_tables(analysed):
    cells = {(r["domain"], r["slice"], r["languages"]): r["estimate"] for r in analysed.tables["slices"].to_pylist()}
    assert cells["news", "of the domain", "with text"] == pytest.approx(30)
    assert cells["news", "of the domain", "without text"] == pytest.approx(10)
    assert cells["news", "others", "all"] == pytest.approx(0)
    assert cells["medical", "of the domain", "with text"] == pytest.approx(20)
    rows = {(r["domain"], r["language"], r["slice"]): r for r in analysed.tables["languages"].to_pylist()}
    assert rows["news", "qaf", "of the domain"]["estimate"] == pytest.approx(10)
    assert [rows["news", code, "all"]["covered"] for code in CODES] == [False, True, True, False]
    of = {(r["contrast"], r["domain"]): r["estimate"] for r in analysed.tables["differences"].to_pylist()}
    assert of["triple_difference", "news"] == pytest.approx(20)
    placed = {(r["placement"], r["difference"]): r["estimate"] for r in analysed.tables["placements"].to_pylist()}
    assert placed["before", "domain - general"] == pytest.approx(6.875)
    assert placed["mixed", "general - without"] == pytest.approx(0)


def test_the_mixed_model_finds_the_triple_difference(analysed):
    terms = {r["term"]: r["estimate"] for r in analysed.tables["mixed_model"].to_pylist() if r["kind"] == "fixed"}
    assert terms["domain × slice × text"] == pytest.approx(20)


def test_cost_counts_what_comes_before_and_tells_unequal_tokens(analysed):
    cost = {r["source"]: r for r in analysed.tables["cost"].to_pylist()}
    assert cost["mnli-medical50-before-d64"]["tokens"] == 1500
    assert cost["mnli-news50-before-d64"]["tokens"] == 2250
    assert cost["mnli-news50-before-d64"]["tokens_to_general"] == pytest.approx(1.5)
    assert any("1.00 to 1.50 times the tokens" in note for note in analysed.notes)


def test_its_files_are_written(analysed, tmp_path):
    write(study(), analysed, tmp_path)
    assert (tmp_path / "figures/slices.svg").stat().st_size > 1000
    assert "domain_minus_general" in (tmp_path / "verdict.md").read_text()


def test_without_slices_and_coverage_only_the_primary_contrast_is_left(tmp_path):
    design = study(slices={}, covered=[])
    runs, extra = make(tmp_path, design)
    found = analyse(design, runs, extra, np.random.default_rng(0))
    assert [one for one in found.estimates if one.role == "secondary"] == []
    assert any("domain_by_slice, domain_by_coverage, triple_difference" in note for note in found.notes)
    assert any("No mixed model: no slices" in note for note in found.notes)


def test_drawn_languages_of_one_family_leave_the_other_contrasts(tmp_path):
    design = study(languages="random")
    runs, extra = make(tmp_path, design)
    found = analyse(design, runs, extra, np.random.default_rng(0))
    assert "families" in found.primary.interval.sources
    assert {one.name for one in found.estimates if one.role == "secondary"} == {"domain_by_slice"}
    assert any("of two families: domain_by_coverage, triple_difference" in note for note in found.notes)


def test_a_primary_contrast_without_its_slices_is_an_error(tmp_path):
    design = study(slices={"news": {"genre": ["news"]}})
    runs, extra = make(tmp_path, design)
    object.__setattr__(design, "contrast", "triple_difference")
    with pytest.raises(UserError, match="'triple_difference' cannot be estimated"):
        analyse(design, runs, extra, np.random.default_rng(0))


def test_slices_of_columns_leave_rows_without_a_value_aside():
    data = pa.table(
        {
            "id": ["a", "b", "c"],
            "language": ["de"] * 3,
            "slice_genre": ["government", None, "fiction"],
            "text_a": ["x"] * 3,
        }
    )
    values = slice_values(data, ["treebank", "genre"])
    assert list(values) == ["genre"]
    split = sides(values, {"treebank": ["t"], "genre": ["government"]}, {"de": ["c", "b", "a"]})["de"]
    assert split[1].tolist() == [False, False, True]
    assert split[-1].tolist() == [True, False, False]


def test_topics_of_pairs_with_english_are_read_off_their_english_side():
    data = pa.table(
        {"id": ["0", "1"], "language": ["qaa", "qaa"], "text_a": ["…", "…"], "text_b": ["A dog waits.", "A cow waits."]}
    )
    assert slice_values(data, ["topic"])["topic"] == {("qaa", "0"): "town", ("qaa", "1"): "country"}
