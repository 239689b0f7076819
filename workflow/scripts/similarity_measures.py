"""The measures of similarity by name, and what each needs. Imports neither torch nor transformers."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A measure of the similarity of a source and a target; higher is more similar.

    Attributes:
        title: for tables.
        encoder: it reads the pretrained model.
        source_model: it reads the model after the source.
        target_model: it reads the model fine-tuned on the target's training task without intermediate training.
        target_data: it reads labelled training data of the target, which retrieval targets do not have.
        baseline: it does not look at the pair.
    """

    title: str
    encoder: bool = False
    source_model: bool = False
    target_model: bool = False
    target_data: bool = False
    baseline: bool = False

    @property
    def computed(self) -> bool:
        """Whether a model is run for it."""
        return self.encoder or self.source_model


MEASURES = {
    "class": Measure(title="same class"),
    "attributes": Measure(title="attributes (Jaccard)"),
    "tree": Measure(title="tree (Wu and Palmer)"),
    "text_embedding": Measure(title="TextEmb", encoder=True),
    "sentence_embedding": Measure(title="sentence embedding", encoder=True),
    "task_embedding": Measure(title="TaskEmb", source_model=True, target_model=True, target_data=True),
    "task_embedding_fused": Measure(
        title="TaskEmb, fused ranks", source_model=True, target_model=True, target_data=True
    ),
    "logme": Measure(title="LogME", source_model=True, target_data=True),
    "task_vectors": Measure(title="task vectors", encoder=True, source_model=True, target_model=True),
    "size": Measure(title="size of the source", baseline=True),
}
"""All measures, in the order of tables. `random` has no values: its expectation is that of a source drawn at random."""
