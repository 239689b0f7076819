import pytest

from workflow.scripts.training.selection import EarlyStopping, Evaluations, mean_score


def test_the_first_of_equal_scores_is_the_best():
    evaluations = Evaluations()
    assert [evaluations.add(step, score) for step, score in [(1, 5.0), (2, 7.0), (3, 7.0), (4, 6.0)]] == [
        True,
        True,
        False,
        False,
    ]
    assert evaluations.best == (2, 7.0)
    assert evaluations.since_best == 2


def test_nothing_is_best_before_the_first_evaluation():
    assert Evaluations().since_best == 0


def test_evaluations_come_at_even_distances_and_at_the_end():
    stopping = EarlyStopping(every=4, patience=1, evaluate=lambda: 0.0)
    assert [step for step in range(1, 11) if stopping.is_due(step, total=10)] == [4, 8, 10]


def test_tasks_count_equally():
    assert mean_score([90.0, 30.0]) == pytest.approx(60)
