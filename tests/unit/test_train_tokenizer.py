import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.train_tokenizer import SPECIAL_TOKENS, train


@pytest.fixture(scope="module")
def texts(world):
    languages = ["en", "qaa", "qac"]
    rows = world.rows("documents", split="train", languages=languages, examples=150, stream="tokenizer")
    return [row["text_a"] for row in rows]


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_two_runs_give_the_same_file(texts, kind):
    # the library's own Unigram trainer does not: it adds up in the order of a hash table
    first, second, third = (train(iter(texts), 900, kind).to_str() for _ in range(3))
    assert first == second == third


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_special_tokens_have_the_ids_and_places_of_xlmr(texts, kind):
    tokenizer = train(texts, 900, kind)
    assert [tokenizer.token_to_id(token) for token in SPECIAL_TOKENS] == list(range(5))
    assert tokenizer.get_vocab_size() <= 900
    encoding = tokenizer.encode(texts[0][:40], texts[1][:40])
    assert encoding.tokens[0] == "<s>"
    assert encoding.tokens.count("</s>") == 3
    assert tokenizer.decode(tokenizer.encode(texts[0]).ids).split() == texts[0].split()


def test_frequent_pieces_come_first_and_unknown_signs_are_unknown(texts):
    tokenizer = train(texts, 900)
    vocabulary = tokenizer.get_vocab()
    counts = dict.fromkeys(vocabulary.values(), 0)
    for encoding in tokenizer.encode_batch(texts, add_special_tokens=False):
        for index in encoding.ids:
            counts[index] += 1
    ordered = [counts[index] for index in range(5, len(vocabulary))]
    assert sum(ordered[:100]) > 5 * sum(ordered[-100:])
    assert 3 in tokenizer.encode("☃").ids


def test_too_few_pieces_are_told():
    letters = "".join(map(chr, range(0x4E00, 0x4F00)))
    with pytest.raises(UserError, match=r"vocabulary_size = 100 is too small for the 256 different characters"):
        train([letters], 100)
