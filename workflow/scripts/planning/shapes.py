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
    """An encoder: its layers, widths, vocabulary; of its adapter the rank times the modules per layer."""

    layers: int
    width: int
    feed_forward: int
    vocabulary: int
    positions: int
    adapter: int = 0

    @property
    def layer_weights(self) -> int:
        """Weights in the matrix products of one layer."""
        return 4 * self.width**2 + 2 * self.width * self.feed_forward

    @property
    def parameters(self) -> int:
        """All parameters of the encoder, embeddings included."""
        layer = self.layer_weights + 9 * self.width + self.feed_forward
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
    if not study.is_fetched(model):
        built = settings["architecture"]
        vocabulary = study.settings["tokenizers"][study.tokenizer(model)]["vocabulary_size"]
        sizes = built["hidden_size"], built["feed_forward_size"], vocabulary, built["max_positions"] + 2
        return Shape(built["layers"], *sizes, rank)
    for folder in (root / f"results/{study.collection}/models/{model}", Path(settings["checkpoint"])):
        if (folder / "config.json").is_file():
            return _from_config(read_json(folder / "config.json"), rank)
    for row in reference_rows("models"):
        if row["checkpoint"].partition("/")[2] == settings["checkpoint"].rpartition("/")[2]:
            sizes = (
                int(row["hidden_size"]),
                int(row["feed_forward_size"]),
                int(row["vocabulary_size"]),
                int(row["positions"]),
            )
            return Shape(int(row["layers"]), *sizes, rank)
    return None


def _from_config(config: Mapping[str, Any], rank: int) -> Shape | None:
    keys = ("num_hidden_layers", "hidden_size", "intermediate_size", "vocab_size", "max_position_embeddings")
    if not all(key in config for key in keys):
        return None
    layers, width, feed_forward, vocabulary, positions = (int(config[key]) for key in keys)
    return Shape(layers, width, feed_forward, vocabulary, positions, rank)
