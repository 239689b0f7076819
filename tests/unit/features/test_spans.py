"""Windows of contexts and the places of answers, in characters of the context as it was written."""

import unicodedata
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from tests.unit.features.encoded import encode as encode_with
from tests.unit.features.real_rows import QUESTIONS, SENTENCES
from tests.unit.features.small_tokenizers import KINDS
from workflow.scripts.errors import UserError
from workflow.scripts.features.store import Ragged
from workflow.scripts.features.windows import answer_tokens, cut_windows
from workflow.scripts.tasks import Family


@pytest.fixture
def encode(tokenizer_path):
    return partial(encode_with, tokenizer_path, Family.SPAN)


def question(context, text, *, start=None, asked="which?"):
    return {
        "context": context,
        "question": asked,
        "answers": [{"text": text, "start": context.index(text) if start is None else start}],
    }


def answers(columns, rows):
    """Return what stands at the answer's tokens in every window that has it, by example."""
    found = {}
    for row, example in enumerate(columns["example"]):
        start, end, first = columns["start"][row], columns["end"][row], columns["context"][row]
        if start:
            offsets = columns["offsets"][row]
            context = rows[example]["context"]
            found.setdefault(example, []).append(context[offsets[2 * (start - first)] : offsets[2 * (end - first) + 1]])
    return found


def visible(text):
    """Return a text without white space and characters that are not seen."""
    return "".join(char for char in text if not char.isspace() and unicodedata.category(char) != "Cf")


class TestAnswers:
    @pytest.mark.parametrize("language", ["en", "qac", "qaf", "qay"])
    def test_answers_are_found_again_at_their_tokens(self, encode, world, language):
        rows = list(world.rows("reading", split="train", languages=[language], examples=30))
        found = answers(encode(rows, max_length=160), rows)
        for example, row in enumerate(rows):
            assert {text.strip() for text in found[example]} == {row["answers"][0]["text"]}

    @pytest.mark.parametrize("language", QUESTIONS)
    def test_real_answers_are_found_in_the_original_context(self, any_tokenizer, language):
        context, asked, text = QUESTIONS[language]
        row = question(context, text, asked=asked)
        columns = encode_with(any_tokenizer, Family.SPAN, [row], max_length=300, max_question_length=24)
        (found,) = answers(columns, [row]).values()
        for piece in found:
            assert visible(text) in visible(piece)
            assert len(visible(piece)) - len(visible(text)) < 12, "no more than the rest of a token"

    @pytest.mark.parametrize("language", SENTENCES)
    def test_every_word_of_every_script_is_found(self, any_tokenizer, language):
        context = SENTENCES[language]
        ends = [len(" ".join(context.split()[: n + 1])) for n in range(len(context.split()))]
        rows = [question(context, word, start=end - len(word)) for word, end in zip(context.split(), ends, strict=True)]
        found = answers(encode_with(any_tokenizer, Family.SPAN, rows, max_length=400), rows)
        for example, row in enumerate(rows):
            (piece,) = found[example]
            assert visible(row["answers"][0]["text"]) == visible(piece)

    @pytest.mark.parametrize(
        ("context", "text"),
        [
            ("the ﬁne ofﬁce", "ﬁne"),
            ("in １９４５ ended", "１９４５"),
            ("قال ﷲ هنا", "ﷲ"),
            ("ﻻ شيء", "شيء"),
            ("यह \u0958लम है", "\u0958लम"),
            ("यह \u0915\u093cलम है", "\u0915\u093cलम"),
            (unicodedata.normalize("NFD", "người Việt Nam ở đây"), unicodedata.normalize("NFD", "Việt Nam")),
            (unicodedata.normalize("NFC", "người Việt Nam ở đây"), unicodedata.normalize("NFC", "Việt Nam")),
            (unicodedata.normalize("NFD", "über den Höhen der Städte"), unicodedata.normalize("NFD", "Höhen")),
            ("これは ﾊﾝｶｸ です", "ﾊﾝｶｸ"),
            ("about ½ of it", "½"),
            ("\ufeffMarie Curie won", "\ufeffMarie Curie"),
        ],
        ids=ascii,
    )
    def test_characters_that_normalisation_changes_keep_their_places(self, any_tokenizer, context, text):
        row = question(context, text)
        columns = encode_with(any_tokenizer, Family.SPAN, [row], max_length=100)
        ((piece,),) = answers(columns, [row]).values()
        assert visible(piece) == visible(text)

    @pytest.mark.parametrize("kind", ["sentence_piece", "word_pieces"])
    def test_answers_at_the_edge_may_end_in_characters_without_tokens(self, tokenizer_paths, kind):
        context, asked, text = QUESTIONS["es"]
        assert context.endswith(text)
        row = question(context, text, asked=asked)
        columns = encode_with(tokenizer_paths[kind], Family.SPAN, [row], max_length=400, max_question_length=64)
        assert columns["start"][0] > 0
        assert answers(columns, [row])[0][0].strip() == text.rstrip("\u200b")

    def test_a_context_without_answer_points_at_the_first_token(self, encode):
        columns = encode([{"context": "a b c", "question": "why", "answers": []}])
        assert columns["start"] == columns["end"] == [0]


class TestWindows:
    def test_windows_cover_a_long_context_and_one_of_them_the_answer(self, encode):
        context = " ".join(f"word{index}" for index in range(80))
        columns = encode([question(context, "word50")], max_length=48)
        assert len(columns["input_ids"]) > 2
        bounds = [zip(offsets[::2], offsets[1::2], strict=True) for offsets in columns["offsets"]]
        assert {char for window in bounds for left, right in window for char in range(left, right)} >= {
            *range(len(context))
        }
        assert any(columns["start"])
        assert not all(columns["start"])

    @pytest.mark.parametrize("length", [24, 40, 1000])
    def test_windows_are_the_tokenizers_own(self, any_tokenizer, length):
        rows = [
            {"context": f"{text} {context}", "question": "who?", "answers": []}
            for text, (context, _, _) in zip(SENTENCES.values(), QUESTIONS.values(), strict=False)
        ]
        columns = encode_with(any_tokenizer, Family.SPAN, rows, batch=3, max_length=length)
        tokenizer = Tokenizer.from_file(str(any_tokenizer))
        expected = {"example": [], "input_ids": [], "offsets": [], "context": []}
        for example, row in enumerate(rows):
            tokenizer.enable_truncation(length, stride=8, strategy="only_second")
            encoding = tokenizer.encode(row["question"], row["context"])
            tokenizer.no_truncation()
            for window in (encoding, *encoding.overflowing):
                inside = [token for token, sequence in enumerate(window.sequence_ids) if sequence == 1]
                expected["example"].append(example)
                expected["input_ids"].append(window.ids)
                expected["context"].append(inside[0])
                expected["offsets"].append([bound for token in inside for bound in window.offsets[token]])
        assert {name: columns[name] for name in expected} == expected

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.integers(0, 90), min_size=1), st.integers(2, 40), st.integers(1, 39))
    def test_every_short_enough_piece_is_whole_in_one_window(self, lengths, room, stride):
        stride = min(stride, room - 1)
        example, begins = cut_windows(np.array(lengths), np.full(len(lengths), room), stride)
        for number, length in enumerate(lengths):
            windows = [(first, min(first + room, length)) for first in begins[example == number]]
            assert windows[0][0] == 0
            assert windows[-1][1] == length
            assert all(past < length for _, past in windows[:-1]), "the last is the first that reaches the end"
            assert all(first + stride == past for (_, past), (first, _) in pairwise(windows))
            for start in range(length - stride + 1):  # what is as long as the overlap is not cut by every window
                assert any(first <= start and start + stride <= past for first, past in windows)

    @settings(max_examples=60, deadline=None)
    @given(st.sampled_from(sorted(KINDS)), st.text(min_size=1, max_size=120), st.integers(20, 60))
    def test_offsets_are_in_order_and_within_any_context(self, tokenizer_paths, kind, context, length):
        rows = [{"context": context, "question": "?", "answers": []}]
        columns = encode_with(tokenizer_paths[kind], Family.SPAN, rows, max_length=length, max_question_length=4)
        for offsets, first, ids in zip(columns["offsets"], columns["context"], columns["input_ids"], strict=True):
            left, right = offsets[::2], offsets[1::2]
            assert all(0 <= a <= b <= len(context) for a, b in zip(left, right, strict=True))
            assert left == sorted(left)
            assert right == sorted(right)
            assert len(ids) <= length
            assert first + len(left) < len(ids) + (first == 0)

    def test_questions_are_cut_so_that_context_has_room(self, encode):
        rows = [{"context": "a b c", "question": "why " * 100, "answers": []}]
        columns = encode(rows, max_length=32, max_question_length=8)
        assert len(columns["input_ids"]) == 1
        assert columns["context"][0] == 1 + 8 + 2

    @pytest.mark.parametrize("asked", ["齉齾龘" * 4, SENTENCES["ru"], SENTENCES["te"]], ids=ascii)
    def test_questions_keep_their_first_tokens(self, any_tokenizer, asked):
        rows = [{"context": "a b c", "question": asked, "answers": []}]
        (ids,) = encode_with(any_tokenizer, Family.SPAN, rows, max_length=48, max_question_length=7)["input_ids"]
        own = Tokenizer.from_file(str(any_tokenizer)).encode(asked, add_special_tokens=False).ids
        assert ids[1:8] == own[:7] or len(own) < 7

    @pytest.mark.parametrize("kind", ["sentence_piece", "word_pieces"])
    def test_a_context_without_tokens_has_one_empty_window(self, tokenizer_paths, kind):
        rows = [{"context": "\u200b", "question": "?", "answers": [{"text": "\u200b", "start": 0}]}]
        columns = encode_with(tokenizer_paths[kind], Family.SPAN, rows)
        assert (columns["context"], columns["start"], columns["offsets"]) == ([0], [0], [[]])

    def test_a_stride_beyond_the_room_is_told(self, encode):
        rows = [{"context": "a b c " * 40, "question": "why " * 100, "answers": []}]
        with pytest.raises(UserError, match=r"room for 12 tokens of the context.*the stride, 12"):
            encode(rows, max_length=24, max_question_length=8, stride=12)
        short = [{"context": "a b c", "question": "why", "answers": []}]
        assert len(encode(short, max_length=24, stride=20)["input_ids"]) == 1, "one window has no stride"

    def test_an_answer_that_a_window_cuts_is_not_in_it(self):
        offsets = Ragged.of_lengths(np.array([[0, 2], [2, 4], [4, 6], [4, 6], [6, 8], [8, 10]]), np.array([3, 3]))
        whole = np.array([[2, 6], [2, 6]])
        first, last = np.array([True, False]), np.array([False, True])
        start, end = answer_tokens(offsets, whole, first, last)
        assert (start.tolist(), end.tolist()) == ([1, -1], [2, -1])
        start, end = answer_tokens(offsets, np.array([[5, 9], [5, 9]]), first, last)
        assert (start.tolist(), end.tolist()) == ([-1, 0], [-1, 2])
