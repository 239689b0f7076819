"""Sequences for decoders: a special token first, something between two segments, words known at their last piece."""

import json
from itertools import pairwise

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from tests.unit.features.encoded import encode
from workflow.scripts.errors import UserError
from workflow.scripts.features.encoding import Encoder
from workflow.scripts.features.segments import Segmenter
from workflow.scripts.tasks import Family

TEXTS = ["the cat sat on the mat", "a dog ran\nafter it"]
END = "<|endoftext|>"


@pytest.fixture
def qwen(tmp_path):
    """A tokenizer that puts nothing around texts, as Qwen2's; padding has the end-of-text token's name."""
    return save(tmp_path, [END], {"eos_token": END, "pad_token": END}, pre_tokenizers.ByteLevel.alphabet())


def save(folder, special, config, alphabet=()):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=special, initial_alphabet=list(alphabet), show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder / "tokenizer.json"


def of_decoder(path, family, rows, monkeypatch, **options):
    monkeypatch.setattr("tests.unit.features.encoded.Encoder", lambda *given: Encoder(*given, decoder=True))
    return encode(path, family, rows, **options)


PAIR = {"text_a": "the cat", "text_b": "a dog", "label": "yes"}


def test_an_end_of_text_token_stands_first_and_a_line_break_between(qwen, monkeypatch):
    ids = lambda text: Tokenizer.from_file(str(qwen)).encode(text).ids  # noqa: E731
    end = Segmenter(qwen).tokenizer.token_to_id(END)
    (pair,) = of_decoder(qwen, Family.CLASSIFICATION, [PAIR], monkeypatch, labels=["yes"])["input_ids"]
    assert pair == [end, *ids("the cat"), *ids("\n"), *ids("a dog")]
    (single,) = of_decoder(qwen, Family.CLASSIFICATION, [PAIR | {"text_b": None}], monkeypatch, labels=["yes"])[
        "input_ids"
    ]
    assert single == [end, *ids("the cat")]


def test_without_a_line_break_the_end_of_text_token_stands_between(tmp_path):
    path = save(
        tmp_path, [END], {"pad_token": END}, [char for char in pre_tokenizers.ByteLevel.alphabet() if char != "Ċ"]
    )
    path.write_text(path.read_text().replace("Ċ", "c"))
    segmenter = Segmenter(path, decoder=True)
    assert list(segmenter.pair.prefix) == list(segmenter.pair.middle) == [0]


def test_positions_and_answers_move_with_what_was_added(qwen, monkeypatch):
    row = {"question": "the cat", "context": "a dog ran", "answers": [{"text": "dog", "start": 2}]}
    columns = of_decoder(qwen, Family.SPAN, [row], monkeypatch)
    tokenizer = Tokenizer.from_file(str(qwen))
    (ids,), (start,), (end,) = columns["input_ids"], columns["start"], columns["end"]
    assert tokenizer.decode(ids[start : end + 1]).strip() == "dog"
    assert columns["context"] == [1 + len(tokenizer.encode("the cat").ids) + 1]


def test_a_word_is_known_at_its_last_piece(qwen, tokenizer_path, monkeypatch):
    row = {"tokens": ["the", "caterpillar", "dogs", ""], "tags": ["X"] * 4}
    for path in (qwen, tokenizer_path):
        found = of_decoder(path, Family.TAGGING, [row] * 2, monkeypatch, labels=["X"])
        monkeypatch.undo()
        plain = encode(path, Family.TAGGING, [row] * 2, labels=["X"])
        shift = len(found["input_ids"][0]) - len(plain["input_ids"][0])
        assert found["labels"] == plain["labels"]
        for last, first in zip(found["positions"], plain["positions"], strict=True):
            starts = [*first[1:], first[-1] + 1]  # the last word is one unknown token
            assert [place - shift + 1 for place in last] == starts
            assert min(last) > 0


def test_long_sentences_are_cut_and_their_words_found(qwen, monkeypatch):
    words = [f"{name}{number}" for number in range(12) for name in ("cat", "dog")]
    row = {"tokens": words, "tags": ["X"] * len(words)}
    found = of_decoder(qwen, Family.TAGGING, [row], monkeypatch, labels=["X"])
    tokenizer, seen = Tokenizer.from_file(str(qwen)), []
    assert len(found["input_ids"]) > 1
    for ids, positions in zip(found["input_ids"], found["positions"], strict=True):
        assert len(ids) <= 32
        begins = [1, *(place + 1 for place in positions)]
        seen += [tokenizer.decode(ids[a:b]) for a, b in pairwise(begins)]
    assert seen == words


def test_frames_that_a_tokenizer_has_are_kept(any_tokenizer):
    plain, decoder = Segmenter(any_tokenizer), Segmenter(any_tokenizer, decoder=True)
    assert (plain.single, plain.pair) == (decoder.single, decoder.pair)


def test_a_tokenizer_without_an_end_of_text_token_is_told(tmp_path):
    path = save(tmp_path, ["<pad>"], {}, pre_tokenizers.ByteLevel.alphabet())
    Segmenter(path)
    with pytest.raises(UserError, match=r"no end-of-text token to put there.*<\|endoftext\|>.*as eos_token"):
        Segmenter(path, decoder=True)
