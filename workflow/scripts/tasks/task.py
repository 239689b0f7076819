"""What a task is: a frozen record of where its rows come from and how they are read, trained on and scored.

A task is written once, as one literal (`intermediate.py`, `targets.py`, `corpora.py`); everything else in the
workflow reads it. This package imports neither torch nor transformers, so that Snakemake can parse it quickly.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from workflow.scripts.tasks.schemas import Schema

SPLITS = ("train", "dev", "test")

SOURCE_LANGUAGE = "en"
"""The language of all supervised training (paper §2); in the laboratory the English-like language stands here."""


class Family(StrEnum):
    """The shape of a task's examples: decides features, head, decoding and metrics."""

    CLASSIFICATION = "classification"
    MULTIPLE_CHOICE = "multiple_choice"
    TAGGING = "tagging"
    SPAN = "span"
    RETRIEVAL = "retrieval"
    MINING = "mining"
    TEXT = "text"


class Role(StrEnum):
    """The place of a task in a study: between pretraining and target, at the end, or as plain text."""

    INTERMEDIATE = "intermediate"
    TARGET = "target"
    CORPUS = "corpus"


UNTRAINED_FAMILIES = frozenset({Family.RETRIEVAL, Family.MINING})
"""Families that are read off the encoder as it is, without a head and without training (paper §2.2)."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """One split of one configuration of a Hub dataset repository.

    `config` may hold `{language}` (code), `{name}` (English name), `{iso639_3}` or `{pair}` (both codes of a
    translation pair in alphabetical order, as OPUS names them); it then stands for one configuration a language.
    """

    repository: str
    config: str
    split: str

    @property
    def per_language(self) -> bool:
        """Whether this origin is a family of configurations, one for each language."""
        return "{" in self.config


@dataclass(frozen=True, kw_only=True)
class Task:
    """One data set with a head.

    Attributes:
        name: the value of the `{task}`, `{source}` and `{target}` wildcards.
        title: how tables and figures call it, as in the paper.
        schema: how rows of the repositories become canonical rows, and back.
        train, dev, test: where each split comes from; several origins are concatenated.
        labels: class or tag names in the order of the head's outputs (empty where a head has none).
        languages: the evaluation languages of the benchmark, English included where it is one of them.
        unanswerable: whether a span task has questions without an answer.
        train_task: the task whose training set serves this target (None: its own).
        scorers: names in `metrics.registry.METRICS` where the benchmark has a scorer other than its family's.
        metrics: the main metrics, each 0-100; a task's score is their unweighted mean.
        laboratory: the phenomenon that generates this task's rows in the laboratory.
        version: raised by hand whenever a change here or in the readers can change a score.
    """

    name: str
    title: str
    family: Family
    role: Role
    schema: Schema
    train: tuple[Origin, ...] = ()
    dev: tuple[Origin, ...] = ()
    test: tuple[Origin, ...] = ()
    labels: tuple[str, ...] = ()
    languages: tuple[str, ...] = (SOURCE_LANGUAGE,)
    unanswerable: bool = False
    train_task: str | None = None
    scorers: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    laboratory: str
    licence: str
    citation: str
    version: int = 1

    def origins(self, split: str) -> tuple[Origin, ...]:
        """Return where the rows of `split` come from; empty where the task has no such split."""
        return {"train": self.train, "dev": self.dev, "test": self.test}[split]

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits this task has, in the order train, dev, test."""
        return tuple(split for split in SPLITS if self.origins(split))

    @property
    def fine_tuned(self) -> bool:
        """Whether a model is trained for this task before it is tested."""
        return self.family not in UNTRAINED_FAMILIES

    def identity(self) -> dict[str, Any]:
        """Return everything that can change this task's canonical rows, ready for JSON.

        Titles, licences and citations are left out: correcting them reruns nothing.
        """
        fields = asdict(self)
        for name in ("title", "licence", "citation", "scorers", "metrics", "train_task", "role"):
            del fields[name]
        fields["schema"] = {"kind": type(self.schema).__name__, **asdict(self.schema)}
        return fields
