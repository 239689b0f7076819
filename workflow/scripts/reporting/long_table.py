"""The columns of the long table (`scores.parquet`): one row per model, source, target, language, metric and seed.

`collect_scores` writes them, `reporting.scores` reads them, `describe_registries` tells what they mean.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the long table.

    Attributes:
        name: as it stands in the file.
        type: of its values, as `pyarrow.field` takes it.
        meaning: what it says, for readers.
        key: whether it is one of those that name a row; rows are sorted by them.
    """

    name: str
    type: str
    meaning: str
    key: bool = False


LONG_TABLE = (
    Column("collection", "string", "the world of data that the study reads, its folder in `results/`", key=True),
    Column("model", "string", "pretrained model", key=True),
    Column("source", "string", "`none`, or what was trained on between pretraining and target", key=True),
    Column("target", "string", "what was tested", key=True),
    Column("language", "string", "code of the language that was tested in", key=True),
    Column("metric", "string", "name of the value ([metrics](metrics.md))", key=True),
    Column("value", "double", "the score, 0 to 100 (the `threshold` values are no scores: a margin, about 1)"),
    Column("n", "int64", "examples in that language; of `bucc2018` true pairs"),
    Column("seed", "int64", "seed of the trainings", key=True),
    Column("main_metric", "bool", "whether the metric counts for the target's score"),
    Column("task_version", "string", "versions of task and metric, such as `1+mining_f1.1`"),
    Column(
        "data_sha",
        "string",
        "SHA-256 of the canonical test data (of `bucc2018` of test and development data, joined by `+`)",
    ),
    Column("spec_hash", "string", "run specification of the tested model, the same as in its `run.json`"),
    Column(
        "commit",
        "string",
        "commit of the sources that scored; `-dirty` if they differed from it, `unknown` outside git",
    ),
)

KEY = tuple(column.name for column in LONG_TABLE if column.key)
"""The columns that name a row, in the order that rows are sorted in."""
