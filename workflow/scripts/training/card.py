"""The run card (`run.json`) and the model card (`README.md`) of a checkpoint.

The run card is for programs: what was trained, on which data, with what, and at what cost. The model card tells people
the same in the Hub's form, so that the folder can be uploaded as it is.
"""

import importlib.metadata
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from workflow.scripts.files import commit, read_json, sha256
from workflow.scripts.progress import duration
from workflow.scripts.runspec import decode, spec_hash
from workflow.scripts.tasks import TASKS

LIBRARIES = ("torch", "transformers", "tokenizers", "numpy", "pyarrow")
OPTIONAL_LIBRARIES = ("accelerate", "peft", "bitsandbytes")

_PLACEHOLDER = "path/of/this/folder"


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that training stands on; of optional ones if installed."""
    found = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in LIBRARIES}
    for name in OPTIONAL_LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def data_hashes(paths: Iterable[Path], hashed: Callable[[Path], str] = sha256) -> dict[str, str]:
    """Return the SHA-256 of token and data files by task and split, for example of `mnli/train.arrow`."""
    return {f"{path.parent.name}/{path.name}": hashed(path) for path in paths}


def repositories(data: Iterable[Path]) -> list[str]:
    """Return the Hub's names of the repositories that data come from, none where they are generated or a user's own.

    Args:
        data: canonical data; the statistics that were written beside them name their origins.
    """
    beside = [path.with_suffix(".json") for path in data]
    origins = [origin for path in beside if path.is_file() for origin in read_json(path).get("origins", ())]
    return sorted({origin["repository"] for origin in origins if "revision" in origin})


def base_model(folder: Path | None) -> str:
    """Return the Hub's name of the checkpoint that the model in a folder goes back to, empty if it has none.

    Args:
        folder: folder with the encoder that a training starts from; None for random weights.

    Raises:
        UserError: its run card is not JSON.
    """
    path = folder / "run.json" if folder else None
    card = read_json(path) if path and path.is_file() else {}
    return str(card.get("checkpoint", {}).get("repository") or card.get("base_model") or "")


def run_card(
    stage: str,
    spec: str,
    cost: Mapping[str, Any],
    dev: Mapping[str, Any],
    *,
    data: Mapping[str, str] | None = None,
    inputs: Mapping[str, str] | None = None,
    selection: Mapping[str, Any] | None = None,
    base: str = "",
) -> dict[str, Any]:
    """Return the content of `run.json`.

    Args:
        stage: pretraining, trunk, intermediate or finetuning; pretrained or translator for what was brought in.
        spec: the run specification (JSON).
        cost: steps, examples, tokens, flops, seconds, cpu_seconds, peak_memory_mb, energy_joules (None where it cannot
            be measured), device, processes, loss, curve.
        dev: scores on the English development data by task.
        data: SHA-256 of the files that were read, by task and split (`data_hashes`).
        inputs: SHA-256 of what the training starts from: weights, their configuration, tokenizer.
        selection: how the weights were chosen: `best_step` and `evaluations`, pairs of step and score.
        base: the Hub's name of the pretrained checkpoint (`base_model`), if it has one.
    """
    card = {"stage": stage, "spec": decode(spec), "spec_hash": spec_hash(spec), **cost, "dev": dict(dev)}
    if selection:
        card["selection"] = dict(selection)
    card |= {name: dict(hashes) for name, hashes in (("inputs", inputs), ("data", data)) if hashes}
    if base:
        card["base_model"] = base
    return card | {"versions": versions(), "commit": commit()}


def model_card(
    title: str,
    run: Mapping[str, Any],
    *,
    folder: Path | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    datasets: Sequence[str] = (),
    tags: Sequence[str] = (),
    sections: Sequence[str] = (),
) -> str:
    """Return a model card in the Hub's form.

    Args:
        title: what the model is.
        run: its run card.
        folder: where the model is; shown from the present folder, and not at all if it is elsewhere.
        hyperparameters: the whole specification; by default that of the run card, in which defaults are left out.
        datasets: the Hub's names of the repositories with the data; empty where they are generated or a user's own.
        tags: further tags.
        sections: further sections (Markdown), before the licence.
    """
    spec = run["spec"]
    pretraining = "tasks" not in spec
    parts = [
        f"---\n{_front_matter(run, datasets, tags)}---\n\n# {title}",
        f"Made by the {run['stage']} stage of an intermediate-task transfer study (Phang et al. 2020, "
        "arXiv 2005.13013).",
        _tasks(spec, bool(datasets)),
        f"## How to load\n\n{_loading(_shown(folder), pretraining, 'attention' in spec)}",
        table("English development scores", ("task", "metric", "score"), _scores(run)) + _selection(run),
        table(
            f"Hyper-parameters (specification {run['spec_hash']})",
            ("key", "value"),
            [(key, _text(value)) for key, value in sorted((hyperparameters or spec).items())],
        ),
        table("Data", ("file", "SHA-256"), [(name, f"`{value}`") for name, value in run.get("data", {}).items()]),
        table("Cost", ("", ""), _costs(run)),
        *sections,
        "## Licence\n\nThis model has no licence of its own: those of "
        + ("the pretrained model and of " if "base_model" in run else "")
        + "the training data apply.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(run: Mapping[str, Any], datasets: Sequence[str], tags: Sequence[str] = ()) -> str:
    """Return the metadata that the Hub reads, in YAML."""
    adapted = bool(run["spec"].get("adapter"))
    facts: dict[str, Any] = {
        "library_name": "peft" if adapted else "transformers",
        "tags": ["cross-lingual-transfer", run["stage"], *tags],
        "language": _languages(run["spec"]),
        "license": "other",
        "license_name": "of-the-data-and-the-pretrained-model",
    }
    if "base_model" in run:
        facts |= {
            "base_model": run["base_model"],
            "base_model_relation": "adapter" if adapted else "finetune",
        }
    if datasets:
        facts["datasets"] = sorted(set(datasets))
    return yaml.safe_dump(facts, sort_keys=False, allow_unicode=True)


def _languages(spec: Mapping[str, Any]) -> list[str]:
    """Return the languages of training: those of the tasks, or the Hub's word for many where there is plain text."""
    if spec.get("corpora"):
        return ["multilingual"]
    known = [TASKS[name].train_languages for name in spec.get("tasks", ()) if name in TASKS]
    return sorted({language for languages in known for language in languages}) or ["en"]


def _tasks(spec: Mapping[str, Any], published: bool) -> str:
    """Return the table of tasks and corpora; licences and citations only where the data are the published ones."""
    rows = []
    for name in [*spec.get("tasks", ()), *spec.get("corpora", ())]:
        task = TASKS.get(name)
        told = (task.title, str(task.family.value), task.licence, task.citation) if task else ("", "", "", "")
        rows.append((name, *(told if published else told[:2])))
    headings = ("name", "title", "family", "licence of the data", "citation")
    return table("Tasks and corpora", headings if published else headings[:3], rows)


def _loading(path: str, pretraining: bool, causal: bool) -> str:
    """Return how the model is loaded."""
    kind = f"AutoModelFor{'Causal' if causal else 'Masked'}LM" if pretraining else "AutoModel"
    code = f"""```python
from transformers import {kind}, AutoTokenizer

model = {kind}.from_pretrained("{path}")
tokenizer = AutoTokenizer.from_pretrained("{path}")
```"""
    where = "" if path == _PLACEHOLDER else "\n\nThe path is seen from the folder in which the study was run."
    if pretraining:
        return code + where
    return (
        f"{code}{where}\n\nThe task's head is in `head.safetensors`, under the names `<task>.<parameter>`; `load_head` "
        "in `workflow/scripts/modeling/checkpoints.py` loads it."
    )


def _shown(folder: Path | None) -> str:
    """Return a folder as seen from the present one, or a placeholder for one elsewhere."""
    path, here = (folder.resolve() if folder else None), Path.cwd()
    return path.relative_to(here).as_posix() if path and path.is_relative_to(here) else _PLACEHOLDER


def _scores(run: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (task, metric, f"{value:.1f}")
        for task, values in run.get("dev", {}).items()
        for metric, value in values.items()
    ]


def _selection(run: Mapping[str, Any]) -> str:
    """Return a sentence on the choice of weights, if there was one."""
    found = run.get("selection") or {}
    if "best_step" not in found:
        return ""
    return (
        f"\n\nThe weights are those after step {found['best_step']}, the best of "
        f"{len(found.get('evaluations', ()))} evaluations."
    )


def _costs(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is known of the cost, in words."""
    forms: dict[str, tuple[str, Callable[[Any], str]]] = {
        "steps": ("optimiser steps", "{:,}".format),
        "examples": ("examples", "{:,}".format),
        "tokens": ("tokens", "{:,}".format),
        "flops": ("model FLOPs", "{:.3g}".format),
        "seconds": ("time", duration),
        "cpu_seconds": ("CPU time", duration),
        "peak_memory_mb": ("peak memory", "{:,} MiB".format),
        "energy_joules": ("energy of the device", "{:,.0f} J".format),
        "device": ("device", str),
        "processes": ("processes", str),
    }
    return [(title, form(run[name])) for name, (title, form) in forms.items() if run.get(name) is not None]


def table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a heading and a Markdown table, or nothing without rows."""
    if not rows:
        return ""
    lines = [headings, ["---"] * len(headings), *([_cell(cell) for cell in row] for row in rows)]
    return f"## {title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _text(value: Any) -> str:
    """Return a value of the specification in words."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(inner)}" for key, inner in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value)) or "none"
    return "none" if value is None else str(value)
