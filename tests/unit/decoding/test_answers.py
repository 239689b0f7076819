"""Predictions from hand-made logits."""

import numpy as np
import pytest
import torch

from workflow.scripts.decoding import answers
from workflow.scripts.features.collation import Batch, collate
from workflow.scripts.features.store import Features, TokenIds, write_features

TOKENS = TokenIds(vocabulary_size=20, pad=1, mask=4, special=(0, 1, 2, 3, 4))


@pytest.fixture
def features(tmp_path):
    def make(family, names=(), **columns):
        path = tmp_path / "test.arrow"
        write_features(path, columns, family=family, tokens=TOKENS, labels=tuple(names))
        return Features(path)

    return make


def test_classes_have_names_and_probabilities(features):
    made = features("classification", ["no", "yes"], example=[0, 1], input_ids=[[0, 5, 2], [0, 6, 7, 2]], label=[0, 1])
    batch = collate(made, np.array([1, 0]))
    columns = answers.classes([(batch, torch.tensor([[0.0, 2.0], [3.0, 0.0]]))], made, 2)
    assert columns["prediction"] == ["no", "yes"]
    assert columns["score"] == pytest.approx([0.9526, 0.8808], abs=1e-4)


def test_choices_are_compared_within_their_example(features):
    ids = [[0, 5, 2]] * 5
    made = features("multiple_choice", example=[0, 0, 0, 1, 1], input_ids=ids, label=[2, 2, 2, 0, 0])
    assert len(made) == 2
    batch = collate(made, np.array([1, 0]))
    assert batch.rows.tolist() == [3, 4, 0, 1, 2]
    logits = torch.tensor([[0.0, 1.0, -torch.inf], [0.0, 1.0, 5.0]])
    assert answers.classes([(batch, logits)], made, 2)["prediction"] == [2, 1]


def test_tags_of_a_cut_sentence_come_together_in_order(features):
    made = features(
        "tagging",
        ["X", "Y"],
        example=[0, 0],
        input_ids=[[0, 5, 6, 2], [0, 7, 2]],
        positions=[[1, 2], [1]],
        labels=[[0, 0], [1]],
    )
    batch = collate(made, np.array([1, 0]))
    logits = torch.tensor([[0.0, 9.0], [9.0, 0.0], [0.0, 9.0]])
    columns = answers.tags([(batch, logits)], made, 1)
    assert columns["prediction"] == [["X", "Y", "Y"]]
    assert columns["score"] == pytest.approx([1.0], abs=1e-3)


class TestSpans:
    CONTEXT = "Ana saw the red fox."
    OFFSETS = (0, 3, 3, 7, 7, 11, 11, 15, 15, 19, 19, 20)

    def logits(self, features, *, start, end, null=0.0):
        """Return logits that favour tokens `start` and `end` of the context, which begins at token 3."""
        values = torch.full((1, 10, 2), -5.0)
        values[0, 0] = null
        values[0, 3 + start, 0] = 4.0
        values[0, 3 + end, 1] = 4.0
        return values

    @pytest.fixture
    def made(self, features):
        ids = [[0, 5, 2, 6, 7, 8, 9, 10, 11, 2]]
        return features("span", example=[0], input_ids=ids, start=[0], end=[0], context=[3], offsets=[self.OFFSETS])

    def decode(self, made, logits, **options):
        batch = Batch(np.array([0]), {}, 1)
        return answers.spans([(batch, logits)], made, [self.CONTEXT], **({"unanswerable": False} | options))

    def test_the_answer_is_the_text_itself(self, made):
        columns = self.decode(made, self.logits(made, start=2, end=4))
        assert columns["prediction"] == ["the red fox"]
        assert columns["score"] == [8.0]

    def test_an_end_before_its_start_is_no_answer(self, made):
        assert self.decode(made, self.logits(made, start=4, end=2))["prediction"] == ["fox"]

    def test_no_answer_is_possible_only_where_the_task_says_so(self, made):
        logits = self.logits(made, start=2, end=4, null=50.0)
        assert self.decode(made, logits)["prediction"] == ["the red fox"]
        assert self.decode(made, logits, unanswerable=True)["prediction"] == [""]

    def test_answers_have_a_greatest_length(self, made, monkeypatch):
        monkeypatch.setattr(answers, "LONGEST_ANSWER", 2)
        assert self.decode(made, self.logits(made, start=0, end=4))["prediction"] != [self.CONTEXT[:19]]
        assert self.decode(made, self.logits(made, start=3, end=4))["prediction"] == ["red fox"]

    def test_the_best_of_several_windows_wins(self, features):
        ids = [[0, 5, 2, 6, 7, 8, 2], [0, 5, 2, 9, 10, 11, 2]]
        made = features(
            "span",
            example=[0, 0],
            input_ids=ids,
            start=[0, 0],
            end=[0, 0],
            context=[3, 3],
            offsets=[self.OFFSETS[:6], self.OFFSETS[6:]],
        )
        logits = torch.zeros(2, 7, 2)
        logits[0, 3] = 1.0
        logits[1, 4] = 2.0
        batch = Batch(np.array([0, 1]), {}, 2)
        columns = answers.spans([(batch, logits)], made, [self.CONTEXT], unanswerable=False)
        assert columns["prediction"] == ["fox"]
