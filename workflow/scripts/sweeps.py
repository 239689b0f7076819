"""The layer sweep of a study (config key `layer_sweep`): which encoders and targets, and where its files are."""

from itertools import product
from typing import Any

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.study import Study
from workflow.scripts.tasks import TASKS


class LayerSweep:
    """The layer sweep of a study.

    Args:
        study: whose.

    Raises:
        UserError: a source or target is not one of the study, or a target needs fine-tuning.
    """

    def __init__(self, study: Study) -> None:
        wanted = study.settings["layer_sweep"]
        self.sources: list[str] = wanted["sources"]
        self.targets: list[str] = wanted["targets"] if self.sources else []
        self.models, self.seed = study.models, study.seeds[0]
        self.root = f"results/{study.collection}"
        _check("sources", self.sources, study.sources, "source of the study")
        untrained = [target for target in study.targets if not TASKS[target].fine_tuned]
        _check("targets", self.targets, untrained, "retrieval target of the study")

    def score_files(self, wildcards: Any) -> list[str]:
        """Return the scores by layer of every model, source and target."""
        cells = product(self.models, self.sources, self.targets)
        return [f"{self.root}/layers/{model}/{source}/seed{self.seed}/{target}.json" for model, source, target in cells]

    @property
    def summary_files(self) -> list[str]:
        """Figure and table, nothing where there is no sweep."""
        names = ("figures/layers.svg", "figures/layers.png", "tables/layers.csv")
        return [f"{self.root}/{name}" for name in names] if self.sources else []


def _check(key: str, names: list[str], valid: list[str], kind: str) -> None:
    """Raise a `UserError` unless all names are valid."""
    for name in names:
        if name not in valid:
            expected = f"one of {', '.join(valid)}" if valid else "none, as there are no such"
            raise UserError(
                f"config: layer_sweep.{key} = '{name}' is no {kind}; expected {expected}.{nearest(name, valid)}"
            )
