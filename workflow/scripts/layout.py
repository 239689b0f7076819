"""Where the files of a study are: paths as sentences, and what each job reads.

    results/{collection}/data/{task}/{split}.parquet
    results/{collection}/tokens/{tokenizer}/{task}/{split}.arrow
    results/{collection}/models/{model}/
    results/{collection}/intermediate/{model}/{source}/seed{seed}/
    results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/
    results/{collection}/predictions|scores/{model}/{source}/seed{seed}/{target}

The methods that take wildcards are the rules' input functions.
"""

from collections.abc import Iterable
from itertools import product
from typing import Any

from workflow.scripts.study import NONE, Study
from workflow.scripts.tasks import TASKS

TABLES = ("transfer", "best", "languages")
FIGURES = ("gains", "distance")


class Layout:
    """The files of a study.

    Args:
        study: whose files.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self.root = f"results/{study.collection}"

    def model_directory(self, model: str, source: str, seed: object) -> str:
        """Return the folder of the encoder that a source leads to; `none` leads to the pretrained model."""
        if source == NONE:
            return f"{self.root}/models/{model}"
        return f"{self.root}/intermediate/{model}/{source}/seed{seed}"

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
        """Return the weights that an intermediate training starts from."""
        return f"{self.model_directory(wildcards.model, NONE, None)}/model.safetensors"

    def intermediate_tokens(self, wildcards: Any) -> list[str]:
        """Return the token files of a source's tasks: to train on, and to be tested on in English."""
        return self.token_files(wildcards.model, self.study.source_tasks(wildcards.source), "train", "dev")

    def intermediate_dev(self, wildcards: Any) -> list[str]:
        """Return the canonical development data of a source's tasks."""
        return self.data_files(self.study.source_tasks(wildcards.source), "dev")

    def encoder_weights(self, wildcards: Any) -> str:
        """Return the weights that a target fine-tuning starts from."""
        return f"{self.model_directory(wildcards.model, wildcards.source, wildcards.seed)}/model.safetensors"

    def finetuning_tokens(self, wildcards: Any) -> list[str]:
        """Return the token files of a training task."""
        return self.token_files(wildcards.model, [wildcards.task], "train", "dev")

    def finetuning_dev(self, wildcards: Any) -> list[str]:
        """Return the canonical development data of a training task."""
        return self.data_files([wildcards.task], "dev")

    def tested_run(self, wildcards: Any) -> str:
        """Return the run card of the model that a target is tested with."""
        model, source, seed = wildcards.model, wildcards.source, wildcards.seed
        if not TASKS[wildcards.target].fine_tuned:
            return f"{self.model_directory(model, source, seed)}/run.json"
        task = self.study.training_task(wildcards.target)
        return f"{self.root}/finetuned/{model}/{source}/seed{seed}/{task}/run.json"

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

    def intermediate_checkpoints(self, wildcards: Any) -> list[str]:
        """Return the run cards of all intermediate checkpoints."""
        sources = [source for source in self.study.sources if source != NONE]
        cells = product(self.study.models, sources, self.study.seeds)
        return [f"{self.model_directory(model, source, seed)}/run.json" for model, source, seed in cells]

    def run_cards(self, wildcards: Any) -> list[str]:
        """Return the run cards of all models, the pretrained ones first."""
        study = self.study
        pretrained = [f"{self.root}/models/{model}/run.json" for model in study.models]
        tasks = dict.fromkeys(study.training_task(target) for target in study.targets if TASKS[target].fine_tuned)
        cells = product(study.models, study.sources, study.seeds, tasks)
        folder = f"{self.root}/finetuned"
        finetuned = [f"{folder}/{model}/{source}/seed{seed}/{task}/run.json" for model, source, seed, task in cells]
        return [*pretrained, *self.intermediate_checkpoints(wildcards), *finetuned]

    def summary_files(self, wildcards: Any) -> list[str]:
        """Return the tables and figures of the study."""
        tables = [f"{self.root}/tables/{name}.{form}" for name, form in product(TABLES, ("csv", "md", "tex"))]
        return [*tables, *(f"{self.root}/figures/{name}.{form}" for name, form in product(FIGURES, ("svg", "png")))]
