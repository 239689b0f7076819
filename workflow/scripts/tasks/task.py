"""What a task is: a frozen record of where its rows come from and how they are read, trained on and scored.

A task is written once, as one literal (`intermediate.py`, `targets.py`, `corpora.py`); everything else in the
workflow reads it. This package imports neither torch nor transformers, so that Snakemake can parse it quickly.
"""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from workflow.scripts.tasks.schemas import Schema

SPLITS = ("train", "dev", "test")

SCORED_SPLIT = "test"

MINING_SPLITS = ("dev", "test")
"""Of mining targets both are predicted: the threshold is set on the first."""

SOURCE_LANGUAGE = "en"
"""The language of all supervised training (paper §2); in the laboratory the English-like language stands here."""


SLICE = "slice_"
"""How the names of canonical columns begin that say what part of the data a row is of (`Task.slices`)."""


class Family(StrEnum):
    """The shape of a task's examples: decides features, head, decoding and metrics."""

    CLASSIFICATION = "classification"
    MULTIPLE_CHOICE = "multiple_choice"
    TAGGING = "tagging"
    SPAN = "span"
    RETRIEVAL = "retrieval"
    MINING = "mining"
    RANKING = "ranking"
    TEXT = "text"


class Role(StrEnum):
    """The place of a task in a study: between pretraining and target, at the end, or as plain text."""

    INTERMEDIATE = "intermediate"
    TARGET = "target"
    CORPUS = "corpus"


OFFICIAL = "official"
"""The value of the config key `protocol` under which `Task.official_train_tasks` hold."""

UNTRAINED_FAMILIES = frozenset({Family.RETRIEVAL, Family.MINING})
"""Families that are read off the encoder as it is, without a head and without training (paper §2.2)."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """One split of one configuration of a Hub dataset repository.

    `config`, `split` and `files` may hold `{language}` (code), `{name}` (English name), `{iso639_3}` or `{pair}`
    (both codes of a translation pair in alphabetical order, as OPUS names them); the origin then stands for one
    configuration a language.

    Attributes:
        repository: `<organisation>/<name>`.
        config: configuration, as the repository's README names it.
        split: split, with a slice where only a part is meant, as in `datasets`: `train[:80%]`, `validation[500:]`.
        revision: branch, tag or commit; the first resolve is pinned in `config/datasets.lock.yaml`.
        files: pattern of the Parquet files, for folders without a README that lists configurations.
        first: only so many files of the split, for corpora of which a part is plenty (0: all).
        languages: codes of the languages that it has, where other origins have the rest (empty: all of the task's).
    """

    repository: str
    config: str
    split: str
    revision: str = "main"
    files: str = ""
    first: int = 0
    languages: tuple[str, ...] = ()

    @property
    def per_language(self) -> bool:
        """Whether this origin is a family of configurations, one for each language."""
        return bool(self.languages) or "{" in self.config + self.split + self.files

    def serves(self, language: str) -> bool:
        """Return whether rows in a language may come from here."""
        return not self.languages or language in self.languages


@dataclass(frozen=True, kw_only=True)
class Task:
    """One data set with a head.

    Attributes:
        name: the value of the `{task}`, `{source}` and `{target}` wildcards.
        title: how tables and figures call it, as in the paper.
        schema: how rows of the repositories become canonical rows, and back.
        train, dev, test: where each split comes from; several origins are concatenated.
        labels: class or tag names in the order of the head's outputs (empty where a head has none).
        languages: the evaluation languages of the benchmark, English included where it is one of them; of a corpus
            the languages that it can have.
        train_languages: the languages of the training and development splits.
        translated_from: the task whose English rows are machine-translated into `train_languages` (paper §2.4).
        sizes: published rows by split (of test splits in each language); another number is reported as a warning.
        unanswerable: whether a span task has questions without an answer.
        train_task: the task whose training set serves this target (None: its own).
        official_train_tasks: the tasks that a model is fine-tuned on, one after the other, before this target is tested
            under the benchmark's own protocol, where that has an intermediate step (XTREME-R: XCOPA, Tatoeba).
        scorers: names in `metrics.registry.METRICS` where the benchmark has a scorer other than its family's.
        metrics: the main metrics, each 0-100; a task's score is their unweighted mean.
        slices: columns of the repositories that name the part of the data that a row is of (genre, treebank): scores
            are also given by part.
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
    train_languages: tuple[str, ...] = (SOURCE_LANGUAGE,)
    translated_from: str = ""
    sizes: Mapping[str, int | Mapping[str, int]] = field(default_factory=dict)
    unanswerable: bool = False
    train_task: str | None = None
    official_train_tasks: tuple[str, ...] = ()
    scorers: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()
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

    @property
    def scored_splits(self) -> tuple[str, ...]:
        """The splits that this target's predictions cover."""
        return MINING_SPLITS if self.family is Family.MINING else (SCORED_SPLIT,)

    def training_tasks(self, protocol: str) -> tuple[str, ...]:
        """Return the tasks that a model is fine-tuned on, in order, before this target is tested (config `protocol`).

        None where it is read off the encoder as it is.
        """
        if protocol == OFFICIAL and self.official_train_tasks:
            return self.official_train_tasks
        return (self.train_task or self.name,) if self.fine_tuned else ()

    def with_origins(self, origins: Mapping[str, Iterable[Mapping[str, Any]]]) -> "Task":
        """Return this task with other origins for some splits, given as in the configuration (`origins`)."""
        changed: dict[str, Any] = {
            split: tuple(Origin(**{**origin, "languages": tuple(origin.get("languages", ()))}) for origin in given)
            for split, given in origins.items()
        }
        return replace(self, **changed)

    def identity(self) -> dict[str, Any]:
        """Return everything that can change this task's canonical rows, ready for JSON.

        Titles, licences, citations and published sizes are left out: correcting them reruns nothing. So is every value
        that is its field's default: a new field reruns nothing either.
        """
        facts = _stated(self)
        for name in ("title", "licence", "citation", "scorers", "metrics", "role", "sizes", *_TRAINED_ON):
            facts.pop(name, None)
        for split in SPLITS:
            if split in facts:
                facts[split] = [_stated(origin) for origin in self.origins(split)]
        facts["schema"] = {"kind": type(self.schema).__name__, **asdict(self.schema)}
        return facts


_TRAINED_ON = ("train_task", "official_train_tasks")


def _stated(record: Any) -> dict[str, Any]:
    """Return the fields of a dataclass that differ from their defaults (dictionaries are empty by default)."""
    values = {entry.name: (getattr(record, entry.name), entry.default) for entry in fields(record)}
    return {name: value for name, (value, default) in values.items() if default is MISSING or value != default}
