"""What all rules share: the checked configuration, wildcard constraints and input functions. No rules."""

import os
import sys
from inspect import signature
from pathlib import Path

from workflow.scripts.console import shorten_progress
from workflow.scripts.errors import UserError
from workflow.scripts.study import NONE, Study
from workflow.scripts.tasks import TASKS

from snakemake.exceptions import WorkflowError


def checked_study(settings):
    """Return the study, or stop with one sentence that says what is wrong with the configuration."""
    try:
        return Study(settings)
    except UserError as error:
        raise WorkflowError(str(error)) from None


def tell(message):
    """Print one line to the console, beside Snakemake's own."""
    print(f"[study] {message}", file=sys.stderr)


def tell_report():
    """Say where the report is, if this run or an earlier one has written it."""
    path = Path("results", STUDY.collection, "report.html")
    tell(f"done; the report is {path}" if path.exists() else "done")


STUDY = checked_study(config)
shorten_progress()

# `python` in the rules is the one that runs Snakemake, also where its environment is not activated (`make run`); an
# environment that Snakemake activates itself (--sdm) still comes first
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


wildcard_constraints:
    **{name: "|".join(values) for name, values in STUDY.wildcard_values().items()},


def by_wildcards(method):
    """Return a function of wildcards that calls `method` with those that its parameters are named after."""
    names = list(signature(method).parameters)
    return lambda wildcards: method(**{name: getattr(wildcards, name) for name in names})


def expand_runs(pattern):
    """Return a file name pattern for every model, source, seed and target of the study."""
    return expand(
        pattern,
        collection=STUDY.collection,
        model=STUDY.models,
        source=STUDY.sources,
        seed=STUDY.seeds,
        target=STUDY.targets,
    )


def model_directory(model, source, seed):
    """Return the folder of the encoder that a source leads to; `none` leads to the pretrained model."""
    if source == NONE:
        return f"results/{STUDY.collection}/models/{model}"
    return f"results/{STUDY.collection}/intermediate/{model}/{source}/seed{seed}"


def pretrained_weights(wildcards):
    """Return the weights that an intermediate training starts from."""
    return f"{model_directory(wildcards.model, NONE, None)}/model.safetensors"


def encoder_weights(wildcards):
    """Return the weights that a target fine-tuning starts from."""
    return f"{model_directory(wildcards.model, wildcards.source, wildcards.seed)}/model.safetensors"


def tested_run(wildcards):
    """Return the run card of the model that a target is tested with."""
    if not TASKS[wildcards.target].fine_tuned:
        return f"{model_directory(wildcards.model, wildcards.source, wildcards.seed)}/run.json"
    folder = f"results/{STUDY.collection}/finetuned/{wildcards.model}/{wildcards.source}/seed{wildcards.seed}"
    return f"{folder}/{STUDY.training_task(wildcards.target)}/run.json"


def files_of(folder, tasks, splits):
    """Return the files of some tasks below a folder, of those splits that they have."""
    suffix = "arrow" if "/tokens/" in folder else "parquet"
    return [f"{folder}/{task}/{split}.{suffix}" for task in tasks for split in splits if split in TASKS[task].splits]


def token_files(model, tasks, splits):
    """Return the token files of some tasks for a model's tokenizer."""
    return files_of(f"results/{STUDY.collection}/tokens/{STUDY.tokenizer(model)}", tasks, splits)


def data_files(tasks, splits):
    """Return the canonical data of some tasks."""
    return files_of(f"results/{STUDY.collection}/data", tasks, splits)


def tokenizer_file(wildcards):
    """Return the tokenizer of a model."""
    return f"results/{STUDY.collection}/tokenizers/{STUDY.tokenizer(wildcards.model)}/tokenizer.json"


def tokenizer_text(wildcards):
    """Return the text that a tokenizer is trained on."""
    return data_files(STUDY.tokenizer_corpora(wildcards.tokenizer), ["train"])


def pretraining_tokens(wildcards):
    """Return the token files of a model's pretraining corpora."""
    return token_files(wildcards.model, STUDY.corpora(wildcards.model), ["train"])


def intermediate_tokens(wildcards):
    """Return the token files of a source's tasks: to train on, and to be tested on in English."""
    return token_files(wildcards.model, STUDY.source_tasks(wildcards.source), ["train", "dev"])


def intermediate_dev(wildcards):
    """Return the canonical development data of a source's tasks."""
    return data_files(STUDY.source_tasks(wildcards.source), ["dev"])


def finetuning_tokens(wildcards):
    """Return the token files of a training task."""
    return token_files(wildcards.model, [wildcards.task], ["train", "dev"])


def finetuning_dev(wildcards):
    """Return the canonical development data of a training task."""
    return data_files([wildcards.task], ["dev"])


def tested_tokens(wildcards):
    """Return the token files that a target is tested on."""
    return token_files(wildcards.model, [wildcards.target], STUDY.scored_splits(wildcards.target))


def tested_data(wildcards):
    """Return the canonical data that a target is tested on."""
    return data_files([wildcards.target], STUDY.scored_splits(wildcards.target))


def tag_set(wildcards):
    """Return the training split that a task without a fixed tag set takes it from."""
    return data_files([wildcards.task], ["train"]) if STUDY.lends_tags(wildcards.task, wildcards.split) else []


def intermediate_checkpoints(wildcards):
    """Return the run cards of all intermediate checkpoints."""
    sources = [source for source in STUDY.sources if source != NONE]
    return [f"{model_directory(m, s, seed)}/run.json" for m in STUDY.models for s in sources for seed in STUDY.seeds]


def run_cards(wildcards):
    """Return the run cards of all models, the pretrained ones first."""
    folder = f"results/{STUDY.collection}"
    trained = dict.fromkeys(STUDY.training_task(target) for target in STUDY.targets if TASKS[target].fine_tuned)
    pretrained = [f"{folder}/models/{model}/run.json" for model in STUDY.models]
    finetuned = expand(
        "{folder}/finetuned/{model}/{source}/seed{seed}/{task}/run.json",
        folder=folder,
        model=STUDY.models,
        source=STUDY.sources,
        seed=STUDY.seeds,
        task=trained,
    )
    return [*pretrained, *intermediate_checkpoints(wildcards), *finetuned]


def summary_files(wildcards):
    """Return the tables and figures of the study."""
    tables = expand("tables/{name}.{form}", name=["transfer", "best", "languages"], form=["csv", "md", "tex"])
    figures = expand("figures/{name}.{form}", name=["gains", "distance"], form=["svg", "png"])
    return [f"results/{STUDY.collection}/{name}" for name in [*tables, *figures]]
