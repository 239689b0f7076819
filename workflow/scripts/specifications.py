"""The identity of every job: what its result depends on, beyond its input files, as a run specification (`runspec`).

Snakemake compares these to decide what has to run again. Paths, hosts and machine settings are no part of them.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from workflow.scripts import source_names
from workflow.scripts.config_schema import Settings, defaults
from workflow.scripts.errors import UserError
from workflow.scripts.files import fingerprint
from workflow.scripts.metrics.registry import scorer_for
from workflow.scripts.runspec import decode, encode, sparse
from workflow.scripts.schedules import branch_point
from workflow.scripts.sources import providers
from workflow.scripts.sources.lock import LOCK_PATH, LockFile, commits_to_ask
from workflow.scripts.stages import count_stages
from workflow.scripts.study import NONE, Study
from workflow.scripts.tasks import TASKS
from workflow.scripts.typology.vectors import content

OF_EPOCHS = ("epochs", "warmup", "selection", "evaluate_every", "evaluation_examples", "patience")
"""Hyper-parameters that say how long a run goes on; a source of a given number of steps has no use for them."""

DESCRIPTIONS = ("README.md", "run.json", "SHA256SUMS")
"""Files of a published checkpoint that tell about it: another word in its model card is no other checkpoint."""

MASKED = 0.15
"""Share of the tokens that encoders predict where it is measured what they forget."""


class Specifications:
    """The run specifications of a study's jobs.

    Args:
        study: which study.

    Raises:
        UserError: the typological vectors that natural languages are compared by are not where the configuration says.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        natural = study.provider != "laboratory"
        self.vectors = content(Path(study.settings["typology"]["vectors"])) if natural else ""

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

    def tokenize_spec(self, task: str, tokenizer: str) -> str:
        """Return the identity of a task's token sequences."""
        lengths = {name: value for name, value in self.study.settings["tokenization"].items() if name != "tasks"}
        return encode(
            "tokenize",
            defaults("tokenization") | {"decoder": False},
            decoder=self.study.serves_decoders(tokenizer),
            **(lengths | self.study.settings["tokenization"]["tasks"].get(task, {})),
        )

    def pretraining_spec(self, model: str) -> str:
        """Return the identity of a pretraining run."""
        settings = self.study.settings["models"][model]
        architecture = sparse(settings["architecture"], defaults("architecture"))
        facts = settings["pretraining"] | self._attention(model)
        return encode("train", defaults("pretraining"), architecture=architecture, **facts)

    def checkpoint_spec(self, model: str) -> str:
        """Return the identity of a pretrained model from elsewhere; a folder's is the content of its files."""
        settings = self.study.settings["models"][model]
        return self._checkpoint_spec(settings["checkpoint"], settings["revision"], **self._attention(model))

    @staticmethod
    def _checkpoint_spec(checkpoint: str, revision: str, left_out: Collection[str] = (), **facts: str) -> str:
        folder = Path(checkpoint)
        if folder.is_dir():
            content = fingerprint({p.name: p for p in folder.iterdir() if p.is_file() and p.name not in left_out})
            return encode("checkpoint", content=content, **facts)
        return encode("checkpoint", {"revision": "main"}, checkpoint=checkpoint, revision=revision, **facts)

    def import_spec(self, model: str, source: str, seed: str) -> str:
        """Return the identity of an intermediate checkpoint from elsewhere; of which model, its inputs say."""
        revision = self.study.settings["imported"][source][model]["revision"]
        checkpoint = self.study.imported_checkpoint(model, source, seed)
        return self._checkpoint_spec(checkpoint, revision, DESCRIPTIONS, **self._attention(model))

    def _attention(self, model: str) -> dict[str, str]:
        """Return how a decoder attends; nothing of encoders, whose specifications are older than the setting."""
        attention = self.study.attention(model)
        return {} if attention == "bidirectional" else {"attention": attention}

    def intermediate_spec(self, model: str, source: str, seed: str) -> str:
        """Return the identity of an intermediate training run; a duration's is that of its whole way from step 0."""
        parts = self.study.source(source)
        steps = parts.steps
        if steps is None:
            return self._supervised_spec(model, seed, self._source_settings(model, source), self._source_facts(source))
        if parts.decayed:
            kept = {name for name in OF_EPOCHS if name != "warmup"}
            settings = {name: value for name, value in self._source_settings(model, source).items() if name not in kept}
            return self._supervised_spec(model, seed, settings, self._source_facts(source) | {"steps": steps})
        schedule = {"steps": steps, "schedule": "cooldown", "cooldown": self.study.settings["trunks"]["cooldown"]}
        return self._trajectory_spec(model, source, seed, schedule)

    def trunk_spec(self, model: str, source: str, seed: str) -> str:
        """Return the identity of a trunk up to where the branch of a source leaves it; later steps are no part of it.

        Raises:
            UserError: the source's name has no number of steps.
        """
        steps = self.study.source(source).steps
        if steps is None:
            raise UserError(f"'{source}' has no trunk; expected a number of steps, such as {source}-s1024")
        leaves = branch_point(steps, self.study.settings["trunks"]["cooldown"])
        return self._trajectory_spec(model, source, seed, {"steps": leaves, "schedule": "stable"})

    def _trajectory_spec(self, model: str, source: str, seed: str, schedule: dict[str, Any]) -> str:
        settings = {key: value for key, value in self._source_settings(model, source).items() if key not in OF_EPOCHS}
        facts = self._source_facts(source) | schedule | {"warmup_steps": self.study.settings["trunks"]["warmup_steps"]}
        return self._supervised_spec(model, seed, settings, facts)

    def _training(self, model: str) -> Settings:
        """Return the hyper-parameters of a model, which single sources and tasks may overrule."""
        return {**self.study.settings["training"], **self.study.settings["models"][model].get("training", {})}

    def _source_settings(self, model: str, source: str) -> Settings:
        """Return the hyper-parameters of a source: its own over those of its base over those of the model."""
        parts, given = self.study.source(source), self.study.settings["intermediate"]
        settings: Settings = self._training(model) | given.get(parts.base, {}) | given.get(parts.trajectory, {})
        return settings

    def _source_facts(self, source: str) -> dict[str, Any]:
        """Return what a source trains on."""
        facts: dict[str, Any] = {"tasks": self.study.source_tasks(source)}
        mixture, examples = self.study.mixture(source), self.study.source(source).examples
        if mixture and len(mixture["tasks"]) > 1:
            facts["cap"] = mixture["cap"]
            names = {"uniform": ("sampling",), "temperature": ("sampling", "temperature")}.get(mixture["sampling"], ())
            facts |= {name: mixture[name] for name in names}
        if mixture and mixture["corpora"]:
            facts |= {name: mixture[name] for name in ("corpora", "corpus_batch_size", "masked", "sampling_alpha")}
            facts |= {"languages": mixture["languages"]} if mixture["languages"] else {}
        if mixture and mixture["after"]:
            facts["after"] = mixture["after"]
        return facts if examples is None else facts | {"examples": examples}

    def finetuning_spec(self, model: str, task: str, seed: str, source: str = NONE) -> str:
        """Return the identity of a target fine-tuning run; after which source, its inputs say.

        Of a source with a number of target examples it trains on the last ones of the nested order, so that these are
        not among the first ones, which an intermediate training may have had.
        """
        settings = self._training(model) | self.study.settings["finetuning"].get(task, {})
        facts: dict[str, Any] = {"tasks": [task]}
        examples = source_names.without_target_size(source)[1]
        if self.study.trained_source(source) != source:
            facts |= {"examples": examples, "from_end": True}
        preceding = self.study.preceding_task(task)
        return self._supervised_spec(model, seed, settings, facts | ({"continues": preceding} if preceding else {}))

    def _supervised_spec(self, model: str, seed: str, settings: Settings, facts: dict[str, Any]) -> str:
        adapter = self.study.settings["models"][model].get("adapter")
        if adapter is not None:
            facts = facts | {"adapter": sparse(adapter, defaults("adapter"))}
        return encode("train", defaults("training"), **(settings | facts | self._attention(model)), seed=int(seed))

    def prediction_spec(self, target: str) -> str:
        """Return the identity of a target's predictions."""
        settings = self.study.settings["prediction"]
        if TASKS[target].fine_tuned:
            return encode("predict", defaults("prediction"), **settings, head=self.study.training_task(target))
        reading = {name: self.study.settings["retrieval"][name] for name in ("layer", "neighbours", "pooling")}
        usual = defaults("prediction") | {"encoder": None, "pooling": defaults("retrieval")["pooling"]}
        return encode("predict", usual, **settings, **reading, encoder=self.study.training_task(target))

    def sweep_spec(self, target: str) -> str:
        """Return the identity of a target's scores by layer."""
        scored, predicted = decode(self.score_spec(target)), decode(self.prediction_spec(target))
        del scored["version"], predicted["version"]
        return encode("layers", **scored, **predicted)

    def perplexity_spec(self) -> str:
        """Return the identity of a measurement of what encoders forget; whose, its inputs say."""
        settings = self.study.settings["prediction"]
        return encode("perplexity", defaults("prediction"), **settings, masked=MASKED, seed=0)

    def score_spec(self, target: str) -> str:
        """Return the identity of a target's scores."""
        task = TASKS[target]
        scorers = [metric.label for metric in scorer_for(task)]
        return encode("score", task=target, task_version=task.version, scorers=scorers, metrics=task.metrics)

    def submission_spec(self) -> str:
        """Return the identity of a submission folder."""
        return encode("submission", targets=self.study.targets)

    def publication_spec(self) -> str:
        """Return the identity of a folder for the Hub; of which checkpoint and scores, its inputs say."""
        return encode("publish")

    def overlap_spec(self) -> str:
        """Return the identity of the overlap of test and training data; which data there are, its inputs say."""
        return encode("overlap")

    def languages_spec(self) -> str:
        """Return the identity of the facts on the languages; of natural ones, also of what measures their distance."""
        facts = {"languages": self.study.languages(), "provider": self.study.provider}
        if self.study.provider == "laboratory":
            return encode("collect", {"provider": "laboratory"}, **facts)
        settings = self.study.settings["typology"] | {"vectors": self.vectors}
        return encode("languages", defaults("typology"), **facts, **settings)

    def typology_spec(self) -> str:
        """Return the identity of the comparison of typological measures; what they say, its input does."""
        return encode("typology")

    def statistics_spec(self) -> str:
        """Return the identity of the intervals and tests of the gains; which runs there are, its inputs say."""
        return encode("statistics", defaults("statistics"), **self.study.settings["statistics"])

    def report_spec(self) -> str:
        """Return the identity of the report, which shows what of the configuration can change a result."""
        hidden = {"mirror", "tensorboard", "submission", "reuse", "publish"}
        hidden |= set() if self.study.follows_protocol else {"protocol"}
        hidden |= set() if self.study.settings["layer_sweep"]["sources"] else {"layer_sweep"}
        hidden |= set() if self.vectors else {"typology"}
        hidden |= set() if self.study.settings["similarity"]["sources"] else {"similarity"}
        hidden |= {key for key in ("studies", "imported") if not self.study.settings[key]}
        shown = {key: value for key, value in self.study.settings.items() if key not in hidden}
        if self.vectors:
            shown["typology"] = shown["typology"] | {"vectors": self.vectors}  # where they lie changes nothing
        usual = {"attention": "bidirectional"}
        shown["models"] = {name: sparse(model, usual) for name, model in shown["models"].items()}
        return encode("report", config=shown)

    def stages_spec(self) -> str:
        """Return the identity of the diagram of stages: their counts."""
        return encode("figures", stages=count_stages(self.study))

    def summary_spec(self, stage: str) -> str:
        """Return the identity of a summary of all scores: tables, figures, report."""
        return encode(
            stage,
            models=self.study.models,
            sources=self.study.sources,
            targets=self.study.targets,
            seeds=self.study.seeds,
        )
