"""What a configuration amounts to: which runs there are, and what each depends on.

This module decides nothing about machines and imports neither torch nor transformers. What makes a job what it is
stands in `specifications.py`, where its files are in `layout.py`.
"""

import json
import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from workflow.scripts import source_names
from workflow.scripts.config_schema import Settings
from workflow.scripts.designs.design import designs
from workflow.scripts.errors import UserError
from workflow.scripts.mixtures import chain
from workflow.scripts.model_settings import is_decoder
from workflow.scripts.settings import load_settings
from workflow.scripts.source_names import NONE as NONE
from workflow.scripts.source_names import SourceName
from workflow.scripts.sources import providers
from workflow.scripts.sources.generated import check_examples, in_laboratory
from workflow.scripts.tasks import TASKS, Family, Task
from workflow.scripts.tasks.local_formats import FORMATS, ON_THE_HUB


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
        given = self.settings["models"]
        self.models: list[str] = [model for model in given if not given[model]["only_studies"]]
        self.sources: list[str] = self.settings["sources"]
        self.targets: list[str] = self.settings["targets"]
        self.seeds: list[int] = self.settings["seeds"]
        self.designs = designs(self.settings)
        self.bases = source_names.bases([*self.settings["mixtures"], *self.settings["imported"]])
        self.provider: str = self.settings["provider"]
        self.protocol: str = self.settings["protocol"]
        self.mirror: str = os.environ.get("MIRROR") or self.settings["mirror"]
        known = list(providers.known_languages(self.provider))
        self.world: list[str] = providers.check_codes(
            self.settings["laboratory"].get("languages", known), "laboratory.languages", known
        )
        self.wanted: str | list[str] = self.settings["languages"]
        if not isinstance(self.wanted, str):
            self.wanted = providers.check_codes(self.wanted, "languages", self.world)
        elif self.provider == "laboratory":
            self.wanted = self.world
        self._check_repositories()
        self.contents = {task.name: self._contents(task) for task in self.needed_tasks()}
        if self.provider == "laboratory":
            check_examples(self.needed_tasks(), self.settings["laboratory"]["examples"])

    def _check_repositories(self) -> None:
        """Check that tasks which no Hub repository carries have a source of another kind.

        Raises:
            UserError: one has not.
        """
        given = {*self.settings["local"], *self.settings["origins"]}
        for task in self.needed_tasks() if self.provider == "hub" else ():
            if task.name in FORMATS and task.name not in {*given, *ON_THE_HUB}:
                raise UserError(
                    f"config: no repository of the Hub carries the data of '{task.name}'; name your own files with "
                    f"local.{task.name} (formats: {', '.join(FORMATS[task.name])}) or a repository with "
                    f"origins.{task.name}, or leave it out"
                )

    def _contents(self, task: Task) -> str:
        """Return a fingerprint of a task's files outside the results, empty where there are none."""
        provider = self.data_provider(task.name)
        if provider == "local":
            return providers.contents(task, Path(self.settings["local"][task.name]["path"]), self.wanted, own=True)
        if provider != "mirror" or self.translates(task.name):
            return ""
        return providers.contents(task, Path(self.mirror), self.wanted, own=False)

    def task(self, name: str) -> Task:
        """Return a task as this study reads it: with the origins of the configuration, or those of the laboratory."""
        if self.provider == "laboratory":
            return in_laboratory(TASKS[name], self.world)
        return TASKS[name].with_origins(self.settings["origins"].get(name, {}))

    def needed_tasks(self) -> list[Task]:
        """Return every task whose data some run reads, those of studies among them."""
        return self._tasks_of(self.every_target(), self.every_source(), self.every_model())

    def main_tasks(self) -> list[Task]:
        """Return every task whose data some run of the main study reads."""
        return self._tasks_of(self.targets, self.sources, self.models)

    def _tasks_of(self, targets: list[str], sources: list[str], models: list[str]) -> list[Task]:
        trained = {task for target in targets for task in TASKS[target].training_tasks(self.protocol)}
        names = {*trained, *targets}
        for source in sources:
            for part in [source, *self.sources_before(source)]:
                names |= set(self.source_data(part))
        for model in models:
            names |= {*self.corpora(model), *self.tokenizer_corpora(self.tokenizer(model))}
        names |= {TASKS[name].translated_from for name in names if self.translates(name)}
        return [self.task(name) for name in TASKS if name in names]

    def every_model(self) -> list[str]:
        """Return the models of the main study, then those of studies alone."""
        return list(dict.fromkeys([*self.models, *(model for design in self.designs for model in design.models)]))

    def every_source(self) -> list[str]:
        """Return the sources of the main study, those of studies alone, and then those that they begin after."""
        asked = [*self.sources, *(source for design in self.designs for source in design.sources)]
        return list(dict.fromkeys([*asked, *(before for source in asked for before in self.sources_before(source))]))

    def sources_before(self, source: str) -> list[str]:
        """Return the sources that a source comes after (`mixtures.<name>.after`), the last one first."""
        if self.trained_source(source) == NONE:
            return []
        return chain(self.trained_source(source), self.settings["mixtures"], self.bases)

    def every_target(self) -> list[str]:
        """Return the targets of the main study, then those of studies alone."""
        return list(dict.fromkeys([*self.targets, *(target for design in self.designs for target in design.scored)]))

    def every_seed(self) -> list[int]:
        """Return the seeds of the main study, then those of studies alone."""
        return list(dict.fromkeys([*self.seeds, *(seed for design in self.designs for seed in design.seeds)]))

    def translates(self, task: str) -> bool:
        """Return whether a task's data are machine-translated here (the laboratory generates them)."""
        return bool(TASKS[task].translated_from) and self.provider != "laboratory"

    def is_fetched(self, model: str) -> bool:
        """Return whether a model is a checkpoint from elsewhere, not pretrained by the workflow."""
        return "checkpoint" in self.settings["models"].get(model, {})

    def has_adapter(self, model: str) -> bool:
        """Return whether training changes low-rank adapters of a model in place of its weights."""
        return "adapter" in self.settings["models"].get(model, {})

    def attention(self, model: str) -> str:
        """Return how a model attends: `bidirectional` for encoders."""
        chosen: str = self.settings["models"][model]["attention"]
        return chosen

    def serves_decoders(self, tokenizer: str) -> bool:
        """Return whether decoders read what a tokenizer makes."""
        return any(
            is_decoder(settings)
            for name, settings in self.settings["models"].items()
            if self.tokenizer(name) == tokenizer
        )

    def languages(self) -> list[str]:
        """Return the codes of all languages that some target may be tested in, English first."""
        targets = [self.task(target) for target in self.targets]
        codes = [
            language.code for task in targets for language in providers.languages_of(task, self.provider, self.wanted)
        ]
        return list(dict.fromkeys(["en", *codes]))

    def source(self, name: str) -> SourceName:
        """Return the parts of a source's name.

        Raises:
            UserError: it is `none`, or no name of a source.
        """
        return source_names.parse(self.trained_source(name), self.bases)

    def trained_source(self, name: str) -> str:
        """Return a source's name without the number of examples that targets are fine-tuned on (`-t1000`)."""
        return name if name in (NONE, *self.bases) else source_names.without_target_size(name)[0]

    def mixture(self, source: str) -> Settings:
        """Return the settings of the mixture that a source trains on, nothing where it is a single task."""
        settings: Settings = self.settings["mixtures"].get(self.source(source).base, {})
        return settings

    def source_tasks(self, source: str) -> list[str]:
        """Return the tasks of a source: none, one, or those of a mixture."""
        if self.trained_source(source) in (NONE, *self.settings["imported"]):
            return []
        return list(self.mixture(source).get("tasks", [self.source(source).base]))

    def source_corpora(self, source: str) -> dict[str, float]:
        """Return the corpora of a source's continued pretraining and their shares."""
        return {} if self.trained_source(source) == NONE else dict(self.mixture(source).get("corpora", {}))

    def source_data(self, source: str) -> list[str]:
        """Return all that a source trains on: tasks and corpora."""
        return [*self.source_tasks(source), *self.source_corpora(source)]

    def trunk_segments(self) -> list[str]:
        """Return the durations at which trunks are kept: those of the sources, and those that lead to them."""
        return self._segments(self.every_source())

    def main_trunk_segments(self) -> list[str]:
        """Return the same of the main study alone."""
        return self._segments(self.sources)

    def _segments(self, names: list[str]) -> list[str]:
        sources = [self.source(source) for source in names if self.trained_source(source) != NONE]
        return list(dict.fromkeys(str(segment) for source in sources for segment in source.segments()))

    def training_tasks(self) -> list[str]:
        """Return all tasks that models are fine-tuned on for some target."""
        tasks = [task for target in self.targets for task in TASKS[target].training_tasks(self.protocol)]
        return list(dict.fromkeys(tasks))

    def training_task(self, target: str) -> str | None:
        """Return the task that a target's model was last fine-tuned on, None where it is the encoder as it is."""
        return (None, *TASKS[target].training_tasks(self.protocol))[-1]

    def preceding_task(self, task: str) -> str | None:
        """Return the task that a model is fine-tuned on before this one under the protocol (COPA: Social IQa)."""
        orders = [TASKS[target].training_tasks(self.protocol) for target in self.every_target()]
        return next((before for order in orders for before, after in pairwise(order) if after == task), None)

    @property
    def follows_protocol(self) -> bool:
        """Whether the protocol makes a difference to some target."""
        return any(
            TASKS[target].training_tasks(self.protocol) != TASKS[target].training_tasks("") for target in self.targets
        )

    def tokenizer(self, model: str) -> str:
        """Return the tokenizer of a model; a checkpoint's own has the name of the model."""
        name: str = self.settings["models"][model].get("tokenizer", model)
        return name

    def corpora(self, model: str) -> list[str]:
        """Return the corpora a model is pretrained on."""
        return [] if self.is_fetched(model) else list(self.settings["models"][model]["pretraining"]["corpora"])

    def tokenizer_corpora(self, tokenizer: str) -> list[str]:
        """Return the corpora a tokenizer is trained on."""
        return list(self.settings["tokenizers"].get(tokenizer, {}).get("corpora", []))

    def scored_splits(self, target: str) -> list[str]:
        """Return the splits that a target's predictions cover."""
        return list(TASKS[target].scored_splits)

    def lends_tags(self, task: str, split: str) -> bool:
        """Return whether a split's tag set is read from the training split, because the task has no fixed one."""
        return TASKS[task].family is Family.TAGGING and not TASKS[task].labels and split != "train"

    def data_provider(self, task: str) -> str:
        """Return where a task's data come from; a mirror (a bundle, say) stands in for own files that are not here."""
        own = self.settings["local"].get(task)
        return "local" if own and not (self.provider == "mirror" and not Path(own["path"]).exists()) else self.provider

    @property
    def local_folders(self) -> str:
        """The folders of a user's own files by task, as JSON: an argument of jobs, not part of their identity."""
        return json.dumps({task: files["path"] for task, files in self.settings["local"].items()})

    @property
    def reuse(self) -> str:
        """The results folders of other collections, as JSON, empty for none; no part of jobs' identity."""
        return json.dumps(self.settings["reuse"]) if self.settings["reuse"] else ""

    @property
    def checkpoints(self) -> str:
        """The checkpoints of models, as JSON: folders or Hub repositories."""
        return json.dumps({model: self.settings["models"][model].get("checkpoint") for model in self.models})

    def imported_checkpoint(self, model: str, source: str, seed: object) -> str:
        """Return the folder or Hub repository of an intermediate checkpoint from elsewhere."""
        checkpoint: str = self.settings["imported"][source][model]["checkpoint"]
        return checkpoint.replace("{seed}", str(seed))

    @property
    def translator_names(self) -> str:
        """The translation models by language, as JSON: folders or Hub repositories."""
        return json.dumps({code: name for code, (name, _) in self.translators.items()})

    @property
    def translators(self) -> dict[str, tuple[str, str]]:
        """Translation models by language: folder or Hub repository, and revision."""
        named = self.settings["translation"]["models"]
        return {code: (name.partition("@")[0], name.partition("@")[2] or "main") for code, name in named.items()}

    def read_languages(self, task: str) -> str | list[str]:
        """Return the languages in which a task is read; of a corpus not all that exist, but those that are tested."""
        corpus = TASKS[task].family is Family.TEXT and self.provider != "laboratory"
        return self.languages() if corpus and self.wanted == providers.ALL else self.wanted
