"""Folders of models: Hugging Face directories that `AutoModel` and `AutoTokenizer` load, with heads and a run card.

model.safetensors config.json           the encoder (of pretrained models with their language-model head),
                                        or, where an adapter was trained, the files of `adapters` in their place
head.safetensors                        heads by training task: `<task>.<parameter>`
tokenizer.json tokenizer_config.json
README.md                               model card
run.json                                specification, versions, cost, sha256 of the files; written last: where it
                                        stands, the rest is whole
"""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    LlamaConfig,
    LlamaForCausalLM,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
)

from workflow.scripts.errors import UserError
from workflow.scripts.features.store import TokenIds
from workflow.scripts.files import check_sha256, read_json, replacing, sha256, write_json, write_text
from workflow.scripts.modeling import adapters, decoders
from workflow.scripts.modeling.encoders import layers_of
from workflow.scripts.modeling.weights import WEIGHTS

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
POSITION_OFFSET = 2
"""XLM-R counts positions from pad id + 1, so that it needs this many more than the longest sequence has."""


def _shape(architecture: Mapping[str, Any], tokens: TokenIds) -> dict[str, Any]:
    """Return what the configurations of all new models say in the same words."""
    return {
        "vocab_size": tokens.vocabulary_size,
        "hidden_size": architecture["hidden_size"],
        "num_hidden_layers": architecture["layers"],
        "num_attention_heads": architecture["attention_heads"],
        "intermediate_size": architecture["feed_forward_size"],
        "initializer_range": architecture["initializer_range"],
        "pad_token_id": tokens.pad,
        "bos_token_id": 0,
        "eos_token_id": 2,
    }


def new_masked_lm(architecture: Mapping[str, Any], tokens: TokenIds) -> Any:
    """Return an XLM-R masked language model with random weights from the global generator.

    Args:
        architecture: `models.<name>.architecture` of the configuration.
        tokens: the tokenizer's ids.
    """
    config = XLMRobertaConfig(
        **_shape(architecture, tokens),
        hidden_dropout_prob=architecture["dropout"],
        attention_probs_dropout_prob=architecture["dropout"],
        max_position_embeddings=architecture["max_positions"] + POSITION_OFFSET,
        type_vocab_size=1,
    )
    return XLMRobertaForMaskedLM(config)


def new_causal_lm(architecture: Mapping[str, Any], tokens: TokenIds, attention: str) -> Any:
    """Return a causal language model in the style of Llama with random weights from the global generator.

    Rotary positions, RMSNorm, gated feed-forward layers, embeddings tied to the head; as many heads for keys as for
    queries. It has dropout of attention only.

    Args:
        architecture: as `new_masked_lm`.
        tokens: the tokenizer's ids.
        attention: how it attends when it is fine-tuned.
    """
    config = LlamaConfig(
        **_shape(architecture, tokens),
        attention_dropout=architecture["dropout"],
        max_position_embeddings=architecture["max_positions"],
        tie_word_embeddings=True,
    )
    setattr(config, decoders.KEY, attention)
    return LlamaForCausalLM(config)


def new_language_model(architecture: Mapping[str, Any], tokens: TokenIds, attention: str) -> Any:
    """Return a new masked or, where attention is not `bidirectional`, causal language model."""
    if attention == decoders.BIDIRECTIONAL:
        return new_masked_lm(architecture, tokens)
    return new_causal_lm(architecture, tokens, attention)


def load_encoder(directory: Path, *, quantization: str = "none", dtype: torch.dtype = torch.float32) -> Any:
    """Load the encoder of a model folder, without a pooler (the heads have their own).

    From the folder of an adapter comes the model that it belongs to, frozen and quantised as it was in training, with
    the adapter on it, which goes on being trained where training is asked for.

    Args:
        directory: the folder.
        quantization: how to store the weights of a whole model: `none`, or `nf4` (4 bits, on the present GPU).
        dtype: in what numbers to store weights; adapters are always of 32 bits.

    Raises:
        UserError: the folder holds no model that transformers can load without running code of its own, or what the
            quantisation needs is missing.
    """
    return _load(AutoModel, directory, quantization, dtype)


def load_language_model(directory: Path, *, quantization: str = "none", dtype: torch.dtype = torch.float32) -> Any:
    """Load a pretrained model with its head for masked or, of decoders, next tokens (arguments as `load_encoder`).

    Raises:
        UserError: as `load_encoder`, or the checkpoint has no such head.
    """
    whole = adapters.base_directory(directory) if adapters.is_adapter(directory) else directory
    path = whole / "config.json"
    causal = path.is_file() and decoders.KEY in read_json(path)
    return _load(AutoModelForCausalLM if causal else AutoModelForMaskedLM, directory, quantization, dtype)


def load_with_head(pretrained: Path, tuned: Path) -> Any:
    """Return a tuned encoder in the pretrained masked language model, whose head shares its embeddings.

    Args:
        pretrained: folder of the model with its head.
        tuned: folder of the encoder, or of an adapter on the pretrained model.

    Raises:
        UserError: as `load_language_model`.
    """
    if adapters.is_adapter(tuned) or tuned == pretrained:
        return load_language_model(tuned)
    model = load_language_model(pretrained)
    model.base_model.load_state_dict(load_encoder(tuned).state_dict())
    model.tie_weights()
    return model


def _load(kind: Any, directory: Path, quantization: str, dtype: torch.dtype) -> Any:
    """Load a model, and the adapter on it if the folder is one's."""
    if not adapters.is_adapter(directory):
        return _load_whole(kind, directory, quantization, dtype)
    model = _load_whole(kind, adapters.base_directory(directory), adapters.stored_quantization(directory), dtype)
    model.requires_grad_(False)
    adapters.load_adapter(model.base_model, directory)
    _check_written(directory, adapters.WEIGHTS)
    return model


def _load_whole(kind: Any, directory: Path, quantization: str, dtype: torch.dtype) -> Any:
    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False, "use_safetensors": True}
    options |= {"dtype": dtype, "output_loading_info": True}
    options |= adapters.quantized_loading(quantization)
    try:
        model, found = kind.from_pretrained(directory, **options)
    except (OSError, ValueError, SafetensorError) as error:
        raise UserError(f"{directory} holds no model that can be loaded: {error}") from error
    absent = sorted(name for name in found["missing_keys"] if not name.startswith("pooler."))
    if absent:
        raise UserError(
            f"{directory} lacks {len(absent)} weights of {type(model).__name__}, for example {absent[0]}; "
            "they would be random. Expected a checkpoint with all of them"
        )
    _check_written(directory, WEIGHTS)
    if getattr(model, "pooler", None) is not None:
        model.pooler = None
    return model


def _check_written(directory: Path, name: str) -> None:
    """Compare a file with the SHA-256 that the run card beside it notes, if it notes any.

    Raises:
        UserError: it is not what was written.
    """
    path = directory / "run.json"
    card = read_json(path) if path.is_file() else {}
    check_sha256(directory / name, card.get("files", {}).get(name), path)


def freeze_layers(encoder: Any, count: int) -> None:
    """Leave the lowest parts of an encoder out of training: 0 = none, 1 = embeddings, 2 = also the first layer, ...

    Raises:
        UserError: the encoder has fewer layers, or its parts have other names than XLM-R's, BERT's and decoders'.
    """
    if count == 0:
        return
    layers = layers_of(encoder)
    embeddings = (
        decoders.embeddings(encoder) if decoders.is_decoder(encoder) else [getattr(encoder, "embeddings", None)]
    )
    if layers is None or embeddings in ([], [None]):
        raise UserError(
            f"frozen_layers = {count}, but {type(encoder).__name__} does not have the parts of XLM-R or BERT"
        )
    if count > len(layers) + 1:
        raise UserError(f"frozen_layers = {count}, but the encoder has embeddings and {len(layers)} layers")
    for part in (*embeddings, *layers[: count - 1]):
        part.requires_grad_(False)


def load_head(directory: Path, task: str, head: nn.Module) -> None:
    """Load the weights of one task's head.

    Raises:
        UserError: the folder has no head for the task, or one of another shape.
    """
    path = directory / "head.safetensors"
    if not path.is_file():
        raise UserError(f"{directory} has no head.safetensors; expected the fine-tuned model of '{task}'")
    prefix = f"{task}."
    weights = {name.removeprefix(prefix): tensor for name, tensor in load_file(path).items() if name.startswith(prefix)}
    try:
        head.load_state_dict(weights)
    except RuntimeError as error:
        raise UserError(f"{path} does not fit the head of '{task}': {error}; delete it and run again") from error
    _check_written(directory, path.name)


def save_checkpoint(
    directory: Path, model: Any, heads: Mapping[str, nn.Module], tokenizer: Path, card: str, run: Mapping[str, Any]
) -> None:
    """Write a model folder, each file atomically, the run card last.

    Args:
        directory: the folder; other files in it stay.
        model: a transformers model; of one whose encoder has an adapter, the adapter alone is written.
        heads: heads by task; without any no `head.safetensors` is written.
        tokenizer: folder with the tokenizer's files.
        card: the model card (Markdown).
        run: the run card.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = [*_save_model(directory, model), *TOKENIZER_FILES]
    for name in TOKENIZER_FILES:
        with replacing(directory / name) as copy:
            shutil.copyfile(tokenizer / name, copy)
    weights = {
        f"{task}.{name}": tensor.contiguous()
        for task, head in heads.items()
        for name, tensor in head.state_dict().items()
    }
    if weights or "tasks" in run.get("spec", {}):  # a source of corpora alone has no heads, and a file without any
        with replacing(directory / "head.safetensors") as path:
            save_file(weights, path)
        written.append("head.safetensors")
    write_text(directory / "README.md", card)
    write_json(directory / "run.json", {**run, "files": {name: sha256(directory / name) for name in written}})


def _save_model(directory: Path, model: Any) -> list[str]:
    """Write a whole model or an adapter; files of the other kind, from an earlier run, would be loaded with it.

    Returns:
        The names of the files.
    """
    whole, update = (WEIGHTS, "config.json"), (adapters.WEIGHTS, adapters.CONFIG)
    adapted = adapters.has_adapter(model.base_model)
    for name in whole if adapted else update:
        (directory / name).unlink(missing_ok=True)
    if adapted:
        adapters.save_adapter(directory, model.base_model)
        return list(update)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".") as temporary:
        model.save_pretrained(temporary)
        written = sorted(Path(temporary).iterdir())
        for path in written:
            path.replace(directory / path.name)
    return [path.name for path in written]
