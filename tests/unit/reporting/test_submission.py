"""Files of a submission: what evaluate.py reads, line by line; and the program that writes a folder of them."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.smoke import SMOKE
from workflow.scripts import write_submission
from workflow.scripts.errors import UserError
from workflow.scripts.layout import Layout
from workflow.scripts.reporting.submission import GOLD, file_name, file_text, version_of
from workflow.scripts.specifications import Specifications
from workflow.scripts.study import Study


def rows(language: str, *pairs: tuple[Any, Any], **more: Any) -> list[dict[str, Any]]:
    """Return examples with gold and prediction."""
    return [
        {"id": f"{language}-{i}", "language": language, "split": "test", "gold": gold, "prediction": found, **more}
        for i, (gold, found) in enumerate(pairs)
    ]


def test_labels_stand_one_a_line_and_an_unanswered_example_is_an_empty_one() -> None:
    found = rows("de", ("neutral", "entailment"), ("neutral", None), ("entailment", "neutral"))
    assert file_text("xnli", "de", found) == "entailment\n\nneutral\n"
    assert file_text("xnli", "de", found, GOLD) == "neutral\nneutral\nentailment\n"


def test_tags_stand_one_a_line_with_an_empty_line_between_sentences() -> None:
    found = rows("de", (["DET", "NOUN"], ["DET", "VERB"]), (["VERB", "X"], None), (["X"], ["X"]))
    assert file_text("udpos", "de", found) == "DET\nVERB\n\n.\n.\n\nX\n"


def test_answers_stand_under_the_ids_of_the_benchmark_and_unanswered_questions_nowhere() -> None:
    found = rows("de", (["Hund"], "狗 \n"), (["Hund", "Katze"], None), (["Maus"], ""))
    assert json.loads(file_text("xquad", "de", found)) == {"0": "狗 \n", "2": ""}
    (paragraph,) = json.loads(file_text("xquad", "de", found, GOLD))["data"][0]["paragraphs"]
    assert paragraph["qas"][1] == {"id": "1", "answers": [{"text": "Hund"}, {"text": "Katze"}]}


def test_english_sentences_are_in_alphabetical_order_with_the_number_of_the_foreign_one() -> None:
    found = rows("de", ("de-0", "de-2"), ("de-1", "de-1"), ("de-2", None))
    english = ["zoo", " ape", "Zebra\n"]
    assert file_text("tatoeba", "de", found, english=english) == "\n1\n2\n"
    assert file_text("tatoeba", "de", found, GOLD, english) == "2\n1\n0\n"


def mined(foreign: str, gold: str | None, found: str | None, split: str = "test", kept: int = 1) -> dict[str, Any]:
    """Return a pair of sentences."""
    counts = {"gold_pairs": int(gold is not None), "predicted_pairs": kept}
    return {"id": foreign, "language": "zh", "split": split, "gold": gold, "prediction": found, **counts}


def test_pairs_above_the_threshold_have_the_ids_of_the_shared_task() -> None:
    found = [
        mined("zh-foreign-7", "zh-english-12", "zh-english-12"),
        mined("zh-zh-000000008", None, "zh-en-000000013"),
        mined("zh-foreign-9", None, "zh-english-3", kept=0),
        mined("zh-foreign-10", "zh-english-4", None, kept=0),
        mined("zh-foreign-11", "zh-english-5", "zh-english-5", split="dev"),
    ]
    expected = "zh-000000007\ten-000000012\nzh-000000008\ten-000000013\n"
    assert file_text("bucc2018", "zh", found) == expected
    assert file_text("bucc2018", "zh", found, GOLD) == "zh-000000007\ten-000000012\nzh-000000010\ten-000000004\n"


def test_an_id_that_bucc_does_not_have_is_told() -> None:
    with pytest.raises(UserError, match=r"'zh-abc' is no id of BUCC 2018"):
        file_text("bucc2018", "zh", [mined("zh-abc", None, "zh-english-1")])


def test_xtreme_r_has_choices_and_rankings() -> None:
    assert file_text("xcopa", "et", rows("et", (1, 0), (0, None))) == '{"label": 0}\n{"label": null}\n'
    ranked = rows("de", (["xx-Q1"], ["xx-Q2", "xx-Q1"]), (["xx-Q3"], None))
    assert json.loads(file_text("mewslix", "de", ranked)) == {"0": ["Q2", "Q1"], "1": []}
    assert [file_name(task, "et") for task in ("xcopa", "mlqa", "panx")] == [
        "xcopa/test-et.jsonl",
        "mlqa/test-et.json",
        "panx/test-et.tsv",
    ]


def test_the_version_is_the_one_that_has_most_of_the_targets() -> None:
    assert version_of(["xnli", "mlqa"]) == "xtreme"
    assert version_of(["xnli", "pawsx", "udpos38"]) == "xtreme"
    assert version_of(["xnli", "xcopa", "udpos38"]) == "xtreme-r"


def write(folder: Path, tables: dict[str, list[dict[str, Any]]], *more: str) -> dict[str, Any]:
    """Write tables of examples, run the program and return the manifest."""
    paths = []
    for target, examples in tables.items():
        paths.append(folder / f"{target}.parquet")
        pq.write_table(pa.Table.from_pylist(examples), paths[-1])
    manifest = folder / "submission/manifest.json"
    words = ["--manifest", str(manifest), "--model", "tiny", "--source", "mnli", "--seed", "1", *more]
    assert write_submission.main(["--examples", *map(str, paths), *words]) == 0
    found: dict[str, Any] = json.loads(manifest.read_text())
    return found


def test_the_folder_names_what_is_missing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pairs = rows("de", ("de-0", "de-0"))
    data = tmp_path / "data/tatoeba/test.parquet"
    data.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist([{"id": "de-0", "text_b": "A dog."}]), data)
    tables = {"xnli": rows("en", ("neutral", "neutral")), "tatoeba": pairs, "hellaswag": rows("en", (0, 0))}
    manifest = write(tmp_path, tables, "--data", str(data), "--labels", str(tmp_path / "labels"))
    assert manifest["files"] == ["xnli/test-en.tsv", "tatoeba/test-de.tsv"]
    assert (tmp_path / "submission/tatoeba/test-de.tsv").read_text() == "0\n"
    assert (tmp_path / "labels/xnli/test-en.tsv").read_text() == "neutral\n"
    assert manifest["other_targets"] == ["hellaswag"]
    assert manifest["missing_languages"]["xnli"][:2] == ["ar", "bg"]
    assert "xnli has no predictions in ar, bg," in caplog.text
    assert "xtreme also has pawsx, udpos," in caplog.text


def test_retrieval_needs_its_data(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"test data of 'tatoeba' are not given; expected data/tatoeba/test.parquet"):
        write(tmp_path, {"tatoeba": rows("de", ("de-0", "de-0"))})
    assert not (tmp_path / "submission").exists()


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, ["none/seed1", "mnli/seed1", "ccg/seed1", "multi/seed1"]),
        ({"source": "mnli", "seed": "1"}, ["mnli/seed1"]),
        ({"model": "nano", "seed": 1, "source": "ccg"}, ["ccg/seed1"]),
    ],
)
def test_the_configuration_chooses_folders_and_changes_no_other_result(chosen: Any, expected: list[str]) -> None:
    study = Study(SMOKE | {"submission": chosen})
    folders = [path.removeprefix("results/smoke/submission/nano/") for path in Layout(study).submissions(None)]
    assert folders == [f"{name}/manifest.json" for name in expected]
    assert Specifications(study).report_spec() == Specifications(Study(SMOKE)).report_spec()


def test_an_unknown_source_of_a_submission_is_told_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"submission.source = 'mnl' is no source of the study.*Did you mean 'mnli'"):
        Layout(Study(SMOKE | {"submission": {"source": "mnl"}}))
