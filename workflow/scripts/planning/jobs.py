"""The jobs of a study, rule by rule, with the file that tells that a job is done; equal to Snakemake's dry run."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import SimpleNamespace

from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json
from workflow.scripts.layout import Layout
from workflow.scripts.runspec import spec_hash
from workflow.scripts.specifications import Specifications
from workflow.scripts.study import NONE, Study
from workflow.scripts.sweeps import LayerSweep

SUMMARIES = {
    "describe_languages": "languages.json",
    "compare_distances": "tables/typology.csv",
    "collect_scores": "scores.parquet",
    "measure_slices": "tables/slices.json",
    "measure_overlap": "tables/overlap.json",
    "analyse_gains": "statistics/gains.parquet",
    "make_tables": "tables/transfer.csv",
    "plot_gains": "figures/gains.svg",
    "plot_distance": "figures/distance.svg",
    "plot_languages": "figures/languages.svg",
    "plot_curves": "figures/curves.svg",
    "plot_stages": "figures/stages.svg",
    "write_report": "report.html",
}
"""Rules of one job each, and an output of each."""

STAGES = ("data", "pretraining", "trunks", "intermediate", "fine-tuning", "prediction", "scoring", "summaries")


@dataclass(frozen=True, slots=True)
class Job:
    """One job: its stage, its rule, the output written last, and for trainings the hash of its specification."""

    stage: str
    rule: str
    output: str
    spec_hash: str = ""

    def state(self, root: Path) -> str:
        """Return `done`, `missing`, or `stale`: the output's run card is of another specification, or not readable."""
        path = root / self.output
        if not path.exists():
            return "missing"
        if not self.spec_hash:
            return "done"
        try:
            card = read_json(path)
        except (OSError, UserError):
            return "stale"
        return "done" if isinstance(card, dict) and card.get("spec_hash") == self.spec_hash else "stale"


def planned_jobs(study: Study) -> list[Job]:
    """Return all jobs of a study's default target in the order of the stages.

    Raises:
        UserError: the configuration's layer sweep or typology is not possible.
    """
    files, sweep, specs = Layout(study), LayerSweep(study), Specifications(study)
    jobs = [*_data_jobs(study, files), *_training_jobs(study, files, specs)]
    for score in files.score_files():
        prediction = score.replace("/scores/", "/predictions/", 1).replace(".json", ".parquet")
        jobs += [Job("prediction", "predict_target", prediction), Job("scoring", "score_target", score)]
    jobs += [Job("prediction", "sweep_layers", path) for path in sweep.score_files(None)]
    jobs += [Job("summaries", "plot_layers", path) for path in sweep.summary_files[:1]]
    jobs += [Job("summaries", rule, f"{files.root}/{path}") for rule, path in SUMMARIES.items()]
    return sorted(jobs, key=lambda job: STAGES.index(job.stage))


def _data_jobs(study: Study, files: Layout) -> list[Job]:
    jobs = [Job("data", "fetch_dataset", path) for path in files.manifests()]
    for path in files.statistics_files(None):
        translated = study.translates(Path(path).parent.name)
        jobs.append(Job("data", "translate_task" if translated else "prepare_task", path))
    for path in files.fetched_models():
        model = Path(path).parent.parent.name == "models"
        jobs.append(Job("pretraining" if model else "data", "fetch_model" if model else "fetch_translator", path))
    trained = {study.tokenizer(model) for model in study.models if not study.is_fetched(model)}
    jobs += [
        Job("data", "train_tokenizer", f"{files.root}/tokenizers/{name}/tokenizer.json") for name in sorted(trained)
    ]
    jobs += [Job("data", "tokenize_task", path) for path in token_files(study, files)]
    return jobs


def token_files(study: Study, files: Layout) -> list[str]:
    """Return the token files that some training or prediction reads."""
    found: list[str] = []
    for model in study.models:
        found += files.pretraining_tokens(SimpleNamespace(model=model))
        for source in study.sources:
            found += files.intermediate_tokens(SimpleNamespace(model=model, source=source)) if source != NONE else []
        for task in study.training_tasks():
            found += files.finetuning_tokens(SimpleNamespace(model=model, task=task))
        for target in study.targets:
            found += files.tested_tokens(SimpleNamespace(model=model, target=target))
    return list(dict.fromkeys(found))


def _training_jobs(study: Study, files: Layout, specs: Specifications) -> Iterable[Job]:
    for model in study.models:
        if not study.is_fetched(model):
            path = f"{files.root}/models/{model}/run.json"
            yield Job("pretraining", "pretrain_model", path, spec_hash(specs.pretraining_spec(model)))
    for model, source, seed in product(study.models, study.trunk_segments(), map(str, study.seeds)):
        path = f"{files.root}/trunks/{model}/{source}/seed{seed}/run.json"
        yield Job("trunks", "train_trunk", path, spec_hash(specs.trunk_spec(model, source, seed)))
    for model, source, seed in product(study.models, study.sources, map(str, study.seeds)):
        end = "_adapter" if study.has_adapter(model) else ""
        if source != NONE:
            path = f"{files.model_directory(model, source, seed)}/run.json"
            spec = specs.intermediate_spec(model, source, seed)
            yield Job("intermediate", f"train_intermediate{end}", path, spec_hash(spec))
        for task in study.training_tasks():
            path = f"{files.root}/finetuned/{model}/{source}/seed{seed}/{task}/run.json"
            spec = specs.finetuning_spec(model, task, seed)
            yield Job("fine-tuning", f"finetune_target{end}", path, spec_hash(spec))
