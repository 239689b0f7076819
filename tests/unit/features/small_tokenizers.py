"""Small tokenizers of all kinds that pretrained encoders have, trained in a moment on a few sentences."""

import struct
import unicodedata

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from workflow.scripts.train_tokenizer import train

BERT_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_TOKENS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]

CHANGED = [*"ﬁﬂ①²½ªﷲﻼﻻﺃﺑﺔ％（）！～", *map(chr, range(0xFF10, 0xFF5B)), *map(chr, range(0x958, 0x960))]
"""Characters that NFKC changes: ligatures, full width, presentation forms, letters with nukta."""

DECOMPOSED = [unicodedata.normalize("NFD", char) for char in "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằếềểễệốồộớờợụủứừ"]

DROPPED = dict.fromkeys("\u200b\u200c\u200e\u200f\ufeff\t\n\u2028\u3000", " ")
"""What SentencePiece's `nmt_nfkc` turns into spaces, which the pre-tokenizer drops."""


def unigram(texts, size=600):
    """As XLM-R's, but normalised by NFKC itself."""
    return train(iter(texts), size)


def bpe(texts, size=600):
    return train(iter(texts), size, "bpe")


def sentence_piece(texts, size=600):
    """As XLM-R's on the Hub: Unigram, SentencePiece's compiled normaliser, words marked by a low line."""
    changes = {char: unicodedata.normalize("NFKC", char) for char in [*CHANGED, *DECOMPOSED]} | DROPPED
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Precompiled(compiled(changes))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=ROBERTA_TOKENS, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    return tokenizer


def word_pieces(texts, size=600):
    """As multilingual BERT's, with an unknown token of another name."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[OOV]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=["[PAD]", "[OOV]", *BERT_TOKENS[2:]], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def byte_pairs(texts, size=600):
    """As RoBERTa's: bytes, so that nothing is unknown; spaces belong to the word that follows."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=ROBERTA_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return tokenizer


KINDS = {
    "unigram": unigram,
    "bpe": bpe,
    "sentence_piece": sentence_piece,
    "word_pieces": word_pieces,
    "byte_pairs": byte_pairs,
}


def compiled(changes):
    """Return a table of replacements in SentencePiece's format: a double-array trie, then the replacements.

    A unit of the trie has its label in bits 0-7, whether a key ends there in bit 8, and from bit 10 on the number that
    leads, by exclusive or, to the block of its children; the child 0 of a key's end holds the place of its replacement.
    """
    tree, texts = {}, bytearray()
    for text, replacement in changes.items():
        node = tree
        for byte in text.encode():
            node = node.setdefault(byte, {})
        node[0] = len(texts)
        texts += replacement.encode() + b"\0"
    units, taken, queue = {0: 0}, {0}, [(0, tree)]
    while queue:
        place, node = queue.pop()
        base = next(base for base in range(1, 1 << 20) if not taken & {base ^ byte for byte in node})
        taken |= {base ^ byte for byte in node}
        units[place] |= (place ^ base) << 10 | (0 in node) << 8
        for byte, child in node.items():
            units[base ^ byte] = child if byte == 0 else byte
            if byte:
                queue.append((base ^ byte, child))
    array = [units.get(place, 0) for place in range((max(taken) | 255) + 257)]
    return struct.pack(f"<I{len(array)}I", 4 * len(array), *array) + bytes(texts)
