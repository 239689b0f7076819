"""The jobs of a study with the file that tells that a job is done; equal to Snakemake's dry run."""

from dataclasses import dataclass
from pathlib import Path

from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json

STAGES = ("data", "pretraining", "trunks", "intermediate", "fine-tuning", "prediction", "scoring", "summaries")

MAIN = "all"
"""Snakemake's target of the main study."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job: its stage, its rule, the output written last, its wildcards; of trainings the hash of its specification.

    `model` is the tokenizer where tokens are made, `task` the target where it is predicted or scored, and the study
    where that is analysed.
    """

    stage: str
    rule: str
    output: str
    model: str = ""
    source: str = ""
    seed: str = ""
    task: str = ""
    split: str = ""
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
