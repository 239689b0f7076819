"""In which numbers a model is computed."""

from contextlib import AbstractContextManager
from typing import Any

import torch


def computing(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """Return a context in which matrix products are computed in a precision, and what needs it in 32 bits.

    Args:
        device: where.
        precision: `fp32`, `bf16` (autocast over 32-bit weights) or `bf16_weights` (over 16-bit weights).
    """
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision != "fp32")


def choose_attention(encoder: Any, device: torch.device, precision: str) -> None:
    """Choose the faster way to compute attention; the results differ by rounding only.

    On CPUs in bfloat16 the plain matrix products win over the fused kernel (benchmarks/RESULTS.md), anywhere else the
    fused kernel, which is the libraries' default.
    """
    if device.type == "cpu" and precision != "fp32" and hasattr(encoder, "set_attn_implementation"):
        encoder.set_attn_implementation("eager")
