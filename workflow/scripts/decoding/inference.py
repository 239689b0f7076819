"""Running an encoder, with or without a head, over all sequences of a task: sorted by length, each computed once."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from workflow.scripts.decoding.neighbours import unit
from workflow.scripts.devices import token_budget
from workflow.scripts.features.batches import micro_batches
from workflow.scripts.features.collation import Batch, collate
from workflow.scripts.features.store import Features
from workflow.scripts.modeling.encoders import encode
from workflow.scripts.modeling.precision import choose_kernels, computing
from workflow.scripts.progress import Progress

Array = np.ndarray[Any, Any]


def batches(features: Features, device: torch.device, budget: int = 0) -> Iterator[Batch]:
    """Yield all items of a token file in batches, longest first (so that a lack of memory shows at once).

    Args:
        features: the token file.
        device: where batches are needed.
        budget: padded tokens of a batch; 0 = by device.
    """
    with Progress(len(features), what="example") as bar:
        done = 0
        for items in micro_batches(np.arange(len(features)), features.item_tokens, budget or token_budget(device)):
            yield collate(features, items).to(device)
            done += len(items)
            bar.update(done, len(items))


@torch.inference_mode()
def head_outputs(
    encoder: Any, head: nn.Module, features: Features, device: torch.device, precision: str = "fp32", budget: int = 0
) -> Iterator[tuple[Batch, Tensor]]:
    """Yield every batch with its head's logits, on the device and in 32 bits whatever they were computed in.

    Args:
        encoder: a transformers encoder.
        head: the task's head.
        features: the token file.
        device: where to compute.
        precision: fp32 or bf16.
        budget: padded tokens that go through the model at once; 0 = by device.
    """
    encoder.to(device).eval()
    head.to(device).eval()
    choose_kernels(encoder, device, precision)
    for batch in batches(features, device, budget):
        with computing(device, precision):
            logits = head(encode(encoder, batch)[0], batch)
        yield batch, logits.float()


@torch.inference_mode()
def sentence_vectors(
    encoder: Any, features: Features, layer: int, device: torch.device, precision: str = "fp32", budget: int = 0
) -> Array:
    """Return the L2-normalised mean of one layer's states over all tokens, special ones included, shape (rows, D).

    This is how XTREME and jiant read XLM-R for retrieval. `layer` indexes the hidden states, 0 = embeddings; the layers
    above it are not computed. The other arguments are those of `head_outputs`.
    """
    encoder.to(device).eval()
    choose_kernels(encoder, device, precision)
    states_of = hidden_state_reader(encoder, layer)
    vectors: Array = np.zeros((len(features.input_ids), encoder.config.hidden_size), dtype=np.float32)
    for batch in batches(features, device, budget):
        with computing(device, precision):
            states_BLD = states_of(batch)
        states_BLD = states_BLD.float()
        weights_BL1 = batch.tensors["attention_mask"].unsqueeze(-1).to(states_BLD.dtype)
        mean_BD = (states_BLD * weights_BL1).sum(1) / weights_BL1.sum(1)
        vectors[batch.rows] = unit(mean_BD).cpu().numpy()
    return vectors


class _LayerReached(BaseException):
    """The forward pass has come to the layer whose input was asked for; not an error that a model could catch."""

    def __init__(self, states: Tensor) -> None:
        self.states = states


def hidden_state_reader(encoder: Any, layer: int) -> Callable[[Batch], Tensor]:
    """Return what computes one hidden state (B, L, D) of an encoder, 0 = embeddings, and if possible nothing above it.

    In encoders with the parts of XLM-R and BERT the hidden state is what the next layer is given; the forward pass ends
    there. Of others, and for the last one, all hidden states are computed.
    """
    layers = getattr(getattr(encoder, "encoder", None), "layer", None)
    if not isinstance(layers, nn.ModuleList) or not 0 <= layer < len(layers):
        return lambda batch: encode(encoder, batch, output_hidden_states=True).hidden_states[layer]

    def stop(module: nn.Module, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
        raise _LayerReached(arguments[0] if arguments else options["hidden_states"])

    def read(batch: Batch) -> Tensor:
        hook = layers[layer].register_forward_pre_hook(stop, with_kwargs=True)
        try:
            encode(encoder, batch)
        except _LayerReached as reached:
            return reached.states
        finally:
            hook.remove()
        raise AssertionError(f"layer {layer} was not computed")

    return read
