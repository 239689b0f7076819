"""What the tokens stage costs on one core: canonical rows to token files, beside the usual ways to do it.

    python -m benchmarks.tokenization [--tokenizer tokenizer.json] [--rows 20000] [--repeats 3]

A task of each family is encoded by `tokenize_task`, Parquet file in, token file out, start of the program left out.
The usual ways are those of the example scripts of transformers: `AutoTokenizer` in `Dataset.map`, called for every row
(`batched=False`) and for 1,000 rows at once, with the alignment of words and answers that these scripts do; start and
loading are left out, too. Every way has a process of its own, in which the tokenizers have one thread. Seconds are its
CPU seconds (user and system), the median of the repetitions.

Rows are real ones where there is a folder of real data (environment variable `MIRROR`, or `shared/data/mirror` beside
the repository), in all of its languages, else generated ones. Without `--tokenizer`, one like XLM-R's (Unigram, 16,000
pieces) is trained on them. The last line is one JSON object.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow.parquet as pq

from benchmarks.startup import device, versions
from workflow.scripts.errors import WorkflowError
from workflow.scripts.files import commit, write_json, write_table
from workflow.scripts.tasks import TASKS, Family, Task
from workflow.scripts.tasks.schemas import Row

ROOT = Path(__file__).parents[1]
MIRROR = Path(os.environ.get("MIRROR", ROOT.parent / "shared" / "data" / "mirror"))
LENGTHS = {"max_question_length": 64, "stride": 128}
MAX_LENGTH, SPAN_MAX_LENGTH = 256, 384
"""Longest sequences: of jiant's scripts for XTREME."""

PIECES = 16_000
BATCH = 1000
USUAL_ROWS = 2000
"""Rows that the usual ways are measured on, which are slow and whose speed does not depend on their number."""

SOURCES: Mapping[str, tuple[str, ...]] = {
    "udpos": ("google/xtreme/udpos.*/*.parquet",),
    "tatoeba": ("google/xtreme/tatoeba.*/*.parquet",),
    "bucc2018": ("mirror_extra/bucc2018*/*/[a-z][a-z]-*.parquet",),
    "wikipedia": ("text/*.parquet",),
    "mnli": ("nyu-mll/glue/mnli/*.parquet",),
    "hellaswag": ("Rowan/hellaswag/default/*.parquet",),
    "xquad": ("google/xtreme/XQuAD.*/*.parquet", "rajpurkar/squad/plain_text/*.parquet"),
}
"""The task of each family and its real rows."""

SINGLE = ("udpos", "tatoeba", "bucc2018", "wikipedia")
"""Tasks whose sequences are single sentences; for these there is an aim."""

AIM = 20_000


def canonical_rows(task: Task, mirror: Path, count: int) -> list[Row]:
    """Return `count` canonical rows of a task, as many of each file; real ones come round again if there are fewer."""
    files = [path for pattern in SOURCES[task.name] for path in sorted(mirror.glob(pattern))]
    if not files:
        from workflow.scripts.laboratory.world import World

        world = World(seed=1)
        rows = world.rows(task.laboratory, split="train", languages=["en", "qaa", "qac"], examples=count // 3 + 1)
        return [dict(row) for row in islice(rows, count)]
    share = -(-count // len(files))
    found = [row for path in files for row in islice(_real_rows(task, path), share)]
    return [found[index % len(found)] for index in range(count)]


def _real_rows(task: Task, path: Path) -> Iterator[Row]:
    for row in pq.read_table(path).to_pylist():
        if task.family is Family.MINING:
            yield {"side": "english" if path.name.startswith("en") else "foreign", "text_a": row["text"], "gold": []}
        elif task.family is Family.TEXT:
            yield {"language": path.stem, "text_a": row["text"]}
        else:
            try:
                yield from task.schema.read(row)
            except WorkflowError:
                continue


def write_rows(folder: Path, mirror: Path, rows: int) -> None:
    """Write the canonical files of all tasks."""
    from workflow.scripts.sources.canonical import to_table

    for name in SOURCES:
        task = TASKS[name]
        numbered = [
            {"language": "en", **row, "id": str(number)}
            for number, row in enumerate(canonical_rows(task, mirror, rows))
        ]
        write_table(folder / name / "test.parquet", to_table(task.family, numbered))


def train_tokenizer(folder: Path) -> Path:
    """Train a tokenizer on the rows of plain text; return its `tokenizer.json`."""
    from workflow.scripts.train_tokenizer import tokenizer_config, train

    texts = pq.read_table(folder / "wikipedia" / "test.parquet")["text_a"].to_pylist()
    path = folder / "tokenizer" / "tokenizer.json"
    path.parent.mkdir()
    train(iter(texts), PIECES).save(str(path))
    write_json(path.with_name("tokenizer_config.json"), tokenizer_config(MAX_LENGTH))
    return path


def longest(task: Task) -> int:
    """Return where the sequences of a task are cut."""
    return SPAN_MAX_LENGTH if task.family is Family.SPAN else MAX_LENGTH


def own_way(task: Task, table: Path, tokenizer: Path) -> dict[str, Any]:
    """Run `tokenize_task` once; return seconds, rows, sequences and tokens."""
    from workflow.scripts import tokenize_task
    from workflow.scripts.features.store import Features

    out = table.with_name("test.arrow")
    spec = json.dumps({"version": 1, "max_length": longest(task), **LENGTHS})
    arguments = ["--task", task.name, "--spec", spec, "--tokenizer", str(tokenizer)]
    began = time.process_time()
    tokenize_task.main([*arguments, "--table", str(table), "--features", str(out)])
    seconds = time.process_time() - began
    ids = Features(out).input_ids
    rows = pq.read_metadata(table).num_rows
    return {"seconds": seconds, "rows": rows, "sequences": len(ids), "tokens": len(ids.values)}


def usual_way(task: Task, table: Path, tokenizer: Path, *, batched: bool) -> dict[str, Any]:
    """Run the loop of transformers' example scripts over some rows; return seconds and rows."""
    import datasets
    from transformers import AutoTokenizer

    datasets.disable_progress_bars()
    fast = AutoTokenizer.from_pretrained(tokenizer.parent)
    rows = datasets.Dataset.from_parquet(str(table), cache_dir=str(table.parent / "cache")).select(range(USUAL_ROWS))
    encode = _usual_encoder(task, fast)
    began = time.process_time()
    # a row of a span or choice task becomes several sequences, which only a batch, here of one row, can give back
    several = task.family in {Family.SPAN, Family.MULTIPLE_CHOICE}
    size = BATCH if batched else 1
    options = {"batched": batched or several, "batch_size": size, "load_from_cache_file": False}
    rows.map(encode, remove_columns=rows.column_names, **options)
    return {"seconds": time.process_time() - began, "rows": USUAL_ROWS}


def _usual_encoder(task: Task, fast: Any) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """Return what run_glue, run_swag, run_ner and run_qa do with a row or a batch of rows."""
    cut = {"truncation": True, "max_length": longest(task)}

    def tags(rows: Mapping[str, Any]) -> Mapping[str, Any]:
        batched = isinstance(rows["tokens"][0], list)
        encoded = fast(rows["tokens"], is_split_into_words=True, **cut)
        sentences = rows["tags"] if batched else [rows["tags"]]
        labels = []
        for index, given in enumerate(sentences):
            words = encoded.word_ids(index)
            pairs = zip([None, *words], words, strict=False)
            labels.append([-100 if w is None or w == last else task.labels.index(given[w]) for last, w in pairs])
        return {**encoded, "labels": labels if batched else labels[0]}

    def choices(rows: Mapping[str, Any]) -> Mapping[str, Any]:
        pairs = [(text, choice) for text, row in zip(rows["text_a"], rows["choices"], strict=True) for choice in row]
        return dict(fast([a for a, _ in pairs], [b for _, b in pairs], **cut))

    def spans(rows: Mapping[str, Any]) -> Mapping[str, Any]:
        options = {"truncation": "only_second", "max_length": longest(task), "stride": LENGTHS["stride"]}
        windows = {"return_overflowing_tokens": True, "return_offsets_mapping": True}
        encoded = fast(rows["question"], rows["context"], **options, **windows)
        starts, ends = [], []
        for index, row in enumerate(encoded["overflow_to_sample_mapping"]):
            answers, inside = rows["answers"][row], encoded.sequence_ids(index)
            begin = answers[0]["start"] if answers else 0
            past = begin + len(answers[0]["text"]) if answers else 0
            offsets = encoded["offset_mapping"][index]
            hits = [t for t, (a, b) in enumerate(offsets) if inside[t] == 1 and a < past and b > begin]
            starts.append(hits[0] if hits else 0)
            ends.append(hits[-1] if hits else 0)
        return {**encoded, "start": starts, "end": ends}

    special: dict[Family, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
        Family.TAGGING: tags,
        Family.MULTIPLE_CHOICE: choices,
        Family.SPAN: spans,
    }
    paired = task.family in {Family.CLASSIFICATION, Family.RETRIEVAL}

    def texts(rows: Mapping[str, Any]) -> Mapping[str, Any]:
        return dict(fast(rows["text_a"], rows["text_b"] if paired else None, **cut))

    return special.get(task.family, texts)


def child(way: str, name: str, folder: Path, tokenizer: Path, repeats: int) -> dict[str, Any]:
    """Measure one way in this process: medians of seconds, and peak memory."""
    task, table = TASKS[name], folder / name / "test.parquet"
    results = [
        own_way(task, table, tokenizer) if way == "own" else usual_way(task, table, tokenizer, batched=way == "batched")
        for _ in range(repeats)
    ]
    seconds = median(result["seconds"] for result in results)
    return {**results[0], "seconds": seconds, "peak_rss_mib": peak_memory()}


def peak_memory() -> int:
    """Return the largest resident size of this process in MiB, mapped files included (0: unknown)."""
    status = Path("/proc/self/status")  # getrusage would count what the parent had before this program began
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), 0)


def in_process(way: str, name: str, folder: Path, tokenizer: Path, repeats: int) -> dict[str, Any]:
    """Measure one way in a process of its own with one thread."""
    words = ["--child", way, name, "--folder", str(folder), "--tokenizer", str(tokenizer), "--repeats", str(repeats)]
    one = {"TOKENIZERS_PARALLELISM": "false", "RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.tokenization", *words],
        cwd=ROOT,
        env=os.environ | one,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measure(folder: Path, tokenizer: Path, repeats: int) -> dict[str, Any]:
    """Return the figures of all tasks."""
    tasks = {}
    for name in SOURCES:
        own = in_process("own", name, folder, tokenizer, repeats)
        usual = {way: in_process(way, name, folder, tokenizer, 1) for way in ("rowwise", "batched")}
        speeds = {way: figures["rows"] / figures["seconds"] for way, figures in usual.items()}
        rate = own["rows"] / own["seconds"]
        tasks[name] = {
            "family": TASKS[name].family.value,
            **{key: own[key] for key in ("rows", "sequences", "tokens", "peak_rss_mib")},
            "rows_per_second": round(rate),
            "tokens_per_second": round(own["tokens"] / own["seconds"]),
            "usual_rows_per_second": {way: round(speed) for way, speed in speeds.items()},
            "times_as_fast": {way: round(rate / speed, 1) for way, speed in speeds.items()},
        }
        print(f"{name:10s} {rate:9.0f} rows/s  {tasks[name]['times_as_fast']}", file=sys.stderr)
    return tasks


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the JSON object."""
    parser = argparse.ArgumentParser(description="What the tokens stage costs on one core.")
    parser.add_argument("--tokenizer", type=Path, help="tokenizer.json, in a folder that AutoTokenizer can load")
    parser.add_argument("--rows", type=int, default=20_000, help="rows of each task (default: 20000)")
    parser.add_argument("--repeats", type=int, default=3, help="repetitions (default: 3)")
    parser.add_argument("--child", nargs=2, metavar=("WAY", "TASK"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.child:
        way, name = options.child
        print(json.dumps(child(way, name, options.folder, options.tokenizer, options.repeats)))
        return 0
    with tempfile.TemporaryDirectory(prefix="tokenization") as name:
        write_rows(Path(name), MIRROR, options.rows)
        tokenizer = options.tokenizer or train_tokenizer(Path(name))
        tasks = measure(Path(name), tokenizer.resolve(), options.repeats)
    from tokenizers import Tokenizer

    slowest = min(tasks[task]["rows_per_second"] for task in SINGLE)
    about = {
        "data": "real" if MIRROR.is_dir() else "generated",
        "pieces": Tokenizer.from_file(str(tokenizer)).get_vocab_size() if options.tokenizer else PIECES,
        "lengths": {"max_length": MAX_LENGTH, "span_max_length": SPAN_MAX_LENGTH, **LENGTHS},
        "slowest_single_sentences_per_second": slowest,
        "aim": AIM,
        "versions": versions() | {name: version(name) for name in ("tokenizers", "datasets")},
        "machine": device(),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    print(json.dumps({"benchmark": "tokenization", "tasks": tasks, **about}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
