"""Which job makes a file and what that job reads, as the rules say: the jobs behind a target of Snakemake's.

The paths, and the files that a job reads, are those of `Layout`, `LayerSweep`, `Similarities` and `Studies`, from which
the rules have them too. tests/workflow/test_plan.py compares the jobs with Snakemake's own dry run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from types import SimpleNamespace

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.layout import Layout
from workflow.scripts.planning.jobs import MAIN, STAGES, Job
from workflow.scripts.runspec import spec_hash
from workflow.scripts.similarity_files import Similarities
from workflow.scripts.specifications import Specifications
from workflow.scripts.study import Study
from workflow.scripts.study_files import Studies
from workflow.scripts.sweeps import LayerSweep

TABLES = {
    "typology": "compare_distances",
    "typology_correlations": "compare_distances",
    "overlap": "measure_overlap",
    "slices": "measure_slices",
    "consistency": "measure_slices",
    "layers": "plot_layers",
    "similarity": "tabulate_similarity",
}
"""Rules of tables; all others are of `make_tables`."""

OUTPUTS = {
    "compare_distances": "tables/typology.csv",
    "measure_overlap": "tables/overlap.json",
    "measure_slices": "tables/slices.json",
    "plot_layers": "figures/layers.svg",
    "tabulate_similarity": "tables/similarity.csv",
    "make_tables": "tables/transfer.csv",
    "analyse_gains": "statistics/gains.parquet",
}
"""The one output that stands for a job which has several."""

RUNS = ("trunks", "intermediate", "finetuned", "predictions", "scores", "examples", "layers", "perplexity")
"""Folders of files of a model, a source and a seed."""

TOP = {"languages.json": "describe_languages", "scores.parquet": "collect_scores", "report.html": "write_report"}


class Graph:
    """The jobs of a study and their inputs.

    Args:
        study: which.
        targets: that are asked for; the report shows the studies among them.

    Raises:
        UserError: the configuration's layer sweep or similarities are not possible.
    """

    def __init__(self, study: Study, targets: Sequence[str] = ()) -> None:
        self.study, self.files = study, Layout(study)
        self.root = self.files.root
        self.sweep, self.similarities = LayerSweep(study), Similarities(study)
        self.studies = Studies(study, targets)

    def target(self, name: str) -> list[str]:
        """Return the files of a target.

        Raises:
            UserError: there is no such target.
        """
        every = {f"study_{study}": self.studies.target(study) for study in self.studies.designs}
        known = {
            "all": [
                f"{self.root}/report.html",
                *self.files.summary_files(None),
                *self.sweep.summary_files,
                *self.similarities.main_files,
            ],
            "scores": [f"{self.root}/scores.parquet"],
            "checkpoints": self.files.intermediate_checkpoints(None),
            "similarities": self.similarities.summary_files,
            "studies": [path for paths in every.values() for path in paths],
            **every,
        }
        if name not in known:
            raise UserError(
                f"--target {name} cannot be planned; expected some of {', '.join(known)}.{nearest(name, known)}"
            )
        return known[name]

    def behind(self, paths: Iterable[str]) -> dict[str, Job]:
        """Return the jobs, by output, that some files need, whatever is there already."""
        found: dict[str, Job] = {}
        waiting, seen = list(paths), set[str]()
        while waiting:
            path = waiting.pop()
            if path in seen:
                continue
            seen.add(path)
            job = self.job(path)
            if job is not None and job.output not in found:
                found[job.output] = job
                waiting += self.inputs(job)
        return found

    def job(self, path: str) -> Job | None:
        """Return the job that makes a file, None for files that no job makes."""
        first, _, *parts = path.split("/")
        if first != "results":
            return None
        match parts:
            case ["repositories", task, _]:
                return Job("data", "fetch_dataset", path, task=task)
            case ["data", task, file]:
                rule = "translate_task" if self.study.translates(task) else "prepare_task"
                return Job("data", rule, f"{self.root}/data/{task}/{_stem(file)}.json", task=task, split=_stem(file))
            case ["tokens", tokenizer, task, file]:
                return Job("data", "tokenize_task", path, model=tokenizer, task=task, split=_stem(file))
            case ["translators", _, _]:
                return Job("data", "fetch_translator", path)
            case ["tokenizers", name, _] if not self.study.is_fetched(name):
                return Job("data", "train_tokenizer", f"{self.root}/tokenizers/{name}/tokenizer.json", model=name)
            case ["tokenizers" | "models", model, _]:
                rule = "fetch_model" if self.study.is_fetched(model) else "pretrain_model"
                return Job("pretraining", rule, f"{self.root}/models/{model}/run.json", model)
            case [folder, *_] if folder in RUNS:
                return self._run(parts)
        return self._summary(path, parts)

    def _run(self, parts: list[str]) -> Job:
        """Return the job of a file of a model, a source and a seed."""
        folder, model, source, seed, *rest = parts
        where, end = f"{model}/{source}/{seed}", "_adapter" if self.study.has_adapter(model) else ""
        cell = (model, source, seed.removeprefix("seed"))
        if folder in ("trunks", "intermediate"):
            stage, rule = {"trunks": ("trunks", "train_trunk")}.get(folder, (folder, f"train_intermediate{end}"))
            if source in self.study.settings["imported"]:
                rule = "import_checkpoint"
            return Job(stage, rule, f"{self.root}/{folder}/{where}/run.json", *cell)
        if folder == "finetuned":
            path = f"{self.root}/finetuned/{where}/{rest[0]}/run.json"
            return Job("fine-tuning", f"finetune_target{end}", path, *cell, task=rest[0])
        target = _stem(rest[0])
        stage, rule, path = {
            "predictions": ("prediction", "predict_target", f"predictions/{where}/{target}.parquet"),
            "layers": ("prediction", "sweep_layers", f"layers/{where}/{target}.json"),
            "perplexity": ("prediction", "measure_perplexity", f"perplexity/{where}/{target}.json"),
        }.get(folder, ("scoring", "score_target", f"scores/{where}/{target}.json"))
        return Job(stage, rule, f"{self.root}/{path}", *cell, task=target)

    def _summary(self, path: str, parts: list[str]) -> Job:
        """Return the job of a file that sums up many runs."""
        folder, name = parts[0], _stem(parts[-1])
        match parts:
            case ["similarities", model, _]:
                return Job("summaries", "measure_similarity", path, model, seed=name.removeprefix("seed"))
            case ["studies", study, *_]:
                return Job("summaries", f"analyse_{study}", self.studies.outputs(study)[0], task=study)
            case [file] if file in TOP:
                return Job("summaries", TOP[file], path)
        rule = {"tables": TABLES.get(name, "make_tables"), "figures": f"plot_{name}"}.get(folder, "analyse_gains")
        return Job("summaries", rule, f"{self.root}/{OUTPUTS.get(rule, f'figures/{name}.svg')}")

    def inputs(self, job: Job) -> list[str]:
        """Return the files that a job reads, one at least of each job before it."""
        files, root = self.files, self.root
        w = SimpleNamespace(
            model=job.model, source=job.source, seed=job.seed, task=job.task, target=job.task, split=job.split,
            tokenizer=job.model,
        )  # fmt: skip
        match job.rule.removesuffix("_adapter"):
            case "prepare_task":
                return [f"{root}/repositories/{job.task}/manifest.json"]
            case "translate_task":
                return [files.translated_table(w), *files.translation_models(w)]
            case "train_tokenizer":
                return files.tokenizer_text(w)
            case "tokenize_task":
                data = f"{root}/data/{job.task}/{job.split}.parquet"
                return [f"{root}/tokenizers/{job.model}/tokenizer.json", data, *files.tag_set(w)]
            case "pretrain_model":
                return [files.tokenizer_file(w), *files.pretraining_tokens(w)]
            case "train_trunk":
                begun = [files.pretrained_weights(w), *files.language_model(w), files.tokenizer_file(w)]
                return [*begun, *files.trunk_tokens(w), *files.preceding_trunk(w)]
            case "train_intermediate":
                begun = [files.pretrained_weights(w), *files.language_model(w), files.tokenizer_file(w)]
                return [*begun, *files.intermediate_tokens(w), *files.intermediate_dev(w), *files.trunk(w)]
            case "import_checkpoint":
                return [files.pretrained_weights(w), files.tokenizer_file(w)]
            case "finetune_target":
                begun = [files.encoder_weights(w), files.tokenizer_file(w)]
                return [*begun, *files.finetuning_tokens(w), *files.finetuning_dev(w)]
            case "predict_target" | "sweep_layers":
                return [files.tested_run(w), *files.tested_tokens(w), *files.tested_data(w)]
            case "measure_perplexity":
                models = [f"{root}/models/{job.model}/run.json", files.encoder_run(w)]
                return [*models, *files.tested_tokens(w), *files.tested_data(w)]
            case "score_target":
                predicted = job.output.replace("/scores/", "/predictions/", 1).replace(".json", ".parquet")
                return [files.tested_run(w), *files.tested_data(w), predicted]
        return self._summarised(job, w)

    def _summarised(self, job: Job, w: SimpleNamespace) -> list[str]:
        """Return what the job of a summary reads."""
        files, similar, languages = self.files, self.similarities, f"{self.root}/languages.json"
        scores = f"{self.root}/scores.parquet"
        match job.rule:
            case "measure_similarity":
                runs = [*similar.source_runs(w), *similar.target_runs(w), *similar.sentence_run(w)]
                return [*similar.tokens(w), *similar.encoder(w), *runs, *similar.sentence_tokens(w)]
            case "tabulate_similarity":
                return similar.measured()
            case "compare_distances":
                return [languages]
            case "collect_scores":
                return files.score_files()
            case "measure_slices" | "analyse_gains":
                return [*files.example_files(w), languages]
            case "measure_overlap":
                return [*files.intermediate_data(w), *files.target_data(w)]
            case "make_tables":
                return [scores, *files.inference_files(w), *files.run_cards(w), languages]
            case "plot_layers":
                return self.sweep.score_files(w)
            case "plot_curves":
                return files.run_cards(w)
            case "plot_gains" | "plot_distance":
                return [scores, languages]
            case "plot_languages":
                return [scores, languages, *files.inference_files(w)]
            case "write_report":
                measured = [*files.overlap_files(w), *files.slice_files(w), *files.consistency_files(w)]
                shown = [*files.summary_files(w), *files.statistics_files(w), *self.sweep.summary_files]
                found = [*files.run_cards(w), *measured, *shown, *files.inference_files(w), *self.studies.sections()]
                return [scores, languages, *found]
            case rule if rule.startswith("analyse_"):
                read = self.studies.examples(job.task), self.studies.runs(job.task), self.studies.extra(job.task)
                return [languages, *(path for paths in read for path in paths)]
        return []


def _stem(file: str) -> str:
    return file.rpartition(".")[0]


def default_targets(study: Study) -> list[str]:
    """Return the targets that are planned where none is named: the main study, and all studies that are declared."""
    return [MAIN, "studies"] if study.designs else [MAIN]


def planned_jobs(study: Study, targets: Sequence[str] = ()) -> list[Job]:
    """Return all jobs of some targets in the order of the stages, each once.

    Args:
        study: which.
        targets: of Snakemake; by default the main study and all studies.

    Raises:
        UserError: there is no such target, or the configuration's layer sweep or similarities are not possible.
    """
    wanted = list(targets) or default_targets(study)
    graph, specs = Graph(study, wanted), Specifications(study)
    found = graph.behind(path for name in wanted for path in graph.target(name)).values()
    jobs = [replace(job, spec_hash=_hash(job, specs)) for job in found]
    return sorted(jobs, key=lambda job: (STAGES.index(job.stage), job.output))


def _hash(job: Job, specs: Specifications) -> str:
    """Return the hash of a training's specification, empty for other jobs."""
    match job.rule.removesuffix("_adapter"):
        case "pretrain_model":
            return spec_hash(specs.pretraining_spec(job.model))
        case "train_trunk":
            return spec_hash(specs.trunk_spec(job.model, job.source, job.seed))
        case "train_intermediate":
            return spec_hash(specs.intermediate_spec(job.model, job.source, job.seed))
        case "finetune_target":
            return spec_hash(specs.finetuning_spec(job.model, job.task, job.seed, job.source))
    return ""
