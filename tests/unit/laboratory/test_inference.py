"""Labels follow from the world."""

from dataclasses import replace

import pytest

from workflow.scripts.laboratory import concepts, english
from workflow.scripts.laboratory.clauses import Clause, Phrase, Sampler
from workflow.scripts.laboratory.discourse import document
from workflow.scripts.laboratory.grammar import WHETHER, Grammar
from workflow.scripts.laboratory.inference import changed, generalised, opposite
from workflow.scripts.laboratory.streams import Stream
from workflow.scripts.laboratory.world import World

DOG, CAT = (Phrase((noun,), "animal") for noun in ("dog", "cat"))
CHASED = Clause(DOG, "chase", CAT, Phrase(("garden",), "place"), adverb="early")


def sampler(name: str) -> Sampler:
    return Sampler(7, Stream(7, "test", name))


def said(clause: Clause, code: str = "en") -> str:
    return Grammar(code, 7).say(clause)


def test_what_follows_leaves_out_or_widens() -> None:
    drawn = sampler("general")
    found = {said(clause) for _ in range(200) if (clause := generalised(drawn, CHASED)) is not None}
    assert found == {
        "The dog chased the cat early.",
        "The dog chased the cat in the garden.",
        "The animal chased the cat in the garden early.",
        "The dog chased the animal in the garden early.",
    }
    assert generalised(drawn, Clause(Phrase(("Anna",), "person"), "rest")) is None


def test_the_opposite_negates_or_takes_an_antonym() -> None:
    drawn = sampler("opposite")
    assert {said(opposite(drawn, CHASED)) for _ in range(100)} == {
        "The dog did not chase the cat in the garden early.",
        "The dog chased the cat in the garden late.",
    }
    assert said(opposite(drawn, replace(CHASED, adverb="", negated=True))) == "The dog chased the cat in the garden."


def test_what_is_changed_is_neither_the_same_nor_wider() -> None:
    drawn = sampler("changed")
    for _ in range(300):
        clause = drawn.statement()
        other = changed(drawn, clause)
        assert other != clause
        assert said(other) != said(clause)
        wide = replace(clause, subject=Phrase(("animal",), "animal"))
        assert changed(drawn, wide).subject.kind == "animal" or changed(drawn, wide).subject.head != ("dog",)


def test_entailed_english_has_no_new_content() -> None:
    plural_classes = {english.plural(kind): kind for kind in concepts.CLASSES}
    for row in World(seed=7).rows("entailment", split="train", languages=["en"], examples=400):
        premise, hypothesis = (str(row[side]).lower().strip(".").split() for side in ("text_a", "text_b"))
        if row["label"] != "entailment" or "not" in premise:
            continue
        new = set(hypothesis) - set(premise) - {"a", "an", "the"}
        assert {plural_classes.get(word, word) for word in new} <= set(concepts.CLASSES)


@pytest.mark.parametrize(
    ("asked", "question"),
    [
        ("subject", "What chased the cat in the garden early?"),
        ("object", "What did the dog chase in the garden early?"),
        ("place", "Where did the dog chase the cat early?"),
        ("adverb", "How did the dog chase the cat in the garden?"),
        (WHETHER, "Did the dog chase the cat in the garden early?"),
    ],
)
def test_english_questions(asked: str, question: str) -> None:
    assert Grammar("en", 7).ask(CHASED, asked) == question


def test_documents_answer_their_questions_in_every_language() -> None:
    grammar = Grammar("en", 7)
    drawn = sampler("documents")
    texts = [str(document(drawn)(grammar)["text_a"]) for _ in range(200)]
    replies = [text for text in texts if any(f"? {word}." in text for word in ("Yes", "No", "Maybe"))]
    assert len(replies) > 50
    assert all(text[0].isupper() and text.endswith(".") for text in texts)
