"""How large a model is: from the configuration, from its folder, or from the table of known checkpoints."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow.scripts.files import read_json
from workflow.scripts.planning.sizes import reference_rows
from workflow.scripts.study import Study

FLOAT_BYTES = 4
TOKENIZER_BYTES = 70
"""Of tokenizer.json by piece of the vocabulary: 281,572 bytes for the laboratory's 4,000."""


@dataclass(frozen=True, slots=True)
class Shape:
    """An encoder or decoder: its layers, widths, vocabulary; of its adapter the rank times the modules per layer.

    Attributes:
        key_value: width of keys and values, where several heads share them; 0 = that of the model.
        gated: whether the feed-forward layers have three matrices, as those of Llama.
        decoder: whether it predicts next tokens.
        copies: how often a sequence is given to it (`echo`: 2).
    """

    layers: int
    width: int
    feed_forward: int
    vocabulary: int
    positions: int
    adapter: int = 0
    key_value: int = 0
    gated: bool = False
    decoder: bool = False
    copies: int = 1

    @property
    def layer_weights(self) -> int:
        """Weights in the matrix products of one layer."""
        attention = 2 * self.width * (self.width + (self.key_value or self.width))
        return attention + (3 if self.gated else 2) * self.width * self.feed_forward

    @property
    def head_weights(self) -> int:
        """Weights in the matrix products that predict a token."""
        return self.width * self.vocabulary + (0 if self.decoder else self.width**2)

    @property
    def parameters(self) -> int:
        """All parameters, embeddings included; an output layer that is not tied to them is left out."""
        layer = self.layer_weights + (2 * self.width if self.gated else 9 * self.width + self.feed_forward)
        return (self.vocabulary + self.positions + 3) * self.width + self.layers * layer

    @property
    def trained_bytes(self) -> int:
        """Weights of a trained checkpoint: the encoder, or its adapter (all square layers supposed)."""
        if self.adapter:
            return FLOAT_BYTES * self.layers * self.adapter * 2 * self.width
        return FLOAT_BYTES * self.parameters

    @property
    def checkpoint_bytes(self) -> int:
        """A trained checkpoint with its tokenizer."""
        return self.trained_bytes + TOKENIZER_BYTES * self.vocabulary


def model_shape(study: Study, model: str, root: Path) -> Shape | None:
    """Return the shape of a model, None if it is not known before the model is fetched."""
    settings = study.settings["models"][model]
    adapter = settings.get("adapter")
    rank = adapter["rank"] * len(adapter["modules"]) if adapter else 0
    kind: dict[str, Any] = {"adapter": rank, "copies": 2 if study.attention(model) == "echo" else 1}
    decoder = study.attention(model) != "bidirectional"
    kind |= {"decoder": decoder}
    if not study.is_fetched(model):
        built = settings["architecture"]
        vocabulary = study.settings["tokenizers"][study.tokenizer(model)]["vocabulary_size"]
        positions = 0 if decoder else built["max_positions"] + 2
        sizes = built["hidden_size"], built["feed_forward_size"], vocabulary, positions
        return Shape(built["layers"], *sizes, **kind, gated=decoder)
    for folder in (root / f"results/{study.collection}/models/{model}", Path(settings["checkpoint"])):
        if (folder / "config.json").is_file():
            return _from_config(read_json(folder / "config.json"), kind)
    for row in reference_rows("models"):
        if row["checkpoint"].partition("/")[2] == settings["checkpoint"].rpartition("/")[2]:
            names = ("layers", "hidden_size", "feed_forward_size", "vocabulary_size", "positions")
            layers, width, feed_forward, vocabulary, positions = (int(row[name]) for name in names)
            sizes = width, feed_forward, vocabulary, positions
            return Shape(layers, *sizes, **kind, key_value=int(row["key_value_size"]), gated=row["gated"] == "yes")
    return None


def _from_config(config: Mapping[str, Any], kind: Mapping[str, Any]) -> Shape | None:
    keys = ("num_hidden_layers", "hidden_size", "intermediate_size", "vocab_size", "max_position_embeddings")
    if not all(key in config for key in keys):
        return None
    layers, width, feed_forward, vocabulary, positions = (int(config[key]) for key in keys)
    if "num_key_value_heads" not in config:
        return Shape(layers, width, feed_forward, vocabulary, positions, **kind)
    each = config.get("head_dim") or width // int(config["num_attention_heads"])
    shared = each * int(config["num_key_value_heads"])  # as Llama, Mistral, Qwen
    return Shape(layers, width, feed_forward, vocabulary, 0, **kind, key_value=shared, gated=True)
