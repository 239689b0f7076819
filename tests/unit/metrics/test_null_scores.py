"""Null scores, from the columns of predictions to the scores of a task with unanswerable questions."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.unit.scoring import Row, Study
from workflow.scripts.errors import UserError

DATA = [
    {"id": str(i), "language": "en", "answers": [{"text": text, "start": 0} for text in texts]}
    for i, texts in enumerate(([], ["dog"], ["red fox"], []))
]
NULLS = [3.0, 1.0, -1.0, 4.0]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


def predictions(**columns: Any) -> list[Row]:
    """Return predictions at threshold 0, with the best answers and null scores or other values of these columns."""
    values = {"prediction": ["", "", "fox", ""], "best_answer": ["cat", "dog", "fox", "owl"], "null_score": NULLS}
    values |= columns
    return [
        {"id": str(i), "language": "en", "split": "test", "score": 0.5}
        | {name: column[i] for name, column in values.items()}
        for i in range(4)
    ]


def test_raw_and_best_scores_stand_side_by_side(study: Study) -> None:
    metrics = study.metrics("squad_v2", predictions(), test=DATA)["en"]
    assert metrics == {
        "f1": pytest.approx(100 * (2 + 2 / 3) / 4),
        "exact_match": 50.0,
        "best_f1": pytest.approx(100 * (3 + 2 / 3) / 4),
        "best_f1_threshold": 1.0,
        "best_exact_match": 75.0,
        "best_exact_match_threshold": 1.0,
    }


def test_the_order_of_the_predictions_does_not_matter(study: Study) -> None:
    assert study.metrics("squad_v2", predictions()[::-1], test=DATA) == study.metrics(
        "squad_v2", predictions(), test=DATA
    )


def test_predictions_without_null_scores_have_the_raw_scores_alone(study: Study) -> None:
    rows = [{name: row[name] for name in ("id", "language", "split", "prediction", "score")} for row in predictions()]
    assert set(study.metrics("squad_v2", rows, test=DATA)["en"]) == {"f1", "exact_match"}


def test_a_null_score_that_is_no_number_is_an_error(study: Study) -> None:
    rows = predictions(null_score=[1.0, float("nan"), 1.0, 1.0])
    with pytest.raises(UserError, match=r"1 row with a score that is no finite number \(language/id en/1\)"):
        study.metrics("squad_v2", rows, test=DATA)


def test_a_best_answer_without_null_score_is_an_error(study: Study) -> None:
    rows = predictions(null_score=[1.0, None, 1.0, 1.0])
    with pytest.raises(UserError, match="question 1 has a prediction, but no best answer with a null score"):
        study.metrics("squad_v2", rows, test=DATA)


def test_predictions_are_written_with_the_columns() -> None:
    pytest.importorskip("torch")
    from workflow.scripts.decoding.prediction import Split, _table
    from workflow.scripts.tasks import TASKS

    split = Split("test", pa.Table.from_pylist(DATA), None)  # type: ignore[arg-type]
    columns = {"prediction": [""] * 4, "score": [0.0] * 4, "best_answer": ["a"] * 4, "null_score": NULLS}
    table = _table(TASKS["squad_v2"], split, columns)
    assert table.column_names == ["id", "language", "split", "prediction", "score", "best_answer", "null_score"]
    assert _table(TASKS["xquad"], split, {name: columns[name] for name in ("prediction", "score")}).num_columns == 5
