"""Small checkpoints with random weights in the layouts of multilingual encoders (BERT, XLM-R) and of decoders."""

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
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    XGLMConfig,
    XGLMForCausalLM,
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


END_OF_TEXT = "<|endoftext|>"


def decoder(
    kind: str, vocabulary: int = 60, *, width: int = 16, positions: int = POSITIONS, spread: float = 0.3
) -> Any:
    """Return a causal language model of two layers with random weights: `qwen2`, `llama` or `xglm`.

    Qwen2 has one head for keys and two for queries, and a head that is tied to its embeddings; Llama's head is not.
    """
    if kind == "xglm":
        sizes = {"d_model": width, "ffn_dim": 2 * width, "num_layers": 2, "attention_heads": 2, "pad_token_id": 1}
        none = {"dropout": 0.0, "attention_dropout": 0.0}
        return XGLMForCausalLM(
            XGLMConfig(vocab_size=vocabulary, max_position_embeddings=positions, init_std=spread, **sizes, **none)
        )
    shape = _shape(width, 2) | {"vocab_size": vocabulary, "max_position_embeddings": positions}
    shape |= {"initializer_range": spread}
    if kind == "qwen2":
        return Qwen2ForCausalLM(Qwen2Config(**shape, num_key_value_heads=1, tie_word_embeddings=True))
    return LlamaForCausalLM(LlamaConfig(**shape, num_key_value_heads=2, tie_word_embeddings=False))


def save_qwen2(folder: Path, texts: Iterable[str], *, pieces: int = 400, seed: int = 1) -> Path:
    """Save a causal language model as Qwen2's: pieces of bytes, no token around a text, none for padding."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=pieces,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    decoder("qwen2", tokenizer.get_vocab_size(), spread=0.05).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "Qwen2Tokenizer", "eos_token": END_OF_TEXT})
    return folder


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
