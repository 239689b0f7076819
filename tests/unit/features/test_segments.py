"""What is read from a tokenizer's files: special tokens under any name, frames, and texts encoded once."""

import json

import numpy as np
import pyarrow as pa
import pytest
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

from workflow.scripts.errors import UserError
from workflow.scripts.features.segments import Segmenter, Slices, take


@pytest.fixture
def save(tmp_path):
    """Return a function that saves a tokenizer of words and the files beside it."""

    def make(model=None, special=(), **files):
        tokenizer = Tokenizer(model or models.WordLevel({"a": 0, "b": 1, "<unk>": 2}, unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        tokenizer.add_special_tokens([AddedToken(token) for token in special])
        path = tmp_path / "tokenizer.json"
        tokenizer.save(str(path))
        for name, content in files.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(content))
        return path

    return make


class TestSpecialTokens:
    def test_every_kind_has_its_own(self, any_tokenizer):
        tokenizer, ids = Tokenizer.from_file(str(any_tokenizer)), Segmenter(any_tokenizer).token_ids()
        bert = tokenizer.token_to_id("[PAD]") is not None
        assert ids.pad == tokenizer.token_to_id("[PAD]" if bert else "<pad>")
        assert ids.mask == tokenizer.token_to_id("[MASK]" if bert else "<mask>")
        assert len(ids.special) == 5
        assert ids.vocabulary_size == tokenizer.get_vocab_size()

    @pytest.mark.parametrize(
        ("kind", "unknown"),
        [("unigram", "<unk>"), ("bpe", "<unk>"), ("word_pieces", "[OOV]"), ("byte_pairs", "<unk>")],
    )
    def test_the_models_own_unknown_token_is_used(self, tokenizer_paths, kind, unknown):
        tokenizer = Tokenizer.from_file(str(tokenizer_paths[kind]))
        assert Segmenter(tokenizer_paths[kind]).unknown == tokenizer.token_to_id(unknown)

    def test_the_unknown_token_of_unigram_models_is_a_number(self, save):
        path = save(models.Unigram([("<pad>", 0.0), ("a", -1.0), ("huh", -9.0)], unk_id=2))
        assert Segmenter(path).unknown == 2

    def test_without_an_unknown_token_a_named_one_and_then_padding_stands_for_it(self, save):
        model = models.BPE({"a": 0, "b": 1}, [])
        path = save(model, ["<pad>", "<eot>"], tokenizer_config={"unk_token": "<eot>"})
        assert Segmenter(path).unknown == 3
        assert Segmenter(save(model, ["<pad>", "<eot>"], tokenizer_config={})).unknown == 2

    def test_files_beside_the_tokenizer_name_special_tokens(self, save):
        config = {"pad_token": "<void>", "mask_token": {"content": "<blank>", "lstrip": True}}
        path = save(special=["<pad>", "<void>", "<blank>", "<hole>"], tokenizer_config=config)
        ids = Segmenter(path).token_ids()
        assert (ids.pad, ids.mask) == (4, 5)
        path = save(special=["<pad>", "<void>", "<blank>", "<hole>"], special_tokens_map={"mask_token": "<hole>"})
        assert Segmenter(path).token_ids().mask == 6

    def test_a_name_that_is_no_token_is_passed_over(self, save):
        path = save(special=["<pad>"], tokenizer_config={"pad_token": "<gone>", "mask_token": None})
        ids = Segmenter(path).token_ids()
        assert (ids.pad, ids.mask) == (3, None)

    def test_a_named_token_is_special_even_if_the_tokenizer_does_not_say_so(self, save):
        path = save(special=["<pad>"], tokenizer_config={"mask_token": "b"})
        assert Segmenter(path).token_ids().special == (1, 3)

    def test_no_padding_token_is_told(self, save):
        with pytest.raises(UserError, match=r"no padding token; expected one of <pad>, \[PAD\], or its name"):
            Segmenter(save()).token_ids()

    def test_a_vocabulary_with_holes_is_as_large_as_its_last_token(self, save):
        path = save(models.WordLevel({"a": 0, "<unk>": 2, "<pad>": 9}, unk_token="<unk>"), ["<pad>"])
        assert Segmenter(path).token_ids().vocabulary_size == 10


class TestFiles:
    def test_a_missing_tokenizer_is_told(self, tmp_path):
        with pytest.raises(UserError, match=r"tokenizer\.json is missing"):
            Segmenter(tmp_path / "tokenizer.json")

    def test_another_file_is_told(self, tmp_path):
        path = tmp_path / "tokenizer.json"
        path.write_text("version https://git-lfs.github.com/spec/v1")
        with pytest.raises(UserError, match=r"tokenizer\.json is no tokenizer\.json of a fast tokenizer"):
            Segmenter(path)

    def test_a_tokenizer_without_letters_is_told(self, save):
        with pytest.raises(UserError, match="gives no token for the letter a"):
            Segmenter(save(models.BPE({"b": 0}, [])))

    def test_lengths_stored_in_a_tokenizer_cut_nothing(self, save):
        tokenizer = Tokenizer.from_file(str(save()))
        tokenizer.enable_truncation(2)
        tokenizer.enable_padding(length=8)
        path = save()
        tokenizer.save(str(path))
        values, _ = Segmenter(path).encode(pa.array(["a b a b"]))
        assert values.tolist() == [0, 1, 0, 1]


class TestTexts:
    def test_each_text_has_its_piece_and_equal_ones_share_it(self, save):
        texts = ["a b", "b", None, "a b", "", "zzz"]
        values, pieces = Segmenter(save()).encode(pa.array(texts))
        found = [take(values, pieces.at([row])).tolist() for row in range(len(texts))]
        assert found == [[0, 1], [1], [], [0, 1], [], [2]]
        assert len(values) == 4

    def test_a_part_of_a_column_is_encoded_alone(self, save):
        values, pieces = Segmenter(save()).encode(pa.array(["a", "b", "a b", "b"])[2:])
        assert take(values, pieces).tolist() == [0, 1, 1]

    def test_offsets_count_characters(self, tokenizer_paths):
        segmenter = Segmenter(tokenizer_paths["word_pieces"])
        _, offsets, pieces = segmenter.encode_with_offsets(pa.array(["ничего, 齉 x"]))
        bounds = offsets.reshape(-1, 2)[pieces.starts[0] :][: pieces.lengths[0]]
        assert bounds[-1].tolist() == [10, 11]

    def test_pieces_are_taken_in_any_order(self):
        slices = Slices(np.array([3, 0, 2]), np.array([2, 0, 3]))
        assert take(np.arange(10), slices).tolist() == [3, 4, 2, 3, 4]
