"""What the benchmarks of training and prediction compute on: encoders, and data for them.

The encoders are XLM-R's with random weights; the data are token sequences with the lengths of MNLI's premises and
hypotheses (gamma distribution, mean 39, standard deviation 17, at most 128), or of full SQuAD windows (384).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.turns import Cost, timed
from workflow.scripts.features.store import Features, TokenIds, write_features

PAD, SPECIAL = 1, 5
LABELS = ("entailment", "neutral", "contradiction")
LONGEST = {"mnli": 128, "squad": 384}
"""Longest sequences by kind of lengths, to which run_glue.py and run_xnli.py pad, too."""

MEAN, DEVIATION = 39.0, 17.0
"""Tokens of MNLI's pairs with XLM-R's tokenizer."""


@dataclass(frozen=True)
class Shape:
    """Shape of an XLM-R encoder."""

    layers: int
    width: int
    heads: int
    feed_forward: int
    vocabulary: int

    def flops(self, lengths: Iterable[int]) -> float:
        """Return the multiplications and additions of the matrix products of a forward pass without padding."""
        lengths = np.fromiter(lengths, dtype=np.float64)
        products = 2 * lengths * (4 * self.width**2 + 2 * self.width * self.feed_forward)
        return self.layers * float((products + 4 * lengths**2 * self.width).sum())


SHAPES = {
    "tiny": Shape(2, 32, 2, 64, 500),
    "small": Shape(6, 384, 12, 1536, 30_000),
    "xlmr_large": Shape(24, 1024, 16, 4096, 250_002),
}


def write_sequences(path: Path, count: int, lengths: str, vocabulary: int, seed: int = 0) -> None:
    """Write a token file of random sequences with labels.

    Args:
        path: the file.
        count: sequences.
        lengths: a key of `LONGEST`.
        vocabulary: number of token ids.
        seed: of the sequences.
    """
    draw, longest = np.random.default_rng(seed), LONGEST[lengths]
    sizes = np.full(count, longest)
    if lengths == "mnli":
        drawn = draw.gamma((MEAN / DEVIATION) ** 2, DEVIATION**2 / MEAN, count)
        sizes = np.clip(np.rint(drawn), SPECIAL, longest).astype(np.int64)
    columns = {
        "example": np.arange(count),
        "input_ids": [[0, *draw.integers(SPECIAL, vocabulary, size - 2).tolist(), 2] for size in sizes],
        "label": draw.integers(0, len(LABELS), count),
    }
    tokens = TokenIds(vocabulary, PAD, mask=4, special=tuple(range(SPECIAL)))
    write_features(path, columns, family="classification", tokens=tokens, labels=LABELS)


def model_config(shape: Shape, attention: str, longest: int) -> Any:
    """Return the configuration of an encoder with three classes and XLM-R's dropout."""
    from transformers import XLMRobertaConfig

    config: Any = XLMRobertaConfig
    return config(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.feed_forward,
        max_position_embeddings=longest + 2,
        type_vocab_size=1,
        num_labels=len(LABELS),
        attn_implementation=attention,
    )


def rows(features: Features, pad_to: int = 0) -> Any:
    """Return sequences as a `datasets.Dataset`, the way run_glue.py and run_xnli.py have them after tokenization.

    Args:
        features: the sequences.
        pad_to: length to which all are padded (0: none is).
    """
    import datasets

    ids = [features.input_ids[row].tolist() for row in range(len(features))]
    columns = {
        "input_ids": [row + [PAD] * (pad_to - len(row)) for row in ids],
        "attention_mask": [[1] * len(row) + [0] * (pad_to - len(row)) for row in ids],
        "label": features.columns["label"].tolist(),
        "length": [len(row) for row in ids],
    }
    return datasets.Dataset.from_dict(columns)


def padding_collator() -> Any:
    """Return transformers' collator that pads to the longest sequence of a batch, with a tokenizer that can do so."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import DataCollatorWithPadding, PreTrainedTokenizerFast

    words = {"<s>": 0, "<pad>": PAD, "</s>": 2, "<unk>": 3}
    plain = Tokenizer(WordLevel(words, unk_token="<unk>"))
    tokenizer: Any = PreTrainedTokenizerFast
    return DataCollatorWithPadding(tokenizer(tokenizer_object=plain, pad_token="<pad>"))


def matrix_rate(size: int = 8192, repetitions: int = 30) -> float:
    """Return the bf16 matrix rate of the GPU, in FLOP/s: the median over products of square matrices."""
    left, right = (torch.randn(size, size, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    seconds = []
    for _ in range(repetitions):
        cost = Cost(0)
        with timed(cost):
            left @ right
        seconds.append(cost.wall)
    return 2 * size**3 / median(seconds[repetitions // 3 :])


def accelerator() -> str:
    """Return the GPU's name, or plainly that there is none."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "none: no GPU was measured"


def package_versions(*names: str) -> dict[str, str]:
    """Return the versions of packages."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
