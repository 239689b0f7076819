"""Attention and dropout in bfloat16 on a CPU, where memory traffic and random numbers cost more than products.

What transformers and PyTorch offer there widens all attention scores to 32 bits and draws one random number for each
of them. `attend` keeps scores in 16 bits (the softmax adds up in 32 bits inside), and `Dropout` draws one 64-bit number
for four elements. benchmarks/RESULTS.md has what either is worth.
"""

from typing import Any

import torch
from torch import Tensor, nn

NAME = "bf16_cpu"
"""How transformers knows `attend`."""

LEVELS = 1 << 16
"""Dropout rates are multiples of 1/65,536; kept elements are scaled by the rate that is really used."""


def register() -> None:
    """Make `attend` known to transformers, which then gives it masks that are added to the scores."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, eager_mask

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, eager_mask)


def attend(
    module: nn.Module,
    query_BHLK: Tensor,
    key_BHLK: Tensor,
    value_BHLK: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **others: Any,
) -> tuple[Tensor, Tensor]:
    """Return the attended values (B, L, H, K) and the attention probabilities (B, H, L, L).

    Args:
        module: the attention layer.
        query_BHLK: by sequence, head, token and width of a head.
        key_BHLK: likewise; there may be fewer heads.
        value_BHLK: likewise.
        attention_mask: added to the scores, (B, 1, L, L).
        scaling: what scores are multiplied by; None: 1/sqrt(K).
        dropout: rate at which probabilities are dropped.
        others: not used; transformers calls all attention functions alike.
    """
    groups = query_BHLK.shape[1] // key_BHLK.shape[1]
    if groups > 1:
        key_BHLK, value_BHLK = (states.repeat_interleave(groups, dim=1) for states in (key_BHLK, value_BHLK))
    scale = query_BHLK.shape[-1] ** -0.5 if scaling is None else scaling
    scores_BHLL = torch.matmul(query_BHLK * scale, key_BHLK.transpose(2, 3))
    if attention_mask is not None:
        lowest = torch.finfo(scores_BHLL.dtype).min
        scores_BHLL = scores_BHLL + attention_mask.clamp(min=lowest).to(scores_BHLL.dtype)
    with torch.autocast("cpu", enabled=False):  # it would widen the softmax
        weights_BHLL = torch.softmax(scores_BHLL, dim=-1)
    weights_BHLL = drop(weights_BHLL, dropout if module.training else 0.0)
    return torch.matmul(weights_BHLL, value_BHLK).transpose(1, 2).contiguous(), weights_BHLL


class Dropout(nn.Dropout):
    """Dropout as `nn.Dropout`, with other random numbers."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with elements dropped at the layer's rate, in training."""
        return drop(input, self.p if self.training else 0.0)


def replace_dropout(encoder: nn.Module) -> None:
    """Let all dropout layers of an encoder draw the cheaper random numbers."""
    for module in encoder.modules():
        if type(module) is nn.Dropout:
            module.__class__ = Dropout


def drop(values: Tensor, rate: float) -> Tensor:
    """Return the values (any shape), each dropped with probability `rate` and scaled up otherwise."""
    dropped = round(rate * LEVELS)
    if dropped == 0:
        return values
    if dropped == LEVELS:
        return values * 0.0
    result: Tensor = _Drop.apply(values, dropped)  # type: ignore[no-untyped-call]
    return result


class _Drop(torch.autograd.Function):
    """Multiplication by a random mask, remembered in one byte an element."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, dropped: int) -> Tensor:
        count = values.numel()
        words = torch.empty(-(-count // 4), dtype=torch.int64).random_(torch.iinfo(torch.int64).min, None)
        kept = (words.view(torch.int16)[:count] >= dropped - LEVELS // 2).view(values.shape)
        ctx.save_for_backward(kept)
        ctx.scale = LEVELS / (LEVELS - dropped)
        return _masked(values, kept, ctx.scale)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor, None]:
        (kept,) = ctx.saved_tensors
        return _masked(gradients[0], kept, ctx.scale), None


def _masked(values: Tensor, kept: Tensor, scale: float) -> Tensor:
    """Return `values * kept * scale`; the operator that does it in one pass is named after its use in PyTorch."""
    masked: Tensor = torch.ops.aten.native_dropout_backward(values, kept, scale)
    return masked
