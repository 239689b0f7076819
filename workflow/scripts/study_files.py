"""Where the files of studies are, and what their analyses read.

results/{collection}/studies/{study}/design.parquet, estimates.parquet, verdict.md, verdict.json, figures/, tables/
"""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from workflow.scripts.layout import Layout
from workflow.scripts.runspec import encode
from workflow.scripts.study import Study

FILES = ("design.parquet", "estimates.parquet", "verdict.md", "verdict.json")


class Studies:
    """The studies of a configuration.

    Args:
        study: the configuration.
        arguments: of Snakemake; studies that they name are shown in the report even if they have yet to be run.
    """

    def __init__(self, study: Study, arguments: Sequence[str] = ()) -> None:
        self.study, self.files = study, Layout(study)
        self.designs = {design.name: design for design in study.designs}
        named = {argument.removeprefix("study_") for argument in arguments if argument.startswith("study_")}
        self.asked = [name for name in self.designs if name in named or "studies" in arguments]
        self.planned = bool({"-n", "--dry-run", "--dryrun"} & set(arguments))

    def folder(self, study: str) -> str:
        """Return the folder of a study."""
        return f"{self.files.root}/studies/{study}"

    def outputs(self, study: str) -> list[str]:
        """Return all files of a study, the table of its design first."""
        kind, folder = self.designs[study].kind, self.folder(study)
        figures = [f"figures/{name}.{form}" for name, form in product(kind.figures, ("svg", "png"))]
        tables = [f"tables/{name}.csv" for name in kind.tables]
        return [f"{folder}/{name}" for name in [*FILES, *figures, *tables]]

    def examples(self, study: str) -> list[str]:
        """Return the tables of examples of all runs of a study."""
        cells = self.designs[study].cells()
        return [f"{self.files.root}/examples/{m}/{source}/seed{seed}/{t}.parquet" for m, source, t, seed in cells]

    def runs(self, study: str) -> list[str]:
        """Return the run cards of the intermediate trainings of a study."""
        design = self.designs[study]
        cells = product([arm for arm in design.arms if arm.treated], design.seeds)
        cards = (f"{self.files.model_directory(arm.model, arm.source, seed)}/run.json" for arm, seed in cells)
        return list(dict.fromkeys(cards))

    def extra(self, study: str) -> list[str]:
        """Return the further files that a study's analysis reads."""
        return self.designs[study].kind.inputs(self.designs[study], self.files)

    def spec(self, study: str) -> str:
        """Return the identity of a study's analysis: all that its design depends on."""
        return encode("study", **self.designs[study].facts)

    def target(self, study: str) -> list[str]:
        """Return what a study is asked for: its files, and the report where there is one, which then shows it."""
        report = f"{self.files.root}/report.html"
        return [*self.outputs(study), *([report] if Path(report).exists() else [])]

    def sections(self, wildcards: Any = None) -> list[str]:
        """Return the verdicts that the report shows: of studies that have been run, or are being asked for."""
        verdicts = {name: f"{self.folder(name)}/verdict.json" for name in self.designs}
        return [path for name, path in verdicts.items() if name in self.asked or Path(path).exists()]

    def announcements(self) -> list[str]:
        """Return, in a dry run, the lines that tell what the studies that are asked for could find."""
        if not (self.planned and self.asked):
            return []
        from workflow.scripts.designs.announcement import announcement  # imports scipy

        return [announcement(self.designs[name]) for name in self.asked]
