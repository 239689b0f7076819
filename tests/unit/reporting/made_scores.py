"""Made-up long tables of scores: smooth in the distance, with gains of both signs, of any size."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SOURCES = (
    "none",
    "anli",
    "mnli",
    "qqp",
    "squad_v2",
    "squad_v1",
    "hellaswag",
    "ccg",
    "cosmosqa",
    "csqa",
    "multi",
)
TARGETS = ("xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba")
QA = ("xquad", "mlqa", "tydiqa")
RETRIEVAL = ("bucc2018", "tatoeba")


def make_languages(count: int) -> list[dict[str, Any]]:
    """Return `count` languages: English, then others further and further away, the last two of nine controls."""
    rows = [{"code": "en", "name": "English", "script": "Latn", "family": "a", "distance": 0.0, "role": "source"}]
    for number in range(1, count):
        code = f"q{'abcdefgh'[number // 24]}{chr(97 + number % 24)}"
        row = {
            "code": code,
            "name": f"Language {number}",
            "script": "Latn",
            "family": "b",
            "role": "language",
        }
        rows.append(row | {"distance": round(0.1 + 0.85 * number / count, 3)})
    if count >= 9:
        rows[-2] |= {"code": "qay", "name": "English relabelled", "distance": 0.35, "role": "control"}
        rows[-1] |= {"code": "qaz", "name": "English reversed", "distance": 0.6, "role": "control"}
    return rows


def make_rows(
    languages: Sequence[dict[str, Any]],
    sources: Sequence[str] = SOURCES,
    targets: Sequence[str] = TARGETS,
    seeds: Sequence[int] = (1,),
    keep: float = 1.0,
) -> list[dict[str, Any]]:
    """Return the rows of a long table; `keep` is the share of (source, target, seed) cells that exist."""
    random = np.random.default_rng(0)
    level = {name: random.uniform(50, 95) for name in targets}
    effect = {(s, t): 0.0 if s == "none" else random.normal(-0.3, 3) for s in sources for t in targets}
    rows = []
    for source in sources:
        for target in targets:
            for seed in seeds:
                if random.random() > keep:
                    continue
                for language in languages:
                    if target in RETRIEVAL and language["code"] == "en":
                        continue
                    value = (
                        level[target] * (1 - 0.6 * language["distance"])
                        + effect[source, target]
                        + random.normal(0, 1.5)
                    )
                    for metric, main, shift in _metrics(target):
                        rows.append(_row(source, target, language["code"], metric, main, seed, value + shift))
    return rows


def _metrics(target: str) -> list[tuple[str, bool, float]]:
    if target in QA:
        return [("f1", True, 0.0), ("exact_match", True, -12.0)]
    if target in ("udpos", "panx"):
        return [("f1", True, 0.0), ("accuracy", False, 5.0)]
    return [("f1", True, 0.0), ("precision", False, 1.0)] if target == "bucc2018" else [("accuracy", True, 0.0)]


def _row(source: str, target: str, language: str, metric: str, main: bool, seed: int, value: float) -> dict[str, Any]:
    return {
        "collection": "laboratory",
        "model": "tiny",
        "source": source,
        "target": target,
        "language": language,
        "metric": metric,
        "value": float(np.clip(value, 0, 100)),
        "n": 200,
        "seed": seed,
        "main_metric": main,
        "task_version": "1",
        "data_sha": "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "spec_hash": f"{abs(hash((source, target))):016x}"[:16],
        "commit": "0123456789ab",
    }


def make_runs(sources: Sequence[str] = SOURCES) -> list[dict[str, Any]]:
    """Return training manifests: one pretraining, one intermediate run per source, two fine-tunings each."""
    head = {
        "spec": {"learning_rate": 1e-3},
        "spec_hash": "ab12",
        "steps": 100,
        "examples": 3200,
        "device": "cpu",
        "loss": 0.5,
        "dev": {"accuracy": 80.0},
        "versions": {"python": "3.11.7", "torch": "2.13.0", "transformers": "5.23.0"},
        "commit": "0123456789ab",
    }
    cost = {"tokens": 3_500_000, "seconds": 121.4, "cpu_seconds": 120.0, "peak_memory_mb": 612.0}
    runs = [head | cost | {"stage": "pretraining"}]
    for _ in sources[1:]:
        runs.append(
            head
            | {
                "stage": "intermediate",
                "tokens": 400_000,
                "seconds": 12.5,
                "cpu_seconds": 12.0,
                "peak_memory_mb": 480.0,
            }
        )
    for _ in range(2 * len(sources)):
        runs.append(
            head
            | {
                "stage": "finetuning",
                "tokens": 90_000,
                "seconds": 3.2,
                "cpu_seconds": 3.1,
                "peak_memory_mb": 430.0,
            }
        )
    return runs


def write_study(folder: Path, count: int = 9, **keywords: Any) -> Path:
    """Write scores.parquet, languages.json, run.json files and their list, and config.json to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    languages = make_languages(count)
    pq.write_table(pa.Table.from_pylist(make_rows(languages, **keywords)), folder / "scores.parquet")
    (folder / "languages.json").write_text(json.dumps(languages))
    (folder / "config.json").write_text(json.dumps({"collection": "laboratory", "seeds": [1], "note": "<b>&"}))
    paths = []
    for number, run in enumerate(make_runs(keywords.get("sources", SOURCES))):
        path = folder / f"run{number}.json"
        path.write_text(json.dumps(run))
        paths.append(str(path))
    (folder / "runs.txt").write_text("\n".join(paths) + "\n")
    return folder
