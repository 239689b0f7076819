"""Bytes that a finished study holds, by folder of its results."""

from collections import Counter
from collections.abc import Iterable

from workflow.scripts.planning.jobs import Job
from workflow.scripts.planning.shapes import FLOAT_BYTES, TOKENIZER_BYTES
from workflow.scripts.planning.work import Estimator
from workflow.scripts.tasks import TASKS, Family

PREDICTION_BYTES, EXAMPLE_BYTES = 11, 15
"""Of a test row: 3.2 and 4.3 MB for 297,000 rows in a run of config/config.yaml."""

ROW_BYTES, SPAN_BYTES = 16, 8
"""In token files beside the 4 bytes of a token: of a sequence, and of a token of span tasks (its place in the text)."""

FOLDERS = {"pretraining": "models", "trunks": "trunks", "intermediate": "intermediate", "fine-tuning": "finetuned"}
"""Folders of models, by stage."""

TRUNK_STATES = 3
"""Weights and two moments of AdamW."""


def disk_bytes(estimator: Estimator, jobs: Iterable[Job]) -> dict[str, float]:
    """Return bytes by folder; models of unknown size and data of unknown size are left out."""
    found = Counter[str]()
    for job in jobs:
        found.update(_bytes(estimator, job))
    return {name: float(count) for name, count in found.items() if count}


def _bytes(estimator: Estimator, job: Job) -> dict[str, int]:
    """Return the bytes that a job leaves, by folder."""
    match job.rule.removesuffix("_adapter"):
        case "tokenize_task":
            size = estimator.size(job.task, job.split, job.model)
            each = FLOAT_BYTES + (SPAN_BYTES if TASKS[job.task].family is Family.SPAN else 0)
            return {"tokens": round(each * size.tokens + ROW_BYTES * size.sequences)}
        case "predict_target":
            return {"predictions": PREDICTION_BYTES * _rows(estimator, job)}
        case "score_target":
            return {"examples": EXAMPLE_BYTES * _rows(estimator, job)}
    shape = estimator.shapes.get(job.model)
    if shape is None or job.stage not in FOLDERS:
        return {}
    stored = {
        "models": FLOAT_BYTES * shape.parameters + TOKENIZER_BYTES * shape.vocabulary,
        "trunks": TRUNK_STATES * shape.trained_bytes,
    }
    return {FOLDERS[job.stage]: stored.get(FOLDERS[job.stage], shape.checkpoint_bytes)}


def _rows(estimator: Estimator, job: Job) -> int:
    splits, tokenizer = estimator.study.scored_splits(job.task), estimator.study.tokenizer(job.model)
    return sum(estimator.size(job.task, split, tokenizer).rows for split in splits)
