"""From a checkpoint in the Hub's form to a model folder of the study: what it is, and whether it fits.

No code of a checkpoint is run. Names and shapes of its weights are compared with those of a model without data, so that
a misfit is told before anything is copied or trained.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM

from workflow.scripts.errors import UserError
from workflow.scripts.features.store import Features
from workflow.scripts.files import read_json, write_json
from workflow.scripts.modeling import decoders
from workflow.scripts.modeling.weights import read_shapes

Shapes = Mapping[str, tuple[int, ...]]

_LEGACY = (("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias"))
"""Names in checkpoints that were converted from TensorFlow; transformers understands them."""


@dataclass(frozen=True)
class ModelFacts:
    """What a checkpoint is.

    Attributes:
        model_type: architecture, as `config.json` names it.
        parameters: of the encoder, without pooler and language-model head (of a translation model: all).
        layers: number of layers.
        hidden_size: width.
        max_positions: tokens of the longest sequence; None where the configuration sets no limit.
        vocabulary: rows of the embedding matrix.
        language_model_head: whether the head that the checkpoint was pretrained with is there.
    """

    model_type: str
    parameters: int
    layers: int
    hidden_size: int
    max_positions: int | None
    vocabulary: int
    language_model_head: bool


def describe_encoder(folder: Path, files: Sequence[Path], attention: str = decoders.BIDIRECTIONAL) -> ModelFacts:
    """Check that a checkpoint is a model of text whose weights fit its configuration, and return what it is.

    Args:
        folder: holds `config.json`.
        files: its safetensors files.
        attention: `models.<name>.attention` of the configuration.

    Raises:
        UserError: it is no language model that transformers knows, or a causal one where an encoder is asked for, or
            the other way round; or weights are missing or misshapen.
    """
    config = _read_config(folder)
    masked = type(config) in AutoModelForMaskedLM._model_mapping and not getattr(config, "is_decoder", False)
    causal = type(config) in AutoModelForCausalLM._model_mapping
    decoders.check_kind(config, str(folder / "config.json"), attention, encoder=masked, decoder=causal)
    model = _empty(AutoModelForMaskedLM if masked else AutoModelForCausalLM, config)
    stored = read_shapes(files)
    missing = _missing_weights(model, stored, folder)
    encoder = f"{model.base_model_prefix}."
    _refuse_missing([name for name in missing if name.startswith(encoder)], model, stored, folder)
    return _facts(model, model.base_model, longest_sequence(model.base_model), head=not missing)


def describe_translator(folder: Path, files: Sequence[Path]) -> ModelFacts:
    """Check a sequence-to-sequence checkpoint likewise; arguments and errors as `describe_encoder`."""
    config = _read_config(folder)
    if type(config) not in AutoModelForSeq2SeqLM._model_mapping:
        raise UserError(
            f"{folder / 'config.json'} is of a '{config.model_type}' model; expected a sequence-to-sequence model that "
            "translates, such as 'marian'"
        )
    model, stored = _empty(AutoModelForSeq2SeqLM, config), read_shapes(files)
    _refuse_missing(_missing_weights(model, stored, folder), model, stored, folder)
    return _facts(model, model, getattr(config, "max_position_embeddings", None), head=True)


def _read_config(folder: Path) -> Any:
    path = folder / "config.json"
    given = read_json(path)
    if not isinstance(given, dict) or "model_type" not in given:
        raise UserError(f'{path} has no \'model_type\'; add it, for example "model_type": "xlm-roberta"')
    _refuse_kernels(path, given)
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} describes no model that transformers knows by itself: {error}") from error


def _refuse_kernels(path: Path, settings: Mapping[str, Any]) -> None:
    """Refuse a configuration that has transformers fetch compiled code: attention as `<organisation>/<repository>`."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            _refuse_kernels(path, value)
        if key.endswith("_implementation") and "/" in str(value):
            raise UserError(
                f"{path} asks for code from elsewhere ('{key}': {value}), which is never run; remove the key, so that "
                "the model's own code is used"
            )


def _empty(kind: Any, config: Any) -> Any:
    """Return a model without data."""
    with torch.device("meta"):
        return kind.from_config(config, trust_remote_code=False)


def _facts(model: Any, counted: nn.Module, longest: int | None, *, head: bool) -> ModelFacts:
    return ModelFacts(
        model_type=model.config.model_type,
        parameters=sum(parameter.numel() for parameter in counted.parameters()),
        layers=model.config.num_hidden_layers,
        hidden_size=model.config.hidden_size,
        max_positions=longest,
        vocabulary=model.get_input_embeddings().num_embeddings,
        language_model_head=head,
    )


def longest_sequence(encoder: Any) -> int | None:
    """Return how many tokens an encoder takes at once; None where its configuration sets no limit.

    XLM-R and its kin count positions from pad id + 1, which their embeddings tell by a `padding_idx` of their own.
    """
    positions: int | None = getattr(encoder.config, "max_position_embeddings", None)
    padding: int | None = getattr(getattr(encoder, "embeddings", None), "padding_idx", None)
    return positions - padding - 1 if positions is not None and padding is not None else positions


def check_lengths(encoder: Any, folder: Path, tokens: Iterable[Path]) -> None:
    """Check that an encoder has positions for the sequences that it is to read.

    Args:
        encoder: a transformers encoder.
        folder: where it is from, for the message.
        tokens: token files `<task>/<split>.arrow`.

    Raises:
        UserError: it has not.
    """
    positions = longest_sequence(encoder)
    for path in tokens:
        features = Features(path)
        times = 1 if features.family == "text" else decoders.copies(encoder)
        length = int(features.input_ids.lengths.max())
        if positions is not None and times * length > positions:
            longest = positions // times
            raise UserError(
                f"{path} has sequences of {length} tokens, but {folder} takes {longest}{' given twice' * (times - 1)}; "
                f"lower tokenization.max_length (or tokenization.tasks.{path.parent.name}.max_length) to {longest}"
            )


def _missing_weights(model: Any, stored: Shapes, folder: Path) -> list[str]:
    """Return the weights of a model that a checkpoint lacks, after a check of the shapes of the others.

    Of weights that are tied, one is enough; weights that are computed (sinusoidal positions) are not asked for.
    """
    prefix = f"{model.base_model_prefix}."
    found = {_plain(name, prefix): shape for name, shape in stored.items()}
    tied: Mapping[str, str] = model.all_tied_weights_keys
    computed = model._keys_to_ignore_on_load_missing or ()
    missing = []
    for name, weight in model.named_parameters(remove_duplicate=False):
        if name in tied or name in computed:
            continue
        names = [name, *(other for other, source in tied.items() if source == name)]
        shape = next((found[plain] for plain in (_plain(alias, prefix) for alias in names) if plain in found), None)
        if shape is None:
            missing.append(name)
        elif shape != tuple(weight.shape):
            raise UserError(
                f"'{name}' of {folder} has the shape {shape}, but {tuple(weight.shape)} by its config.json; "
                "the weights are of another model"
            )
    return missing


def _refuse_missing(missing: Sequence[str], model: Any, stored: Shapes, folder: Path) -> None:
    if missing:
        raise UserError(
            f"{folder} lacks {len(missing)} of the weights that config.json ('{model.config.model_type}') asks for, "
            f"for example '{missing[0]}'; it has {len(stored)}, for example '{next(iter(stored), 'none')}'"
        )


def _plain(name: str, prefix: str) -> str:
    for old, new in _LEGACY:
        name = name.replace(old, new)
    return name.removeprefix(prefix)


def language_model_head(model: Any) -> nn.Module:
    """Return the head of a language model: hidden states (…, width) to logits (…, vocabulary).

    Raises:
        UserError: an encoder's head is not of one piece, as those of BERT (`cls`) and XLM-R (`lm_head`) are; or a
            decoder's does not give its logits (`decoders.language_model_head`).
    """
    if decoders.is_decoder(model):
        return decoders.language_model_head(model)
    for name in ("lm_head", "cls"):
        head = getattr(model, name, None)
        if isinstance(head, nn.Module):
            return head
    raise UserError(
        f"{type(model).__name__} has no head 'lm_head' or 'cls'; masked-language-model training needs an encoder like "
        "XLM-R or BERT"
    )


def write_config(folder: Path, target: Path, attention: str = decoders.BIDIRECTIONAL) -> None:
    """Write `config.json` without the names of the checkpoint's own code, and with how a decoder attends."""
    kept = {key: value for key, value in read_json(folder / "config.json").items() if key != "auto_map"}
    write_json(target, decoders.described(kept, attention))
