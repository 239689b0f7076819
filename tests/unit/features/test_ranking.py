"""Queries and candidates as sequences: lengths of their own, partners and groups."""

import pytest

from tests.unit.features.encoded import encode
from workflow.scripts.errors import UserError
from workflow.scripts.tasks import Family
from workflow.scripts.tasks.ranking_schemas import candidate_row, query_row

TEXT = "One dog sees a dog and one cat sees one more cat in a house near a school"
ROWS = [
    candidate_row("a", TEXT, " " + TEXT, ["1", "2"]),
    query_row("1", TEXT, "1"),
    candidate_row("b", "cat\n", "dog", ["3"]),
    query_row("3", "cat dog", "3"),
    query_row("2", "catdog", "2"),
    candidate_row("c", "catdog", None, []),
    query_row("9", "dog", "9"),
    candidate_row("d", "catdog", None, ["2"]),
]


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_partners_and_groups_reach_over_batches(any_tokenizer, batch):
    columns = encode(any_tokenizer, Family.RANKING, ROWS, batch=batch)
    assert columns["example"] == list(range(8))
    assert columns["side"] == [1, 0, 1, 0, 0, 1, 0, 1]
    assert columns["partner"] == [-1, 0, -1, 2, 0, -1, -1, -1]
    group = columns["group"]
    assert group[0] == group[1] == group[4] == group[7]
    assert group[2] == group[3]
    assert len({group[0], group[2], group[5], group[6]}) == 4


def test_queries_and_candidates_are_cut_at_their_own_lengths(any_tokenizer):
    columns = encode(any_tokenizer, Family.RANKING, ROWS, max_length=14, max_question_length=9)
    lengths = [len(ids) for ids in columns["input_ids"]]
    assert lengths[:2] == [14, 9]
    whole = encode(any_tokenizer, Family.RANKING, ROWS, max_length=400, max_question_length=400)["input_ids"]
    assert columns["input_ids"][1][:8] == whole[1][:8]
    assert len(whole[0]) > len(whole[1]) > 14


def test_a_candidates_context_follows_without_line_breaks_and_without_a_space(any_tokenizer):
    joined = [candidate_row("x", "cat\n", "\ndog", []), candidate_row("y", "catdog", None, [])]
    first, second = encode(any_tokenizer, Family.RANKING, joined)["input_ids"]
    assert first == second


def test_too_short_queries_are_refused(any_tokenizer):
    with pytest.raises(UserError, match="max_question_length 2 leaves no room for a query"):
        encode(any_tokenizer, Family.RANKING, ROWS, max_question_length=2)
