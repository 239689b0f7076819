"""How long scoring all of XTREME takes: every language of every target of one checkpoint, on one core.

    python -m benchmarks.scoring [--share 1.0] [--only bucc2018 ...]

Gold rows and predictions of XTREME's full size are made up (sizes: XTREME's papers and the files on the Hub; BUCC with
its pools of up to a million sentences, 2 % of them repeated). The program `score` then scores one target after another,
from Parquet files to the scores and the table of examples, as the rule `score_target` runs it. Making up the data
and starting Python are left out. The last line is one JSON object.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.startup import device, versions
from workflow.scripts import score
from workflow.scripts.files import commit, write_table
from workflow.scripts.tasks import Family, Task, find_task

TARGETS = ("xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba")
AIM_SECONDS = 60.0

SENTENCES = {"udpos": 92_000, "panx": 262_300}
"""Test sentences of all languages together (udpos: the words of Universal Dependencies 2.5 as on the Hub)."""
TOKENS = {"udpos": 19, "panx": 7}
"""Mean tokens of a sentence."""

POOLS = {
    "dev": {
        "de": (32_593, 40_354, 1_038),
        "fr": (21_497, 38_069, 929),
        "ru": (45_459, 72_766, 2_374),
        "zh": (8_624, 13_589, 257),
    },
    "test": {
        "de": (413_869, 399_337, 9_580),
        "fr": (271_874, 369_810, 9_086),
        "ru": (460_853, 558_401, 14_435),
        "zh": (94_637, 88_860, 1_899),
    },
}
"""Foreign sentences, English sentences and true pairs of BUCC 2018."""

LATIN = [
    "the",
    "of",
    "a",
    "in",
    "der",
    "die",
    "das",
    "und",
    "la",
    "los",
    "de",
    "Fluss",
    "Stadt",
    "1990",
    "1,204",
    "U.S.",
]
OTHERS = ["река", "в", "году", "北京大学", "1998年", "ที่", "ประเทศ", "النهر", "في", "पुल", "का", "nehri", "köprü"]
WORDS = np.array([*LATIN, *OTHERS])

Rows = dict[str, Any]
Draw = np.random.Generator


def texts(draw: Draw, count: int, mean: int) -> list[str]:
    """Return texts of about `mean` words."""
    lengths = draw.integers(1, 2 * mean, count)
    words = WORDS[draw.integers(0, len(WORDS), int(lengths.sum()))]
    return [" ".join(part) for part in np.split(words, np.cumsum(lengths)[:-1])]


def sizes(task: Task, share: float) -> dict[str, int]:
    """Return the number of test examples by language."""
    published = task.sizes.get("test", 0)
    if task.name in SENTENCES:
        published = SENTENCES[task.name] // len(task.languages)
    by_language = published if isinstance(published, Mapping) else dict.fromkeys(task.languages, published)
    return {code: max(10, int(share * count)) for code, count in by_language.items()}


def classes(task: Task, draw: Draw, count: int) -> tuple[Rows, list[Any]]:
    """Return pairs of sentences with labels, and predictions of which two thirds and more are right."""
    names = np.array(task.labels)
    gold = draw.integers(0, len(names), count)
    found = np.where(draw.random(count) < 0.7, gold, draw.integers(0, len(names), count))
    rows = {"text_a": texts(draw, count, 20), "text_b": texts(draw, count, 10), "label": names[gold].tolist()}
    return rows, names[found].tolist()


def tags(task: Task, draw: Draw, count: int) -> tuple[Rows, list[Any]]:
    """Return tagged sentences, and predictions with 85 % of the tokens right."""
    names = np.array(task.labels)
    bounds = np.cumsum(draw.integers(1, 2 * TOKENS[task.name], count))
    total = int(bounds[-1])
    gold = draw.integers(0, len(names), total)
    found = np.where(draw.random(total) < 0.85, gold, draw.integers(0, len(names), total))
    words = WORDS[draw.integers(0, len(WORDS), total)]
    columns = [
        [part.tolist() for part in np.split(values, bounds[:-1])] for values in (words, names[gold], names[found])
    ]
    return {"tokens": columns[0], "tags": columns[1]}, columns[2]


def answers(task: Task, draw: Draw, count: int) -> tuple[Rows, list[Any]]:
    """Return questions with one gold answer, and predictions of which half are right and a quarter overlap."""
    gold, other, chance = texts(draw, count, 3), texts(draw, count, 3), draw.random(count)
    found = [a if c < 0.5 else f"{a} {b}" if c < 0.75 else b for a, b, c in zip(gold, other, chance, strict=True)]
    rows = {
        "context": texts(draw, count, 120),
        "question": texts(draw, count, 10),
        "answers": [[{"text": text, "start": 0}] for text in gold],
    }
    return rows, found


def translations(task: Task, draw: Draw, count: int) -> tuple[Rows, list[Any]]:
    """Return pairs of sentences, and retrieved ids of which 70 % are right."""
    found = np.where(draw.random(count) < 0.7, np.arange(count), draw.integers(0, count, count))
    return {"text_a": texts(draw, count, 7), "text_b": texts(draw, count, 7)}, [f"{row}" for row in found]


MAKERS: dict[Family, Callable[[Task, Draw, int], tuple[Rows, list[Any]]]] = {
    Family.CLASSIFICATION: classes,
    Family.TAGGING: tags,
    Family.SPAN: answers,
    Family.RETRIEVAL: translations,
}


def make_examples(task: Task, folder: Path, share: float) -> int:
    """Write test rows and predictions of a task; return how many there are."""
    parts: tuple[list[pa.Table], list[pa.Table]] = ([], [])
    draw = np.random.default_rng(0)
    for language, count in sizes(task, share).items():
        rows, found = MAKERS[task.family](task, draw, count)
        keys = {"id": [str(row) for row in range(count)], "language": [language] * count}
        parts[0].append(pa.table(keys | rows))
        predicted = {"split": ["test"] * count, "prediction": found, "score": draw.random(count)}
        parts[1].append(pa.table(keys | predicted))
    for tables, name in zip(parts, ("test", "predictions"), strict=True):
        write_table(folder / f"{name}.parquet", pa.concat_tables(tables))
    return sum(part.num_rows for part in parts[0])


def make_pools(folder: Path, share: float) -> int:
    """Write BUCC's pools and mined pairs of both splits; return the number of sentences."""
    draw, mined, sentences = np.random.default_rng(0), [], 0
    for split, languages in POOLS.items():
        pools = []
        for language, published in languages.items():
            foreign, english, true = (max(10, int(share * count)) for count in published)
            for side, count in (("foreign", foreign), ("english", english)):
                numbers = np.where(draw.random(count) < 0.02, draw.integers(0, count, count), np.arange(count))
                gold = [[f"{language}-e{row}"] if row < true and side == "foreign" else [] for row in range(count)]
                pools.append(
                    pa.table(
                        {
                            "id": [f"{language}-{side[0]}{row}" for row in range(count)],
                            "language": [language] * count,
                            "side": [side] * count,
                            "text_a": [f"{side} sentence in {language} with the number {row}" for row in numbers],
                            "gold": pa.array(gold, pa.list_(pa.string())),
                        }
                    )
                )
            pairs = min(foreign, english)
            right = np.where(draw.random(pairs) < 0.7, np.arange(pairs), draw.permutation(pairs))
            margins = -np.sort(-np.where(np.arange(pairs) < true, 1.15, 1.0) + 0.05 * draw.standard_normal(pairs))
            mined.append(
                pa.table(
                    {
                        "id": [f"{language}-f{row}" for row in range(pairs)],
                        "language": [language] * pairs,
                        "split": [split] * pairs,
                        "prediction": [f"{language}-e{row}" for row in right],
                        "score": margins,
                    }
                )
            )
        table = pa.concat_tables(pools)
        sentences += table.num_rows
        write_table(folder / f"{split}.parquet", table)
    write_table(folder / "predictions.parquet", pa.concat_tables(mined))
    return sentences


def measure(target: str, share: float) -> dict[str, float]:
    """Return what scoring one target costs: seconds, CPU seconds and rows."""
    task = find_task(target)
    with tempfile.TemporaryDirectory(prefix="scoring") as name:
        folder = Path(name)
        mining = task.family is Family.MINING
        rows = make_pools(folder, share) if mining else make_examples(task, folder, share)
        (folder / "run.json").write_text('{"spec_hash": "benchmark"}')
        words = ["--target", target, "--collection", "benchmark", "--model", "m", "--source", "none"]
        words += [
            "--seed",
            "1",
            "--data",
            *(str(folder / f"{split}.parquet") for split in ("dev", "test")[not mining :]),
        ]
        words += ["--run", str(folder / "run.json"), "--predictions", str(folder / "predictions.parquet")]
        words += ["--out", str(folder / "scores.json"), "--examples", str(folder / "examples.parquet")]
        began, cpu = time.perf_counter(), time.process_time()
        score.main(words)
        return {
            "seconds": round(time.perf_counter() - began, 2),
            "cpu_seconds": round(time.process_time() - cpu, 2),
            "rows": rows,
        }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the JSON object."""
    parser = argparse.ArgumentParser(description="How long scoring all of XTREME takes on one core.")
    parser.add_argument("--share", type=float, default=1.0, help="share of XTREME's size (default: 1)")
    parser.add_argument("--only", nargs="+", choices=TARGETS, default=TARGETS, help="targets (default: all)")
    options = parser.parse_args(argv)
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    found = {}
    for target in options.only:
        found[target] = measure(target, options.share)
        print(f"{target:10} {found[target]}", file=sys.stderr)
    figures = {
        "share": options.share,
        "targets": found,
        "seconds": round(sum(costs["seconds"] for costs in found.values()), 2),
        "cpu_seconds": round(sum(costs["cpu_seconds"] for costs in found.values()), 2),
        "aim_seconds": AIM_SECONDS,
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "torch_imported": "torch" in sys.modules,
        "versions": {name: value for name, value in versions().items() if name in ("python", "pyarrow")},
        "machine": device(),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    print(json.dumps({"benchmark": "scoring", **figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
