"""What a study's data are: splits and where they come from, what was repaired or is missing, and what overlaps.

Statistics are the files `data/{task}/{split}.json`; only `rows` has to be there, the rest is shown where it is.
Overlap is what `measure_overlap` writes: test rows of targets that occur in intermediate training data.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json
from workflow.scripts.reporting.records import Record
from workflow.scripts.reporting.tables import Row, Table
from workflow.scripts.tasks import SPLITS, TASKS, Role

Statistics = Mapping[str, Any]
Overlap = Mapping[str, Any]

GROUPS = {Role.INTERMEDIATE: "Intermediate tasks", Role.TARGET: "Targets", Role.CORPUS: "Plain text"}
OTHER = "Other tasks"

COUNTS = ("rows", "whole", "any")
RECORD_FIELDS = ("source", "target", "language", *COUNTS)


@dataclass(frozen=True, slots=True)
class Split:
    """A line of the table of data sets, ready to be shown."""

    title: str
    split: str
    rows: int
    languages: tuple[str, ...]
    lengths: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Datasets:
    """The report's section on data.

    Attributes:
        groups: (title, lines) of each kind of task.
        warnings: (split, sentence).
        missing: (split, codes of languages without data).
        repairs: (split, reason, number of rows).
        overlap: intermediate tasks by targets; None where it was not measured.
        summary: what the overlap amounts to, in a sentence.
        languages: (intermediate task, target, language, rows, whole, any) of the languages that overlap.
        notes: what a reader must know before believing the scores.
    """

    groups: tuple[tuple[str, tuple[Split, ...]], ...]
    warnings: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, str], ...]
    repairs: tuple[tuple[str, str, int], ...]
    overlap: Table | None
    summary: str
    languages: tuple[tuple[str, str, str, int, int, int], ...]
    notes: tuple[str, ...]


def read_statistics(path: Path) -> dict[str, Any]:
    """Read the statistics of a split; its place says which split it is where the file does not.

    Raises:
        UserError: the file is missing or holds no statistics.
    """
    found = read_json(path)
    if not isinstance(found, dict) or not isinstance(found.get("rows"), int):
        raise UserError(
            f"{path} holds no statistics of a split: expected an object with the number of 'rows'; "
            "delete it and run prepare_task again"
        )
    return {"task": path.parent.name, "split": path.stem, **found}


def read_overlap(path: Path) -> dict[str, Any]:
    """Read what `measure_overlap` wrote.

    Raises:
        UserError: the file is missing or holds something else.
    """
    found = read_json(path)
    if not isinstance(found, dict) or not {"pairs", "sources", "targets", "trivial"} <= found.keys():
        raise UserError(f"{path} holds no overlap of data sets; delete it and run measure_overlap again")
    return found


def describe(statistics: Iterable[Statistics], overlap: Overlap | None, titles: Mapping[str, str]) -> Datasets | None:
    """Return the section on data; None if there is nothing to say."""
    splits = sorted(statistics, key=_place)
    if not splits and overlap is None:
        return None
    lines: dict[str, list[Split]] = {}
    for found in splits:
        task = TASKS.get(found["task"])
        lines.setdefault(GROUPS[task.role] if task else OTHER, []).append(_split(found, titles))
    named = [(f"{titles.get(found['task'], found['task'])}, {found['split']}", found) for found in splits]
    warnings = tuple((name, text) for name, found in named for text in found.get("warnings") or ())
    repairs = tuple(
        (name, reason, count)
        for name, found in named
        for reason, count in sorted((found.get("repairs") or {}).items(), key=lambda item: -item[1])
    )
    return Datasets(
        groups=tuple((title, tuple(lines[title])) for title in (*GROUPS.values(), OTHER) if title in lines),
        warnings=warnings,
        missing=tuple((name, ", ".join(found["missing_languages"])) for name, found in named if _missing(found)),
        repairs=repairs,
        overlap=overlap_table(overlap, titles) if overlap else None,
        summary=_summary(overlap, titles) if overlap else "",
        languages=_languages(overlap, titles) if overlap else (),
        notes=tuple(_notes(len(warnings), overlap)),
    )


def overlap_table(overlap: Overlap, titles: Mapping[str, str]) -> Table:
    """Return intermediate tasks by targets, `whole / any` in each entry."""
    pairs = {(pair["source"], pair["target"]): pair for pair in overlap["pairs"]}
    rows = tuple(
        Row(titles.get(source, source), tuple(_entry(pairs[source, target]) for target in overlap["targets"]))
        for source in overlap["sources"]
    )
    columns = (titles.get(target, target) for target in overlap["targets"])
    sizes = (f"{rows:,} rows" for rows in overlap["targets"].values())
    notes = (
        "Whole / any. Whole: test rows all of whose input texts occur together in one training row. Any: test rows "
        f"with at least one text of {overlap['trivial']} or more characters that occurs in the training data. "
        "Rows of shorter texts only are counted in neither. 0: none of both.",
        "Texts are compared whole, after Unicode normalisation (NFKC), case folding and collapsing white space. Parts "
        "of texts, paraphrases and translations are not found: where the English rows of a parallel test set "
        "overlap, its other languages hold translations of training texts.",
    )
    headings = (("Intermediate task", ""), *zip(columns, sizes, strict=True))
    return Table("overlap", "Test inputs in intermediate training data", headings, rows, notes)


def overlap_records(overlap: Overlap) -> list[Record]:
    """Return one record per pair, without a language, and one per pair and language that overlaps."""
    records: list[Record] = []
    for pair in overlap["pairs"]:
        for code, count in ((None, pair), *pair["languages"].items()):
            names = {"source": pair["source"], "target": pair["target"], "language": code}
            records.append({**names, **{name: count[name] for name in COUNTS}})
    return records


def _split(found: Statistics, titles: Mapping[str, str]) -> Split:
    means = {column: values["mean"] for column, values in (found.get("lengths") or {}).items() if "mean" in values}
    return Split(
        title=titles.get(found["task"], found["task"]),
        split=found["split"],
        rows=found["rows"],
        languages=tuple(found.get("languages") or ()),
        lengths=", ".join(f"{column} {mean:.0f}" for column, mean in means.items()),
        origins=tuple(_origins(found.get("origins") or ())),
    )


def _origins(origins: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one text per repository, split and revision, of many configurations the first and the last."""
    configs: dict[tuple[str, str, str], list[str]] = {}
    for origin in origins:
        version = ", ".join(part for part in (origin.get("revision"), (origin.get("commit") or "")[:7]) if part)
        configs.setdefault((origin["repository"], origin.get("split") or "", version), []).append(
            origin.get("config") or ""
        )
    texts = []
    for (repository, split, version), found in configs.items():
        names = list(dict.fromkeys(found))
        several = f"{names[0]} … {names[-1]} ({len(names)} configurations)"
        named = several if len(names) > 2 else " and ".join(names)
        text = ", ".join(part for part in (repository, named, split) if part)
        texts.append(f"{text} ({version})" if version else text)
    return texts


def _place(found: Statistics) -> tuple[int, str, int]:
    """Return where a split stands: in the order of tasks and of splits, unknown ones last."""
    tasks, split = list(TASKS), found["split"]
    number = tasks.index(found["task"]) if found["task"] in TASKS else len(tasks)
    return number, found["task"], SPLITS.index(split) if split in SPLITS else len(SPLITS)


def _missing(found: Statistics) -> bool:
    return bool(found.get("missing_languages"))


def _entry(pair: Mapping[str, Any]) -> str:
    return f"{pair['whole']:,} / {pair['any']:,}" if pair["any"] else "0"


def _summary(overlap: Overlap, titles: Mapping[str, str]) -> str:
    pairs = overlap["pairs"]
    shared = [pair for pair in pairs if pair["any"]]
    if not shared:
        return f"No test row shares an input text with training data in any of {len(pairs)} pairs of task and target."
    most = max(shared, key=lambda pair: pair["any"] / pair["rows"])
    names = " → ".join(titles.get(most[key], most[key]) for key in ("source", "target"))
    return (
        f"In {len(shared)} of {len(pairs)} pairs of intermediate task and target, test rows share an input text with "
        f"the training data; the largest share is {names}: {most['any']:,} of {most['rows']:,} rows "
        f"({100 * most['any'] / most['rows']:.1f} %)."
    )


def _languages(overlap: Overlap, titles: Mapping[str, str]) -> tuple[tuple[str, str, str, int, int, int], ...]:
    return tuple(
        (*(titles.get(pair[key], pair[key]) for key in ("source", "target")), code, *(count[n] for n in COUNTS))
        for pair in overlap["pairs"]
        for code, count in pair["languages"].items()
    )


def _notes(warnings: int, overlap: Overlap | None) -> Iterable[str]:
    if warnings:
        yield (
            f"The data differ from the published data sets ({warnings} warning{'s' * (warnings > 1)} under Data sets): "
            "scores on them cannot be compared with published ones without care."
        )
    whole = sum(pair["whole"] > 0 for pair in overlap["pairs"]) if overlap else 0
    if whole:
        yield (
            f"In {whole} pair{'s' * (whole > 1)} of intermediate task and target, whole test rows occur in the "
            "training data of the intermediate task (see Data sets): such gains may be memory."
        )
