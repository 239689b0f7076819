"""LAReQA and Mewsli-X: repository rows to queries and candidates, and back."""

import json
from pathlib import Path

import pytest

from workflow.scripts.tasks import TASKS
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES
from workflow.scripts.tasks.schemas import DroppedRowError, RowError

GOLDEN = json.loads((Path(__file__).parents[2] / "golden/metrics/ranking_xtreme_r.json").read_text(encoding="utf-8"))
LAREQA, MEWSLIX = TASKS["lareqa"].schema, TASKS["mewslix"].schema
ENGLISH = NATURAL_LANGUAGES["en"]
CONTEXT = "It rains. The dog rests."
QUESTION = {
    "id": "q1",
    "title": "",
    "context": CONTEXT,
    "question": "Who rests?",
    "answers": {"text": ["The dog", "It"], "answer_start": [10, 0]},
    "sentence_breaks": [[0, 9], [10, 24]],
}


def test_a_question_has_the_sentences_of_its_paragraph_and_the_one_with_its_first_answer():
    first, second, query = LAREQA.read(QUESTION)
    assert (first["text_a"], first["text_b"], first["gold"]) == ("It rains.", CONTEXT, [])
    assert (second["text_a"], second["text_b"], second["gold"]) == ("The dog rests.", CONTEXT, ["q1"])
    assert query == {"id": "q1", "side": "query", "text_a": "Who rests?", "text_b": None, "gold": ["q1"]}
    assert first["id"] != second["id"]


def test_without_boundaries_sentences_are_cut_by_rule_and_that_is_told():
    row = {name: value for name, value in QUESTION.items() if name != "sentence_breaks"}
    *candidates, query = LAREQA.read(row)
    assert [row["text_a"] for row in candidates] == ["It rains.", "The dog rests."]
    assert "by rule" in query["repaired"]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"answers": {"text": [], "answer_start": []}}, DroppedRowError),
        ({"sentence_breaks": [[0, 9]]}, DroppedRowError),
        ({"sentence_breaks": [[0, 99]]}, RowError),
    ],
)
def test_questions_without_an_answer_sentence_are_left_out_and_bad_boundaries_refused(changed, error):
    with pytest.raises(error):
        list(LAREQA.read(QUESTION | changed))


def test_questions_are_written_as_they_are_read():
    read = list(LAREQA.read(QUESTION))
    (written,) = LAREQA.write(read, ENGLISH)
    assert list(LAREQA.read(written)) == read


@pytest.mark.parametrize("case", GOLDEN["mentions"] + GOLDEN["descriptions"], ids=lambda case: case["text"][:20])
def test_mentions_and_descriptions_are_the_official_texts(case):
    (row,) = MEWSLIX.read(case["row"])
    assert row["text_a"] == case["text"]
    assert (row["side"], row["gold"], row["language"]) in [("query", ["Q1"], "en"), ("candidate", ["Q2"], "fr")]


def test_mentions_of_one_context_pairs_and_crossing_mentions():
    case = GOLDEN["mentions"][0]["row"]
    context, mention = case["context"], case["mention"]
    several = {"context": context, "mentions": [mention, mention | {"example_id": "other"}]}
    assert [row["id"] for row in MEWSLIX.read(several)] == ["e", "other"]
    pair = {"contextual_mention": case, "entity": GOLDEN["descriptions"][0]["row"]}
    assert [row["side"] for row in MEWSLIX.read(pair)] == ["candidate", "query"]
    crossing = {"start": 12, "end": 28, "text": context["text"][12:28]}
    (row,) = MEWSLIX.read({"context": context, "mention": mention | {"mention_span": crossing}})
    assert row["text_a"].startswith("came back. Smith: The verdict { came back. Smith } , who (stepped)")
    moved = mention | {"mention_span": crossing | {"start": 11, "end": 27}}
    with pytest.raises(RowError, match="does not stand at characters 11 to 27"):
        list(MEWSLIX.read({"context": context, "mention": moved}))


def test_entities_and_mentions_are_written_where_they_are_read():
    pair = {"contextual_mention": GOLDEN["mentions"][1]["row"], "entity": GOLDEN["descriptions"][0]["row"]}
    pair["contextual_mention"]["mention"]["entity_id"] = "Q2"
    rows = [row | {"language": "en"} for row in MEWSLIX.read(pair)]
    assert [row for entry in MEWSLIX.write(rows, ENGLISH) for row in MEWSLIX.read(entry)] == rows
    mentions, entities = MEWSLIX.deal(rows, 2)
    assert [row for entry in MEWSLIX.write(mentions, ENGLISH) for row in MEWSLIX.read(entry)] == [rows[1]]
    assert [row for entry in MEWSLIX.write(entities, ENGLISH) for row in MEWSLIX.read(entry)] == [rows[0]]
    assert MEWSLIX.deal(rows, 1) == [rows]
