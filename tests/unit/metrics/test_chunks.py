"""Chunks by sentence add up to those that seqeval finds in the corpus."""

import random
import warnings

import pytest

from workflow.scripts.metrics.chunks import chunk_counts

UPOS = [
    "ADJ",
    "ADP",
    "ADV",
    "AUX",
    "CCONJ",
    "DET",
    "INTJ",
    "NOUN",
    "NUM",
    "PART",
    "PRON",
    "PROPN",
    "PUNCT",
    "SCONJ",
    "SYM",
    "VERB",
    "X",
]
ENTITIES = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
ODD = [*UPOS, *ENTITIES, "E-PER", "S-PER", "E-ORG", "B", "I", ".", "S", "E", "X-A", "I-A-B", "_"]
ALIKE = ["I-A-B", "I-B", "IB", "IA-B", "I", "I_", "I-"]


@pytest.mark.parametrize("tags", [UPOS, ENTITIES, ODD, ALIKE, ["X", "NOUN"], ["X", "SYM", "."]], ids=len)
def test_the_counts_add_up_to_those_of_seqeval(tags: list[str]) -> None:
    from seqeval.metrics.sequence_labeling import get_entities

    draw = random.Random(len(tags))
    for _ in range(60):
        gold = [[draw.choice(tags) for _ in range(draw.randint(1, 6))] for _ in range(draw.randint(1, 6))]
        predicted = [[tag if draw.random() < 0.6 else draw.choice(tags) for tag in sentence] for sentence in gold]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected, found = (set(get_entities([list(s) for s in side])) for side in (gold, predicted))
        counts = chunk_counts(gold, predicted)
        assert [len(part) for part in counts] == [len(gold)] * 3
        assert [part.sum() for part in counts] == [len(expected), len(found), len(expected & found)]


def test_a_chunk_is_counted_in_the_sentence_in_which_it_ends() -> None:
    gold = [["B-PER", "I-PER", "O"], ["O"], ["B-LOC", "B-LOC"]]
    predicted = [["B-PER", "O", "O"], ["B-LOC"], ["B-LOC", "I-LOC"]]
    assert [part.tolist() for part in chunk_counts(gold, predicted)] == [[1, 0, 2], [1, 1, 1], [0, 0, 0]]
