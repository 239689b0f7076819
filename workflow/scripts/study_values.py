"""What rules read off a whole study: variants of sources, the values of wildcards, the runs to submit."""

import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.study import NONE, Study
from workflow.scripts.tasks import SPLITS, TASKS


def varied_sources(study: Study) -> str:
    """Return the sources that vary another one (with masked language modelling, translated) and that one, as JSON."""
    found = {}
    for name in study.sources:
        parts = None if name == NONE else study.source(name)
        if parts is None:
            continue
        mixture = study.mixture(name)
        tasks = mixture.get("tasks", [])
        base = tasks[0] if mixture.get("corpora") and len(tasks) == 1 else None
        if parts.base in TASKS:
            base = TASKS[parts.base].translated_from or None
        whole = str(replace(parts, base=base)) if base else ""
        if whole in study.sources:
            found[name] = whole
    return json.dumps(found)


def wildcard_values(study: Study) -> dict[str, list[str]]:
    """Return all values of every wildcard, so that a mistyped file name fails at once."""
    sources, models = study.every_source(), study.every_model()
    return {
        "collection": [study.collection],
        "task": list(TASKS),
        "split": list(SPLITS),
        "tokenizer": list(dict.fromkeys([*study.settings["tokenizers"], *map(study.tokenizer, models)])),
        "model": models,
        "translator": list(study.translators),
        "source": list(dict.fromkeys([*sources, *map(study.trained_source, sources)])),
        "target": study.every_target(),
        "seed": [str(seed) for seed in study.every_seed()],
        "study": [design.name for design in study.designs],
    }


def trained_names(study: Study) -> list[str]:
    """Return the sources whose checkpoints the workflow trains, none of those from elsewhere (key `imported`)."""
    names = dict.fromkeys(map(study.trained_source, study.every_source()))
    return [name for name in names if name != NONE and name not in study.settings["imported"]]


def check_collections(study: Study) -> None:
    """Check that the collections to reuse are there.

    Raises:
        UserError: one is not.
    """
    for name in study.settings["reuse"]:
        if not Path(name).is_dir():
            raise UserError(
                f"config: reuse = '{name}' is no folder; expected the results folder of another collection, such as "
                "results/laboratory, as seen from the folder that the study runs in"
            )


def submitted_runs(study: Study) -> list[tuple[Any, ...]]:
    """Return model, source and seed of the submission folders: those of the configuration, by default all.

    Raises:
        UserError: the study has no such model, source or seed.
    """
    return chosen_runs(study, "submission", study.sources)


def chosen_runs(study: Study, section: str, sources: list[str]) -> list[tuple[Any, ...]]:
    """Return model, source and seed of those runs that a section of the configuration chooses, by default all.

    Args:
        study: the study.
        section: has the keys `model`, `source` and `seed`.
        sources: those that may be chosen.

    Raises:
        UserError: there is no such model, source or seed.
    """
    chosen = []
    for key, names in (("model", study.models), ("source", sources), ("seed", study.seeds)):
        name, valid = str(study.settings[section][key]), [str(value) for value in names]
        if name not in ("all", *valid):
            raise UserError(
                f"config: {section}.{key} = '{name}' is no {key} of the study; expected all or one of "
                f"{', '.join(valid)}.{nearest(name, valid)}"
            )
        chosen.append(valid if name == "all" else [name])
    return list(product(*chosen))
