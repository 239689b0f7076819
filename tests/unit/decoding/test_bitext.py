import numpy as np

from workflow.scripts.decoding import bitext

EYE = np.eye(6, dtype=np.float32)


def test_pairs_are_looked_for_within_their_language():
    rows = {"id": ["qaa-0", "qaa-1", "qab-0", "qab-1"], "language": ["qaa", "qaa", "qab", "qab"]}
    english = EYE[[0, 1, 0, 1]]
    foreign = EYE[[0, 1, 1, 0]]
    columns = bitext.retrieve(rows, foreign, english)
    assert columns["prediction"] == ["qaa-0", "qaa-1", "qab-1", "qab-0"]
    assert columns["score"] == [1.0] * 4


def test_repeated_sentences_are_mined_once():
    rows = {
        "id": ["f1", "f2", "f3", "e1", "e2"],
        "language": ["qaa"] * 5,
        "side": ["foreign"] * 3 + ["english"] * 2,
        "text_a": ["a", "a", "b", "x", "y"],
    }
    columns = bitext.mine(rows, EYE[[0, 0, 1, 0, 1]].__getitem__, neighbours=2)
    assert sorted(zip(columns["id"], columns["prediction"], strict=True)) == [("f1", "e1"), ("f3", "e2")]
    assert set(columns["language"]) == {"qaa"}


def test_a_language_without_candidates_has_one_empty_row():
    rows = {"id": ["f1", "e1"], "language": ["qaa"] * 2, "side": ["foreign", "english"], "text_a": ["a", "x"]}
    columns = bitext.mine(rows, EYE[[0, 1]].__getitem__, neighbours=1)  # a margin of 0 is no candidate
    assert columns == {"id": [None], "language": ["qaa"], "prediction": [None], "score": [None]}


def test_vectors_are_asked_for_once_for_each_language_and_side():
    rows = {
        "id": ["f1", "f2", "e1", "g1", "e2", "e3"],
        "language": ["qaa", "qaa", "qaa", "qab", "qab", "qab"],
        "side": ["foreign", "foreign", "english", "foreign", "english", "english"],
        "text_a": ["a", "a", "x", "a", "y", "z"],
    }
    asked = []

    def vectors_of(chosen):
        asked.append(chosen.tolist())
        return EYE[chosen]

    bitext.mine(rows, vectors_of, neighbours=1)
    assert asked == [[0], [2], [3], [4, 5]]
