"""Made-up studies: scores smooth in the distance, gains of both signs, any number of models, sources and languages."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workflow.scripts import (
    compare_distances,
    make_tables,
    plot_curves,
    plot_distance,
    plot_gains,
    plot_languages,
    plot_stages,
    write_report,
)
from workflow.scripts.reporting import gains
from workflow.scripts.reporting.published import PUBLISHED
from workflow.scripts.reporting.scores import Scores, read_languages, read_scores
from workflow.scripts.runspec import encode

SOURCES = (
    "none", "anli", "mnli", "qqp", "squad_v2", "squad_v1", "hellaswag", "ccg", "cosmosqa", "csqa", "multi",
)  # fmt: skip
TARGETS = ("xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba")
QA = ("xquad", "mlqa", "tydiqa")
RETRIEVAL = ("bucc2018", "tatoeba")


def make_languages(count: int) -> list[dict[str, Any]]:
    """Return `count` languages: English, then others further and further away, the last two of nine controls."""
    rows = [{"code": "en", "name": "English", "script": "Latn", "family": "a", "distance": 0.0, "role": "source"}]
    for number in range(1, count):
        code = f"q{'abcdefgh'[number // 24]}{chr(97 + number % 24)}"
        row = {"code": code, "name": f"Language {number}", "script": "Latn", "family": "b", "role": "language"}
        rows.append(row | {"distance": round(0.1 + 0.85 * number / count, 3)})
    if count >= 9:
        rows[-2] |= {"code": "qay", "name": "English relabelled", "distance": 0.35, "role": "control"}
        rows[-1] |= {"code": "qaz", "name": "English reversed", "distance": 0.6, "role": "control"}
    return rows


def make_rows(
    languages: Sequence[dict[str, Any]],
    models: Sequence[str] = ("tiny",),
    sources: Sequence[str] = SOURCES,
    targets: Sequence[str] = TARGETS,
    seeds: Sequence[int] = (1,),
    keep: float = 1.0,
) -> list[dict[str, Any]]:
    """Return the rows of a long table; `keep` is the share of (model, source, target, seed) cells that exist."""
    random = np.random.default_rng(0)
    level = {name: random.uniform(50, 95) for name in targets}
    rows = []
    for model in models:
        effect = {(s, t): 0.0 if s == "none" else random.normal(-0.3, 3) for s in sources for t in targets}
        for source, target in effect:
            for seed in seeds:
                if random.random() > keep:
                    continue
                for language in languages:
                    if target in RETRIEVAL and language["code"] == "en":
                        continue
                    value = level[target] * (1 - 0.6 * language["distance"]) + effect[source, target]
                    value += random.normal(0, 1.5)
                    names = {"model": model, "source": source, "target": target, "language": language["code"]}
                    rows += [_row(names, metric, main, seed, value + shift) for metric, main, shift in _metrics(target)]
    return rows


def _metrics(target: str) -> list[tuple[str, bool, float]]:
    if target in QA:
        return [("f1", True, 0.0), ("exact_match", True, -12.0)]
    if target in ("udpos", "panx"):
        return [("f1", True, 0.0), ("accuracy", False, 5.0)]
    return [("f1", True, 0.0), ("precision", False, 1.0)] if target == "bucc2018" else [("accuracy", True, 0.0)]


def _row(names: dict[str, str], metric: str, main: bool, seed: int, value: float) -> dict[str, Any]:
    return {
        "collection": "laboratory",
        **names,
        "metric": metric,
        "value": float(np.clip(value, 0, 100)),
        "n": 200,
        "seed": seed,
        "main_metric": main,
        "task_version": "1+accuracy.1",
        "data_sha": "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "spec_hash": "ab12cd34ef56",
        "commit": "0123456789ab",
    }


def make_cards(models: Sequence[str] = ("tiny",), sources: Sequence[str] = SOURCES) -> dict[str, dict[str, Any]]:
    """Return run cards by path: one pretraining a model, an intermediate run a source, two fine-tunings each."""

    def card(stage: str, tokens: int, seconds: float, memory: float) -> dict[str, Any]:
        return {
            "stage": stage,
            "spec": {"learning_rate": 1e-3},
            "spec_hash": "ab12",
            "steps": 100,
            "examples": 3200,
            "tokens": tokens,
            "seconds": seconds,
            "cpu_seconds": 0.9 * seconds,
            "peak_memory_mb": memory,
            "device": "cpu",
            "loss": 0.5,
            "curve": [[step, 1.5 - step / 100] for step in range(1, 101, 9)],
            "dev": {"mnli": {"accuracy": 80.0}},
            "versions": {"python": "3.11.7", "torch": "2.13.0", "transformers": "5.23.0"},
            "commit": "0123456789ab",
        }

    cards = {}
    for model in models:
        cards[f"models/{model}"] = card("pretraining", 3_500_000, 121.4, 612.0)
        for source in sources:
            if source != "none":
                cards[f"intermediate/{model}/{source}/seed1"] = card("intermediate", 400_000, 12.5, 480.0)
            for task in ("mnli", "pawsx"):
                cards[f"finetuned/{model}/{source}/seed1/{task}"] = card("finetuning", 90_000, 3.2, 430.0)
    return {f"{folder}/run.json": found for folder, found in cards.items()}


STAGES: dict[str, Any] = {
    "data": {"factors": [[12, "data set"], [9, "language"]], "jobs": 12},
    "pretrained": {"factors": [[1, "model"]], "jobs": 1, "fetched": 0},
    "intermediate": {"factors": [[1, "model"], [10, "source"], [1, "seed"]], "jobs": 10, "segments": 0, "none": True},
    "target": {"factors": [[1, "model"], [11, "source"], [6, "task"], [1, "seed"]], "jobs": 66},
    "evaluation": {"factors": [[1, "model"], [11, "source"], [9, "target"], [1, "seed"]], "jobs": 99, "direct": []},
}


def write_statistics(folder: Path, models: Sequence[Scores], seeds: int = 3) -> Path:
    """Write made-up intervals and tests as `analyse_gains` does; sources gain 2, 4, 6 … points, those above 3 for sure.

    With one seed nothing is significant. The interval of every gain is 3 points to both sides.
    """
    rows: dict[str, list[dict[str, Any]]] = {"gains": [], "variants": [], "languages": [], "best": []}
    for scores in models:
        names = {"model": scores.model}
        for place, source in enumerate(scores.intermediates, start=1):
            gain, p = 2.0 * place, 0.2 / place**3
            tests = {"gain": gain, "low": gain - 3, "high": gain + 3, "p": p, "p_holm": p, "p_bh": p}
            tests |= {"significant": None if seeds == 1 else gain > 3, "caution": "made up", "n_seeds": seeds}
            tests |= {"minimum_detectable_effect": 2.5, "low_random": gain - 5, "high_random": gain + 5}
            rows["gains"] += [names | {"source": source, "target": t} | tests for t in (*scores.targets, "average")]
        for source in scores.sources:
            for target in scores.targets:
                bounds = {"score": 50.0, "low": 45.0, "high": 55.0, "gain": 1.0, "gain_low": -2.5, "gain_high": 4.5}
                found = names | {"source": source, "target": target} | bounds
                rows["languages"] += [found | {"language": code} for code in scores.languages[target]]
    settings = {"confidence": 0.95, "correction": "holm", "replicates": 9, "seed": 1, "seeds": list(range(seeds))}
    for name, found in rows.items():
        gains.write(folder / f"{name}.parquet", name, found, settings)
    return folder


class Study:
    """A folder with all that the programs read, and what they write into it.

    Args:
        folder: an empty folder.
        count: number of languages.
        keywords: what `make_rows` takes.
    """

    def __init__(self, folder: Path, count: int = 9, **keywords: Any) -> None:
        self.folder = folder
        self.config = {"collection": "mine", "provider": "laboratory", "note": "<b>&"}
        languages = make_languages(count)
        pq.write_table(pa.Table.from_pylist(make_rows(languages, **keywords)), folder / "scores.parquet")
        (folder / "languages.json").write_text(json.dumps(languages))
        named = {name: keywords[name] for name in ("models", "sources") if name in keywords}
        self.cards = [folder / name for name in make_cards(**named)]
        for path, card in zip(self.cards, make_cards(**named).values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(card))
        names = ("models", "sources", "targets")
        self.words = [f"--{name}={','.join(keywords[name])}" for name in names if name in keywords]
        self.words += [f"--scores={folder / 'scores.parquet'}", f"--languages={folder / 'languages.json'}"]

    def write_tables(self, name: str = "tables") -> dict[str, str]:
        """Run `make_tables`; return the texts by file name."""
        words = ["--published", str(PUBLISHED), "--out-dir", str(self.folder / name)]
        assert make_tables.main([*self.words, *words]) == 0
        return {path.name: path.read_text() for path in sorted((self.folder / name).iterdir())}

    def draw(self, *intervals: str) -> None:
        """Run the programs of all figures, and `compare_distances`; `intervals` are words for `plot_languages`."""
        words = {
            "gains": (plot_gains, self.words),
            "distance": (plot_distance, self.words),
            "languages": (plot_languages, [*self.words, *intervals]),
            "curves": (plot_curves, ["--runs", *map(str, self.cards)]),
            "stages": (plot_stages, ["--spec", encode("figures", stages=STAGES)]),
        }
        for name, (program, found) in words.items():
            files = [f"--{suffix}={self.folder / 'figures' / f'{name}.{suffix}'}" for suffix in ("svg", "png")]
            assert program.main([*found, *files]) == 0
        out = ["--languages", str(self.folder / "languages.json"), "--out-dir", str(self.folder / "tables")]
        assert compare_distances.main(out) == 0

    def write_report(self, *more: str, name: str = "report.html") -> str:
        """Run `write_report` as the rule does, with more arguments; return the page."""
        words = ["--spec", encode("report", config=self.config), "--runs", *map(str, self.cards)]
        words += [
            "--published",
            str(PUBLISHED),
            "--tables",
            str(self.folder / "tables"),
            "--figures",
            str(self.folder / "figures"),
        ]
        assert write_report.main([*self.words, *words, *more, "--out", str(self.folder / name)]) == 0
        return (self.folder / name).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def scores_table() -> Callable[..., tuple[pa.Table, list[dict[str, Any]]]]:
    """Return a function that makes (long table, rows of languages.json)."""

    def make(count: int = 9, **keywords: Any) -> tuple[pa.Table, list[dict[str, Any]]]:
        languages = make_languages(count)
        return pa.Table.from_pylist(make_rows(languages, **keywords)), languages

    return make


@pytest.fixture(scope="session")
def made_models(scores_table: Callable[..., Any]) -> Callable[..., list[Scores]]:
    """Return a function that makes the scores of several models."""

    def make(count: int = 9, **keywords: Any) -> list[Scores]:
        table, languages = scores_table(count, **keywords)
        return read_scores(table, read_languages(languages))

    return make


@pytest.fixture(scope="session")
def made_scores(made_models: Callable[..., list[Scores]]) -> Callable[..., Scores]:
    """Return a function that makes the scores of one model."""

    def make(count: int = 9, **keywords: Any) -> Scores:
        return made_models(count, **keywords)[0]

    return make


@pytest.fixture
def study(tmp_path: Path) -> Callable[..., Study]:
    """Return a function that makes a study in a folder of the test."""

    def make(count: int = 9, **keywords: Any) -> Study:
        return Study(tmp_path, count, **keywords)

    return make


@pytest.fixture(scope="session")
def run_cards() -> Callable[..., dict[str, dict[str, Any]]]:
    """Return the function that makes run cards."""
    return make_cards


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study of one model that all programs have run on; not to be changed."""
    study = Study(tmp_path_factory.mktemp("one"), models=("tiny",), sources=SOURCES, targets=TARGETS)
    study.write_tables()
    study.draw()
    study.write_report()
    return study


@pytest.fixture(scope="session")
def finished_two(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The same for two models, over fewer sources and targets."""
    folder = tmp_path_factory.mktemp("two")
    study = Study(folder, models=("tiny", "small"), sources=SOURCES[:3], targets=("xnli", "xquad", "tatoeba"))
    study.write_tables()
    study.draw()
    study.write_report()
    return study


@pytest.fixture(scope="session")
def statistics() -> Callable[..., Path]:
    """Return the function that writes made-up intervals and tests."""
    return write_statistics
