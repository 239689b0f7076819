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

    def test_null_scores_allow_for_other_thresholds(self, made):
        """The best answer stays beside the prediction, and null_score is by how much "no answer" beats it."""
        logits = self.logits(made, start=2, end=4, null=5.0)
        columns = self.decode(made, logits, unanswerable=True)
        assert columns == {"prediction": [""], "score": [8.0], "best_answer": ["the red fox"], "null_score": [2.0]}
        columns = self.decode(made, self.logits(made, start=2, end=4, null=4.0), unanswerable=True)
        assert (columns["prediction"], columns["null_score"]) == (["the red fox"], [0.0])
        assert set(self.decode(made, logits)) == {"prediction", "score"}

    def test_the_null_score_is_the_lowest_over_the_windows(self, features):
        ids = [[0, 5, 2, 6, 7, 8, 2], [0, 5, 2, 9, 10, 11, 2]]
        offsets = [self.OFFSETS[:6], self.OFFSETS[6:]]
        made = features(
            "span", example=[0, 0], input_ids=ids, start=[0, 0], end=[0, 0], context=[3, 3], offsets=offsets
        )
        logits = torch.zeros(2, 7, 2)
        logits[0, 0], logits[1, 0] = 3.0, 1.0
        logits[0, 4] = 2.5
        columns = answers.spans([(Batch(np.array([0, 1]), {}, 2), logits)], made, [self.CONTEXT], unanswerable=True)
        assert (columns["score"], columns["null_score"]) == ([5.0], [-3.0])
        assert columns["prediction"] == ["saw"]

    def test_nan_outputs_give_no_score(self, made):
        """A prediction of NaN logits must not pass for an empty answer with score 0: scoring refuses its score."""
        logits = self.logits(made, start=2, end=4)
        logits[0, 5, 0] = torch.nan
        assert np.isnan(self.decode(made, logits)["score"]).all()
        columns = self.decode(made, logits, unanswerable=True)
        assert np.isnan(columns["score"] + columns["null_score"]).all()

    def test_a_context_without_tokens_has_the_empty_answer(self, features):
        made = features("span", example=[0], input_ids=[[0, 5, 2, 2]], start=[0], end=[0], context=[3], offsets=[()])
        columns = answers.spans([(Batch(np.array([0]), {}, 1), torch.zeros(1, 4, 2))], made, [""], unanswerable=False)
        assert columns == {"prediction": [""], "score": [0.0]}

    def test_ends_beyond_the_context_do_not_count(self, made):
        """The separator after the context is no token of it, whatever its logits."""
        logits = self.logits(made, start=2, end=4)
        logits[0, 9] = 50.0
        logits[0, 1] = 50.0
        assert self.decode(made, logits)["prediction"] == ["the red fox"]

    def test_only_the_best_starts_and_ends_are_combined(self, made, monkeypatch):
        monkeypatch.setattr(answers, "BEST", 1)
        assert self.decode(made, self.logits(made, start=4, end=2))["prediction"] == [""]
        monkeypatch.setattr(answers, "BEST", 2)
        assert self.decode(made, self.logits(made, start=4, end=2))["prediction"] != [""]

    @pytest.mark.parametrize("seed", range(20))
    def test_the_answer_is_the_best_of_all_spans(self, made, monkeypatch, seed):
        monkeypatch.setattr(answers, "LONGEST_ANSWER", 3)
        logits = torch.randn(1, 10, 2, generator=torch.Generator().manual_seed(seed))
        spans = [(i, j) for i in range(6) for j in range(i, min(i + 3, 6))]
        scores = {(i, j): float(logits[0, 3 + i, 0] + logits[0, 3 + j, 1]) for i, j in spans}
        i, j = max(scores, key=scores.get)
        columns = self.decode(made, logits)
        assert columns["prediction"] == [self.CONTEXT[self.OFFSETS[2 * i] : self.OFFSETS[2 * j + 1]].strip()]
        assert columns["score"] == pytest.approx([scores[i, j]])


SCRIPTS = {
    "zh": ("1998年，北京大学在“旧”石桥旁。", "北京大学"),
    "zh-quotes": ("1998年，北京大学在“旧”石桥旁。", "“旧”石桥"),
    "th": ("แม่น้ำอยู่ทางเหนือของบ้านที่เก่าแก่", "บ้านที่เก่าแก่"),
    "ar": ("وُلِدَ الكَاتِبُ في القاهرة، سنة ١٩٩٠.", "القاهرة، سنة ١٩٩٠"),
    "hi": ("राम का घर नदी के किनारे है।", "नदी के किनारे"),
    "combining": ("Der Name ist Ame\u0301lie Nguye\u0302\u0303n aus Köln.", "Ame\u0301lie Nguye\u0302\u0303n"),
    "emoji": ("Sie schrieb: 👩‍👩‍👧 und ging.", "👩‍👩‍👧 und"),
}


@pytest.mark.parametrize(("context", "answer"), SCRIPTS.values(), ids=SCRIPTS)
@pytest.mark.parametrize("stride", [0, 3])
def test_an_answer_is_the_original_substring_in_every_script(features, context, answer, stride):
    """Peers join words again (`get_final_text`), which lowers Chinese exact match to 4; ours is cut from the context.

    Every character is a token; the windows overlap, and the right one is the first in which the whole answer lies.
    """
    size = len(answer) + 4
    starts = range(0, len(context), stride) if stride else [0]
    windows = [(first, context[first : first + size] if stride else context) for first in starts]
    made = features(
        "span",
        example=[0] * len(windows),
        input_ids=[[0, 5, 2, *[6] * len(text), 2] for _, text in windows],
        start=[0] * len(windows),
        end=[0] * len(windows),
        context=[3] * len(windows),
        offsets=[[bound for i in range(len(text)) for bound in (first + i, first + i + 1)] for first, text in windows],
    )
    place = context.index(answer)
    logits = torch.full((len(windows), max(len(text) for _, text in windows) + 4, 2), -9.0)
    for row, (first, text) in enumerate(windows):
        for column, wanted in enumerate((place, place + len(answer) - 1)):
            if first <= wanted < first + len(text):
                logits[row, 3 + wanted - first, column] = 1.0
    batch = Batch(np.arange(len(windows)), {}, len(windows))
    columns = answers.spans([(batch, logits)], made, [context], unanswerable=False)
    assert columns == {"prediction": [answer], "score": [2.0]}


def test_the_longest_answer_has_thirty_tokens(features):
    context = "x" * 60
    made = features(
        "span",
        example=[0],
        input_ids=[[0, 5, 2, *[6] * 60, 2]],
        start=[0],
        end=[0],
        context=[3],
        offsets=[[bound for i in range(60) for bound in (i, i + 1)]],
    )
    logits = torch.zeros(1, 64, 2)
    logits[0, 3, 0] = 9.0
    for end, best in ((29, 30), (30, None)):
        logits[..., 1] = -5.0
        logits[0, 3 + end, 1] = 9.0
        found = answers.spans([(Batch(np.array([0]), {}, 1), logits)], made, [context], unanswerable=False)
        assert (len(found["prediction"][0]) == best) == (best is not None)
