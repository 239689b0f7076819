"""Gold rows and predictions side by side, one language at a time, after every check that a score depends on.

A prediction that is unknown, missing, repeated or of the wrong shape is an error with a count and examples: a wrong
score is worse than none. (The official scripts score a question without a prediction 0; here a missing row means that
prediction stopped early.) A row that is there without a prediction (null) is an example that the model left
unanswered: it counts as wrong in every metric, as officially, and is counted (`Examples.unanswered`).
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.metrics.mining import Pair, ids_of_repeated, with_all_ids, without_repeated
from workflow.scripts.metrics.null_scores import NULL_COLUMNS
from workflow.scripts.tasks.task import MINING_SPLITS as MINING_SPLITS
from workflow.scripts.tasks.task import SCORED_SPLIT as SCORED_SPLIT
from workflow.scripts.tasks.task import Family

if TYPE_CHECKING:
    import pyarrow as pa

Key = tuple[str, str]
"""Language and id: ids are unique within a language (XQuAD repeats them across languages)."""

GOLD_COLUMN: Mapping[Family, str] = {
    Family.CLASSIFICATION: "label",
    Family.MULTIPLE_CHOICE: "label",
    Family.TAGGING: "tags",
    Family.SPAN: "answers",
    Family.RETRIEVAL: "id",
    Family.RANKING: "gold",
}
"""What is right in the canonical rows of a family; for mining it is pairs, see `align_pools`."""

UNTAGGED = "."
"""The tag of the tokens of a sentence left untagged: to seqeval outside of all chunks, as O; but never right."""

_REPREDICT = "Expected one prediction for each row of the data; delete the predictions and run again"
_REPREPARE = "Delete the data and prepare it again"


class Table(NamedTuple):
    """Rows and the path they were read from, which messages name."""

    rows: "pa.Table"
    path: str


@dataclass(frozen=True)
class Examples:
    """The examples of one language.

    Attributes:
        gold, predicted: in the shape that `registry.score_language` takes; `predicted` has None, or for tags
            `UNTAGGED`, where an example was left unanswered.
        n: how many there are; for mining the gold pairs of the test pool.
        ids: of the examples, in order; empty for mining, whose examples are pairs.
        scores: the model's score of each prediction, in order; empty for mining.
        answered: whether each example has a prediction, in order; empty for mining.
        more: what some metrics need besides, by name (`Metric.columns`).
    """

    gold: Any
    predicted: Any
    n: int
    ids: Sequence[str] = ()
    scores: Sequence[float | None] = ()
    answered: Sequence[bool] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unanswered(self) -> int:
        """The number of examples without a prediction."""
        return len(self.answered) - sum(self.answered)


def align_examples(family: Family, data: Table, predictions: Table, split: str = SCORED_SPLIT) -> dict[str, Examples]:
    """Return gold and predicted labels, tags, answers or ids of each language, by language code.

    Args:
        family: any but mining and text.
        data: canonical rows of the split.
        predictions: `id language split prediction score`, one row per example; rows of other splits are left
            aside.
        split: the split that is scored.

    Raises:
        UserError: the two do not fit together.
    """
    gold = _unique(data, GOLD_COLUMN[family], _REPREPARE)
    if not gold:
        raise UserError(f"{data.path} has no rows; expected at least one example. {_REPREPARE}")
    predictions = _of_split(predictions, split)
    predicted = _unique(predictions, "prediction", _REPREDICT)
    _check_scores(predictions, "prediction")
    _check_languages({key[0] for key in gold}, {key[0] for key in predicted}, data.path, predictions.path)
    _refuse("not in the data", (key for key in predicted if key not in gold), predictions.path)
    _refuse("without a prediction", (key for key in gold if key not in predicted), predictions.path)
    answered = {key: predicted[key] is not None for key in gold}
    if family is Family.TAGGING:
        predicted = {key: predicted[key] if known else [UNTAGGED] * len(gold[key]) for key, known in answered.items()}
        odd = (key for key in gold if len(gold[key]) != len(predicted[key]))
        _refuse("without exactly one tag per token", odd, predictions.path)
    if family is Family.SPAN:
        gold = {key: [answer["text"] for answer in answers] for key, answers in gold.items()}
    scores = _unique(predictions, "score", _REPREDICT)
    columns = (gold, predicted, scores, answered)
    found = {
        language: _examples(keys, *([column[key] for key in keys] for column in columns))
        for language, keys in _by_language(gold).items()
    }
    return _with_more(found, predictions)


def _with_more(found: dict[str, Examples], predictions: Table) -> dict[str, Examples]:
    """Return the examples with the null scores, if the predictions have them."""
    names = predictions.rows.column_names
    if not set(NULL_COLUMNS) <= set(names):
        return found
    _check_scores(predictions, "null_score", "null_score")
    more = {name: _unique(predictions, name, _REPREDICT) for name in NULL_COLUMNS}
    return {
        language: replace(
            rows, more={name: [values[language, row_id] for row_id in rows.ids] for name, values in more.items()}
        )
        for language, rows in found.items()
    }


def _examples(keys: Sequence[Key], gold: Any, predicted: Any, scores: Any, answered: Any) -> Examples:
    """Return the examples of one language."""
    return Examples(gold, predicted, len(keys), [row_id for _, row_id in keys], scores, answered)


def align_pools(data: Mapping[str, Table], predictions: Table) -> dict[str, Examples]:
    """Return the gold pairs and the candidates of both splits of each language, for `mining.mining_f1`.

    Candidates with a sentence that is repeated on its side are removed (`mining.repeated_ids`) from `predicted`; in
    `more["all_ids"]` they stand with every combination of their ids (`mining.with_all_ids`). `n` counts
    the gold pairs of the test pool.

    Args:
        data: canonical mining rows of the splits `dev` and `test`.
        predictions: `id language split prediction score`, one row per candidate pair of either split; of a
            language without any one row with nulls.

    Raises:
        UserError: the two do not fit together.
    """
    pools = {split: _pools(data[split]) for split in MINING_SPLITS}
    if odd := sorted(set(pools["dev"]) ^ set(pools["test"])):
        raise UserError(
            f"only one of {data['dev'].path} and {data['test'].path} has {', '.join(odd)}; each language "
            "needs both pools, as the threshold is set on dev"
        )
    candidates = _candidates(predictions)
    for split in MINING_SPLITS:
        _check_languages(set(pools[split]), set(candidates[split]), data[split].path, predictions.path)
    accepted = {
        (split, language): pool.accept(candidates[split][language], predictions.path)
        for split in MINING_SPLITS
        for language, pool in pools[split].items()
    }
    return {
        language: Examples(
            {split: pools[split][language].gold for split in MINING_SPLITS},
            {split: accepted[split, language][0] for split in MINING_SPLITS},
            len(pools["test"][language].gold),
            more={"all_ids": {split: accepted[split, language][1] for split in MINING_SPLITS}},
        )
        for language in sorted(pools["test"])
    }


@dataclass(frozen=True)
class _Pool:
    """The sentences of one language's pool, ids of either side with their texts, and the true pairs."""

    language: str
    foreign: dict[str, str]
    english: dict[str, str]
    gold: frozenset[Pair]

    def accept(self, candidates: Mapping[Pair, float], path: str) -> tuple[Mapping[Pair, float], Mapping[Pair, float]]:
        """Return the candidates without repeated sentences, and with all of their ids; an unknown id is an error."""
        for i, side, texts in ((0, "foreign", self.foreign), (1, "english", self.english)):
            unknown = ((self.language, pair[i]) for pair in candidates if pair[i] not in texts)
            _refuse(f"not on the {side} side of the data", unknown, path)
        foreign = ids_of_repeated(list(self.foreign), list(self.foreign.values()))
        english = ids_of_repeated(list(self.english), list(self.english.values()))
        return without_repeated(candidates, foreign.keys(), english.keys()), with_all_ids(candidates, foreign, english)


def _pools(data: Table) -> dict[str, _Pool]:
    """Return the pool of each language."""
    columns = _columns(data, "language", "side", "id", "text_a", "gold")
    texts: dict[str, dict[str, dict[str, str]]] = {}
    pairs: dict[str, set[Pair]] = {}
    for language, side, row_id, text, translations in columns:
        sides = texts.setdefault(language, {"foreign": {}, "english": {}})
        if side not in sides:
            raise UserError(f"{data.path}: {language}/{row_id} has side '{side}'; expected foreign or english")
        if row_id in sides[side]:
            raise UserError(f"{data.path}: {language}/{row_id} is there twice. {_REPREPARE}")
        sides[side][row_id] = text
        pairs.setdefault(language, set()).update((row_id, english) for english in translations or ())
    if not texts:
        raise UserError(f"{data.path} has no rows; expected a pool for each language. {_REPREPARE}")
    for language, gold in pairs.items():
        if not gold:
            raise UserError(f"{data.path}: language '{language}' has no gold pairs, so it cannot be scored")
        lost = ((language, english) for _, english in gold if english not in texts[language]["english"])
        _refuse("named as gold but not on the english side", lost, data.path, _REPREPARE)
    return {
        language: _Pool(language, sides["foreign"], sides["english"], frozenset(pairs[language]))
        for language, sides in texts.items()
    }


def _candidates(predictions: Table) -> dict[str, dict[str, dict[Pair, float]]]:
    """Return the scored pairs by split and language; a language without any has a row without a pair."""
    _check_scores(predictions, "id")
    found: dict[str, dict[str, dict[Pair, float]]] = {split: {} for split in MINING_SPLITS}
    for split, language, foreign, english, score in _columns(
        predictions, "split", "language", "id", "prediction", "score"
    ):
        if split not in found:
            expected = " or ".join(MINING_SPLITS)
            raise UserError(f"{predictions.path}: {language}/{foreign} has split '{split}'; expected {expected}")
        pairs = found[split].setdefault(language, {})
        if foreign is None:
            continue
        if (foreign, english) in pairs:
            pair = f"{language}/{foreign}, {english}"
            raise UserError(f"{predictions.path}: the pair {pair} is in split {split} twice. {_REPREDICT}")
        pairs[foreign, english] = score
    return found


def _columns(table: Table, *names: str) -> Iterable[tuple[Any, ...]]:
    """Return the values of some columns, row by row."""
    return zip(*(table.rows.column(name).to_pylist() for name in names), strict=True)


def _of_split(predictions: Table, split: str) -> Table:
    """Return the predictions for one split; there may be none."""
    import pyarrow.compute as pc

    return predictions._replace(rows=predictions.rows.filter(pc.field("split") == split))


def _unique(table: Table, column: str, advice: str) -> dict[Key, Any]:
    """Return the values of a column by language and id; a key that is there twice is an error."""
    keys: list[Key] = [(language, row_id) for language, row_id in _columns(table, "language", "id")]
    _refuse("there more than once", (key for key, n in Counter(keys).items() if n > 1), table.path, advice)
    return dict(zip(keys, table.rows.column(column).to_pylist(), strict=True))


def _by_language(keys: Iterable[Key]) -> dict[str, list[Key]]:
    """Return the keys of each language, languages in order of their codes."""
    groups: dict[str, list[Key]] = {}
    for key in keys:
        groups.setdefault(key[0], []).append(key)
    return {language: groups[language] for language in sorted(groups)}


def _check_scores(predictions: Table, column: str, name: str = "score") -> None:
    """Raise `UserError` if a score is missing or not a finite number; a row without `column` needs none."""
    import pyarrow.compute as pc

    scored = pc.field(column).is_valid() | pc.field(name).is_valid()
    rows = _columns(predictions._replace(rows=predictions.rows.filter(scored)), "language", "id", name)
    odd = ((language, i) for language, i, score in rows if score is None or not math.isfinite(score))
    advice = "Look for NaN in the model's training log; then delete the predictions and run again"
    _refuse("with a score that is no finite number", odd, predictions.path, advice)


def _check_languages(gold: set[str], predicted: set[str], data_path: str, path: str) -> None:
    """Raise `UserError` unless data and predictions are of the same languages."""
    for language in sorted(predicted - gold):
        raise UserError(
            f"{path} has predictions in language '{language}', for which {data_path} has no gold rows; "
            f"it has {', '.join(sorted(gold))}.{nearest(language, gold)}"
        )
    if absent := sorted(gold - predicted):
        raise UserError(f"{path} has no predictions in {', '.join(absent)}, which {data_path} has. {_REPREDICT}")


def _refuse(what: str, keys: Iterable[Key], path: str, advice: str = _REPREDICT) -> None:
    """Raise `UserError` with the number of `keys` and the first three of them, if there are any."""
    odd: Sequence[Key] = sorted(keys)
    if odd:
        examples = ", ".join(f"{language}/{row_id}" for language, row_id in odd[:3])
        more = ", …" if len(odd) > 3 else ""
        rows = f"{len(odd)} row{'s' * (len(odd) > 1)} {what}"
        raise UserError(f"{path}: {rows} (language/id {examples}{more}). {advice}")
