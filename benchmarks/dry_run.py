"""What planning costs at full scale: a dry run of the paper's study and the five studies in one configuration.

    python -m benchmarks.dry_run [--repetitions 3] [--keep FOLDER]

The configuration is made of `config/paper.yaml` and `config/studies/*.yaml`: the paper's main study and all designs.
Models with adapters get a name of their own, so that XLM-R Large is there twice. Where hyper-parameters differ the
first file goes first, and MNLI has the batches of 32 that the amounts of `nli_scaling` are counted in: it is a study to
be planned, not to be run. In a copy of the sources without results, `snakemake --dry-run all studies` is timed as users
run it; wall time, CPU time and the most resident memory are those of its process. Once more with all commands and files
printed, it says which command is the longest (a shell gets it as one argument, of which Linux allows 128 KiB) and which
folder the fullest. No network is used. The last line is one JSON object.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from benchmarks.source_tree import ROOT, copy_sources
from benchmarks.startup import device
from workflow.scripts.files import commit

Settings = dict[str, Any]

MERGED = ("mixtures", "models", "studies", "limits", "intermediate", "finetuning", "similarity", "local", "translation")
TARGETS = ("all", "studies")


def combined() -> Settings:
    """Return the paper's configuration with the designs of all studies."""
    whole: Settings = yaml.safe_load((ROOT / "config/paper.yaml").read_text(encoding="utf-8"))
    for path in sorted((ROOT / "config/studies").glob("*.yaml")):
        add(whole, renamed(yaml.safe_load(path.read_text(encoding="utf-8"))))
    whole["collection"] = "together"
    whole["trunks"] = {"warmup_steps": 10}
    whole["intermediate"]["mnli"]["batch_size"] = 32
    begun = whole["similarity"]["sources"]
    whole["similarity"]["sources"] = [
        "mnli-s1519" if name == "mnli-s2025" else name for name in begun
    ]  # 2025 x 24 / 32
    return whole


def renamed(study: Settings) -> Settings:
    """Return a study's configuration in which models with adapters are called so, and are in no main study."""
    made = deepcopy(study)
    names = {name: f"{name}_adapter" for name, model in study["models"].items() if "adapter" in model}
    made["models"] = {names.get(name, name): model for name, model in made["models"].items()}
    for name in names.values():
        model = made["models"][name]
        model["only_studies"] = True
        if "tokenizer" in model:
            model["tokenizer"] = names.get(model["tokenizer"], model["tokenizer"])
    for design in made["studies"].values():
        design["factors"]["models"] = [names.get(model, model) for model in design["factors"]["models"]]
        sizes = design.get("options", {}).get("parameters", {})
        options = design.setdefault("options", {})
        options["parameters"] = {names.get(model, model): n for model, n in sizes.items()}
        if "control_models" in options:
            options["control_models"] = [names.get(model, model) for model in options["control_models"]]
        if "twins" in options:
            options["twins"] = {names.get(one, one): names.get(other, other) for one, other in options["twins"].items()}
    return made


def add(whole: Settings, study: Settings) -> None:
    """Add what a configuration has more than another; what both have stays as it is."""
    for key in MERGED:
        whole[key] = study.get(key, {}) | whole.get(key, {})
    for name, value in study["tokenization"].get("tasks", {}).items():
        whole["tokenization"]["tasks"].setdefault(name, value)


@dataclass(frozen=True)
class Planned:
    """A dry run: seconds by the clock and of the processor, MiB of memory, and the lines that it prints."""

    wall: float
    cpu: float
    memory: float
    lines: list[str]

    @property
    def jobs(self) -> int:
        """How many jobs it plans."""
        return next(int(line.split()[1]) for line in self.lines if line.startswith("total "))


PRINTED = ("--printshellcmds", "--quiet", "host")
"""Options with which a dry run prints the commands and files of all jobs."""


def plan(tree: Path, *options: str) -> Planned:
    """Return a dry run.

    Raises:
        SystemExit: it failed.
    """
    words = [sys.executable, "-m", "snakemake", "--nocolor", "--dry-run", "--configfile", "study.yaml"]
    with tempfile.TemporaryFile("w+") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*words, *options, "--", *TARGETS],
            cwd=tree, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        lines = output.read().splitlines()
    if process.returncode:
        raise SystemExit("\n".join(["The dry run failed:", *lines[-20:]]))
    return Planned(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, lines)


def longest_command(lines: Iterable[str]) -> tuple[int, str]:
    """Return the bytes of the longest command that a dry run prints, and its program."""
    start = "python -m workflow.scripts.launch"
    found = [line[line.index(start) :].strip() for line in lines if start in line]
    longest = max(found, key=lambda line: len(line.encode()))
    words = longest.split()
    skipped = 2 if words[3] == "--processes" else 0
    return len(longest.encode()), words[3 + skipped]


def fullest_folder(lines: Iterable[str]) -> tuple[int, str]:
    """Return how many files and folders the fullest folder of all outputs and logs holds, and which it is."""
    entries: set[tuple[str, str]] = set()
    for line in lines:
        kind, _, paths = line.strip().partition(": ")
        for path in paths.split(", ") if kind in ("output", "log") else ():
            parts = path.split(" (")[0].split("/")
            entries |= {("/".join(parts[:place]), parts[place]) for place in range(1, len(parts))}
    counts = Counter(folder for folder, _ in entries)
    folder, count = counts.most_common(1)[0]
    return count, folder


def measure(tree: Path, repetitions: int) -> Mapping[str, Any]:
    """Return all figures of the combined configuration, planned in a copy of the sources."""
    (copy_sources(tree) / "study.yaml").write_text(yaml.safe_dump(combined(), sort_keys=False), encoding="utf-8")
    runs = [plan(tree) for _ in range(repetitions)]
    printed = plan(tree, *PRINTED).lines
    length, program = longest_command(printed)
    count, folder = fullest_folder(printed)
    return {
        "jobs": runs[0].jobs,
        "wall_seconds": round(median(run.wall for run in runs), 1),
        "cpu_seconds": round(median(run.cpu for run in runs), 1),
        "peak_memory_mib": round(max(run.memory for run in runs)),
        "longest_command_bytes": length,
        "longest_command": program,
        "fullest_folder_entries": count,
        "fullest_folder": folder,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the JSON object."""
    parser = argparse.ArgumentParser(description="What planning costs at full scale.")
    parser.add_argument("--repetitions", type=int, default=3, help="timed dry runs (default: 3)")
    parser.add_argument("--keep", type=Path, help="plan in this folder, and leave it (default: a temporary one)")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="dry_run") as name:
        figures = measure(options.keep or Path(name) / "tree", options.repetitions)
    about = {
        "versions": {"python": sys.version.split()[0], "snakemake": version("snakemake")},
        "machine": device(),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    print(json.dumps({"benchmark": "dry_run", **figures, **about}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
