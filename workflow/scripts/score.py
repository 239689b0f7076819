"""Score the predictions for one target in every language with the official metrics.

inputs   canonical data (gold), predictions, run.json of the model that predicted
outputs  scores/{model}/{source}/seed{seed}/{target}.json: provenance; by language n, metrics (0-100) and, where there
         are any, the number of unanswered examples
         examples/{model}/{source}/seed{seed}/{target}.parquet: one row per example (`metrics.examples`)

Pure CPU work: no torch, so that a changed metric never needs a GPU.
"""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.errors import UserError
from workflow.scripts.files import check_data, commit, read_json, read_table, sha256, write_json, write_table
from workflow.scripts.logs import configure, run
from workflow.scripts.metrics.alignment import (
    GOLD_COLUMN,
    SCORED_SPLIT,
    Examples,
    Table,
    align_examples,
    align_pools,
)
from workflow.scripts.metrics.examples import example_table
from workflow.scripts.metrics.null_scores import NULL_COLUMNS
from workflow.scripts.metrics.ranking_alignment import RANKING_COLUMNS, query_table
from workflow.scripts.metrics.registry import score_language, scorer_for
from workflow.scripts.metrics.slices import SLICED_BY, slice_values
from workflow.scripts.tasks import Family, Task, find_task

PREDICTION_COLUMNS = ["id", "language", "split", "prediction", "score"]
POOL_COLUMNS = ["id", "language", "side", "text_a", "gold"]


def main(argv: Sequence[str] | None = None) -> int:
    """Score one file of predictions; see the module's docstring and `--help`."""
    options = _parse(argv)
    log = configure(options.log, stage=f"score {options.source} {options.target} seed {options.seed}")
    task = find_task(options.target)
    paths = _split_paths(task, options.data)
    for path in paths.values():
        check_data(path)
    data = {split: _read(path, _columns(task), SLICED_BY) for split, path in paths.items()}
    examples = _align(task, data, options.predictions)
    metrics = {code: _score(task, rows, code, options.predictions) for code, rows in examples.items()}
    scores = _provenance(task, options) | {
        "languages": {code: _result(task, rows, metrics[code]) for code, rows in examples.items()},
        "main_metrics": list(task.metrics),
    }
    if options.examples:
        slices = slice_values(task, data[SCORED_SPLIT].rows)
        write_table(options.examples, example_table(task, examples, metrics, slices), checksums=True)
    write_json(options.out, scores)
    unanswered = {code: result["unanswered"] for code, result in scores["languages"].items() if "unanswered" in result}
    if unanswered:
        counts = ", ".join(f"{code} {count:,}" for code, count in unanswered.items())
        log.warning("examples without a prediction, which count as wrong: %s", counts)
    log.info("%s: %d languages scored, %s", options.out, len(examples), ", ".join(task.metrics))
    return 0


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line's values."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        required=True,
        help="canonical data <split>.parquet: test, and for mining also dev, on which its threshold is set",
    )
    parser.add_argument("--predictions", type=Path, required=True, help="predictions (Parquet)")
    parser.add_argument("--run", type=Path, required=True, help="run.json of the model that predicted")
    parser.add_argument("--out", type=Path, required=True, help="scores to write (JSON)")
    parser.add_argument("--examples", type=Path, help="table of examples to write (Parquet; default: none)")
    parser.add_argument("--target", required=True, help="value of the wildcard {target}: whose data and metrics")
    for name in ("collection", "model", "source"):
        parser.add_argument(f"--{name}", required=True, help=f"value of the wildcard {{{name}}}")
    parser.add_argument("--seed", type=int, required=True, help="value of the wildcard {seed}")
    add_log_argument(parser)
    return parser.parse_args(argv)


def _columns(task: Task) -> list[str]:
    """Return the columns that scoring needs of the data."""
    scorer_for(task)  # stops here for a task that is not scored
    if task.family is Family.MINING:
        return POOL_COLUMNS
    if task.family is Family.RANKING:
        return list(RANKING_COLUMNS)
    return list(dict.fromkeys(("id", "language", GOLD_COLUMN[task.family])))


def _align(task: Task, data: Mapping[str, Table], path: Path) -> dict[str, Examples]:
    """Read the predictions and return what is to be compared, by language."""
    predictions = _read(path, PREDICTION_COLUMNS, "|".join(NULL_COLUMNS))
    if task.family is Family.MINING:
        return align_pools(data, predictions)
    if task.family is Family.RANKING:
        return align_examples(task.family, query_table(data[SCORED_SPLIT]), predictions)
    return align_examples(task.family, data[SCORED_SPLIT], predictions)


def _split_paths(task: Task, paths: Sequence[Path]) -> dict[str, Path]:
    """Return the data files by the split that their names say; too few, too many or others are an error."""
    expected = task.scored_splits
    by_split = {path.stem: path for path in paths}
    if len(paths) != len(expected) or set(by_split) != set(expected):
        wanted = " and ".join(f"{split}.parquet" for split in expected)
        raise UserError(
            f"--data of task '{task.name}' is {', '.join(map(str, paths))}; expected the file"
            f"{'s' * (len(expected) > 1)} {wanted}"
        )
    return by_split


def _read(path: Path, columns: list[str], more: str = "(?!)") -> Table:
    """Return some columns of a Parquet file, and those of the others whose names match the pattern `more`."""
    whole = read_table(path)
    if not set(columns) <= set(whole.column_names):
        read_table(path, columns)  # says what is missing
    kept = [name for name in whole.column_names if name in columns or re.match(more, name)]
    return Table(whole.select(kept), str(path))


def _score(task: Task, examples: Examples, language: str, predictions: Path) -> dict[str, float]:
    """Return the metrics of one language; what a metric cannot score is an error of the user's files."""
    try:
        return score_language(task, examples.gold, examples.predicted, language, examples.more)
    except ValueError as error:
        raise UserError(f"{predictions}: language '{language}' cannot be scored: {error}") from error


def _result(task: Task, examples: Examples, metrics: Mapping[str, float]) -> dict[str, Any]:
    """Return what is written of one language."""
    count = examples.unanswered
    if task.family is Family.SPAN and not task.unanswerable:
        count += sum(answer == "" for answer in examples.predicted)
    return {"n": examples.n, "metrics": metrics} | ({"unanswered": count} if count else {})


def _provenance(task: Task, options: argparse.Namespace) -> dict[str, Any]:
    """Return everything that says where the scores come from; of two data files the test split's hash stands first."""
    manifest = read_json(options.run)
    if not isinstance(manifest, dict) or "spec_hash" not in manifest:
        raise UserError(f"{options.run} has no 'spec_hash'; expected the run.json that training writes beside a model")
    return {
        "task": task.name,
        "target": options.target,
        "collection": options.collection,
        "model": options.model,
        "source": options.source,
        "seed": options.seed,
        "task_version": str(task.version),
        "metric_versions": {value: metric.label for metric in scorer_for(task) for value in metric.values},
        "data_sha": "+".join(sha256(path) for path in sorted(options.data, key=lambda path: path.stem, reverse=True)),
        "spec_hash": manifest["spec_hash"],
        "commit": commit(),
    }


if __name__ == "__main__":
    sys.exit(run(main))
