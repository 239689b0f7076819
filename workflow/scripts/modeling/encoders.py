"""What an encoder is given of a batch."""

from typing import Any

from workflow.scripts.features.collation import Batch


def encode(encoder: Any, batch: Batch, **options: Any) -> Any:
    """Return an encoder's output for a batch; its first entry is hidden states (B, L, D).

    Encoders with more than one type of token (BERT) are told which segment a token belongs to; those with one type
    (XLM-R, RoBERTa) or none (DistilBERT) are not.

    Args:
        encoder: a transformers encoder.
        batch: on the encoder's device.
        options: further arguments of the encoder.
    """
    names = ["attention_mask"]
    if getattr(encoder.config, "type_vocab_size", 0) > 1 and "token_type_ids" in batch.tensors:
        names.append("token_type_ids")
    return encoder(batch.tensors["input_ids"], **{name: batch.tensors[name] for name in names}, **options)
