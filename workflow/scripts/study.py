"""What a configuration amounts to: which runs there are, what each depends on, and its specification.

Snakemake's rules ask a `Study` for the identity (`params`) of every job. This module decides nothing about machines and
imports neither torch nor transformers.
"""

from collections.abc import Mapping
from typing import Any

from workflow.scripts.metrics.registry import scorer_for
from workflow.scripts.runspec import encode, sparse
from workflow.scripts.settings import Settings, defaults, load_settings
from workflow.scripts.sources.providers import check_examples, check_languages, laboratory_languages
from workflow.scripts.tasks import SPLITS, TASKS, Family, Task

NONE = "none"
"""The source without intermediate training."""


class Study:
    """A checked configuration.

    Args:
        config: the configuration as Snakemake has merged it.

    Raises:
        UserError: it is not as it must be.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.settings: Settings = load_settings(config)
        self.collection: str = self.settings["collection"]
        self.models: list[str] = list(self.settings["models"])
        self.sources: list[str] = self.settings["sources"]
        self.targets: list[str] = self.settings["targets"]
        self.seeds: list[int] = self.settings["seeds"]
        laboratory = self.settings["laboratory"]
        self.world: list[str] = check_languages(
            laboratory.get("languages", list(laboratory_languages())), "laboratory.languages"
        )
        self.languages: list[str] = check_languages(self.settings.get("languages", self.world), "languages", self.world)
        check_examples(self.needed_tasks(), laboratory["examples"])

    def needed_tasks(self) -> list[Task]:
        """Return every task whose data some run reads."""
        names = {self.training_task(target) for target in self.targets if TASKS[target].fine_tuned} | set(self.targets)
        for source in self.sources:
            names |= set(self.source_tasks(source))
        for model in self.settings["models"].values():
            names |= {*model["pretraining"]["corpora"], *self.settings["tokenizers"][model["tokenizer"]]["corpora"]}
        return [task for name, task in TASKS.items() if name in names]

    def source_tasks(self, source: str) -> list[str]:
        """Return the tasks of a source: none, one, or those of a mixture."""
        if source == NONE:
            return []
        mixture = self.settings["mixtures"].get(source)
        return mixture["tasks"] if mixture else [source]

    def training_task(self, target: str) -> str:
        """Return the task whose training data a target is fine-tuned on."""
        return TASKS[target].train_task or target

    def tokenizer(self, model: str) -> str:
        """Return the tokenizer of a model."""
        name: str = self.settings["models"][model]["tokenizer"]
        return name

    def corpora(self, model: str) -> list[str]:
        """Return the corpora a model is pretrained on."""
        return list(self.settings["models"][model]["pretraining"]["corpora"])

    def tokenizer_corpora(self, tokenizer: str) -> list[str]:
        """Return the corpora a tokenizer is trained on."""
        corpora: list[str] = self.settings["tokenizers"][tokenizer]["corpora"]
        return corpora

    def scored_splits(self, target: str) -> list[str]:
        """Return the splits that a target's predictions cover."""
        return ["dev", "test"] if TASKS[target].family is Family.MINING else ["test"]

    def lends_tags(self, task: str, split: str) -> bool:
        """Return whether a split's tag set is read from the training split, because the task has no fixed one."""
        return TASKS[task].family is Family.TAGGING and not TASKS[task].labels and split != "train"

    def fetch_spec(self, task: str) -> str:
        """Return the identity of a task's repositories."""
        return encode(
            "fetch",
            task=TASKS[task].identity(),
            seed=self.settings["laboratory"]["seed"],
            languages=self.world,
            examples=self.settings["laboratory"]["examples"][task],
        )

    def prepare_spec(self, task: str) -> str:
        """Return the identity of a task's canonical data."""
        return encode("prepare", task=TASKS[task].identity(), languages=self.languages)

    def tokenizer_spec(self, tokenizer: str) -> str:
        """Return the identity of a trained tokenizer."""
        settings = self.settings["tokenizers"][tokenizer]
        longest = max(
            model["architecture"]["max_positions"]
            for model in self.settings["models"].values()
            if model["tokenizer"] == tokenizer
        )
        facts = {name: settings[name] for name in ("kind", "vocabulary_size", "rows_per_language")}
        return encode("tokenizer", **facts, max_length=longest)

    def tokenize_spec(self, task: str) -> str:
        """Return the identity of a task's token sequences."""
        lengths = {name: value for name, value in self.settings["tokenization"].items() if name != "tasks"}
        return encode(
            "tokenize", defaults("tokenization"), **(lengths | self.settings["tokenization"]["tasks"].get(task, {}))
        )

    def pretraining_spec(self, model: str) -> str:
        """Return the identity of a pretraining run."""
        settings = self.settings["models"][model]
        architecture = sparse(settings["architecture"], defaults("architecture"))
        return encode("train", defaults("pretraining"), architecture=architecture, **settings["pretraining"])

    def intermediate_spec(self, source: str, seed: str) -> str:
        """Return the identity of an intermediate training run."""
        facts = {"tasks": self.source_tasks(source)}
        if source in self.settings["mixtures"]:
            facts["cap"] = self.settings["mixtures"][source]["cap"]
        return self._supervised_spec(seed, self.settings["intermediate"].get(source, {}), facts)

    def finetuning_spec(self, task: str, seed: str) -> str:
        """Return the identity of a target fine-tuning run."""
        return self._supervised_spec(seed, self.settings["finetuning"].get(task, {}), {"tasks": [task]})

    def _supervised_spec(self, seed: str, overrides: Settings, facts: dict[str, Any]) -> str:
        return encode("train", defaults("training"), **(self.settings["training"] | overrides | facts), seed=int(seed))

    def prediction_spec(self, target: str) -> str:
        """Return the identity of a target's predictions."""
        if TASKS[target].fine_tuned:
            return encode("predict", head=self.training_task(target))
        reading = self.settings["retrieval"]
        return encode("predict", layer=reading["layer"], neighbours=reading["neighbours"])

    def score_spec(self, target: str) -> str:
        """Return the identity of a target's scores."""
        task = TASKS[target]
        scorers = [metric.label for metric in scorer_for(task)]
        return encode("score", task=target, task_version=task.version, scorers=scorers, metrics=task.metrics)

    def languages_spec(self) -> str:
        """Return the identity of the facts on the languages."""
        return encode("collect", languages=self.languages)

    def report_spec(self) -> str:
        """Return the identity of the report, which shows the whole configuration."""
        return encode("report", config=self.settings)

    def summary_spec(self, stage: str) -> str:
        """Return the identity of a summary of all scores: tables, figures, report."""
        return encode(stage, models=self.models, sources=self.sources, targets=self.targets, seeds=self.seeds)

    def wildcard_values(self) -> dict[str, list[str]]:
        """Return all values of every wildcard, so that a mistyped file name fails at once."""
        return {
            "collection": [self.collection],
            "task": list(TASKS),
            "split": list(SPLITS),
            "tokenizer": list(self.settings["tokenizers"]),
            "model": self.models,
            "source": self.sources,
            "target": self.targets,
            "seed": [str(seed) for seed in self.seeds],
        }
