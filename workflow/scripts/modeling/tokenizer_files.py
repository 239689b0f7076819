"""Tokenizers of checkpoints as files: `tokenizer.json`, and the names of special tokens beside it."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from workflow.scripts.errors import UserError
from workflow.scripts.features.segments import SPELLINGS, Segmenter
from workflow.scripts.files import read_json, replacing, write_json
from workflow.scripts.modeling.conversion import ModelFacts

log = logging.getLogger(__name__)

_SPECIAL = {
    "pad_token": ("[PAD]", "<pad>"),
    "unk_token": ("[UNK]", "<unk>"),
    "cls_token": ("[CLS]", "<s>"),
    "sep_token": ("[SEP]", "</s>"),
    "mask_token": ("[MASK]", "<mask>"),
}
"""What the tokens with a meaning of their own are called by BERT and by XLM-R."""


def write_tokenizer(folder: Path, target: Path, facts: ModelFacts, *, decoder: bool = False) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json` of a checkpoint into a folder.

    A `tokenizer.json` is kept byte by byte: classes of transformers rebuild some parts of it from other files. Of a
    decoder without a padding token the end-of-text token becomes that as well; masks tell the two apart.

    Args:
        folder: the checkpoint.
        target: where to.
        facts: of the checkpoint.
        decoder: whether it is a decoder's.

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
    settings = _tokenizer_config(folder, names, facts)
    end = _end_of_text(settings, names)
    if decoder and not settings.get("pad_token") and end is not None:
        log.warning("the tokenizer of %s has no padding token; '%s' is used, which the mask hides", folder, end)
        settings["pad_token"] = end
    write_json(target / "tokenizer_config.json", settings)
    Segmenter(target / "tokenizer.json", decoder=decoder).token_ids()  # says whether there is a padding token


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


def _end_of_text(settings: Mapping[str, Any], names: Mapping[str, int]) -> str | None:
    """Return the token that ends a text: the named one, else one of the usual spellings."""
    token = settings.get("eos_token")
    name = token.get("content") if isinstance(token, dict) else token
    return next((spelling for spelling in (name, *SPELLINGS["eos_token"]) if spelling in names), None)
