"""What the program score says of data and predictions that do not fit together."""

from pathlib import Path

import pyarrow as pa
import pytest

from tests.unit.scoring import GOOD, XNLI, Row, Study, change, mined, pool, predictions_for
from workflow.scripts.errors import UserError


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        (change(GOOD, 1, id="9"), r"1 row not in the data \(language/id en/9\)"),
        (GOOD[:-1], r"1 row without a prediction \(language/id qaa/2\)"),
        ([*GOOD, GOOD[0]], r"1 row there more than once \(language/id en/1\)"),
        (change(GOOD, 0, score=float("nan")), r"no finite number \(language/id en/1\)"),
        (change(GOOD, 0, score=None), r"no finite number \(language/id en/1\)"),
        (change(GOOD, 0, prediction=None, score=float("nan")), r"no finite number \(language/id en/1\)"),
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
