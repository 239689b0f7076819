"""The study of docs/how-to/extend.md works as it stands there."""

import re
import sys
import types
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from workflow.scripts.analyse_study import write
from workflow.scripts.designs import registry
from workflow.scripts.designs.design import OPTIONS, from_facts
from workflow.scripts.files import read_json, write_table
from workflow.scripts.reporting.scores import Language
from workflow.scripts.studies.runs import Runs

PAGE = Path("docs/how-to/extend.md").read_text(encoding="utf-8").split("\n## A study\n")[1]
LANGUAGES = {code: Language(code, code, family=code) for code in ("en", "de", "sw")}


def module(name, code):
    made = types.ModuleType(name)
    exec(compile(re.sub(r"^ {3}", "", code, flags=re.MULTILINE), name, "exec"), made.__dict__)
    return made


@pytest.fixture
def modules(monkeypatch):
    kind, analysis = (
        module(f"extend_{place}", code)
        for place, code in enumerate(re.findall(r"^ {3}```python\n(.*?)^ {3}```", PAGE, flags=re.DOTALL | re.MULTILINE))
    )
    monkeypatch.setitem(sys.modules, "extend_0", kind)
    monkeypatch.setitem(registry.KINDS, "preference", kind.KIND)
    return kind, analysis


@pytest.mark.parametrize(("effect", "state"), [(0.3, "positive"), (0.0, "undecided")])
def test_a_study_of_two_modules_ends_in_a_verdict(tmp_path, modules, effect, state):
    design = from_facts(
        {
            "study": "preference",
            "given": {
                "factors": {"models": ["tiny"], "tasks": ["mnli", "ccg"], "targets": ["pawsx"]},
                "seeds": [1, 2, 3],
                "primary": {"level": 0.05, "negligible": 0},
                "deviation": {"seeds": 1.0, "examples": 0.5},
                "options": dict(OPTIONS),
            },
            "parameters": {"tiny": 1000}, "mixtures": {}, "batch_sizes": {}, "available": {},
            "known_sources": ["mnli", "ccg"], "protocol": "direct",
        }
    )  # fmt: skip
    assert design.sources == ["none", "mnli", "ccg"]
    rng, paths = np.random.default_rng(1), []
    for model, source, target, seed in design.cells():
        rows = {"id": [], "language": [], "split": [], "accuracy": []}
        for code in LANGUAGES:
            rows["id"] += [str(number) for number in range(400)]
            rows["language"] += [code] * 400
            rows["split"] += ["test"] * 400
            rows["accuracy"] += (rng.random(400) < 0.5 + effect * (source == "mnli")).astype(int).tolist()
        paths.append(tmp_path / "examples" / model / source / f"seed{seed}" / f"{target}.parquet")
        write_table(paths[-1], pa.table(rows))
    found = modules[1].analyse(design, Runs(design, paths, [], LANGUAGES), [], rng)
    write(design, found, tmp_path)
    verdict = read_json(tmp_path / "verdict.json")
    assert verdict["state"] == state
    assert abs(verdict["estimate"] - 100 * effect) < 5
