"""Choices of causes, effects and those concerned: the right one follows from the event, and from it alone."""

import math
from collections import Counter

import pytest

from workflow.scripts.laboratory import concepts
from workflow.scripts.laboratory.plausibility import CONSEQUENCES
from workflow.scripts.laboratory.world import World

WORLD = World(seed=7)


def rows(phenomenon, split, examples):
    return list(WORLD.rows(phenomenon, split=split, languages=["en"], examples=examples))


def words(text):
    return text.lower().strip(".").split()


def test_synonyms_lead_to_the_same_state_and_verbs_take_whom_they_change():
    for verb, (role, adjective) in CONSEQUENCES.items():
        synonym = concepts.VERBS[verb].synonym
        assert not synonym or CONSEQUENCES[synonym] == (role, adjective)
        assert role == "subject" or concepts.VERBS[verb].objects
        assert adjective in concepts.ADJECTIVES


def test_an_effect_is_the_state_that_the_verb_leads_to():
    past = {f"{verb}{'d' if verb.endswith('e') else 'ed'}": adjective for verb, (_, adjective) in CONSEQUENCES.items()}
    question = " What was the effect?"
    made = [row for row in rows("cause_effect", "test", 300) if row["text_a"].endswith(question)]
    assert len(made) > 100
    for row in made:
        (state,) = {past[word] for word in words(row["text_a"].removesuffix(question)) if word in past}
        right, wrong = row["choices"][row["label"]], row["choices"][1 - row["label"]]
        assert words(right)[-1] == state
        assert words(wrong)[-1] != state or words(wrong)[:-2] != words(right)[:-2]


def test_nobody_is_in_the_asked_state_twice():
    states = {adjective for _, adjective in CONSEQUENCES.values()}
    for row in rows("social", "test", 200):
        asked = words(row["text_a"].rstrip("?"))[-1]
        assert asked in states
        assert row["choices"][row["label"]].lower() in row["text_a"].lower()


@pytest.mark.parametrize(("phenomenon", "limit"), [("cause_effect", 0.72), ("social", 0.56)])
def test_choices_alone_do_not_tell_the_right_one(phenomenon, limit):
    right, wrong = Counter(), Counter()
    train, test = rows(phenomenon, "train", 1500), rows(phenomenon, "test", 600)
    for row in train:
        for index, choice in enumerate(row["choices"]):
            (right if index == row["label"] else wrong).update(set(words(choice)))
    others = len(train[0]["choices"]) - 1

    def score(choice):
        return sum(math.log((right[word] + 1) / (wrong[word] / others + 1)) for word in set(words(choice)))

    guessed = sum(max(row["choices"], key=score) == row["choices"][row["label"]] for row in test) / len(test)
    assert guessed < limit  # chance is 1/2 and 1/3
