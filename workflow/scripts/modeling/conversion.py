"""From a checkpoint in the Hub's form to a model folder of the study: what it is, whether it fits, its tokenizer.

No code of a checkpoint is run. Names and shapes of its weights are compared with those of a model without data, so that
a misfit is told before anything is copied or trained.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForMaskedLM, AutoModelForSeq2SeqLM, AutoTokenizer

from workflow.scripts.errors import UserError
from workflow.scripts.features.segments import Segmenter
from workflow.scripts.features.store import Features
from workflow.scripts.files import read_json, replacing, write_json
from workflow.scripts.modeling.weights import read_shapes

Shapes = Mapping[str, tuple[int, ...]]

_SPECIAL = {
    "pad_token": ("[PAD]", "<pad>"),
    "unk_token": ("[UNK]", "<unk>"),
    "cls_token": ("[CLS]", "<s>"),
    "sep_token": ("[SEP]", "</s>"),
    "mask_token": ("[MASK]", "<mask>"),
}
"""What the tokens with a meaning of their own are called by BERT and by XLM-R."""

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


def describe_encoder(folder: Path, files: Sequence[Path]) -> ModelFacts:
    """Check that a checkpoint is an encoder whose weights fit its configuration, and return what it is.

    Args:
        folder: holds `config.json`.
        files: its safetensors files.

    Raises:
        UserError: it is no masked language model that transformers knows, or weights are missing or misshapen.
    """
    config = _read_config(folder)
    if config.is_encoder_decoder or type(config) not in AutoModelForMaskedLM._model_mapping:
        raise UserError(
            f"{folder / 'config.json'} is of a '{config.model_type}' model; expected an encoder that is pretrained as "
            "masked language model, such as 'xlm-roberta' or 'bert'"
        )
    model, stored = _empty(AutoModelForMaskedLM, config), read_shapes(files)
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
    if "model_type" not in read_json(path):
        raise UserError(f'{path} has no \'model_type\'; add it, for example "model_type": "xlm-roberta"')
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{path} describes no model that transformers knows by itself: {error}") from error


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
    longest = longest_sequence(encoder)
    for path in tokens:
        length = int(Features(path).input_ids.lengths.max())
        if longest is not None and length > longest:
            raise UserError(
                f"{path} has sequences of {length} tokens, but {folder} takes {longest}; lower "
                f"tokenization.max_length (or tokenization.tasks.{path.parent.name}.max_length) to {longest}"
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
    """Return the head of a masked language model: hidden states (…, width) to logits (…, vocabulary).

    Raises:
        UserError: the model's head is not of one piece, as those of BERT (`cls`) and XLM-R (`lm_head`) are.
    """
    for name in ("lm_head", "cls"):
        head = getattr(model, name, None)
        if isinstance(head, nn.Module):
            return head
    raise UserError(
        f"{type(model).__name__} has no head 'lm_head' or 'cls'; masked-language-model training needs an encoder like "
        "XLM-R or BERT"
    )


def write_config(folder: Path, target: Path) -> None:
    """Write `config.json` without the names of the checkpoint's own code."""
    write_json(target, {key: value for key, value in read_json(folder / "config.json").items() if key != "auto_map"})


def write_tokenizer(folder: Path, target: Path, facts: ModelFacts) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json` of a checkpoint into a folder.

    A `tokenizer.json` is kept byte by byte: classes of transformers rebuild some parts of it from other files.

    Args:
        folder: the checkpoint.
        target: where to.
        facts: of the checkpoint.

    Raises:
        UserError: there is no tokenizer that is or can become a fast one, or it does not fit the model.
    """
    if (folder / "tokenizer.json").is_file():
        text = (folder / "tokenizer.json").read_text(encoding="utf-8")
    else:
        text = _convert_tokenizer(folder)
    with replacing(target / "tokenizer.json") as path:
        path.write_text(text, encoding="utf-8")
    names = Segmenter(target / "tokenizer.json").tokenizer.get_vocab()
    _check_vocabulary(folder, names, facts)
    write_json(target / "tokenizer_config.json", _tokenizer_config(folder, names, facts))
    Segmenter(target / "tokenizer.json").token_ids()  # says whether there is a padding token


def _check_vocabulary(folder: Path, names: Mapping[str, int], facts: ModelFacts) -> None:
    largest = max(names.values(), default=-1)
    if largest >= facts.vocabulary:
        raise UserError(
            f"the tokenizer of {folder} has ids up to {largest}, but the model embeds {facts.vocabulary} tokens; "
            "they do not belong together"
        )
    if len(names) < facts.vocabulary / 2:
        raise UserError(
            f"the tokenizer of {folder} has {len(names)} pieces, but the model embeds {facts.vocabulary} tokens; "
            "they do not belong together, or the tokenizer could not be converted: add a tokenizer.json"
        )


def _convert_tokenizer(folder: Path) -> str:
    """Return the `tokenizer.json` of a checkpoint that has only the files of a slow tokenizer."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        text: str = tokenizer.backend_tokenizer.to_str(pretty=True)
    except Exception as error:  # of several kinds, by tokenizer and by what is installed
        raise UserError(
            f"{folder} has no tokenizer.json, and its other files could not be converted into one: "
            f"{str(error).splitlines()[0] if str(error) else type(error).__name__}. Convert it where sentencepiece and "
            f"protobuf are installed, with 'AutoTokenizer.from_pretrained(checkpoint).save_pretrained(folder)'"
        ) from error
    return text


def _tokenizer_config(folder: Path, names: Mapping[str, int], facts: ModelFacts) -> dict[str, Any]:
    """Return the settings of a tokenizer: those given, with the names of special tokens that they leave out."""
    found: dict[str, Any] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        found |= read_json(folder / name) if (folder / name).is_file() else {}
    if not (folder / "tokenizer_config.json").is_file():
        found |= {"tokenizer_class": "PreTrainedTokenizerFast"}
        found |= {"model_max_length": facts.max_positions} if facts.max_positions else {}
    for key, spellings in _SPECIAL.items():
        token = next((token for token in spellings if token in names), None)
        if token and not found.get(key):
            found[key] = token
    return {key: value for key, value in found.items() if key != "auto_map"}
