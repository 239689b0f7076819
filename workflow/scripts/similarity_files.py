"""Which similarities a study measures (config key `similarity`), from which files, and where they go.

    results/{collection}/similarities/{model}/seed{seed}.parquet
    results/{collection}/tables/similarity.csv, .md, .tex

Where no source is named, they are those of the study `similarity` alone, and no part of the main study.
Imports neither torch nor transformers.
"""

from itertools import product
from typing import Any

from workflow.scripts.config_schema import defaults
from workflow.scripts.designs.kind import Design
from workflow.scripts.errors import UserError, nearest
from workflow.scripts.layout import Layout
from workflow.scripts.runspec import encode
from workflow.scripts.similarity_measures import MEASURES
from workflow.scripts.study import NONE, Study
from workflow.scripts.task_taxonomy import CARD


class Similarities:
    """The similarities of a study.

    Args:
        study: whose.

    Raises:
        UserError: a source, target, measure or sentence encoder is not one of the study, a measure does not fit, or
            the study `similarity` would lack similarities.
    """

    def __init__(self, study: Study) -> None:
        self.study, self.files = study, Layout(study)
        self.settings = study.settings["similarity"]
        self.named = bool(self.settings["sources"])
        self.sources: list[str] = self.settings["sources"] or self._shortest()
        self.measures: list[str] = self.settings["measures"]
        compared = [target for design in self._compared() for target in design.targets]
        self.targets: list[str] = []
        if self.sources:
            main = study.targets if self.named else []
            self.targets = self.settings["targets"] or list(dict.fromkeys([*main, *compared]))
        self.sentence_encoder: str = self.settings["sentence_encoder"]
        self.needed = [MEASURES[name] for name in self.measures if name in MEASURES] if self.sources else []
        self._check()
        self._check_studies()

    def _compared(self) -> list[Design]:
        """Return the study `similarity`, if there is one."""
        return [design for design in self.study.designs if design.name == "similarity"]

    def _shortest(self) -> list[str]:
        """Return the source of the smallest budget of each task of the study `similarity`: it costs least."""
        found: dict[Any, str] = {}
        for design in self._compared():
            for arm in sorted((arm for arm in design.arms if arm.treated), key=lambda arm: int(arm.values["budget"])):
                found.setdefault(arm.values["task"], arm.source)
        return list(found.values())

    def _check_studies(self) -> None:
        for design in self._compared():
            for task in dict.fromkeys(arm.values["task"] for arm in design.arms if arm.treated):
                own = [arm.source for arm in design.arms if arm.values.get("task") == task]
                if len({*own} & {*self.sources}) != 1:
                    raise UserError(
                        f"config: similarity.sources = {self.sources} must have one of '{task}', which the study "
                        f"similarity compares; expected one of {', '.join(own)} (the shortest costs least)"
                    )
            for key, name, valid in (
                *(("targets", target, self.targets) for target in design.targets),
                ("measures", str(design.options["measure"]), self.measures),
            ):
                if name not in valid:
                    raise UserError(
                        f"config: similarity.{key} lacks '{name}', which the study similarity compares; found "
                        f"{', '.join(valid)}"
                    )

    def _check(self) -> None:
        trained = [source for source in self.study.every_source() if source != NONE]
        for key, names, valid in (
            ("sources", self.sources, trained),
            ("targets", self.targets, self.study.every_target()),
            ("measures", self.measures, list(MEASURES)),
        ):
            for name in names:
                if name not in valid:
                    raise UserError(
                        f"config: similarity.{key} = '{name}' is none of the study's; expected one of "
                        f"{', '.join(valid)}.{nearest(name, valid)}"
                    )
        if "sentence_embedding" in self.measures and self.sentence_encoder not in self.study.models:
            raise UserError(
                f"config: similarity.sentence_encoder = '{self.sentence_encoder}' is no model of the study, and the "
                f"measure sentence_embedding needs one; expected one of {', '.join(self.study.models)}."
                f"{nearest(self.sentence_encoder, self.study.models)}"
            )
        read = dict.fromkeys([*self.study.models, *(model for design in self._compared() for model in design.models)])
        adapted = [model for model in read if self.study.has_adapter(model)] if self.sources else []
        if "task_vectors" in self.measures and adapted:
            raise UserError(
                f"config: similarity.measures has task_vectors, but '{adapted[0]}' trains an adapter, so that its "
                "weights do not change; leave the measure or the adapter out"
            )

    def needs(self, what: str) -> bool:
        """Return whether some measure needs a kind of file (an attribute of `Measure`)."""
        return any(getattr(measure, what) for measure in self.needed)

    def training_tasks(self) -> list[str]:
        """Return the training tasks of the targets that are fine-tuned."""
        tasks = [self.study.training_task(target) for target in self.targets]
        return list(dict.fromkeys(task for task in tasks if task is not None))

    def card(self, wildcards: Any) -> str:
        """Return the card of the tasks."""
        return self.settings["card"] or str(CARD)

    def encoder(self, wildcards: Any) -> list[str]:
        """Return the run card of the pretrained encoder."""
        return [f"{self.files.root}/models/{wildcards.model}/run.json"] if self.needs("encoder") else []

    def source_runs(self, wildcards: Any) -> list[str]:
        """Return the run cards of the models after the sources."""
        folders = [self.files.model_directory(wildcards.model, name, wildcards.seed) for name in self.sources]
        return [f"{folder}/run.json" for folder in folders] if self.needs("source_model") else []

    def target_runs(self, wildcards: Any) -> list[str]:
        """Return the run cards of the models fine-tuned on the targets' training tasks without a source."""
        folder = f"{self.files.root}/finetuned/{wildcards.model}/{NONE}/seed{wildcards.seed}"
        return [f"{folder}/{task}/run.json" for task in self.training_tasks()] if self.needs("target_model") else []

    def tokens(self, wildcards: Any) -> list[str]:
        """Return the token files of all tasks; of targets without a training task, those that they are tested on."""
        return self._tokens(wildcards.model)

    def sentence_tokens(self, wildcards: Any) -> list[str]:
        """Return the same for the sentence encoder, nothing where there is none."""
        return self._tokens(self.sentence_encoder) if "sentence_embedding" in self.measures else []

    def sentence_run(self, wildcards: Any) -> list[str]:
        """Return the run card of the sentence encoder, nothing where there is none."""
        wanted = self.sources and "sentence_embedding" in self.measures
        return [f"{self.files.root}/models/{self.sentence_encoder}/run.json"] if wanted else []

    def _tokens(self, model: str) -> list[str]:
        tasks = [task for source in self.sources for task in self.study.source_tasks(source)]
        trained = self.files.token_files(model, dict.fromkeys([*tasks, *self.training_tasks()]), "train")
        untrained = [target for target in self.targets if self.study.training_task(target) is None]
        return [*trained, *self.files.token_files(model, untrained, "test")]

    def spec(self) -> str:
        """Return the identity of a table of similarities; what the models and tokens are, its inputs say."""
        left_out = ("sources", "targets", "card")
        settings = {key: value for key, value in self.settings.items() if key not in left_out}
        return encode(
            "similarity",
            defaults("similarity"),
            **settings,
            sources={source: self.study.source_tasks(source) for source in self.sources},
            targets={target: self.study.training_task(target) for target in self.targets},
        )

    def measured(self, wildcards: Any = None) -> list[str]:
        """Return the similarities of all models and seeds, nothing where there is no source."""
        cells = {cell for design in self._compared() for cell in product(design.models, design.seeds)}
        if self.named:
            cells.update(product(self.study.models, self.study.seeds))
        return [f"{self.files.root}/similarities/{model}/seed{seed}.parquet" for model, seed in sorted(cells)]

    @property
    def summary_files(self) -> list[str]:
        """Their tables, nothing where there is no source."""
        return [f"{self.files.root}/tables/similarity.{form}" for form in ("csv", "md", "tex") if self.sources]

    @property
    def main_files(self) -> list[str]:
        """The tables that belong to the main study: those of sources that are named."""
        return self.summary_files if self.named else []
