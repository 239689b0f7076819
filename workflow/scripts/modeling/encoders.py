"""What an encoder is given of a batch."""

from typing import Any

from torch import Tensor, nn

from workflow.scripts.features.collation import Batch
from workflow.scripts.modeling import decoders


def encode(encoder: Any, batch: Batch, **options: Any) -> Any:
    """Return an encoder's output for a batch; its first entry is hidden states (B, L, D), summed up at position 0.

    Encoders with more than one type of token (BERT) are told which segment a token belongs to; those with one type
    (XLM-R, RoBERTa) or none (DistilBERT) are not. Decoders: see `decoders`.

    Args:
        encoder: a transformers encoder.
        batch: on the encoder's device.
        options: further arguments of the encoder.
    """
    if decoders.is_decoder(encoder):
        return decoders.encode(encoder, batch, **options)
    names = ["attention_mask"]
    if getattr(encoder.config, "type_vocab_size", 0) > 1 and "token_type_ids" in batch.tensors:
        names.append("token_type_ids")
    return encoder(batch.tensors["input_ids"], **{name: batch.tensors[name] for name in names}, **options)


def layers_of(encoder: Any) -> nn.ModuleList | None:
    """Return the layers of a decoder, or of an encoder with the parts of XLM-R and BERT; None of others."""
    if decoders.is_decoder(encoder):
        return decoders.decoder_layers(encoder)
    layers = getattr(getattr(encoder, "encoder", None), "layer", None)
    return layers if isinstance(layers, nn.ModuleList) else None


def pooled(encoder: Any, states_BLD: Tensor, batch: Batch, pooling: str) -> Tensor:
    """Return one vector for each sequence, shape (B, D).

    Args:
        encoder: what computed the states.
        states_BLD: one of its hidden states, in 32 bits.
        batch: the sequences.
        pooling: `mean` over all tokens, special ones included, or `cls`, the first token (of decoders the last).
    """
    if pooling == "cls":
        return decoders.last_states(states_BLD, batch) if decoders.is_decoder(encoder) else states_BLD[:, 0]
    weights_BL1 = batch.tensors["attention_mask"].unsqueeze(-1).to(states_BLD.dtype)
    return (states_BLD * weights_BL1).sum(1) / weights_BL1.sum(1)
