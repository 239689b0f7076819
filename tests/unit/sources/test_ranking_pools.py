"""Candidates stand once, every query has a right one, and samples keep right candidates."""

import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.sources.canonical import to_table
from workflow.scripts.sources.ranking_pools import check_answers, merge_candidates, sample_queries
from workflow.scripts.tasks import TASKS, Family
from workflow.scripts.tasks.ranking_schemas import candidate_row, query_row

TASK = TASKS["lareqa"]


def table(*rows):
    return to_table(Family.RANKING, [{"language": "en", **row} for row in rows])


ROWS = [
    *(candidate_row("a", "A", "A B", ["1"]), candidate_row("b", "B", "A B", []), query_row("1", "a?", "1")),
    *(candidate_row("a", "A", "A B", []), candidate_row("b", "B", "A B", ["2"]), query_row("2", "b?", "2")),
    *(candidate_row("c", "C", "C", ["3"]), query_row("3", "c?", "3")),
]


def test_candidates_are_merged_at_their_first_place():
    merged = merge_candidates(ROWS)
    assert [row["id"] for row in merged] == ["a", "b", "1", "2", "c", "3"]
    assert [row["gold"] for row in merged] == [["1"], ["2"], ["1"], ["2"], ["3"], ["3"]]
    check_answers(TASK, "test", table(*merged))


def test_a_query_without_a_right_candidate_is_refused():
    with pytest.raises(UserError, match="'dev' of 'lareqa' has 1 queries without a right candidate, for example '9'"):
        check_answers(TASK, "dev", table(*merge_candidates(ROWS), query_row("9", "?", "9")))


def test_samples_keep_right_candidates_and_test_pools_whole():
    whole = table(*merge_candidates(ROWS))
    assert sample_queries(whole, None, "train") is whole
    for limit in (1, 2):
        train = sample_queries(whole, limit, "train")
        sides = train["side"].to_pylist()
        assert sides.count("query") == sides.count("candidate") == limit
        check_answers(TASK, "train", train)
        tested = sample_queries(whole, limit, "test")
        assert tested["side"].to_pylist().count("candidate") == 3
        assert tested["id"].to_pylist() == [
            name for name in whole["id"].to_pylist() if name in tested["id"].to_pylist()
        ]
