import pytest
from tokenizers import Tokenizer

from workflow.scripts.errors import UserError
from workflow.scripts.features.encoding import Encoder, Lengths
from workflow.scripts.tasks import Family

BOS, PAD, EOS = 0, 1, 2


@pytest.fixture
def encode(tokenizer_path):
    def encoder(family, rows, labels=(), **lengths):
        chosen = Lengths(**({"max_length": 32, "max_question_length": 8, "stride": 8} | lengths))
        return Encoder(tokenizer_path, chosen, tuple(labels)).encode(family, rows)

    return encoder


def rows_of(world, phenomenon, language="en", count=30):
    rows = list(world.rows(phenomenon, split="train", languages=[language], examples=count))
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_pairs_have_xlmrs_frame_and_keep_their_ends(encode):
    rows = {"text_a": ["a dog " * 40], "text_b": ["the cat"], "label": ["no"]}
    (ids,) = encode(Family.CLASSIFICATION, rows, ["yes", "no"])["input_ids"]
    assert len(ids) == 32
    assert ids[0] == BOS
    assert ids[-1] == EOS
    assert [index for index, token in enumerate(ids) if token == EOS][0:2][1] - ids.index(EOS) == 1
    short = encode(Family.CLASSIFICATION, rows | {"text_a": ["x"]}, ["yes", "no"])["input_ids"][0]
    assert ids[ids.index(EOS) :] == short[short.index(EOS) :], "the shorter segment is whole"


def test_labels_become_their_place_in_the_task(encode):
    rows = {"text_a": ["a", "b"], "text_b": [None, None], "label": ["no", "yes"]}
    assert encode(Family.CLASSIFICATION, rows, ["yes", "no"])["label"] == [1, 0]


def test_choices_follow_each_other_and_prompts_lose_their_beginning(encode, tokenizer_path):
    rows = {"text_a": ["start " + "a dog " * 40 + "end"], "choices": [["one", "two", "three"]], "label": [2]}
    columns = encode(Family.MULTIPLE_CHOICE, rows)
    assert columns["example"] == [0, 0, 0]
    assert columns["label"] == [2, 2, 2]
    text = Tokenizer.from_file(str(tokenizer_path)).decode(columns["input_ids"][0])
    assert "end" in text
    assert "start" not in text


@pytest.mark.parametrize("language", ["en", "qac", "qaf"])
def test_words_are_found_at_their_first_sub_token(encode, world, tokenizer_path, language):
    rows = rows_of(world, "part_of_speech", language)
    labels = sorted({tag for tags in rows["tags"] for tag in tags})
    columns = encode(Family.TAGGING, rows, labels, max_length=128)
    tokenizer = Tokenizer.from_file(str(tokenizer_path))
    for example, words in enumerate(rows["tokens"]):
        ids, positions = columns["input_ids"][example], columns["positions"][example]
        assert len(positions) == len(words)
        assert [labels[index] for index in columns["labels"][example]] == rows["tags"][example]
        bounds = [*positions, len(ids) - 1]
        for word, first, last in zip(words, bounds, bounds[1:], strict=False):
            alone = tokenizer.encode([word], is_pretokenized=True, add_special_tokens=False).ids
            assert ids[first:last] == alone


def test_long_sentences_become_several_sequences_without_losing_words(encode):
    words = [f"word{index}" for index in range(60)]
    columns = encode(Family.TAGGING, {"tokens": [words], "tags": [["X"] * 60]}, ["X"], max_length=24)
    assert len(columns["input_ids"]) > 1
    assert sum(map(len, columns["positions"])) == 60
    assert max(map(len, columns["input_ids"])) <= 24
    assert set(columns["example"]) == {0}


def test_a_word_without_tokens_counts_as_unknown(encode):
    columns = encode(Family.TAGGING, {"tokens": [["a", "", "b"]], "tags": [["X", "Y", "X"]]}, ["X", "Y"])
    assert len(columns["positions"][0]) == 3
    assert columns["input_ids"][0][columns["positions"][0][1]] == 3


def test_tags_that_training_lacks_are_marked(encode):
    assert encode(Family.TAGGING, {"tokens": [["a", "b"]], "tags": [["X", "new"]]}, ["X"])["labels"] == [[0, -1]]


@pytest.mark.parametrize("language", ["en", "qac", "qaf", "qay"])
def test_answers_are_found_again_at_their_tokens(encode, world, language):
    rows = rows_of(world, "reading", language)
    columns = encode(Family.SPAN, rows, max_length=160)
    for row, example in enumerate(columns["example"]):
        start, end = columns["start"][row], columns["end"][row]
        offsets = columns["offsets"][row]
        first = columns["context"][row]
        left, right = offsets[2 * (start - first)], offsets[2 * (end - first) + 1]
        assert rows["context"][example][left:right].strip() == rows["answers"][example][0]["text"]


def test_windows_cover_a_long_context_and_one_of_them_the_answer(encode):
    context = " ".join(f"word{index}" for index in range(80))
    start = context.index("word50")
    answers = [[{"text": "word50", "start": start}]]
    columns = encode(Family.SPAN, {"context": [context], "question": ["which"], "answers": answers}, max_length=48)
    assert len(columns["input_ids"]) > 2
    covered = {
        c
        for offsets in columns["offsets"]
        for a, b in zip(offsets[::2], offsets[1::2], strict=True)
        for c in range(a, b)
    }
    assert covered >= set(range(len(context)))
    assert any(columns["start"])
    assert not all(columns["start"])


def test_questions_are_cut_so_that_context_has_room(encode):
    rows = {"context": ["a b c"], "question": ["why " * 100], "answers": [[]]}
    columns = encode(Family.SPAN, rows, max_length=32, max_question_length=8)
    assert len(columns["input_ids"]) == 1
    assert columns["context"][0] <= 1 + 8 + 2
    assert columns["start"] == columns["end"] == [0]


def test_both_sides_of_pairs_are_encoded(encode):
    columns = encode(Family.RETRIEVAL, {"text_a": ["a", "b"], "text_b": ["c", "d"]})
    assert columns["side"] == [0, 0, 1, 1]
    assert columns["example"] == [0, 1, 0, 1]


def test_documents_are_cut_in_pieces_and_pairs_are_not(encode):
    rows = {"text_a": ["a dog " * 40, "x"], "text_b": [None, "y " * 100]}
    columns = encode(Family.TEXT, rows, max_length=16)
    lengths = [len(ids) for ids, example in zip(columns["input_ids"], columns["example"], strict=True) if example == 0]
    assert lengths[:-1] == [16] * (len(lengths) - 1)
    assert columns["example"].count(1) == 1
    assert all(ids[0] == BOS and ids[-1] == EOS for ids in columns["input_ids"])


def test_a_missing_tokenizer_is_told(tmp_path):
    with pytest.raises(UserError, match=r"tokenizer\.json is missing"):
        Encoder(tmp_path / "tokenizer.json", Lengths(32, 8, 8), ())
