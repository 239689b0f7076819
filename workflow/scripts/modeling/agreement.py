"""Whether a checkpoint from elsewhere was trained from a study's pretrained model: its shape and its tokenizer.

Whether it really was, nothing in a folder can prove. That the weights have the same shapes and meaning, and that texts
become the same tokens, is what training on it needs.
"""

from pathlib import Path

from tokenizers import Tokenizer
from transformers import AutoConfig

from workflow.scripts.errors import UserError

MEANING = (
    "model_type",
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "intermediate_size",
    "hidden_act",
    "max_position_embeddings",
    "type_vocab_size",
    "pad_token_id",
    "layer_norm_eps",
    "rms_norm_eps",
    "rope_parameters",
    "position_embedding_type",
)
"""Keys of `config.json` that say what the weights mean; others (dropout, labels, versions) may differ."""

PROBES = (
    "It's 3.14, isn't it? (Ünïcödé — “quoted”)",
    "Der schnelle Fuchs; кошка и собака",
    "东京は日本の首都です。 القاهرة हिन्दी ภาษาไทย",
    "  two  spaces\tand 😀",
)
"""Texts that tokenizers of different kinds or normalisation take apart differently."""


def check_model(folder: Path, model: Path) -> None:
    """Check that the configuration of a checkpoint, which its weights fit, is that of a pretrained model.

    Args:
        folder: the checkpoint.
        model: folder of the pretrained model.

    Raises:
        UserError: it describes another model.
    """
    theirs, ours = (
        AutoConfig.from_pretrained(place, local_files_only=True, trust_remote_code=False).to_dict()
        for place in (folder, model)
    )
    differing = [name for name in MEANING if theirs.get(name) != ours.get(name)]
    if differing:
        told = ", ".join(f"{name} is {theirs.get(name)}, of the model {ours.get(name)}" for name in differing)
        raise UserError(
            f"{folder} was not trained from the model in {model}: {told}; name it under the model that it is of"
        )


def check_tokenizer(theirs: Path, ours: Path, where: Path) -> None:
    """Check that two tokenizers make the same tokens.

    Args:
        theirs: tokenizer.json of the checkpoint.
        ours: that of the model.
        where: the checkpoint, for messages.

    Raises:
        UserError: pieces have other ids, or a text becomes other tokens.
    """
    first, second = (Tokenizer.from_file(str(path)) for path in (theirs, ours))
    for tokenizer in (first, second):
        tokenizer.no_truncation()
        tokenizer.no_padding()
    other, mine = first.get_vocab(), second.get_vocab()
    pieces = [piece for piece in {**mine, **other} if mine.get(piece) != other.get(piece)]
    if pieces:
        piece = min(pieces)
        raise UserError(
            f"the tokenizer of {where} is not that of the model: {len(pieces):,} pieces differ, for example {piece!r} "
            f"has id {other.get(piece)} there and {mine.get(piece)} here; expected a checkpoint with the same tokenizer"
        )
    for text in PROBES:
        if any(first.encode(*words).ids != second.encode(*words).ids for words in ((text,), (text, text))):
            raise UserError(
                f"the tokenizer of {where} has the pieces of the model's, but takes {text!r} apart differently; "
                "expected a checkpoint with the same tokenizer"
            )
