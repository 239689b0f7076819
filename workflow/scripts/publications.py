"""The intermediate checkpoints that are prepared for the Hub (config key `publish`): which, and from which files."""

from pathlib import Path
from typing import Any

from workflow.scripts.layout import Layout
from workflow.scripts.study import NONE, Study
from workflow.scripts.study_values import chosen_runs


class Publications:
    """The published checkpoints of a study.

    Args:
        study: whose.

    Raises:
        UserError: the configuration chooses a model, source or seed that the study does not train.
    """

    def __init__(self, study: Study) -> None:
        self.study, self.files = study, Layout(study)
        trained = (study.trained_source(source) for source in study.sources)
        self.sources = list(dict.fromkeys(s for s in trained if s != NONE and s not in study.settings["imported"]))
        self.chosen = chosen_runs(study, "publish", self.sources)

    def sums(self, wildcards: Any) -> list[str]:
        """Return the file of each folder that is written last."""
        folder = f"{self.files.root}/published"
        return [f"{folder}/{model}/{source}/seed{seed}/SHA256SUMS" for model, source, seed in self.chosen]

    def statistics(self, wildcards: Any) -> list[str]:
        """Return the counts of the data that a source and those before it train on; they name the repositories.

        The laboratory's data only have the layout of these repositories: of them there are none to name.
        """
        if self.study.provider == "laboratory":
            return []
        sources = [wildcards.source, *self.study.sources_before(wildcards.source)]
        tasks = dict.fromkeys(task for source in sources for task in self.study.source_data(source))
        return [path.replace(".parquet", ".json") for path in self.files.data_files(tasks, "train")]

    def scores(self, wildcards: Any) -> list[str]:
        """Return the scores of the checkpoint and of the baseline that are there: nothing is trained for a card."""
        root, study = f"{self.files.root}/scores/{wildcards.model}", self.study
        folders = [f"{root}/{source}/seed{wildcards.seed}" for source in (wildcards.source, NONE)]
        paths = [f"{folder}/{target}.json" for folder in folders for target in study.targets]
        return [path for path in paths if Path(path).exists()]
