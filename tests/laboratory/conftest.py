"""The shipped laboratory, run for real on a part of its cells: pretraining, intermediate training, fine-tuning, scores.

The results are kept in pytest's cache under a name that is a hash of everything that can change them, so that a second
`make test` finds them; any change of the workflow or its configuration runs everything anew.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.source_tree import ROOT, copy_sources, source_files

SOURCES = ("mnli", "squad_v1")
QUICK = ("udpos", "panx", "tydiqa", "tatoeba")
"""Targets that take few seconds to train, or none at all."""
CELLS = [
    *(("none", target) for target in ("xnli", "pawsx", *QUICK)),
    *((source, target) for source in SOURCES for target in QUICK),
]
"""Sources and targets that are run."""


def sources_hash():
    digest = hashlib.sha256()
    for path in source_files():
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@pytest.fixture(scope="session")
def laboratory(request):
    """Scores by source, target and language, and the facts on the languages."""
    root = Path(request.config.cache.mkdir("laboratory"))
    tree = root / sources_hash()
    for stale in root.iterdir():
        if stale != tree:
            shutil.rmtree(stale)
    copy_sources(tree, compiled=True)
    folder = "results/laboratory"
    cells = [f"{folder}/scores/tiny/{source}/seed1/{target}.json" for source, target in CELLS]
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "2",
        "--rerun-incomplete",
        *cells,
        f"{folder}/languages.json",
    ]
    done = subprocess.run(command, cwd=tree, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    scores = {}
    for cell, path in zip(CELLS, cells, strict=True):
        found = json.loads((tree / path).read_text())
        metric = found["main_metrics"][0]
        scores[cell] = {code: values["metrics"][metric] for code, values in found["languages"].items()}
    facts = {row["code"]: row for row in json.loads((tree / folder / "languages.json").read_text())}
    return scores, facts
