"""Bytes that a finished study holds, by folder of its results."""

from collections import Counter
from pathlib import Path

from workflow.scripts.layout import Layout
from workflow.scripts.planning.jobs import Job, token_files
from workflow.scripts.planning.shapes import FLOAT_BYTES, TOKENIZER_BYTES
from workflow.scripts.planning.work import Estimator
from workflow.scripts.tasks import TASKS, Family

PREDICTION_BYTES, EXAMPLE_BYTES = 11, 15
"""Of a test row: 3.2 and 4.3 MB for 297,000 rows in a run of config/config.yaml."""

ROW_BYTES, SPAN_BYTES = 16, 8
"""In token files beside the 4 bytes of a token: of a sequence, and of a token of span tasks (its place in the text)."""

TRUNK_STATES = 3
"""Weights and two moments of AdamW."""


def disk_bytes(estimator: Estimator, jobs: list[Job]) -> dict[str, float]:
    """Return bytes by folder; models of unknown size and data of unknown size are left out."""
    study, found = estimator.study, Counter[str]()
    for job in jobs:
        parts = Path(job.output).parts
        if parts[2] not in ("models", "trunks", "intermediate", "finetuned"):
            continue
        shape = estimator.shapes[parts[3]]
        if shape is not None and parts[2] == "trunks":
            found["trunks"] += TRUNK_STATES * shape.trained_bytes
        elif shape is not None and parts[2] == "models":
            found["models"] += FLOAT_BYTES * shape.parameters + TOKENIZER_BYTES * shape.vocabulary
        elif shape is not None:
            found[parts[2]] += shape.checkpoint_bytes
    for path in token_files(study, Layout(study)):
        tokenizer, task, file = Path(path).parts[3:]
        size = estimator.size(task, Path(file).stem, tokenizer)
        each = FLOAT_BYTES + (SPAN_BYTES if TASKS[task].family is Family.SPAN else 0)
        found["tokens"] += round(each * size.tokens + ROW_BYTES * size.sequences)
    runs = len(study.sources) * len(study.seeds)
    for model in study.models:
        for target in study.targets:
            sizes = [estimator.size(target, split, study.tokenizer(model)) for split in study.scored_splits(target)]
            rows = sum(size.rows for size in sizes) * runs
            found["predictions"] += PREDICTION_BYTES * rows
            found["examples"] += EXAMPLE_BYTES * rows
    return {name: float(count) for name, count in found.items() if count}
