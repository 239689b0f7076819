"""Where the files of a study are: paths as sentences, and what each job reads.

    results/{collection}/data/{task}/{split}.parquet
    results/{collection}/tokens/{tokenizer}/{task}/{split}.arrow
    results/{collection}/models/{model}/
    results/{collection}/trunks/{model}/{source}/seed{seed}/
    results/{collection}/intermediate/{model}/{source}/seed{seed}/
    results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/
    results/{collection}/predictions|scores|examples/{model}/{source}/seed{seed}/{target}
    results/{collection}/submission|published/{model}/{source}/seed{seed}/

The methods that take wildcards are the rules' input functions.
"""

from collections.abc import Iterable
from itertools import product
from typing import Any

from workflow.scripts.file_patterns import braces
from workflow.scripts.source_names import SourceName
from workflow.scripts.study import NONE, Study
from workflow.scripts.study_values import check_collections, submitted_runs
from workflow.scripts.tasks import SPLITS, TASKS, Family

TABLES = ("transfer", "gains", "best", "variants", "languages", "costs", "published")
PUBLISHED = "reference/published.csv"
FIGURES = ("gains", "distance", "languages", "curves", "stages")
TYPOLOGY = "typology"
"""The table of typological distances, from `compare_distances`."""


class Layout:
    """The files of a study.

    Args:
        study: whose files.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self.root = f"results/{study.collection}"
        self.submitted = submitted_runs(study)
        check_collections(study)

    @property
    def event_folder(self) -> str:
        """The folder of TensorBoard's event files, empty if none are wanted."""
        return f"{self.root}/tensorboard" if self.study.settings["tensorboard"] else ""

    def model_directory(self, model: str, source: str, seed: object) -> str:
        """Return the folder of the encoder that a source leads to; `none` leads to the pretrained model."""
        trained = self.study.trained_source(source)
        if trained == NONE:
            return f"{self.root}/models/{model}"
        return f"{self.root}/intermediate/{model}/{trained}/seed{seed}"

    def _of_splits(self, folder: str, suffix: str, tasks: Iterable[str], splits: Iterable[str]) -> list[str]:
        """Return the files of some tasks, of those splits that they have."""
        pairs = product(tasks, list(splits))
        return [f"{folder}/{task}/{split}.{suffix}" for task, split in pairs if split in TASKS[task].splits]

    def token_files(self, model: str, tasks: Iterable[str], *splits: str) -> list[str]:
        """Return the token files of some tasks for a model's tokenizer."""
        return self._of_splits(f"{self.root}/tokens/{self.study.tokenizer(model)}", "arrow", tasks, splits)

    def data_files(self, tasks: Iterable[str], *splits: str) -> list[str]:
        """Return the canonical data of some tasks."""
        return self._of_splits(f"{self.root}/data", "parquet", tasks, splits)

    def translation_models(self, wildcards: Any) -> list[str]:
        """Return the run cards of the translation models of a task's languages."""
        languages = self.study.task(wildcards.task).train_languages
        return [f"{self.root}/translators/{language}/run.json" for language in languages]

    def manifests(self) -> list[str]:
        """Return the lists of repository files of all tasks whose data are not translated."""
        tasks = [task.name for task in self.study.needed_tasks() if not self.study.translates(task.name)]
        return [f"{self.root}/repositories/{task}/manifest.json" for task in tasks]

    def fetched_models(self) -> list[str]:
        """Return the run cards of all models from elsewhere: encoders, and translators where a source needs them."""
        study = self.study
        needed = {code for task in study.needed_tasks() if study.translates(task.name) for code in task.train_languages}
        encoders = [f"{self.root}/models/{model}/run.json" for model in study.every_model() if study.is_fetched(model)]
        return [*encoders, *(f"{self.root}/translators/{code}/run.json" for code in sorted(needed))]

    def imported_checkpoints(self) -> list[str]:
        """Return the run cards of the intermediate checkpoints from elsewhere."""
        study, sources = self.study, map(self.study.trained_source, self.study.every_source())
        found = [source for source in dict.fromkeys(sources) if source in study.settings["imported"]]
        cells = product(study.models, found, study.seeds)
        return [f"{self.model_directory(model, source, seed)}/run.json" for model, source, seed in cells]

    def translated_table(self, wildcards: Any) -> str:
        """Return the English data that a task is machine-translated from."""
        return f"{self.root}/data/{TASKS[wildcards.task].translated_from}/{wildcards.split}.parquet"

    def tokenizer_file(self, wildcards: Any) -> str:
        """Return the tokenizer of a model."""
        return f"{self.root}/tokenizers/{self.study.tokenizer(wildcards.model)}/tokenizer.json"

    def tokenizer_text(self, wildcards: Any) -> list[str]:
        """Return the text that a tokenizer is trained on."""
        return self.data_files(self.study.tokenizer_corpora(wildcards.tokenizer), "train")

    def tag_set(self, wildcards: Any) -> list[str]:
        """Return the training split that a task without a fixed tag set takes it from."""
        lent = self.study.lends_tags(wildcards.task, wildcards.split)
        return self.data_files([wildcards.task], "train") if lent else []

    def pretraining_tokens(self, wildcards: Any) -> list[str]:
        """Return the token files of a model's pretraining corpora."""
        return self.token_files(wildcards.model, self.study.corpora(wildcards.model), "train")

    def pretrained_weights(self, wildcards: Any) -> str:
        """Return the weights that an intermediate training starts from: of the pretrained model or a source before."""
        before = self.study.sources_before(wildcards.source)
        adapted = before and self.study.has_adapter(wildcards.model)
        name = "adapter_model.safetensors" if adapted else "model.safetensors"
        return f"{self.model_directory(wildcards.model, before[0] if before else NONE, wildcards.seed)}/{name}"

    def language_model(self, wildcards: Any) -> list[str]:
        """Return the pretrained model whose head a source needs for its corpora, if it does not start from that."""
        source = wildcards.source
        if not (self.study.sources_before(source) and self.study.source_corpora(source)):
            return []
        return [f"{self.model_directory(wildcards.model, NONE, None)}/model.safetensors"]

    def intermediate_tokens(self, wildcards: Any) -> list[str]:
        """Return the token files of a source's tasks and corpora: to train on, and to be tested on in English."""
        return self.token_files(wildcards.model, self.study.source_data(wildcards.source), "train", "dev")

    def trunk_tokens(self, wildcards: Any) -> list[str]:
        """Return the token files that a trunk is trained on."""
        return self.token_files(wildcards.model, self.study.source_data(wildcards.source), "train")

    def trunk(self, wildcards: Any) -> list[str]:
        """Return the state that a source of so many steps branches off at, nothing for other sources."""
        source = self.study.source(wildcards.source)
        return self._trunk(wildcards, None if source.steps is None or source.decayed else source)

    def preceding_trunk(self, wildcards: Any) -> list[str]:
        """Return the state that a segment of a trunk begins with, nothing for the first segment."""
        return self._trunk(wildcards, self.study.source(wildcards.source).preceding())

    def _trunk(self, wildcards: Any, segment: SourceName | None) -> list[str]:
        folder = f"{self.root}/trunks/{wildcards.model}/{segment}/seed{wildcards.seed}"
        return [] if segment is None else [f"{folder}/state.safetensors"]

    def intermediate_dev(self, wildcards: Any) -> list[str]:
        """Return the canonical development data of a source's tasks."""
        return self.data_files(self.study.source_tasks(wildcards.source), "dev")

    def encoder_weights(self, wildcards: Any) -> str:
        """Return the weights that a target fine-tuning starts from: of a model with an adapter, the adapter's."""
        model, source, seed = wildcards.model, wildcards.source, wildcards.seed
        preceding = self.study.preceding_task(wildcards.task)
        trained = self.study.trained_source(source) != NONE or preceding is not None
        name = "adapter_model.safetensors" if trained and self.study.has_adapter(model) else "model.safetensors"
        return f"{self._directory_after(model, source, seed, preceding)}/{name}"

    def _directory_after(self, model: str, source: str, seed: object, task: str | None) -> str:
        """Return the folder of the encoder that a source, and fine-tuning on a task, lead to."""
        if task is None:
            return self.model_directory(model, source, seed)
        return f"{self.root}/finetuned/{model}/{source}/seed{seed}/{task}"

    def finetuning_tokens(self, wildcards: Any) -> list[str]:
        """Return the token files of a training task."""
        return self.token_files(wildcards.model, [wildcards.task], "train", "dev")

    def finetuning_dev(self, wildcards: Any) -> list[str]:
        """Return the canonical development data of a training task."""
        return self.data_files([wildcards.task], "dev")

    def tested_run(self, wildcards: Any) -> str:
        """Return the run card of the model that a target is tested with."""
        task = self.study.training_task(wildcards.target)
        return f"{self._directory_after(wildcards.model, wildcards.source, wildcards.seed, task)}/run.json"

    def encoder_run(self, wildcards: Any) -> str:
        """Return the run card of the encoder that a source leads to."""
        return f"{self.model_directory(wildcards.model, wildcards.source, wildcards.seed)}/run.json"

    def tested_tokens(self, wildcards: Any) -> list[str]:
        """Return the token files that a target is tested on."""
        return self.token_files(wildcards.model, [wildcards.target], *self.study.scored_splits(wildcards.target))

    def tested_data(self, wildcards: Any) -> list[str]:
        """Return the canonical data that a target is tested on."""
        return self.data_files([wildcards.target], *self.study.scored_splits(wildcards.target))

    def score_files(self) -> list[str]:
        """Return the scores of every model, source, seed and target."""
        study = self.study
        cells = product(study.models, study.sources, study.seeds, study.targets)
        return [
            f"{self.root}/scores/{model}/{source}/seed{seed}/{target}.json" for model, source, seed, target in cells
        ]

    def example_files(self, wildcards: Any) -> list[str]:
        """Return the tables of examples of every model, source, seed and target."""
        return [f.replace("/scores/", "/examples/", 1).replace(".json", ".parquet") for f in self.score_files()]

    def submissions(self, wildcards: Any) -> list[str]:
        """Return the manifests of the submission folders that the configuration asks for."""
        folder = f"{self.root}/submission"
        return [f"{folder}/{model}/{source}/seed{seed}/manifest.json" for model, source, seed in self.submitted]

    def submitted_examples(self, wildcards: Any) -> list[str]:
        """Return the tables of examples that a submission folder is written from."""
        folder = f"{self.root}/examples/{wildcards.model}/{wildcards.source}/seed{wildcards.seed}"
        return [f"{folder}/{target}.parquet" for target in self.study.targets]

    def submitted_data(self, wildcards: Any) -> list[str]:
        """Return the test data whose order a submission folder follows: those of retrieval targets."""
        targets = [target for target in self.study.targets if TASKS[target].family is Family.RETRIEVAL]
        return self.data_files(targets, "test")

    def intermediate_checkpoints(self, wildcards: Any) -> list[str]:
        """Return the run cards of all intermediate checkpoints."""
        sources = [source for source in self.study.sources if source != NONE]
        cells = product(self.study.models, sources, self.study.seeds)
        return [f"{self.model_directory(model, source, seed)}/run.json" for model, source, seed in cells]

    def run_cards(self, wildcards: Any) -> list[str]:
        """Return the run cards of all models, the pretrained ones first."""
        study = self.study
        pretrained = [f"{self.root}/models/{model}/run.json" for model in study.models]
        cells = product(study.models, study.sources, study.seeds, study.training_tasks())
        finetuned = [f"{self._directory_after(*cell)}/run.json" for cell in cells]
        segments = product(study.models, study.main_trunk_segments(), study.seeds)
        trunks = [f"{self.root}/trunks/{model}/{source}/seed{seed}/run.json" for model, source, seed in segments]
        return [*pretrained, *trunks, *self.intermediate_checkpoints(wildcards), *finetuned]

    def run_card_patterns(self, wildcards: Any) -> list[str]:
        """Return the same run cards as patterns for a command line, which has no room for thousands of paths."""
        study = self.study
        models, sources, seeds = (braces(names) for names in (study.models, study.sources, study.seeds))
        trained = dict.fromkeys(study.trained_source(source) for source in study.sources if source != NONE)
        found = {
            "models": models,
            "trunks": f"{models}/{braces(study.main_trunk_segments())}/seed{seeds}",
            "intermediate": f"{models}/{braces(trained)}/seed{seeds}",
            "finetuned": f"{models}/{sources}/seed{seeds}/{braces(study.training_tasks())}",
        }
        return [f"{self.root}/{folder}/{pattern}/run.json" for folder, pattern in found.items()]

    def score_pattern(self, wildcards: Any) -> str:
        """Return the scores of every model, source, seed and target as one pattern."""
        study = self.study
        models, sources, seeds = (braces(names) for names in (study.models, study.sources, study.seeds))
        return f"{self.root}/scores/{models}/{sources}/seed{seeds}/{braces(study.targets)}.json"

    def example_pattern(self, wildcards: Any) -> str:
        """Return the tables of examples likewise."""
        return self.score_pattern(wildcards).replace("/scores/", "/examples/", 1).replace(".json", ".parquet")

    def summary_files(self, wildcards: Any) -> list[str]:
        """Return the tables and figures of the study."""
        names = (*TABLES, TYPOLOGY)
        tables = [f"{self.root}/tables/{name}.{form}" for name, form in product(names, ("csv", "md", "tex"))]
        return [*tables, *(f"{self.root}/figures/{name}.{form}" for name, form in product(FIGURES, ("svg", "png")))]

    def intermediate_data(self, wildcards: Any) -> list[str]:
        """Return the training data of all intermediate tasks."""
        tasks = (task for source in self.study.sources for task in self.study.source_tasks(source))
        return self.data_files(dict.fromkeys(tasks), "train")

    def target_data(self, wildcards: Any) -> list[str]:
        """Return the test data of all targets."""
        return self.data_files(self.study.targets, "test")

    def statistics_files(self, wildcards: Any) -> list[str]:
        """Return the counts of all data that the main study reads."""
        tasks = [task.name for task in self.study.main_tasks()]
        return self._of_splits(f"{self.root}/data", "json", tasks, SPLITS)

    def inference_files(self, wildcards: Any) -> list[str]:
        """Return the gains with their intervals, the languages' and the best sources, and their tables."""
        return [f"{self.root}/statistics/{name}.parquet" for name in ("gains", "variants", "languages", "best")]

    def slice_files(self, wildcards: Any) -> list[str]:
        """Return the scores by slice, and their tables."""
        return self._measured("slices")

    def consistency_files(self, wildcards: Any) -> list[str]:
        """Return the agreement of the languages with English, and its tables."""
        return self._measured("consistency")

    def overlap_files(self, wildcards: Any) -> list[str]:
        """Return the counts of test inputs in intermediate training data, and their tables."""
        return self._measured("overlap")

    def _measured(self, name: str) -> list[str]:
        return [f"{self.root}/tables/{name}.{form}" for form in ("json", "csv", "md", "tex")]
