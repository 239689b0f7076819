"""Checks of imported checkpoints: sources that the workflow does not train, and what they can be asked for."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from workflow.scripts import source_names
from workflow.scripts.errors import UserError, nearest
from workflow.scripts.tasks import TASKS

Settings = Mapping[str, Any]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def check_imported(settings: Settings, known: Collection[str]) -> None:
    """Check the names and models of imported checkpoints, and the sources that are made of them.

    Args:
        settings: of the study.
        known: all names of intermediate tasks, mixtures and imported checkpoints.

    Raises:
        UserError: a name is taken or is that of a size or duration, a model is unknown or has adapters, or a source is
            asked for a size or duration, or of a model that there is no checkpoint of.
    """
    imported, models = settings["imported"], settings["models"]
    for name, checkpoints in imported.items():
        _check_name(name, settings["mixtures"], known)
        for model in checkpoints:
            if model not in models:
                raise UserError(
                    f"config: imported.{name}.{model} is of no model of the study; expected one of {', '.join(models)}."
                    f"{nearest(model, models)}"
                )
            if "adapter" in models[model]:
                raise UserError(
                    f"config: imported.{name}.{model} is not possible: what is trained of models with `adapter` are "
                    f"adapters; name a model without one, or the checkpoint itself as models.{model}.checkpoint"
                )
    after = [mixture["after"] for mixture in settings["mixtures"].values() if mixture["after"]]
    for source in [*settings["sources"], *after]:
        parts = source_names.split(source_names.without_target_size(source)[0], known)
        if parts.base in imported:
            _check_source(source, parts, imported[parts.base], settings)


def _check_name(name: str, mixtures: Collection[str], known: Collection[str]) -> None:
    """Check that a name is free and is none of a size or duration of another source."""
    whole = source_names.split(source_names.without_target_size(name)[0], [base for base in known if base != name])
    taken = name == "none" or name in TASKS or name in mixtures
    if taken or whole.base != name or not _NAME.fullmatch(name):
        raise UserError(
            f"config: imported.{name} has the name of {'another source' if taken else 'a size or duration'}; expected "
            "letters, digits, _ and -, such as their_mnli"
        )


def _check_source(source: str, parts: source_names.SourceName, checkpoints: Settings, settings: Settings) -> None:
    """Check that a source asks for no more than its checkpoints are."""
    if parts.examples is not None or parts.steps is not None:
        raise UserError(
            f"config: sources = '{source}' is not possible: '{parts.base}' is imported, not trained by the workflow; "
            f"expected '{parts.base}'"
        )
    trained = [name for name, model in settings["models"].items() if not model["only_studies"]]
    lacking = [name for name in trained if name not in checkpoints]
    if lacking:
        raise UserError(
            f"config: sources = '{source}' has no checkpoint of the model '{lacking[0]}', and every source is combined "
            f"with every model; add imported.{parts.base}.{lacking[0]}, or leave the model to a study of its own"
        )
