"""Write the reference pages of tasks, metrics and the long table (`docs/reference/`) from their registries.

    python -m workflow.scripts.describe_registries

Nothing is said there that the registries do not say; `test_describe_registries.py` fails where a page is out of date.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from workflow.scripts.files import write_text
from workflow.scripts.logs import run
from workflow.scripts.metrics.registry import METRICS, scorer_for
from workflow.scripts.reporting.long_table import LONG_TABLE
from workflow.scripts.tasks import SPLITS, TASKS, Origin, Role, Task
from workflow.scripts.tasks.local_formats import FORMATS, ON_THE_HUB

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
COMMAND = "make docs"
"""What writes the pages anew, for people."""

FEW = 5
"""With more languages than this their number is given, not their codes."""

_HEADINGS = {
    Role.INTERMEDIATE: "Intermediate tasks",
    Role.TARGET: "Targets",
    Role.CORPUS: "Corpora",
}

Rows = Iterable[Sequence[str]]


def table(heads: Sequence[str], rows: Rows) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def tasks_page() -> str:
    """Return the page of the tasks: what they are, whose they are, and where their rows come from."""
    parts = [
        "# Tasks",
        f"Written by `{COMMAND}` from the literals in `workflow/scripts/tasks/`; edit those, not this page. "
        "[How to add a task](../how-to/extend.md#a-task).",
        "Licences are those that the publishers state, for reading; they are no legal advice. Languages are those of "
        "the benchmark: what a study tests is set by `languages`, and in the laboratory by its world. The laboratory "
        "[generates](../laboratory.md) rows of every task. Rows are the published ones, of all repositories of a split "
        "together; of test splits in each language.",
    ]
    for role, heading in _HEADINGS.items():
        found = [task for task in TASKS.values() if task.role is role]
        parts += [f"## {heading}", table(*_of_role(role, found)), f"### Sources of the {heading.lower()}"]
        parts.append(
            table(("task", "split", "repository", "configuration", "split there", "revision", "rows"), _origins(found))
        )
    own = (f"`{name}` ({', '.join(f'`{kind}`' for kind in kinds)})" for name, kinds in FORMATS.items())
    needed = ", ".join(f"`{name}`" for name in FORMATS if name not in ON_THE_HUB)
    parts += [
        "## From your own files",
        f"No repository of the Hub has {needed} as the benchmarks do. In these formats a task is read from "
        f"[your own files](../how-to/data.md#your-own-files): {'; '.join(own)}.",
    ]
    return _page(*parts)


def _of_role(role: Role, tasks: Sequence[Task]) -> tuple[Sequence[str], Rows]:
    """Return heads and rows of what the tasks of a role are."""
    heads: tuple[str, ...]
    if role is Role.TARGET:
        heads = ("target", "title", "family", "fine-tuned on", "languages", "score", "licence", "source", "version")
        return heads, [
            (*_named(task), _trained_on(task), _languages(task.languages), _names(task.metrics), *_owned(task))
            for task in tasks
        ]
    if role is Role.CORPUS:
        heads = ("corpus", "title", "languages", "licence", "source", "version")
        return heads, [(f"`{task.name}`", task.title, _languages(task.languages), *_owned(task)) for task in tasks]
    heads = ("task", "title", "family", "trained in", "score", "licence", "source", "version")
    return heads, [
        (*_named(task), _languages(task.train_languages), _names(task.metrics), *_owned(task)) for task in tasks
    ]


def _named(task: Task) -> tuple[str, ...]:
    return f"`{task.name}`", task.title, str(task.family).replace("_", " ")


def _owned(task: Task) -> tuple[str, ...]:
    return task.licence, task.citation, str(task.version)


def _trained_on(task: Task) -> str:
    """Return the training set of a target, and the benchmark's own order where that is another."""
    usual, official = task.training_tasks("direct"), task.training_tasks("official")
    text = _names(usual, " then ") or "nothing"
    return text if official == usual else f"{text} (`protocol: official`: {_names(official, ' then ')})"


def _names(names: Iterable[str], between: str = ", ") -> str:
    return between.join(f"`{name}`" for name in names)


def _languages(codes: Sequence[str]) -> str:
    return " ".join(codes) if len(codes) <= FEW else f"{len(codes)}"


def _origins(tasks: Iterable[Task]) -> Rows:
    """Yield a row for each origin of each split; origins that differ in nothing but the configuration share one."""
    for task in tasks:
        if task.translated_from:
            yield (
                f"`{task.name}`",
                ", ".join(task.splits),
                f"`{task.translated_from}`, translated",
                "",
                "",
                "",
                _sizes(task),
            )
            continue
        for split in SPLITS:
            groups: dict[tuple[str, str, str], list[Origin]] = {}
            for origin in task.origins(split):
                groups.setdefault((origin.repository, origin.split, origin.revision), []).append(origin)
            for (repository, there, revision), origins in groups.items():
                configurations = dict.fromkeys(origin.config for origin in origins)
                rows = _size(task, split) if (repository, there, revision) == next(iter(groups)) else ""
                yield f"`{task.name}`", split, repository, _names(configurations), f"`{there}`", f"`{revision}`", rows


def _sizes(task: Task) -> str:
    return " / ".join(_size(task, split) for split in task.splits)


def _size(task: Task, split: str) -> str:
    """Return the published number of rows of a split (test: in each language); nothing where it is not known."""
    size = task.sizes.get(split, "")
    if isinstance(size, Mapping):
        return f"{min(size.values()):,} to {max(size.values()):,}"
    return f"{size:,}" if size else ""


def metrics_page() -> str:
    """Return the page of the metrics: versions, sources, the values they give, and the targets they score."""
    targets = [task for task in TASKS.values() if task.role is Role.TARGET]
    rows = [
        (
            f"`{metric.label}`",
            _names(metric.values),
            metric.source,
            _names(task.name for task in targets if metric in scorer_for(task)),
        )
        for metric in METRICS.values()
    ]
    return _page(
        "# Metrics",
        f"Written by `{COMMAND}` from `workflow/scripts/metrics/registry.py`; edit that, not this page.",
        "The name ends with the version, which is raised by hand whenever a change can change a value. Every score has "
        "it in `task_version` ([long table](scores.md)). All values but thresholds are 0 to 100. Why there are "
        "several: [decisions](../decisions.md#scores-beside-the-official-ones).",
        table(("metric", "values", "behaves as", "scores"), rows),
        "## Main metrics",
        "A target's score is the mean of these, each averaged over the target's languages. The others stand beside "
        "them in `scores.parquet` and enter no table of gains.",
        table(("target", "main metrics"), [(f"`{task.name}`", _names(task.metrics)) for task in targets]),
    )


def scores_page() -> str:
    """Return the page of the columns of the long table."""
    rows = [(f"`{c.name}`", c.type, "yes" if c.key else "", c.meaning) for c in LONG_TABLE]
    return _page(
        "# The long table",
        f"Written by `{COMMAND}` from `workflow/scripts/reporting/long_table.py`; edit that, not this page.",
        "`results/<collection>/scores.parquet` has one row for each combination of the key columns, and is sorted by "
        "them. It holds no averages: [how they are made](../how-to/read-results.md#the-long-table).",
        table(("column", "type", "key", "meaning"), rows),
    )


def _page(*parts: str) -> str:
    return "\n\n".join(parts) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {"tasks.md": tasks_page, "metrics.md": metrics_page, "scores.md": scores_page}


def main(argv: Sequence[str] | None = None) -> int:
    """Write the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out-dir", type=Path, default=FOLDER, help="folder to write them to")
    arguments = parser.parse_args(argv)
    for name, page in PAGES.items():
        write_text(arguments.out_dir / name, page())
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
