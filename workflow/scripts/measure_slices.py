"""Compute scores by family, script and kind of example, and how far a model is right on the same rows in two languages.

inputs   examples/{model}/{source}/seed{seed}/{target}.parquet of all runs, languages.json
outputs  OUT_DIR/slices.*       scores by slice: a mean over the languages of a family or a script, and of a kind of
                                example (genre, question type) over the languages that have it
         OUT_DIR/consistency.*  for parallel test sets: rows right in English and in the language, in one, in neither
         each as JSON (every run), CSV (tidy), Markdown and LaTeX

Controls enter no average. Gains are against the source `none`, paired within seeds.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.errors import UserError
from workflow.scripts.file_patterns import expand
from workflow.scripts.files import read_json, read_table, write_json, write_text
from workflow.scripts.logs import configure, run
from workflow.scripts.metrics.alignment import SCORED_SPLIT
from workflow.scripts.metrics.consistency import PARALLEL, Outcomes, agreement, mismatches
from workflow.scripts.metrics.examples import corpus_scores
from workflow.scripts.metrics.slices import parallel_id
from workflow.scripts.reporting import consistency, slices
from workflow.scripts.reporting.formats import to_csv, to_latex, to_markdown
from workflow.scripts.reporting.programs import names
from workflow.scripts.reporting.scores import Language, read_languages
from workflow.scripts.reporting.titles import display_titles
from workflow.scripts.tasks import SOURCE_LANGUAGE, Family, Task, find_task
from workflow.scripts.tasks.task import SLICE

LABELLED = (Family.CLASSIFICATION, Family.MULTIPLE_CHOICE)
"""Families whose gold labels are the same in all languages of a parallel set."""


def main(argv: Sequence[str] | None = None) -> int:
    """Compute and write; see the module's docstring and `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--examples", nargs="+", required=True, help="tables of examples, paths or patterns with braces"
    )
    parser.add_argument("--languages", type=Path, required=True, help="facts about the languages (JSON)")
    for name in ("models", "sources", "targets"):
        parser.add_argument(f"--{name}", type=names, default=[], help=f"{name} in display order (default: as given)")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder for the files")
    add_log_argument(parser)
    options = parser.parse_args(argv)
    log = configure(options.log, stage="slices")
    facts = read_languages(read_json(options.languages))
    measured = measure(expand(options.examples), facts)
    for kind in ("sources", "targets", "models"):
        found = list(dict.fromkeys(cell[kind[:-1]] for cell in measured["runs"]))
        order = {kind: [name for name in getattr(options, kind) or found if name in found]}
        measured["slices"] |= order
        measured["consistency"] |= order
    for name, part in (("slices", slices), ("consistency", consistency)):
        tables = part.tables(measured[name], facts, display_titles())
        texts = {
            "csv": to_csv(part.records(measured[name])) if measured[name]["cells"] else f"{','.join(part.FIELDS)}\n",
            "md": "\n".join([f"# {part.TITLE}\n", *(to_markdown(table, level=2) for table in tables)]),
            "tex": "\n".join(to_latex(table) for table in tables) or f"% no {name}\n",
        }
        for suffix, text in texts.items():
            write_text(options.out_dir / f"{name}.{suffix}", text)
        write_json(options.out_dir / f"{name}.json", measured[name])
    for row in measured["consistency"]["left_out"]:
        log.warning("%s: %s", row["target"], consistency.left_out(row))
    log.info("%d runs: slices and consistency in %s", len(measured["runs"]), options.out_dir)
    return 0


def measure(paths: Sequence[Path], facts: Mapping[str, Language]) -> dict[str, Any]:
    """Return what is found in every run: scores by slice, agreement of languages, unanswered examples.

    Args:
        paths: `…/{model}/{source}/seed{seed}/{target}.parquet`.
        facts: the languages by code.

    Raises:
        UserError: a file is missing, is not as `score` writes it, or has another place.
    """
    found: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("runs", "slices", "agreement", "left_out", "unanswered")
    }
    for path in paths:
        run_of = _run(path)
        task = find_task(run_of["target"])
        columns = read_examples(path, task)
        by_language = {code: _of(columns, code) for code in sorted(columns["language"].unique().to_pylist())}
        found["runs"].append(run_of)
        found["slices"] += [run_of | cell for cell in slice_cells(task, by_language, facts)]
        counts = {code: _unanswered(task, table) for code, table in by_language.items()}
        found["unanswered"] += [run_of | {"language": code, "n": count} for code, count in counts.items() if count]
        if task.name in PARALLEL and SOURCE_LANGUAGE in by_language:
            for cell in agreement_cells(task, by_language):
                found["left_out" if "mismatches" in cell else "agreement"].append(run_of | cell)
    shared = {"seeds": sorted({run_of["seed"] for run_of in found["runs"]})}
    lost = {(row["target"], row["language"]): row for row in found["left_out"]}
    left_out = [{key: row[key] for key in ("target", "language", "n", "mismatches")} for row in lost.values()]
    return {
        "runs": found["runs"],
        "slices": {**shared, "cells": found["slices"], "unanswered": found["unanswered"]},
        "consistency": {**shared, "cells": found["agreement"], "left_out": left_out},
    }


def read_examples(path: Path, task: Task) -> pa.Table:
    """Return the test rows of a table of examples, without the columns that neither scores nor slices need.

    Raises:
        UserError: it cannot be read or lacks a column.
    """
    read = pq.read_schema(path).names if path.is_file() else []
    needless = {"gold", "score"} - ({"gold"} if task.family in LABELLED else set())
    wanted = ["id", "language", "split", "prediction", "correct"]
    table = read_table(path, list(dict.fromkeys([*wanted, *(name for name in read if name not in needless)])))
    return table.filter(pc.field("split") == SCORED_SPLIT)


def _run(path: Path) -> dict[str, Any]:
    """Return model, source, target and seed of a file by its place."""
    *_, model, source, seed, _ = path.parts if len(path.parts) >= 4 else ("", "", "", "", "")
    if not seed.removeprefix("seed").isdecimal():
        raise UserError(f"{path} is not at …/model/source/seed1/target.parquet, where score writes examples")
    return {"model": model, "source": source, "target": path.stem, "seed": int(seed.removeprefix("seed"))}


def _of(table: pa.Table, language: str) -> pa.Table:
    return table.filter(pc.field("language") == language)


def _metrics(task: Task, table: pa.Table) -> dict[str, float]:
    """Return the main metrics of some examples."""
    statistics = [
        field.name for field in table.schema if pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
    ]
    scores = corpus_scores({name: table[name].to_numpy() for name in statistics if name != "prediction"})
    return {name: scores[name] for name in task.metrics}


def slice_cells(
    task: Task, by_language: Mapping[str, pa.Table], facts: Mapping[str, Language]
) -> Iterator[dict[str, Any]]:
    """Yield the mean over languages of each main metric, slice by slice; `n` counts the examples."""
    tables = {code: table for code, table in by_language.items() if not (code in facts and facts[code].is_control)}
    whole = {code: _metrics(task, table) for code, table in tables.items()}
    groups: dict[tuple[str, str], dict[str, tuple[int, dict[str, float]]]] = {}
    for code, table in tables.items():
        for dimension in ("family", "script"):
            value = getattr(facts[code], dimension) if code in facts else ""
            if value:
                groups.setdefault((dimension, value), {})[code] = (_count(table), whole[code])
        for column in (name for name in table.column_names if name.startswith(SLICE)):
            for value in sorted(filter(None, table[column].unique().to_pylist())):
                part = table.filter(pc.field(column) == value)
                groups.setdefault((column.removeprefix(SLICE), value), {})[code] = (_count(part), _metrics(task, part))
    for (dimension, value), found in sorted(groups.items()):
        means = {metric: sum(scores[metric] for _, scores in found.values()) / len(found) for metric in task.metrics}
        yield {
            **{"dimension": dimension, "slice": value, "languages": sorted(found)},
            **{"n": sum(n for n, _ in found.values()), "metrics": means},
        }


def _count(table: pa.Table) -> int:
    """Return the number of examples; of mining that of the true pairs."""
    return int(pc.sum(table["gold_pairs"]).as_py()) if "gold_pairs" in table.column_names else int(table.num_rows)


def _unanswered(task: Task, table: pa.Table) -> int:
    """Return how many examples have no prediction."""
    if task.family is Family.MINING:
        return 0
    empty = pc.sum(pc.equal(table["prediction"], "")).as_py() if _may_be_empty(task) else 0
    return int(table["prediction"].null_count + (empty or 0))


def _may_be_empty(task: Task) -> bool:
    return task.family is Family.SPAN and not task.unanswerable


def agreement_cells(task: Task, by_language: Mapping[str, pa.Table]) -> Iterator[dict[str, Any]]:
    """Yield how each language agrees with English; of a language whose rows are no translations, the mismatches."""
    outcomes = {code: _outcomes(task, code, table) for code, table in by_language.items()}
    english = outcomes.pop(SOURCE_LANGUAGE)
    for code, found in outcomes.items():
        odd, counts = mismatches(english, found), agreement(english, found)
        if counts is None or odd:
            yield {"language": code, "n": counts.n if counts else 0, "mismatches": odd}
        else:
            yield {"language": code, **{name: getattr(counts, name) for name in consistency.FACTS}}


def _outcomes(task: Task, language: str, table: pa.Table) -> Outcomes:
    gold = table["gold"].to_pylist() if task.family in LABELLED else [None] * table.num_rows
    ids = [parallel_id(language, row_id) for row_id in table["id"].to_pylist()]
    return dict(zip(ids, zip(gold, table["correct"].to_pylist(), strict=True), strict=True))


if __name__ == "__main__":
    sys.exit(run(main, stage="slices"))
