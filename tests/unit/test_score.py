"""The programs score and collect_scores, from Parquet files to the long table."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workflow.scripts import collect_scores, score
from workflow.scripts.errors import UserError
from workflow.scripts.files import sha256

Row = dict[str, Any]

XNLI = [
    {"id": "1", "language": "en", "label": "neutral"},
    {"id": "2", "language": "en", "label": "entailment"},
    {"id": "1", "language": "qaa", "label": "neutral"},
    {"id": "2", "language": "qaa", "label": "contradiction"},
]


def predictions_for(rows: list[Row], value: str, split: str = "test") -> list[Row]:
    """Return predictions that repeat a column of the data."""
    keys = ("id", "language")
    return [{key: row[key] for key in keys} | {"split": split, "prediction": row[value], "score": 0.5} for row in rows]


class Study:
    """A folder with the files of one model and the command line that scores them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "run.json").write_text('{"spec_hash": "5bec"}')

    def write(self, name: str, rows: list[Row] | pa.Table) -> Path:
        """Write rows to `name`.parquet."""
        path = self.folder / f"{name}.parquet"
        pq.write_table(rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows), path)
        return path

    def score(self, task: str, predictions: list[Row], seed: int = 1, **data: list[Row] | pa.Table) -> dict[str, Any]:
        """Write everything, run the program and return what it wrote."""
        paths = [str(self.write(split, rows)) for split, rows in data.items()]
        out = self.folder / f"scores/{task}-{seed}.json"
        arguments = ["--task", task, "--data", *paths, "--run", str(self.folder / "run.json"), "--out", str(out)]
        arguments += ["--predictions", str(self.write("predictions", predictions)), "--collection", "laboratory"]
        arguments += ["--model", "tiny", "--source", "none", "--target", task, "--seed", str(seed)]
        assert score.main(arguments) == 0
        return json.loads(out.read_text())

    def metrics(self, task: str, predictions: list[Row], **data: list[Row]) -> dict[str, dict[str, float]]:
        """Return the metrics by language."""
        languages = self.score(task, predictions, **data)["languages"]
        return {language: result["metrics"] for language, result in languages.items()}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


def test_scores_carry_their_provenance(study: Study) -> None:
    scores = study.score("xnli", predictions_for(XNLI, "label"), test=XNLI)
    assert scores.pop("commit")
    assert scores == {
        "task": "xnli",
        "target": "xnli",
        "collection": "laboratory",
        "model": "tiny",
        "source": "none",
        "seed": 1,
        "task_version": "1",
        "metric_versions": {"accuracy": "accuracy.1"},
        "data_sha": sha256(study.folder / "test.parquet"),
        "spec_hash": "5bec",
        "languages": {code: {"n": 2, "metrics": {"accuracy": 100.0}} for code in ("en", "qaa")},
        "main_metrics": ["accuracy"],
    }


def test_examples_are_matched_by_language_and_id_in_any_order(study: Study) -> None:
    predictions = predictions_for(XNLI, "label")[::-1]
    predictions[0]["prediction"] = "neutral"  # qaa/2
    assert study.metrics("xnli", predictions, test=XNLI) == {"en": {"accuracy": 100.0}, "qaa": {"accuracy": 50.0}}


def test_rows_of_other_splits_are_left_aside(study: Study) -> None:
    wrong = [row | {"prediction": "contradiction"} for row in predictions_for(XNLI, "label", "dev")]
    scores = study.metrics("xnli", wrong + predictions_for(XNLI, "label"), test=XNLI)
    assert scores["en"] == {"accuracy": 100.0}


def test_tags_are_scored_with_chunks_and_tokens(study: Study) -> None:
    data = [{"id": "1", "language": "en", "tokens": ["a", "b"], "tags": ["NOUN", "NOUN"]}]
    predictions = predictions_for(data, "tags")
    predictions[0]["prediction"] = ["NOUN", "VERB"]
    assert study.metrics("udpos", predictions, test=data) == {"en": {"f1": 0.0, "accuracy": 50.0}}


def test_answers_are_scored_by_the_rules_of_their_benchmark(study: Study) -> None:
    answers = [{"text": "der Hund", "start": 3}, {"text": "Hund", "start": 7}]
    data = [{"id": "1", "language": "de", "context": "", "question": "", "answers": answers}]
    found = [{"id": "1", "language": "de", "split": "test", "prediction": "ein Hund", "score": 0.5}]
    assert study.metrics("mlqa", found, test=data) == {"de": {"f1": 100.0, "exact_match": 100.0}}
    xquad = study.metrics("xquad", found, test=data)["de"]
    assert xquad == {"f1": pytest.approx(200 / 3), "exact_match": 0.0}


def test_retrieval_compares_ids(study: Study) -> None:
    data = [{"id": str(i), "language": "qaa", "text_a": "x", "text_b": "y"} for i in range(4)]
    predictions = predictions_for(data, "id")
    predictions[3]["prediction"] = "0"
    assert study.metrics("tatoeba", predictions, test=data) == {"qaa": {"accuracy": 75.0}}


def pool(repeated: bool = False) -> list[Row]:
    """Return a pool of three translated sentences; `repeated` gives the third one's English the first one's text."""
    rows = []
    for i in range(3):
        english = "english 0" if repeated and i == 2 else f"english {i}"
        rows += [
            {"id": f"f{i}", "language": "de", "side": "foreign", "text_a": f"foreign {i}", "gold": [f"e{i}"]},
            {"id": f"e{i}", "language": "de", "side": "english", "text_a": english, "gold": []},
        ]
    return rows


def mined(split: str, *pairs: tuple[int, int, float]) -> list[Row]:
    """Return candidate pairs of the pool."""
    return [
        {"id": f"f{i}", "language": "de", "split": split, "prediction": f"e{j}", "score": margin}
        for i, j, margin in pairs
    ]


def test_mining_applies_the_threshold_of_dev_to_test(study: Study) -> None:
    dev = mined("dev", (0, 0, 1.5), (1, 1, 1.25), (2, 0, 1.0))
    test = mined("test", (0, 0, 1.2), (1, 2, 1.3), (2, 2, 1.0))
    scores = study.score("bucc2018", dev + test, dev=pool(), test=pool()[::-1])
    expected = {"f1": pytest.approx(40.0), "precision": 50.0, "recall": pytest.approx(100 / 3), "threshold": 1.125}
    assert scores["languages"] == {"de": {"n": 3, "metrics": expected}}
    assert scores["data_sha"] == "+".join(sha256(study.folder / f"{name}.parquet") for name in ("test", "dev"))


def test_mining_leaves_repeated_sentences_out(study: Study) -> None:
    oracle = [(i, i, 1.5) for i in range(3)]
    predictions = mined("dev", *oracle) + mined("test", *oracle)
    scores = study.metrics("bucc2018", predictions, dev=pool(), test=pool(repeated=True))["de"]
    assert (scores["precision"], scores["recall"]) == (100.0, pytest.approx(100 / 3))


@pytest.mark.parametrize("empty", ["dev", "test"])
def test_a_language_without_candidates_is_scored_as_one_that_found_nothing(study: Study, empty: str) -> None:
    nothing = {"id": None, "language": "de", "split": empty, "prediction": None, "score": None}
    other = mined("test" if empty == "dev" else "dev", (0, 1, 1.5))
    assert study.metrics("bucc2018", [nothing, *other], dev=pool(), test=pool())["de"]["f1"] == 0.0


def change(rows: list[Row], number: int, **values: Any) -> list[Row]:
    """Return the rows with some values of one of them replaced."""
    return [row | values if i == number else row for i, row in enumerate(rows)]


GOOD = predictions_for(XNLI, "label")


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        (change(GOOD, 1, id="9"), r"1 row not in the data \(language/id en/9\)"),
        (GOOD[:-1], r"1 row without a prediction \(language/id qaa/2\)"),
        ([*GOOD, GOOD[0]], r"1 row there more than once \(language/id en/1\)"),
        (change(GOOD, 0, score=float("nan")), r"no finite number \(language/id en/1\)"),
        (change(GOOD, 0, score=None), r"no finite number \(language/id en/1\)"),
        (change(GOOD, 0, prediction=None), r"1 row with an empty prediction \(language/id en/1\)"),
        (change(GOOD, 3, language="qab"), r"in language 'qab', for which .*test.parquet has no gold.*'qaa'\?"),
        (GOOD[:2], r"no predictions in qaa"),
        ([row | {"split": "train"} for row in GOOD], r"no predictions in en, qaa"),
        ([{"id": "1"}], r"predictions.parquet lacks the columns language, split, prediction, score"),
    ],
)
def test_predictions_that_do_not_fit_are_named(study: Study, predictions: list[Row], message: str) -> None:
    with pytest.raises(UserError, match=message):
        study.score("xnli", predictions, test=XNLI)
    assert not (study.folder / "scores").exists()


def test_many_bad_rows_are_counted_and_three_shown(study: Study) -> None:
    data = [{"id": str(i), "language": "en", "label": "neutral"} for i in range(9)]
    with pytest.raises(UserError, match=r"8 rows without a prediction \(language/id en/1, en/2, en/3, …\)"):
        study.score("xnli", predictions_for(data[:1], "label"), test=data)


def test_tags_and_tokens_must_be_as_many(study: Study) -> None:
    data = [{"id": "1", "language": "en", "tokens": ["a", "b"], "tags": ["NOUN", "NOUN"]}]
    predictions = change(predictions_for(data, "tags"), 0, prediction=["NOUN"])
    with pytest.raises(UserError, match=r"1 row without exactly one tag per token"):
        study.score("udpos", predictions, test=data)


def test_what_a_metric_refuses_names_file_and_language(study: Study) -> None:
    data = [
        {"id": "1", "language": "de", "answers": [{"text": "x", "start": 0}]},
        {"id": "2", "language": "de", "answers": []},
    ]
    found = [{"id": i, "language": "de", "split": "test", "prediction": "x", "score": 0.5} for i in ("1", "2")]
    with pytest.raises(UserError, match=r"predictions.parquet: language 'de' cannot be scored: question 1"):
        study.score("xquad", found, test=data)


MINED = mined("dev", (0, 0, 1.5)) + mined("test", (0, 0, 1.5))


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        (MINED + mined("test", (7, 0, 1.0)), r"not on the foreign side of the data \(language/id de/f7\)"),
        (MINED + mined("test", (1, 7, 1.0)), r"not on the english side of the data \(language/id de/e7\)"),
        (MINED + MINED, r"the pair de/f0, e0 is in split dev twice"),
        (change(MINED, 1, split="train"), r"de/f0 has split 'train'; expected dev or test"),
        (change(MINED, 0, score=float("inf")), r"no finite number \(language/id de/f0\)"),
        (MINED[:1], r"no predictions in de"),
    ],
)
def test_mined_pairs_that_do_not_fit_are_named(study: Study, predictions: list[Row], message: str) -> None:
    with pytest.raises(UserError, match=message):
        study.score("bucc2018", predictions, dev=pool(), test=pool())


@pytest.mark.parametrize(
    ("number", "values", "message"),
    [
        (0, {"gold": ["e9"]}, r"named as gold but not on the english side \(language/id de/e9\)"),
        (1, {"side": "left"}, r"de/e0 has side 'left'"),
        (2, {"id": "f0"}, r"test.parquet: de/f0 is there twice"),
    ],
)
def test_pools_that_do_not_fit_are_named(study: Study, number: int, values: Row, message: str) -> None:
    with pytest.raises(UserError, match=message):
        study.score("bucc2018", MINED, dev=pool(), test=change(pool(), number, **values))


def test_a_language_needs_both_pools(study: Study) -> None:
    with pytest.raises(UserError, match=r"only one of .*dev.parquet and .*test.parquet has fr"):
        study.score("bucc2018", MINED, dev=pool(), test=pool() + [row | {"language": "fr"} for row in pool()])


def test_a_pool_without_gold_pairs_cannot_be_scored(study: Study) -> None:
    with pytest.raises(UserError, match=r"language 'de' has no gold pairs"):
        study.score("bucc2018", MINED, dev=[row | {"gold": []} for row in pool()], test=pool())


def test_mining_needs_both_pools_and_other_tasks_only_test(study: Study) -> None:
    with pytest.raises(UserError, match=r"expected the files dev.parquet and test.parquet"):
        study.score("bucc2018", MINED, test=pool())
    with pytest.raises(UserError, match=r"expected the file test.parquet"):
        study.score("xnli", GOOD, dev=XNLI)


def test_an_unknown_task_is_named_with_the_nearest(study: Study) -> None:
    with pytest.raises(UserError, match=r"unknown task 'xnly'.*Did you mean 'xnli'"):
        study.score("xnly", GOOD, test=XNLI)


def test_data_without_rows_is_an_error(study: Study) -> None:
    with pytest.raises(UserError, match=r"test.parquet has no rows"):
        study.score("xnli", GOOD, test=pa.Table.from_pylist(XNLI).slice(0, 0))


def test_a_run_without_a_hash_is_an_error(study: Study) -> None:
    (study.folder / "run.json").write_text("{}")
    with pytest.raises(UserError, match=r"run.json has no 'spec_hash'"):
        study.score("xnli", GOOD, test=XNLI)


def collect(study: Study, *arguments: str) -> pa.Table:
    """Run collect_scores and return the table."""
    out = study.folder / "scores.parquet"
    assert collect_scores.main([*arguments, "--out", str(out)]) == 0
    return pq.read_table(out)


def test_scores_are_collected_into_one_sorted_table(study: Study) -> None:
    tags = [{"id": "1", "language": "en", "tokens": ["a"], "tags": ["NOUN"]}]
    study.score("xnli", GOOD, seed=2, test=XNLI)
    study.score("xnli", GOOD, seed=10, test=XNLI)
    study.score("udpos", predictions_for(tags, "tags"), test=tags)
    paths = sorted(str(path) for path in (study.folder / "scores").iterdir())
    table = collect(study, "--scores", *paths)
    columns = "collection model source target language metric value n seed main_metric task_version data_sha spec_hash"
    assert " ".join(table.schema.names) == f"{columns} commit"
    assert [str(table.schema.field(name).type) for name in ("value", "n", "seed", "main_metric")] == [
        "double",
        "int64",
        "int64",
        "bool",
    ]
    rows = table.select(["target", "language", "metric", "seed", "main_metric", "task_version"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("udpos", "en", "accuracy", 1, False, "1+token_accuracy.1"),
        ("udpos", "en", "f1", 1, True, "1+chunk_f1_syntactic_words.1"),
        ("xnli", "en", "accuracy", 2, True, "1+accuracy.1"),
        ("xnli", "en", "accuracy", 10, True, "1+accuracy.1"),
        ("xnli", "qaa", "accuracy", 2, True, "1+accuracy.1"),
        ("xnli", "qaa", "accuracy", 10, True, "1+accuracy.1"),
    ]
    (study.folder / "list.txt").write_text("\n".join(reversed(paths)) + "\n\n")
    assert collect(study, "--list", str(study.folder / "list.txt")).equals(table)


def test_the_same_score_twice_is_an_error(study: Study) -> None:
    study.score("xnli", GOOD, test=XNLI)
    path = str(study.folder / "scores/xnli-1.json")
    with pytest.raises(UserError, match=r"2 scores for collection=laboratory, model=tiny.*language=en"):
        collect(study, "--scores", path, path)


def test_a_file_that_score_did_not_write_is_named(study: Study) -> None:
    with pytest.raises(UserError, match=r"run.json is not as score.py writes it.*'collection'"):
        collect(study, "--scores", str(study.folder / "run.json"))


def test_no_files_are_an_error(study: Study) -> None:
    with pytest.raises(UserError, match="no score files"):
        collect(study)


@pytest.mark.parametrize("program", ["score", "collect_scores"])
def test_scoring_imports_no_model_library(program: str) -> None:
    code = (
        f"import sys, workflow.scripts.{program}, workflow.scripts.metrics; "
        "print(sorted({'torch', 'transformers', 'sklearn', 'seqeval', 'pandas'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
