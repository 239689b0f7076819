"""Small checkpoints with random weights in the two layouts of multilingual encoders: BERT's and XLM-R's."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForMaskedLM,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
)

from workflow.scripts.files import write_json
from workflow.scripts.train_tokenizer import tokenizer_config, train

POSITIONS = 64
"""Tokens of the longest sequence that the checkpoints take."""

TRANSLATED = 12
"""Tokens of the longest text that the translation models take."""

WORDS = [f"w{number}" for number in range(40)]
"""What the translation models know."""

BERT_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def save_bert(
    folder: Path, texts: Iterable[str], *, width: int = 16, layers: int = 2, pieces: int = 300, seed: int = 1
) -> Path:
    """Save a masked language model in the layout of multilingual BERT and return its folder.

    Args:
        folder: where to; made if it is missing.
        texts: what the pieces of the tokenizer (WordPiece, cased) are learned from.
        width: hidden size, a multiple of 2.
        layers: number of layers.
        pieces: size of the vocabulary at most; few texts give fewer.
        seed: seed of the weights.
    """
    tokenizer = _word_pieces(texts, pieces)
    config = BertConfig(
        **_shape(width, layers), vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=POSITIONS
    )
    names = dict(zip(("pad", "unk", "cls", "sep", "mask"), BERT_TOKENS, strict=True))
    settings = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": False,
        "model_max_length": POSITIONS,
        **{f"{name}_token": token for name, token in names.items()},
    }
    return _save(folder, BertForMaskedLM, config, tokenizer, settings, seed)


def save_xlmr(
    folder: Path, texts: Iterable[str], *, width: int = 16, layers: int = 2, pieces: int = 300, seed: int = 1
) -> Path:
    """Save a masked language model in the layout of XLM-R (Unigram pieces); arguments as `save_bert`."""
    tokenizer = train(iter(texts), pieces)
    config = XLMRobertaConfig(
        **_shape(width, layers),
        vocab_size=tokenizer.get_vocab_size(),
        max_position_embeddings=POSITIONS + 2,
        type_vocab_size=1,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    return _save(folder, XLMRobertaForMaskedLM, config, tokenizer, tokenizer_config(POSITIONS), seed)


def _shape(width: int, layers: int) -> dict[str, Any]:
    return {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": 2,
        "intermediate_size": 2 * width,
        "initializer_range": 0.05,
    }


def _word_pieces(texts: Iterable[str], size: int) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=list(BERT_TOKENS), show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    ids = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ids
    )
    return tokenizer


def _save(folder: Path, kind: Any, config: Any, tokenizer: Tokenizer, settings: dict[str, Any], seed: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    kind(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", settings)
    return folder


def save_translator(folder: Path, seed: int) -> Path:
    """Save a sequence-to-sequence model of one layer that turns `WORDS` into others, and return its folder."""
    names = ["<s>", "<pad>", "</s>", "<unk>", *WORDS]
    tokenizer = Tokenizer(models.WordLevel({name: index for index, name in enumerate(names)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    special = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    torch.manual_seed(seed)
    config = BartConfig(
        vocab_size=len(names),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=TRANSLATED,
        init_std=0.7,
        forced_eos_token_id=None,
    )
    BartForConditionalGeneration(config).save_pretrained(folder)
    return folder
