"""Task vectors: what training has changed, and the cosine of two such changes.

Source: Ilharco et al. (2023), "Editing models with task arithmetic".
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


def task_vector(tuned: Any, pretrained: Any) -> dict[str, Tensor]:
    """Return the differences of the weights of two encoders by parameter, in 32 bits.

    Raises:
        ValueError: they have other parameters.
    """
    before, after = (dict(model.named_parameters()) for model in (pretrained, tuned))
    if {name: part.shape for name, part in before.items()} != {name: part.shape for name, part in after.items()}:
        raise ValueError("task vectors need two encoders with the same parameters")
    return {name: (after[name].detach().float() - before[name].detach().float()).cpu() for name in before}


def vector_cosine(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> float:
    """Return the cosine of two task vectors over all parameters together; 0 where one has no length."""
    inner, first, second = (
        sum(float(torch.dot(a[name].ravel().double(), b[name].ravel().double())) for name in one)
        for a, b in ((one, other), (one, one), (other, other))
    )
    scale = (first * second) ** 0.5
    return inner / scale if scale else 0.0
