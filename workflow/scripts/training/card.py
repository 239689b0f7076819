"""The model card and the run card of a checkpoint."""

import importlib.metadata
import platform
from typing import Any

from workflow.scripts.files import commit
from workflow.scripts.runspec import decode, spec_hash

LIBRARIES = ("torch", "transformers", "tokenizers", "numpy", "pyarrow")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that training stands on."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in LIBRARIES}


def run_card(stage: str, spec: str, cost: dict[str, Any], dev: dict[str, Any]) -> dict[str, Any]:
    """Return the content of `run.json`.

    Args:
        stage: pretraining, intermediate or finetuning.
        spec: the run specification (JSON).
        cost: steps, examples, tokens, seconds, cpu_seconds, peak_memory_mb, device, loss.
        dev: scores on the English development data by task.
    """
    return {
        "stage": stage,
        "spec": decode(spec),
        "spec_hash": spec_hash(spec),
        **cost,
        "dev": dev,
        "versions": versions(),
        "commit": commit(),
    }


def model_card(title: str, run: dict[str, Any]) -> str:
    """Return a model card in the Hub's form.

    Args:
        title: what the model is.
        run: its run card.
    """
    spec = "\n".join(f"| {key} | {value} |" for key, value in sorted(run["spec"].items()))
    scores = "\n".join(
        f"| {task} | {metric} | {value:.1f} |"
        for task, values in run["dev"].items()
        for metric, value in values.items()
    )
    dev = f"\n## English development scores\n\n| task | metric | value |\n|---|---|---|\n{scores}\n" if scores else ""
    return f"""---
library_name: transformers
tags: [cross-lingual-transfer, {run["stage"]}]
---

# {title}

Made by the {run["stage"]} stage of an intermediate-task transfer study (Phang et al. 2020, arXiv 2005.13013).

```python
from transformers import AutoModel, AutoTokenizer

encoder = AutoModel.from_pretrained("path/of/this/folder")
tokenizer = AutoTokenizer.from_pretrained("path/of/this/folder")
```

## Run specification ({run["spec_hash"]})

| key | value |
|---|---|
{spec}
{dev}
Cost: {run["steps"]} steps, {run["examples"]} examples, {run["tokens"]} tokens, {run["seconds"]:.0f} s
on {run["device"]}.
"""
