"""The identity of every job: what its result depends on, beyond its input files, as a run specification (`runspec`).

Snakemake compares these to decide what has to run again. Paths, hosts and machine settings are no part of them.
"""

from pathlib import Path
from typing import Any

from workflow.scripts.files import fingerprint
from workflow.scripts.metrics.registry import scorer_for
from workflow.scripts.runspec import encode, sparse
from workflow.scripts.settings import Settings, defaults
from workflow.scripts.sources import providers
from workflow.scripts.sources.lock import LOCK_PATH, LockFile, commits_to_ask
from workflow.scripts.study import Study
from workflow.scripts.tasks import TASKS


class Specifications:
    """The run specifications of a study's jobs.

    Args:
        study: which study.
    """

    def __init__(self, study: Study) -> None:
        self.study = study

    def fetch_spec(self, task: str) -> str:
        """Return the identity of a task's repositories."""
        facts: dict[str, Any] = {"task": self.study.task(task).identity(), "provider": self.study.data_provider(task)}
        if facts["provider"] == "laboratory":
            examples = self.study.settings["laboratory"]["examples"][task]
            facts |= {
                "seed": self.study.settings["laboratory"]["seed"],
                "languages": self.study.world,
                "examples": examples,
            }
        else:
            facts["languages"] = self.study.read_languages(task)
        if facts["provider"] == "local":
            facts["format"] = self.study.settings["local"][task]["format"]
        if facts["provider"] in ("local", "mirror"):
            facts["content"] = self.study.contents.get(task, "")
        if facts["provider"] == "hub":
            manifest = Path(f"results/{self.study.collection}/repositories/{task}/manifest.json")
            facts["commits"] = commits_to_ask(LockFile(Path(LOCK_PATH)), manifest)
        return encode("fetch", {"provider": "laboratory", "languages": providers.ALL, "commits": {}}, **facts)

    def prepare_spec(self, task: str, split: str) -> str:
        """Return the identity of a task's canonical data."""
        limit = self.study.settings["limits"].get(task, {}).get(split)
        languages = self.study.read_languages(task)
        facts = {"task": self.study.task(task).identity(), "provider": self.study.provider, "languages": languages}
        return encode(
            "prepare", {"provider": "laboratory", "languages": providers.ALL, "limit": None}, **facts, limit=limit
        )

    def translate_spec(self, task: str) -> str:
        """Return the identity of a machine-translated task's data."""
        settings = self.study.settings["translation"]
        languages = self.study.task(task).train_languages
        return encode("translate", task=self.study.task(task).identity(), languages=languages, beams=settings["beams"])

    def translator_spec(self, translator: str) -> str:
        """Return the identity of the translation model for a language."""
        return self._checkpoint_spec(*self.study.translators[translator])

    def tokenizer_spec(self, tokenizer: str) -> str:
        """Return the identity of a trained tokenizer."""
        settings = self.study.settings["tokenizers"][tokenizer]
        longest = max(
            model["architecture"]["max_positions"]
            for name, model in self.study.settings["models"].items()
            if self.study.tokenizer(name) == tokenizer
        )
        facts = {name: settings[name] for name in ("kind", "vocabulary_size", "rows_per_language")}
        return encode("tokenizer", **facts, max_length=longest)

    def tokenize_spec(self, task: str) -> str:
        """Return the identity of a task's token sequences."""
        lengths = {name: value for name, value in self.study.settings["tokenization"].items() if name != "tasks"}
        return encode(
            "tokenize",
            defaults("tokenization"),
            **(lengths | self.study.settings["tokenization"]["tasks"].get(task, {})),
        )

    def pretraining_spec(self, model: str) -> str:
        """Return the identity of a pretraining run."""
        settings = self.study.settings["models"][model]
        architecture = sparse(settings["architecture"], defaults("architecture"))
        return encode("train", defaults("pretraining"), architecture=architecture, **settings["pretraining"])

    def checkpoint_spec(self, model: str) -> str:
        """Return the identity of a pretrained model from elsewhere; a folder's is the content of its files."""
        settings = self.study.settings["models"][model]
        return self._checkpoint_spec(settings["checkpoint"], settings["revision"])

    @staticmethod
    def _checkpoint_spec(checkpoint: str, revision: str) -> str:
        folder = Path(checkpoint)
        if folder.is_dir():
            return encode("checkpoint", content=fingerprint({p.name: p for p in folder.iterdir() if p.is_file()}))
        return encode("checkpoint", {"revision": "main"}, checkpoint=checkpoint, revision=revision)

    def intermediate_spec(self, source: str, seed: str) -> str:
        """Return the identity of an intermediate training run."""
        facts: dict[str, Any] = {"tasks": self.study.source_tasks(source)}
        mixture = self.study.settings["mixtures"].get(source)
        if mixture and len(mixture["tasks"]) > 1:
            facts["cap"] = mixture["cap"]
        if mixture and mixture["corpora"]:
            facts |= {name: mixture[name] for name in ("corpora", "corpus_batch_size", "masked", "sampling_alpha")}
        return self._supervised_spec(seed, self.study.settings["intermediate"].get(source, {}), facts)

    def finetuning_spec(self, task: str, seed: str) -> str:
        """Return the identity of a target fine-tuning run."""
        return self._supervised_spec(seed, self.study.settings["finetuning"].get(task, {}), {"tasks": [task]})

    def _supervised_spec(self, seed: str, overrides: Settings, facts: dict[str, Any]) -> str:
        return encode(
            "train", defaults("training"), **(self.study.settings["training"] | overrides | facts), seed=int(seed)
        )

    def prediction_spec(self, target: str) -> str:
        """Return the identity of a target's predictions."""
        if TASKS[target].fine_tuned:
            return encode("predict", head=self.study.training_task(target))
        reading = self.study.settings["retrieval"]
        return encode("predict", layer=reading["layer"], neighbours=reading["neighbours"])

    def score_spec(self, target: str) -> str:
        """Return the identity of a target's scores."""
        task = TASKS[target]
        scorers = [metric.label for metric in scorer_for(task)]
        return encode("score", task=target, task_version=task.version, scorers=scorers, metrics=task.metrics)

    def overlap_spec(self) -> str:
        """Return the identity of the overlap of test and training data; which data there are, its inputs say."""
        return encode("overlap")

    def languages_spec(self) -> str:
        """Return the identity of the facts on the languages."""
        return encode(
            "collect", {"provider": "laboratory"}, languages=self.study.languages(), provider=self.study.provider
        )

    def report_spec(self) -> str:
        """Return the identity of the report, which shows the whole configuration but for where the mirror is."""
        shown = {key: value for key, value in self.study.settings.items() if key != "mirror"}
        return encode("report", config=shown)

    def summary_spec(self, stage: str) -> str:
        """Return the identity of a summary of all scores: tables, figures, report."""
        return encode(
            stage,
            models=self.study.models,
            sources=self.study.sources,
            targets=self.study.targets,
            seeds=self.study.seeds,
        )
