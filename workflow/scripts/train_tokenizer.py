r"""Train a sub-word tokenizer in SentencePiece's style (Unigram, as XLM-R's, or BPE) on the text of every language.

    python -m workflow.scripts.train_tokenizer --spec '{...}' --corpora data/wikipedia/train.parquet \
        --tokenizer tokenizers/laboratory/tokenizer.json --config tokenizers/laboratory/tokenizer_config.json

Every language and corpus gives the same number of rows. Special tokens have XLM-R's names and ids, but for the mask's.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.errors import UserError
from workflow.scripts.files import check_data, read_table, replacing, write_json
from workflow.scripts.logs import configure, run
from workflow.scripts.runspec import decode

SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
UNKNOWN = SPECIAL_TOKENS.index("<unk>")

CHUNK = 1000
"""Texts that are segmented at once."""


def sample(paths: Sequence[Path], rows_per_language: int) -> Iterator[str]:
    """Yield the texts of the first rows of each language in each file."""
    for path in paths:
        counts: dict[str, int] = {}
        check_data(path)
        for row in read_table(path, ["language", "text_a", "text_b"]).to_pylist():
            counts[row["language"]] = counts.get(row["language"], 0) + 1
            if counts[row["language"]] <= rows_per_language:
                yield from (text for text in (row["text_a"], row["text_b"]) if text)


def train(texts: Iterable[str], vocabulary_size: int, kind: str = "unigram") -> Tokenizer:
    """Return a tokenizer in XLM-R's layout: `<s> A </s>` and `<s> A </s></s> B </s>`.

    Args:
        texts: what its pieces are learned from.
        vocabulary_size: pieces, special tokens included.
        kind: `unigram` (as XLM-R's) or `bpe`.
    """
    model, trainer = _unigram(vocabulary_size) if kind == "unigram" else _bpe(vocabulary_size)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation()])
    tokenizer.decoder = decoders.Metaspace()
    texts = list(texts)
    try:
        tokenizer.train_from_iterator(texts, trainer)
    except Exception as error:  # the library raises no narrower one
        if "not large enough" not in str(error):
            raise
        signs = len({sign for text in texts for sign in text})
        raise UserError(
            f"config: vocabulary_size = {vocabulary_size} is too small for the {signs:,} different characters of the "
            "corpora, each of which is a piece; raise tokenizers.<name>.vocabulary_size"
        ) from error
    if kind == "unigram":
        tokenizer.model = settled(tokenizer, texts)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B:0 </s>:0", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def settled(tokenizer: Tokenizer, texts: Sequence[str]) -> models.Unigram:
    """Return a trained Unigram model with scores and order that are the same in every run.

    The trainer adds probabilities up in the order of a hash table, which is another one in every process: its scores
    differ in the last digits, and pieces of nearly equal scores change places and so ids. Here they are rounded, every
    text is segmented once more, and a piece's score is the logarithm of how often it was taken, plus one: a last step
    of expectation maximisation that counts whole numbers.

    Args:
        tokenizer: after training; its model is replaced on the way.
        texts: what it was trained on.
    """
    trained = {piece: round(score, 6) for piece, score in json.loads(tokenizer.to_str())["model"]["vocab"]}
    special = [(token, 0.0) for token in SPECIAL_TOKENS]
    pieces = sorted(set(trained) - set(SPECIAL_TOKENS))
    tokenizer.model = models.Unigram([*special, *((piece, trained[piece]) for piece in pieces)], UNKNOWN)
    counts = np.zeros(len(special) + len(pieces), dtype=np.int64)
    for start in range(0, len(texts), CHUNK):
        encoded = tokenizer.encode_batch_fast(texts[start : start + CHUNK], add_special_tokens=False)
        taken = [index for encoding in encoded for index in encoding.ids]
        counts += np.bincount(np.asarray(taken, dtype=np.int64), minlength=len(counts))
    found = sorted(zip(counts[len(special) :].tolist(), pieces, strict=True), key=lambda pair: (-pair[0], pair[1]))
    total = sum(count + 1 for count, _ in found)
    scores = ((piece, math.log((count + 1) / total)) for count, piece in found)
    return models.Unigram([*special, *scores], UNKNOWN)


def _unigram(size: int) -> tuple[Any, Any]:
    specials = list(SPECIAL_TOKENS)
    trainer = trainers.UnigramTrainer(vocab_size=size, special_tokens=specials, unk_token="<unk>", show_progress=False)
    return models.Unigram(), trainer


def _bpe(size: int) -> tuple[Any, Any]:
    specials = list(SPECIAL_TOKENS)
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=specials, min_frequency=2, show_progress=False)
    return models.BPE(unk_token="<unk>"), trainer


def tokenizer_config(max_length: int) -> dict[str, Any]:
    """Return what `AutoTokenizer` needs to load the tokenizer."""
    names = {
        "bos_token": 0,
        "cls_token": 0,
        "pad_token": 1,
        "eos_token": 2,
        "sep_token": 2,
        "unk_token": 3,
        "mask_token": 4,
    }
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": max_length,
        "model_input_names": ["input_ids", "attention_mask"],
        **{name: SPECIAL_TOKENS[index] for name, index in names.items()},
    }


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", required=True, help="run specification (JSON)")
    parser.add_argument("--corpora", required=True, nargs="+", type=Path, help="canonical Parquet files of text")
    parser.add_argument("--tokenizer", required=True, type=Path, help="tokenizer.json to write")
    parser.add_argument("--config", required=True, type=Path, help="tokenizer_config.json to write")
    add_log_argument(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    arguments = parse_arguments(argv)
    log = configure(arguments.log, f"tokenizer {arguments.tokenizer.parent.name}")
    spec: dict[str, Any] = decode(arguments.spec)
    tokenizer = train(sample(arguments.corpora, spec["rows_per_language"]), spec["vocabulary_size"], spec["kind"])
    with replacing(arguments.tokenizer) as temporary:
        tokenizer.save(str(temporary))
    write_json(arguments.config, tokenizer_config(spec["max_length"]))
    size = json.loads(arguments.tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    log.info("%d pieces", len(size))
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
