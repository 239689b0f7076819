"""In which numbers a model is computed."""

from contextlib import AbstractContextManager
from typing import Any

import torch

from workflow.scripts.modeling import cpu_attention


def computing(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """Return a context in which matrix products are computed in a precision, and what needs it in 32 bits.

    Args:
        device: where.
        precision: `fp32`, `bf16` (autocast over 32-bit weights) or `bf16_weights` (over 16-bit weights).
    """
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision != "fp32")


def choose_kernels(encoder: Any, device: torch.device, precision: str) -> None:
    """Choose the faster way to compute attention and dropout; the results differ by rounding and random numbers only.

    On CPUs in bfloat16 those of `cpu_attention` win over the fused kernel (benchmarks/RESULTS.md), anywhere else the
    fused kernel, which is the libraries' default.
    """
    if device.type == "cpu" and precision != "fp32" and hasattr(encoder, "set_attn_implementation"):
        cpu_attention.register()
        encoder.set_attn_implementation(cpu_attention.NAME)
        cpu_attention.replace_dropout(encoder)
