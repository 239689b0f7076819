"""Run specifications: everything that can change a result, as one canonical line of JSON.

A specification is what Snakemake compares to decide whether a job has to run again. Keys are sorted and values equal to
the recorded default are left out, so that a new setting never makes old checkpoints stale. It holds no path, time, host
or machine setting.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

VERSIONS = {
    "fetch": 2,
    "prepare": 2,
    "translate": 1,
    "checkpoint": 1,
    "tokenizer": 2,
    "tokenize": 2,
    "train": 1,
    "predict": 1,
    "score": 1,
    "layers": 1,
    "similarity": 1,
    "perplexity": 1,
    "study": 1,
    "overlap": 1,
    "submission": 1,
    "publish": 1,
    "slices": 1,
    "statistics": 1,
    "collect": 1,
    "languages": 2,
    "typology": 1,
    "tables": 1,
    "figures": 1,
    "report": 1,
}
"""Algorithm version of each stage: raised by hand when its code changes results (golden tests guard the training)."""


def sparse(facts: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that are not equal to their defaults."""
    return {key: value for key, value in facts.items() if key not in defaults or defaults[key] != value}


def encode(stage: str, defaults: Mapping[str, Any] | None = None, /, **facts: Any) -> str:
    """Return the canonical JSON of a run specification.

    Args:
        stage: a key of `VERSIONS`; its version becomes part of the specification.
        defaults: values that are left out of `facts` where they are equal.
        facts: what the stage's result depends on, beyond its input files.
    """
    kept = sparse(facts, defaults or {})
    return json.dumps({"version": VERSIONS[stage], **kept}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def decode(text: str, defaults: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the specification behind its JSON, with the omitted defaults back in their places."""
    return {**(defaults or {}), **json.loads(text)}


def spec_hash(text: str) -> str:
    """Return the first 12 hexadecimal digits of the SHA-256 of a specification's JSON."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
