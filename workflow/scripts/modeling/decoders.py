"""Causal language models as encoders: which tokens see which, and where a sequence's state is read.

A model folder's `config.json` says how (`transfer_attention`); encoders do not have the key.

    causal      as pretrained: a token sees itself and those before it
    unlocked    every token sees all (the mask is left out: BehnamGhader et al. 2024, LLM2Vec, §2.1)
    echo        causal, but the sequence is given twice and states are read from its second copy, whose tokens have
                seen the whole sequence (Springer et al. 2024)

Heads that read a sequence read position 0, which of a decoder knows nothing but itself. So the last token's state,
which knows all, is put there; the token at position 0 is a special one, whose own state nobody asks for
(`features.segments`). Sequences are padded on the right.

Shape suffixes: B sequences, L tokens, D width.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutput

from workflow.scripts.errors import UserError
from workflow.scripts.features.collation import Batch

KEY = "transfer_attention"
"""What `config.json` calls the setting."""

BIDIRECTIONAL, CAUSAL, UNLOCKED, ECHO = "bidirectional", "causal", "unlocked", "echo"

_CHANGED_LOGITS = ("final_logit_softcapping", "logit_scale", "logits_scaling")
"""Settings by which models (Gemma 2, Cohere, Granite) change logits after their head."""


def attention_of(config: Any) -> str:
    """Return how a model attends: `bidirectional` if its configuration says nothing."""
    return str(getattr(config, KEY, BIDIRECTIONAL))


def is_decoder(model: Any) -> bool:
    """Return whether a model, as `load_encoder` returns it, is a decoder."""
    return attention_of(model.config) != BIDIRECTIONAL


def copies(model: Any) -> int:
    """Return how often a sequence is given to a model: 2 with `echo`, else 1 (text to be predicted is not repeated)."""
    return 2 if attention_of(model.config) == ECHO else 1


def decoder_layers(decoder: Any) -> nn.ModuleList:
    """Return a decoder's layers.

    Raises:
        UserError: it has none under a name that is known.
    """
    for name in ("layers", "h"):
        layers = getattr(decoder, name, None)
        if isinstance(layers, nn.ModuleList):
            return layers
    raise UserError(f"{type(decoder).__name__} has no list of layers 'layers' or 'h'; expected a decoder such as Llama")


def embeddings(decoder: Any) -> list[nn.Module]:
    """Return a decoder's embeddings, of positions too where they are learned."""
    return [part for part in decoder.children() if isinstance(part, nn.Embedding)]


def encode(decoder: Any, batch: Batch, **options: Any) -> BaseModelOutput:
    """Return a decoder's states for a batch.

    The last hidden states have the state of the last token at position 0, unless tokens are to be predicted from them
    (`Batch.next_tokens`), to which that state would give away what is to come; all `hidden_states` are as computed.

    Args:
        decoder: a transformers decoder, without language-model head.
        batch: on the decoder's device.
        options: further arguments of the decoder.
    """
    ids_BL, mask_BL = batch.tensors["input_ids"], batch.tensors["attention_mask"]
    attention = CAUSAL if batch.next_tokens else attention_of(decoder.config)
    if attention == ECHO:
        ids_BL, mask_BL = _twice(ids_BL, mask_BL)
    seen = _seen_by_all(decoder, mask_BL) if attention == UNLOCKED else mask_BL
    output = decoder(ids_BL, attention_mask=seen, use_cache=False, **options)
    states = output.hidden_states if options.get("output_hidden_states") else None
    last_BLD = own_states(decoder, batch, output[0])
    if not batch.next_tokens:
        last_BLD = torch.cat([last_states(last_BLD, batch).unsqueeze(1), last_BLD[:, 1:]], dim=1)
    return BaseModelOutput(
        last_hidden_state=last_BLD,
        hidden_states=None if states is None else tuple(own_states(decoder, batch, state) for state in states),
    )


def own_states(decoder: Any, batch: Batch, states: Tensor) -> Tensor:
    """Return the states (B, L, D) of a batch's tokens: with `echo` the second half of those that were computed."""
    if batch.next_tokens or copies(decoder) == 1:
        return states
    mask_BL = batch.tensors["attention_mask"]
    place_BL = mask_BL.sum(1, keepdim=True) + torch.arange(mask_BL.shape[1], device=mask_BL.device)
    return states.gather(1, place_BL.unsqueeze(-1).expand(-1, -1, states.shape[-1]))


def last_states(states_BLD: Tensor, batch: Batch) -> Tensor:
    """Return the states of the last tokens that are no padding, shape (B, D)."""
    last_B = batch.tensors["attention_mask"].sum(1) - 1
    return states_BLD[torch.arange(len(last_B), device=last_B.device), last_B]


def _twice(ids_BL: Tensor, mask_BL: Tensor) -> tuple[Tensor, Tensor]:
    """Return every sequence followed by itself, and the mask of both, shapes (B, 2 L)."""
    length_B1 = mask_BL.sum(1, keepdim=True)
    place = torch.arange(2 * ids_BL.shape[1], device=ids_BL.device)
    real_BL = place < 2 * length_B1
    source_BL = torch.where(real_BL, place % length_B1.clamp(min=1), 0)
    return ids_BL.gather(1, source_BL), real_BL.to(mask_BL.dtype)


def _seen_by_all(decoder: Any, mask_BL: Tensor) -> Tensor:
    """Return a mask (B, 1, L, L) that lets every token see all tokens but padding.

    A mask of this form is taken as it is by all decoders of transformers, whatever else they look at.
    """
    count, length = mask_BL.shape
    seen = mask_BL.bool()[:, None, None, :].expand(count, 1, length, length)
    if decoder.config._attn_implementation == "sdpa":
        return seen
    added = torch.zeros(seen.shape, dtype=decoder.dtype, device=seen.device)
    return added.masked_fill(~seen, torch.finfo(decoder.dtype).min)


def language_model_head(model: Any) -> nn.Module:
    """Return the head of a causal language model: hidden states (…, width) to logits (…, vocabulary).

    Raises:
        UserError: the model changes logits after its head, so that the head alone does not give them.
    """
    changed = [name for name in _CHANGED_LOGITS if getattr(model.config, name, None) not in (None, 1, 1.0)]
    head = model.get_output_embeddings()
    if changed or not isinstance(head, nn.Module):
        raise UserError(
            f"{type(model).__name__} {'changes its logits by ' + changed[0] if changed else 'has no linear head'}; "
            "next-token training of it is not possible here, leave the corpora out of the mixture"
        )
    return head


def check_kind(config: Any, where: str, attention: str, *, encoder: bool, decoder: bool) -> None:
    """Check that a checkpoint is of the kind that the configuration says.

    Args:
        config: of the checkpoint.
        where: the checkpoint's configuration, for messages.
        attention: `models.<name>.attention`.
        encoder: whether transformers knows it as masked language model.
        decoder: whether transformers knows it as causal language model.

    Raises:
        UserError: it is none of both, or of the other kind.
    """
    if config.is_encoder_decoder or not (encoder or decoder) or not hasattr(config, "hidden_size"):
        raise UserError(
            f"{where} is of a '{config.model_type}' model; expected an encoder that is pretrained as masked language "
            "model, such as 'xlm-roberta' or 'bert', or a decoder of text, such as 'qwen2' or 'llama'"
        )
    if encoder and attention != BIDIRECTIONAL:
        raise UserError(
            f"{where} is of an encoder ('{config.model_type}'), whose tokens see each other, but config: "
            f"models.<name>.attention = {attention}; leave the key out, or name a causal language model"
        )
    if not encoder and attention == BIDIRECTIONAL:
        raise UserError(
            f"{where} is of a causal language model ('{config.model_type}'); set models.<name>.attention to "
            f"{CAUSAL}, {UNLOCKED} or {ECHO} (docs/how-to/decoders.md), or name an encoder"
        )


def described(config: Mapping[str, Any], attention: str) -> dict[str, Any]:
    """Return a `config.json` with the setting; an encoder's as it is."""
    return dict(config) if attention == BIDIRECTIONAL else {**config, KEY: attention}
