"""Sequences of all families but spans, with tokenizers of all kinds."""

import unicodedata
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from tests.unit.features.encoded import encode as encode_with
from tests.unit.features.real_rows import SENTENCES, TAGGED, URL
from workflow.scripts.errors import UserError
from workflow.scripts.features.encoding import Encoder, Lengths
from workflow.scripts.tasks import Family

BOS, PAD, EOS, UNKNOWN = 0, 1, 2, 3
ENTITIES = ("B-LOC", "B-ORG", "B-PER", "I-LOC", "I-ORG", "I-PER", "O")
UNNORMALISED = ("ﬁne", "１２３", "ﷲ", "ﻼ", "क़लम", unicodedata.normalize("NFD", "tiếng Việt"), "ﾊﾝｶｸ", "½")


@pytest.fixture
def encode(tokenizer_path):
    return partial(encode_with, tokenizer_path)


class TestPairs:
    def test_pairs_have_xlmrs_frame_and_keep_their_ends(self, encode):
        row = {"text_a": "a dog " * 40, "text_b": "the cat", "label": "no"}
        (ids,) = encode(Family.CLASSIFICATION, [row], ["yes", "no"])["input_ids"]
        assert len(ids) == 32
        assert ids[0] == BOS
        assert ids[-1] == EOS
        assert [index for index, token in enumerate(ids) if token == EOS][0:2][1] - ids.index(EOS) == 1
        short = encode(Family.CLASSIFICATION, [row | {"text_a": "x"}], ["yes", "no"])["input_ids"][0]
        assert ids[ids.index(EOS) :] == short[short.index(EOS) :], "the shorter segment is whole"

    def test_labels_become_their_place_in_the_task(self, encode):
        rows = [{"text_a": "a", "text_b": None, "label": label} for label in ("no", "yes")]
        assert encode(Family.CLASSIFICATION, rows, ["yes", "no"])["label"] == [1, 0]

    def test_a_strange_label_is_told(self, encode):
        rows = [{"text_a": "a", "text_b": None, "label": "nein"}]
        with pytest.raises(UserError, match="label 'nein' is none of yes, no"):
            encode(Family.CLASSIFICATION, rows, ["yes", "no"])

    def test_choices_follow_each_other_and_prompts_lose_their_beginning(self, encode, tokenizer_path):
        row = {"text_a": "start " + "a dog " * 40 + "end", "choices": ["one", "two", "three"], "label": 2}
        columns = encode(Family.MULTIPLE_CHOICE, [row])
        assert columns["example"] == [0, 0, 0]
        assert columns["label"] == [2, 2, 2]
        text = Tokenizer.from_file(str(tokenizer_path)).decode(columns["input_ids"][0])
        assert "end" in text
        assert "start" not in text

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 30), st.integers(0, 30), st.integers(6, 40), st.booleans())
    def test_pairs_are_cut_as_the_tokenizer_itself_cuts_them(self, tokenizer_paths, first, second, length, choice):
        path = tokenizer_paths["word_pieces"]
        texts = " ".join("1234567890"[i % 10] for i in range(first)), " ".join("abcd"[i % 4] for i in range(second))
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.enable_truncation(length, strategy="longest_first", direction="left" if choice else "right")
        if choice:
            rows = [{"text_a": texts[0], "choices": [texts[1]], "label": 0}]
            columns = encode_with(path, Family.MULTIPLE_CHOICE, rows, max_length=length)
        else:
            rows = [{"text_a": texts[0], "text_b": texts[1], "label": "X"}]
            columns = encode_with(path, Family.CLASSIFICATION, rows, ["X"], max_length=length)
        expected = tokenizer.encode(*texts)
        assert columns["input_ids"] == [expected.ids]
        assert columns["second"] == [expected.type_ids.index(1)]

    def test_sequences_are_the_tokenizers_own(self, any_tokenizer):
        texts = list(SENTENCES.values())
        rows = [
            {"text_a": text, "text_b": other if number % 3 else None, "label": "X"}
            for number, (text, other) in enumerate(zip(texts, reversed(texts), strict=True))
        ]
        columns = encode_with(any_tokenizer, Family.CLASSIFICATION, rows, ["X"], batch=7, max_length=2000)
        tokenizer = Tokenizer.from_file(str(any_tokenizer))
        own = [tokenizer.encode(row["text_a"], row["text_b"]) for row in rows]
        assert columns["input_ids"] == [encoding.ids for encoding in own]
        assert columns["example"] == list(range(len(rows)))
        if any(1 in encoding.type_ids for encoding in own):
            assert columns["second"] == [[*encoding.type_ids, 1].index(1) for encoding in own]
        else:
            assert "second" not in columns, "the tokenizer does not tell segments apart"

    def test_only_word_pieces_tell_segments_apart(self, tokenizer_paths):
        rows = [{"text_a": "a", "text_b": "b", "label": "X"}]
        found = {
            kind
            for kind, path in tokenizer_paths.items()
            if "second" in encode_with(path, Family.CLASSIFICATION, rows, ["X"])
        }
        assert found == {"word_pieces"}

    def test_lengths_without_room_are_told(self, tokenizer_path):
        with pytest.raises(UserError, match="max_length 4 leaves no room for text"):
            Encoder(tokenizer_path, Lengths(4, 2, 1), ())


class TestTags:
    @pytest.mark.parametrize("language", ["en", "qac", "qaf"])
    def test_words_are_found_at_their_first_sub_token(self, encode, world, tokenizer_path, language):
        rows = list(world.rows("part_of_speech", split="train", languages=[language], examples=30))
        labels = sorted({tag for row in rows for tag in row["tags"]})
        columns = encode(Family.TAGGING, rows, labels, max_length=128)
        assert_words(columns, rows, labels, Tokenizer.from_file(str(tokenizer_path)))

    def test_words_of_all_scripts_are_found(self, any_tokenizer):
        sentences = [text.split() for text in SENTENCES.values()]
        rows = [{"tokens": words, "tags": ["O"] * len(words)} for words in [*sentences, UNNORMALISED]]
        rows += [{"tokens": words, "tags": tags} for words, tags in TAGGED.values()]
        columns = encode_with(any_tokenizer, Family.TAGGING, rows, ENTITIES, batch=5, max_length=1000)
        assert_words(columns, rows, ENTITIES, Tokenizer.from_file(str(any_tokenizer)))

    def test_long_sentences_become_several_sequences_without_losing_words(self, encode):
        words = [f"word{index}" for index in range(60)]
        columns = encode(Family.TAGGING, [{"tokens": words, "tags": ["X"] * 60}], ["X"], max_length=24)
        assert len(columns["input_ids"]) > 1
        assert sum(map(len, columns["positions"])) == 60
        assert max(map(len, columns["input_ids"])) <= 24
        assert set(columns["example"]) == {0}

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.lists(st.integers(1, 14), min_size=1, max_size=12), min_size=1, max_size=6), st.integers(1, 9))
    def test_sentences_are_filled_word_by_word(self, tokenizer_paths, sentences, batch):
        path = tokenizer_paths["byte_pairs"]  # Chinese characters that no merge has seen: two or three tokens each
        rows = [{"tokens": ["齉" * n for n in words], "tags": ["X"] * len(words)} for words in sentences]
        size = len(Tokenizer.from_file(str(path)).encode("齉", add_special_tokens=False).ids)
        columns = encode_with(path, Family.TAGGING, rows, ["X"], batch=batch, max_length=22)
        expected = [[]]
        for example, words in enumerate(sentences):
            expected.append([])
            for n in words:
                tokens = min(n * size, 20)
                if sum(t for _, t in expected[-1]) + tokens > 20:
                    expected.append([])
                expected[-1].append((example, tokens))
        expected = [words for words in expected if words]
        assert columns["example"] == [words[0][0] for words in expected]
        assert [len(ids) - 2 for ids in columns["input_ids"]] == [sum(t for _, t in words) for words in expected]
        assert [len(positions) for positions in columns["positions"]] == list(map(len, expected))

    def test_a_word_without_tokens_counts_as_unknown(self, encode):
        columns = encode(Family.TAGGING, [{"tokens": ["a", "", "b"], "tags": ["X", "Y", "X"]}], ["X", "Y"])
        assert len(columns["positions"][0]) == 3
        assert columns["input_ids"][0][columns["positions"][0][1]] == UNKNOWN

    @pytest.mark.parametrize("kind", ["sentence_piece", "word_pieces"])
    @pytest.mark.parametrize("language", ["he", "my", "ta"])
    def test_invisible_words_are_unknown_and_keep_their_tags(self, tokenizer_paths, kind, language):
        path = tokenizer_paths[kind]
        words, tags = TAGGED[language]
        row = {"tokens": words, "tags": tags}
        columns = encode_with(path, Family.TAGGING, [row], ENTITIES, max_length=100)
        (place,) = [i for i, word in enumerate(words) if not word.strip("\u200c\u200f\ufeff")]
        unknown = Tokenizer.from_file(str(path)).token_to_id("[OOV]" if kind == "word_pieces" else "<unk>")
        assert columns["input_ids"][0][columns["positions"][0][place]] == unknown
        assert [ENTITIES[label] for label in columns["labels"][0]] == tags

    def test_a_word_longer_than_a_sequence_is_cut(self, any_tokenizer):
        tokenizer = Tokenizer.from_file(str(any_tokenizer))
        row = {"tokens": ["see", URL, "now"], "tags": ["O"] * 3}
        columns = encode_with(any_tokenizer, Family.TAGGING, [row], ["O"], max_length=40)
        assert sum(map(len, columns["positions"])) == 3
        whole = tokenizer.encode(URL, add_special_tokens=False).ids
        if len(whole) > 100:  # BERT has one unknown token for it
            assert [ids[1:-1] for ids in columns["input_ids"]][1] == whole[:38]
            assert len(columns["input_ids"]) == 3

    def test_tags_that_training_lacks_are_marked(self, encode):
        assert encode(Family.TAGGING, [{"tokens": ["a", "b"], "tags": ["X", "new"]}], ["X"])["labels"] == [[0, -1]]


def assert_words(columns, rows, labels, tokenizer):
    """Every word has its tokens, as if it stood alone, and its label."""
    for example, row in enumerate(rows):
        ids, positions = columns["input_ids"][example], columns["positions"][example]
        assert columns["example"][example] == example
        assert len(positions) == len(row["tokens"])
        assert [labels[index] for index in columns["labels"][example]] == list(row["tags"])
        for word, first, last in zip(row["tokens"], positions, [*positions[1:], len(ids) - 1], strict=True):
            alone = tokenizer.encode([word], is_pretokenized=True, add_special_tokens=False).ids
            assert ids[first:last] == alone if alone else last == first + 1


class TestTexts:
    def test_both_sides_of_pairs_are_encoded(self, encode):
        rows = [{"text_a": "a", "text_b": "c"}, {"text_a": "b", "text_b": "d"}]
        columns = encode(Family.RETRIEVAL, rows, batch=1)
        assert columns["side"] == [0, 0, 1, 1]
        assert columns["example"] == [0, 1, 0, 1]

    def test_the_sides_of_pools_are_told_apart(self, encode):
        rows = [{"side": side, "text_a": side, "gold": []} for side in ("foreign", "english", "foreign")]
        columns = encode(Family.MINING, rows, batch=2)
        assert columns["side"] == [0, 1, 0]
        assert columns["example"] == [0, 1, 2]

    def test_documents_are_cut_in_pieces_and_pairs_are_not(self, encode):
        rows = [{"text_a": "a dog " * 40, "text_b": None}, {"text_a": "x", "text_b": "y " * 100}]
        columns = encode(Family.TEXT, rows, max_length=16)
        sequences = zip(columns["input_ids"], columns["example"], strict=True)
        lengths = [len(ids) for ids, example in sequences if example == 0]
        assert lengths[:-1] == [16] * (len(lengths) - 1)
        assert columns["example"].count(1) == 1
        assert all(ids[0] == BOS and ids[-1] == EOS for ids in columns["input_ids"])

    def test_neighbouring_paragraphs_are_pairs_where_they_fit(self, encode, tokenizer_path):
        tokenizer = Tokenizer.from_file(str(tokenizer_path))
        columns = encode(Family.TEXT, [{"text_a": "a b\n\nc d\n\n \n\n" + "e " * 30 + "\n\nf"}], max_length=16)
        assert columns["input_ids"][0] == tokenizer.encode("a b", "c d").ids
        assert columns["input_ids"][-1] == tokenizer.encode("f").ids
        long = tokenizer.encode("e " * 30, add_special_tokens=False).ids
        assert [token for ids in columns["input_ids"][1:-1] for token in ids[1:-1]] == long

    def test_either_side_of_translations_comes_first(self, encode, tokenizer_path):
        rows = [{"text_a": "a", "text_b": "b"}] * 4
        sequences = encode(Family.TEXT, rows, batch=3)["input_ids"]
        tokenizer = Tokenizer.from_file(str(tokenizer_path))
        assert sequences == [tokenizer.encode("b", "a").ids, tokenizer.encode("a", "b").ids] * 2

    def test_every_sequence_has_the_language_of_its_row(self, encode):
        rows = [
            {"language": "sw", "text_a": "a dog " * 40},
            {"language": "de", "text_a": "x", "text_b": "y"},
            {"language": "sw", "text_a": "one\n\ntwo"},
        ]
        columns = encode(Family.TEXT, rows, languages=("de", "sw"), max_length=16)
        assert columns["language"] == [0 if example == 1 else 1 for example in columns["example"]]
