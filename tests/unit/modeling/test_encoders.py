from types import SimpleNamespace

import numpy as np
import torch

from workflow.scripts.features.collation import Batch, collate
from workflow.scripts.features.store import Features, TokenIds, write_features
from workflow.scripts.modeling.encoders import encode


class Spy:
    """An encoder that returns the names of its inputs."""

    def __init__(self, **config):
        self.config = SimpleNamespace(**config)

    def __call__(self, input_ids, **inputs):
        return [sorted(inputs)]


def test_segments_reach_encoders_with_two_types_of_tokens_only():
    tensors = {name: torch.ones(1, 3, dtype=torch.long) for name in ("input_ids", "attention_mask", "token_type_ids")}
    batch = Batch(np.arange(1), tensors, 1)
    assert encode(Spy(type_vocab_size=2), batch)[0] == ["attention_mask", "token_type_ids"]
    assert encode(Spy(type_vocab_size=1), batch)[0] == encode(Spy(), batch)[0] == ["attention_mask"]
    del tensors["token_type_ids"]
    assert encode(Spy(type_vocab_size=2), batch)[0] == ["attention_mask"]


def test_a_batch_tells_segments_apart_and_leaves_padding_at_zero(tmp_path):
    columns = {"example": [0, 1], "input_ids": [[2, 7, 3, 8, 9, 3], [2, 7, 3]], "second": [3, 3], "label": [0, 1]}
    ids = TokenIds(vocabulary_size=10, pad=0, mask=4, special=(0, 2, 3, 4))
    write_features(tmp_path / "t.arrow", columns, family="classification", tokens=ids, labels=("a", "b"))
    batch = collate(Features(tmp_path / "t.arrow"), np.array([0, 1]))
    assert batch.tensors["token_type_ids"].tolist() == [[0, 0, 0, 1, 1, 1], [0] * 6]
