"""Which metric scores which task: names, versions and sources in one place.

A metric is a pure function `compute(gold, predicted, language) -> {value name: 0..100}` over the examples of
one language; some need further columns of the predictions (`Metric.columns`). Its version is raised by hand
whenever a change can change a value; both travel with every score.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.metrics.classification import accuracy
from workflow.scripts.metrics.mining import mining_f1, mining_f1_all_ids
from workflow.scripts.metrics.null_scores import NULL_COLUMNS, best_null_thresholds
from workflow.scripts.metrics.ranking import map_at_20
from workflow.scripts.metrics.retrieval import retrieval_accuracy
from workflow.scripts.metrics.spans import mlqa, span_language_aware, squad_v1, squad_v2
from workflow.scripts.metrics.tagging import chunk_f1, chunk_f1_seqeval_0_0_12, token_accuracy
from workflow.scripts.tasks.task import Family, Task


@dataclass(frozen=True)
class Metric:
    """An official metric.

    Attributes:
        name: how provenance calls it.
        version: raised whenever a change can change a value.
        source: the paper or script whose behaviour it reproduces.
        values: the names of the values that `compute` returns.
        compute: the function of gold, predictions and language code, and of the further columns.
        columns: further columns of the predictions that it needs; where they have not all of them it is left out.
    """

    name: str
    version: int
    source: str
    values: tuple[str, ...]
    compute: Callable[..., dict[str, float]]
    columns: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Name and version in one word, such as `chunk_f1.1`."""
        return f"{self.name}.{self.version}"


_SQUAD = "google-research/xtreme third_party/evaluate_squad.py (SQuAD v1.1)"

_UD_WORDS = (
    "as chunk_f1, over the syntactic words of Universal Dependencies, which google/xtreme holds; XTREME's own "
    "preprocessing fuses multiword forms (du = de + le), so languages with contractions have other scores there"
)

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", 1, "google-research/xtreme evaluate.py", ("accuracy",), accuracy),
        Metric("chunk_f1", 1, "google-research/xtreme evaluate.py, seqeval 1.2.2", ("f1",), chunk_f1),
        Metric("chunk_f1_syntactic_words", 1, _UD_WORDS, ("f1",), chunk_f1),
        Metric(
            "chunk_f1_seqeval_0_0_12",
            1,
            "nyu-mll/jiant jiant/tasks/evaluate/core.py, seqeval 0.0.12",
            ("f1_seqeval_0_0_12",),
            chunk_f1_seqeval_0_0_12,
        ),
        Metric("token_accuracy", 1, "share of tokens with the gold tag", ("accuracy",), token_accuracy),
        Metric("squad_v1", 1, _SQUAD, ("f1", "exact_match"), squad_v1),
        Metric("squad_v2", 1, "SQuAD-explorer evaluate-v2.0.py", ("f1", "exact_match"), squad_v2),
        Metric(
            "null_threshold",
            1,
            "SQuAD-explorer evaluate-v2.0.py with --na-prob-file",
            ("best_f1", "best_f1_threshold", "best_exact_match", "best_exact_match_threshold"),
            best_null_thresholds,
            NULL_COLUMNS,
        ),
        Metric(
            "span_language_aware",
            1,
            "MLQA's rules in every language; no benchmark's",
            ("f1_language_aware", "exact_match_language_aware"),
            span_language_aware,
        ),
        Metric("mlqa", 1, "facebookresearch/MLQA mlqa_evaluation_v1.py", ("f1", "exact_match"), mlqa),
        Metric("retrieval_accuracy", 1, "google-research/xtreme evaluate.py", ("accuracy",), retrieval_accuracy),
        Metric(
            "mining_f1",
            1,
            "google-research/xtreme third_party/utils_retrieve.py and evaluate.py",
            ("f1", "precision", "recall", "threshold"),
            mining_f1,
        ),
        Metric(
            "mining_f1_all_ids",
            1,
            "nyu-mll/jiant jiant/tasks/lib/bucc2018.py",
            ("f1_all_ids", "precision_all_ids", "recall_all_ids", "threshold_all_ids"),
            mining_f1_all_ids,
            ("all_ids",),
        ),
        Metric("map_at_20", 1, "google-research/xtreme third_party/utils_lareqa.py, k = 20", ("map_at_20",), map_at_20),
    )
}

_OF_FAMILY: Mapping[Family, tuple[str, ...]] = {
    Family.CLASSIFICATION: ("accuracy",),
    Family.MULTIPLE_CHOICE: ("accuracy",),
    Family.TAGGING: ("chunk_f1", "token_accuracy", "chunk_f1_seqeval_0_0_12"),
    Family.SPAN: ("squad_v1", "span_language_aware"),
    Family.RETRIEVAL: ("retrieval_accuracy",),
    Family.MINING: ("mining_f1", "mining_f1_all_ids"),
    Family.RANKING: ("map_at_20",),
}


def scorer_for(task: Task) -> tuple[Metric, ...]:
    """Return the metrics that score a task: its own if its benchmark has some, else those of its family.

    Raises:
        UserError: the family is not scored (plain text), or the task names a metric that does not exist.
    """
    names = task.scorers or _OF_FAMILY.get(task.family, ())
    if not names:
        raise UserError(
            f"task '{task.name}' of family '{task.family}' has no metrics; scored families are {', '.join(_OF_FAMILY)}"
        )
    for name in names:
        if name not in METRICS:
            raise UserError(
                f"task '{task.name}' is to be scored with '{name}', which is no metric; expected one of "
                f"{', '.join(METRICS)}.{nearest(name, METRICS)}"
            )
    return tuple(METRICS[name] for name in names)


def score_language(
    task: Task, gold: Any, predicted: Any, language: str, more: Mapping[str, Any] | None = None
) -> dict[str, float]:
    """Return all values of a task's metrics over the examples of one language.

    Args:
        task: its family decides the shape of `gold` and `predicted`: sequences of labels, choice indices,
            tag sequences, lists of answer texts against answer texts, or ids; for mining see
            `mining.mining_f1`.
        gold: what is right, one entry per example.
        predicted: what was predicted, in the same order.
        language: the examples' language code.
        more: further columns by name, one entry per example (for mining see `mining.mining_f1_all_ids`).

    Raises:
        ValueError: gold and predictions do not fit together.
    """
    given = more or {}
    return {
        name: value
        for metric in scorer_for(task)
        if all(column in given for column in metric.columns)
        for name, value in metric.compute(
            gold, predicted, language, *(given[column] for column in metric.columns)
        ).items()
    }
