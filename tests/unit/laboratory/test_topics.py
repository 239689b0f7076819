"""Topics: a partition of the nouns, documents within one of them, and what a text is about."""

import hashlib
import json
import re

import pytest

from workflow.scripts.laboratory import concepts
from workflow.scripts.laboratory.topics import COUNTRY, TOPIC_OF, TOPICS, TOWN, topic_of
from workflow.scripts.laboratory.world import World


def test_each_noun_has_one_topic_and_hypernyms_have_none():
    assert set(TOPIC_OF) == set(concepts.HYPERNYMS)
    assert sum(len(nouns) for nouns in TOPICS.values()) == len(TOPIC_OF)


def test_both_topics_have_as_many_nouns_of_each_class_in_the_same_order():
    town, country = ([concepts.HYPERNYMS[noun] for noun in TOPICS[topic]] for topic in (TOWN, COUNTRY))
    assert town == country


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("The dog chased two horses.", None),
        ("The dogs chased a singer near the forest.", TOWN),
        ("The horse rested.", COUNTRY),
        (["Boxes", "of", "carrots"], COUNTRY),
        ("Anna laughed.", None),
        ("", None),
    ],
)
def test_a_text_is_about_what_most_of_its_topical_words_are(text, topic):
    assert topic_of(text) == topic


def test_documents_of_a_topic_speak_of_it():
    world = World(seed=3, languages=["en"])
    for phenomenon, topic in (("town_documents", TOWN), ("country_documents", COUNTRY)):
        rows = world.rows(phenomenon, split="train", languages=["en"], examples=150)
        words = [word for row in rows for word in re.findall("[a-z]+", row["text_a"].lower())]
        topics = [found for word in words if (found := topic_of([word]))]
        assert len(topics) > 300
        assert topics.count(topic) / len(topics) > 0.97


def test_documents_of_a_topic_have_what_verbs_prefer():
    """Within the topic the nouns of a verb are those that the world's documents have with it."""
    world = World(seed=3, languages=["en"])

    def objects(phenomenon, examples):
        rows = world.rows(phenomenon, split="train", languages=["en"], examples=examples)
        text = " ".join(row["text_a"] for row in rows)
        return set(re.findall(r"tasted (?:the|a|an) (\w+)", text)) & set(TOPIC_OF)

    assert objects("town_documents", 400) <= objects("documents", 4000) | {"food"}


def test_generated_rows_are_what_they_were_before_there_were_topics():
    world = World(seed=7, languages=["en", "qaa", "qae"])
    rows = [
        list(world.rows(name, split="train", languages=world.languages, examples=20, stream="x"))
        for name in ("documents", "entailment", "part_of_speech", "role_swap")
    ]
    digest = hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()
    assert digest == "eb7c35c013763cffd0741d67f59ad2b2fd53162e352b71d46ee5f86c7f64136c"
