"""The stages of a study, and how many jobs each has, for its diagram."""

from math import prod
from typing import Any

from workflow.scripts.study import NONE, Study

Stage = dict[str, Any]


def count_stages(study: Study) -> dict[str, Stage]:
    """Return for each stage its number of jobs and the factors behind it, as (number, noun) pairs.

    Stages: `data`, `pretrained`, `intermediate`, `target`, `evaluation`; of the last, `direct` names the targets that
    are tested on the encoder as it is, without fine-tuning.
    """
    models, seeds = (len(study.models), "model"), (len(study.seeds), "seed")
    intermediates = [source for source in study.sources if source != NONE]
    trained = study.training_tasks()
    sources, targets = (len(study.sources), "source"), (len(study.targets), "target")
    segments = len(study.trunk_segments())
    factors = {
        "data": [(len(study.needed_tasks()), "data set"), (len(study.languages()), "language")],
        "pretrained": [models],
        "intermediate": [models, (len(intermediates), "source"), seeds],
        "target": [models, sources, (len(trained), "task"), seeds],
        "evaluation": [models, sources, targets, seeds],
    }
    stages: dict[str, Stage] = {
        name: {"factors": found, "jobs": prod(number for number, _ in found)} for name, found in factors.items()
    }
    stages["data"]["jobs"] = len(study.needed_tasks())  # all languages of a data set are one job
    stages["intermediate"]["segments"] = models[0] * segments * seeds[0]
    stages["pretrained"]["fetched"] = sum(study.is_fetched(model) for model in study.models)
    stages["evaluation"]["direct"] = [target for target in study.targets if study.training_task(target) is None]
    stages["intermediate"]["none"] = NONE in study.sources
    return stages
