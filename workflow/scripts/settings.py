"""Reading the configuration: types and defaults from the schema, names from the registries, one clear message if wrong.

Everything is checked before Snakemake plans a single job.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from workflow.scripts import source_names
from workflow.scripts.config_schema import Settings, resolve, schema, with_defaults
from workflow.scripts.designs.domain_sources import add_sources
from workflow.scripts.errors import UserError, nearest
from workflow.scripts.imports import check_imported
from workflow.scripts.mixtures import check_durations, check_mixtures
from workflow.scripts.model_settings import check_models, with_modules
from workflow.scripts.schedules import branch_point
from workflow.scripts.tasks import TASKS, Family, Role
from workflow.scripts.tasks.local_formats import FORMATS


def load_settings(config: Mapping[str, Any]) -> Settings:
    """Check a configuration and return it with every default filled in.

    Raises:
        UserError: a key, value or name is not as it must be; the message says which, and what was expected.
    """
    given = _with_numbers(dict(config), schema())
    _check_schema(given)
    whole = add_sources(given)
    _check_schema(whole)
    settings: Settings = with_defaults(with_modules(whole), schema())
    _check_names(settings)
    _check_values(settings)
    return settings


def _check_schema(given: Mapping[str, Any]) -> None:
    error = best_match(Draft202012Validator(schema()).iter_errors(given))
    if error is not None:
        raise UserError(_explain(error))


def _with_numbers(value: Any, node: Mapping[str, Any]) -> Any:
    """Return a copy in which strings are numbers where numbers are expected.

    Snakemake leaves the parts of a list given on the command line (`--config seeds=[1,2]`) as strings.
    """
    node = resolve(node)
    if isinstance(value, Mapping):
        known, extra = node.get("properties", {}), node.get("additionalProperties")
        rest = extra if isinstance(extra, Mapping) else {}
        return {name: _with_numbers(child, known.get(name, rest)) for name, child in value.items()}
    if isinstance(value, list):
        return [_with_numbers(item, node.get("items", {})) for item in value]
    if isinstance(value, str) and node.get("type") in ("integer", "number"):
        try:
            return int(value) if node["type"] == "integer" else float(value)
        except ValueError:
            return value
    return value


def _key(path: Iterable[str | int]) -> str:
    """Return a dotted key such as `models.tiny.architecture.layers` or `sources[2]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "the configuration"


def _explain(error: ValidationError) -> str:
    """Turn a schema error into one sentence with the key, the value, what was expected and the nearest name."""
    key, node = _key(error.absolute_path), error.schema
    if "propertyNames" in error.absolute_schema_path:
        return f"config: {key} has the name '{error.instance}', which is not possible; {_expected(node)}"
    if error.validator == "additionalProperties":
        known = list(node.get("properties", {}))
        unknown = next(name for name in error.instance if name not in known)
        where = "" if key == "the configuration" else f" in {key}"
        return f"config: unknown key '{unknown}'{where}; expected {', '.join(known)}.{nearest(str(unknown), known)}"
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return f"config: {key} lacks the key '{missing}'; {_expected(resolve(node['properties'][missing]))}"
    hint = (
        nearest(error.instance, error.validator_value)
        if error.validator == "enum" and isinstance(error.instance, str)
        else ""
    )
    return f"config: {key} = {error.instance!r} is not possible; {_expected(node, str(error.message))}{hint}"


def _expected(node: Mapping[str, Any], otherwise: str = "") -> str:
    """Say what a schema node expects."""
    bounds = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    words = [str(node["type"])] if "type" in node else []
    words += [f"{sign} {node[name]}" for name, sign in bounds.items() if name in node]
    if "enum" in node:
        words.append("one of " + ", ".join(map(str, node["enum"])))
    if "pattern" in node:
        words.append(f"matching {node['pattern']}")
    if not words or node.get("type") in {"array", "object"}:
        words.append(f"({otherwise})" if otherwise else "")
    description = node.get("description")
    return f"expected {' '.join(words).strip()}" + (f": {' '.join(description.split())}" if description else "")


def _check_name(key: str, name: str, valid: Iterable[str], kind: str) -> None:
    """Raise a `UserError` unless `name` is one of `valid`."""
    valid = list(valid)
    if name not in valid:
        raise UserError(
            f"config: {key} = '{name}' is no known {kind}; expected one of {', '.join(valid)}.{nearest(name, valid)}"
        )


def _named(accept: Callable[[Any], bool]) -> list[str]:
    """Return the names of the tasks that `accept` says yes to."""
    return [name for name, task in TASKS.items() if accept(task)]


def _check_names(settings: Settings) -> None:
    """Check that tasks, mixtures, models' parts and languages are known."""
    trainable = _named(lambda task: task.role is Role.INTERMEDIATE)
    corpora = _named(lambda task: task.family is Family.TEXT)
    for name, mixture in settings["mixtures"].items():
        for task in mixture["tasks"]:
            _check_name(f"mixtures.{name}.tasks", task, trainable, "intermediate task")
        for corpus in mixture["corpora"]:
            _check_name(f"mixtures.{name}.corpora", corpus, corpora, "corpus")
    _check_sources(settings)
    for target in settings["targets"]:
        _check_name("targets", target, _named(lambda task: task.role is Role.TARGET), "target")
    for name in settings["finetuning"]:
        _check_name(
            "finetuning",
            name,
            _named(lambda task: bool(task.train) and task.family is not Family.TEXT),
            "training task",
        )
    for name in settings["tokenization"]["tasks"]:
        _check_name("tokenization.tasks", name, TASKS, "task")
    for name in settings["laboratory"]["examples"]:
        _check_name("laboratory.examples", name, TASKS, "task")
    for key in ("origins", "limits"):
        for name, splits in settings[key].items():
            _check_name(key, name, TASKS, "task")
            for split in splits:
                _check_name(f"{key}.{name}", split, TASKS[name].splits, f"split of '{name}'")
    for name, files in settings["local"].items():
        _check_name("local", name, FORMATS, "task that can be read from your own files")
        _check_name(f"local.{name}.format", files["format"], FORMATS[name], f"format of '{name}'")
    for name, tokenizer in settings["tokenizers"].items():
        for corpus in tokenizer["corpora"]:
            _check_name(f"tokenizers.{name}.corpora", corpus, corpora, "corpus")
    fetched = [name for name, model in settings["models"].items() if "checkpoint" in model]
    for name, model in settings["models"].items():
        if name in fetched and name in settings["tokenizers"]:
            raise UserError(f"config: tokenizers.{name} has the name of a checkpoint, which brings its own; rename it")
        if "tokenizer" in model:
            valid = fetched if name in fetched else settings["tokenizers"]
            _check_name(f"models.{name}.tokenizer", model["tokenizer"], valid, "tokenizer")
        for corpus in {} if name in fetched else model["pretraining"]["corpora"]:
            _check_name(f"models.{name}.pretraining.corpora", corpus, corpora, "corpus")


def _check_sources(settings: Settings) -> None:
    """Check the names of sources, of those with other hyper-parameters, and that durations can leave their trunk."""
    known = source_names.bases([*settings["mixtures"], *settings["imported"]])
    for name in settings["mixtures"]:
        parts = source_names.split(name, [base for base in known if base != name])
        if parts.base in known and parts.steps is not None:
            raise UserError(f"config: mixtures.{name} has the name of a duration of '{parts.trajectory}'; rename it")
    for name in settings["intermediate"]:
        parts = source_names.parse(name, known, "intermediate")
        if parts.steps is not None:
            raise UserError(
                f"config: intermediate.{name} is not possible: all durations of '{parts.trajectory}' share one trunk; "
                f"set hyper-parameters for all of them, with intermediate.{parts.trajectory}"
            )
    check_imported(settings, known)
    check_mixtures(settings["mixtures"], known)
    check_durations(settings["sources"], settings["mixtures"], known)
    cooldown = settings["trunks"]["cooldown"]
    for name in settings["sources"]:
        for part in source_names.parse(name, known).segments() if name != "none" else ():
            if part.steps is not None and branch_point(part.steps, cooldown) < 1:
                raise UserError(
                    f"config: sources = '{name}' is not possible: with trunks.cooldown = {cooldown:g} no step of "
                    f"{part.steps} comes before the cool-down; expected more steps, or a smaller share"
                )


def _check_values(settings: Settings) -> None:
    """Check what one key demands of another."""
    if "none" not in settings["sources"]:
        raise UserError("config: sources lacks 'none'; gains are computed against it, add it")
    _check_selection(settings)
    for name in settings["limits"]:
        if TASKS[name].family is Family.MINING:
            raise UserError(f"config: limits.{name} is not possible: a pool without some sentences is another task")
    check_models(settings)


def _check_selection(settings: Settings) -> None:
    """Check that weights are selected on development data only where there are any."""
    orders = (TASKS[target].training_tasks(settings["protocol"]) for target in settings["targets"])
    for name in dict.fromkeys(name for order in orders for name in order):
        chosen = settings["training"] | settings["finetuning"].get(name, {})
        if chosen["selection"] == "best" and "dev" not in TASKS[name].splits:
            raise UserError(
                f"config: selection = 'best' for the target '{name}', which has no development data; set "
                f"finetuning.{name}.selection to 'last'"
            )
