"""The settings of models: what their keys demand of each other, and defaults that depend on the kind of model."""

from collections.abc import Mapping
from typing import Any

from workflow.scripts.config_schema import Settings
from workflow.scripts.errors import UserError
from workflow.scripts.tasks import TASKS

DECODER_MODULES = ["q_proj", "v_proj"]
"""Linear layers of decoders that adapters update by default: the same as of encoders (query, value) by other names."""


def is_decoder(model: Mapping[str, Any]) -> bool:
    """Return whether a model is a decoder, by its settings."""
    return str(model.get("attention", "bidirectional")) != "bidirectional"


def with_modules(settings: Settings) -> Settings:
    """Return settings, as a user has given them, in which adapters of decoders have their default modules."""
    models = {
        name: model | {"adapter": {"modules": DECODER_MODULES} | model["adapter"]}
        if is_decoder(model) and "adapter" in model
        else model
        for name, model in settings["models"].items()
    }
    return settings | {"models": models}


def check_models(settings: Settings) -> None:
    """Check what the keys of models demand of each other and of other keys.

    Raises:
        UserError: something cannot be.
    """
    for name, model in settings["models"].items():
        if "checkpoint" not in model:
            _check_own(settings, name, model)
    _check_tokenizers(settings)


def _check_tokenizers(settings: Settings) -> None:
    """Check that encoders and decoders share no tokenizer: its token files are those of one kind (`Segmenter`)."""
    readers: dict[str, tuple[str, bool]] = {}
    for name, model in settings["models"].items():
        tokenizer = model.get("tokenizer", name)
        other, decoder = readers.setdefault(tokenizer, (name, is_decoder(model)))
        if decoder != is_decoder(model):
            raise UserError(
                f"config: models.{other} and models.{name} have one tokenizer, '{tokenizer}', but one of them is an "
                "encoder and one a decoder, whose token files differ; give each kind a tokenizer of its own (of the "
                "same settings it is the same)"
            )


def _check_own(settings: Settings, name: str, model: Settings) -> None:
    """Check a model that the workflow pretrains."""
    for key in ("tokenizer", "pretraining"):
        if key not in model:
            raise UserError(
                f"config: models.{name} lacks the key '{key}'; expected tokenizer, architecture and pretraining, "
                "or a checkpoint"
            )
    shape = model["architecture"]
    if shape["hidden_size"] % shape["attention_heads"]:
        raise UserError(
            f"config: models.{name}.architecture.hidden_size = {shape['hidden_size']} cannot be divided among "
            f"attention_heads = {shape['attention_heads']}; choose a multiple"
        )
    read = any(not TASKS[target].fine_tuned for target in settings["targets"])
    if read and settings["retrieval"]["layer"] > shape["layers"]:
        raise UserError(
            f"config: retrieval.layer = {settings['retrieval']['layer']} but models.{name} has "
            f"{shape['layers']} layers; expected 0 (embeddings) to {shape['layers']}"
        )
    if is_decoder(model) and shape["hidden_size"] // shape["attention_heads"] % 2:
        raise UserError(
            f"config: models.{name} has heads of {shape['hidden_size'] // shape['attention_heads']} dimensions "
            "(hidden_size / attention_heads); rotary positions turn pairs of them, expected an even number"
        )
    longest = max(
        lengths.get("max_length", settings["tokenization"]["max_length"])
        for lengths in ({}, *settings["tokenization"]["tasks"].values())
    )
    times = 2 if model["attention"] == "echo" else 1
    if times * longest > shape["max_positions"]:
        raise UserError(
            f"config: tokenization allows {longest} tokens{', given twice,' * (times - 1)} but "
            f"models.{name}.architecture.max_positions = "
            f"{shape['max_positions']}; lower max_length or raise max_positions"
        )
