r"""Translate the English data of a task by machine, as intermediate data in other languages (paper §2.4).

    python -m workflow.scripts.translate_task --task qqp-translated --split train --spec '{...}' \
        --source data/qqp/train.parquet --models translators/{de,ru,sw}/run.json --state state \
        --table data/qqp-translated/train.parquet --statistics data/qqp-translated/train.json

English is replaced, not added to; labels stay. So only tasks whose labels are of whole examples can be translated. The
models are those that `fetch_model --kind translator` has brought in. A text that occurs several times is translated
once. What is translated is kept in `--state` until all is; a run that was stopped goes on from there.
"""

import argparse
import hashlib
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from workflow.scripts.arguments import add_log_argument
from workflow.scripts.devices import select_device
from workflow.scripts.errors import UserError, nearest
from workflow.scripts.fetch_model import Checkpoint, find_checkpoint, needed_files
from workflow.scripts.files import read_json, read_table, sha256, write_json, write_table
from workflow.scripts.folder_locks import locked
from workflow.scripts.logs import Progress, configure, run
from workflow.scripts.modeling.translation import Translation, Translator
from workflow.scripts.modeling.weights import weight_files
from workflow.scripts.runspec import decode
from workflow.scripts.sources import canonical
from workflow.scripts.sources.statistics import statistics
from workflow.scripts.tasks import SOURCE_LANGUAGE, Family, Task, find_task, restore_task
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES, select_languages

TRANSLATABLE = (Family.CLASSIFICATION, Family.MULTIPLE_CHOICE)
TEXTS = ("text_a", "text_b", "choices")

PART = 2048
"""Texts that are translated together and then written to disk; another number could mean other rounding."""

Texts = dict[str, Translation]
Described = dict[str, dict[str, Any]]


def check_task(task: Task) -> None:
    """Check that a task can be translated.

    Raises:
        UserError: its labels point into the text, and would point nowhere in a translation.
    """
    if task.family not in TRANSLATABLE:
        raise UserError(
            f"'{task.name}' cannot be machine-translated: the labels of family '{task.family}' point into the text, "
            f"and nothing says where in the translation. Expected a task of {' or '.join(TRANSLATABLE)}, whose labels "
            "are of whole examples (paper, section 2.4)"
        )


def english_rows(path: Path, family: Family) -> pa.Table:
    """Return the English rows of a canonical table.

    Raises:
        UserError: there is none.
    """
    table = read_table(path, ["id", "language", *canonical.COLUMNS[family]])
    english = table.filter(pc.equal(table["language"], SOURCE_LANGUAGE))
    if english.num_rows == 0:
        raise UserError(f"{path} has no English rows; expected the data that are to be translated")
    return english


def distinct_texts(table: pa.Table) -> list[str]:
    """Return the texts to translate without repetitions, the longest first (out of memory shows at once)."""
    texts: dict[str, None] = {}
    for name in (name for name in TEXTS if name in table.column_names):
        column = table[name]
        values = pc.list_flatten(column) if pa.types.is_list(column.type) else column
        texts |= dict.fromkeys(text for text in values.to_pylist() if text and text.strip())
    return sorted(texts, key=len, reverse=True)


def translated_rows(table: pa.Table, language: str, texts: Mapping[str, str]) -> pa.Table:
    """Return rows in another language: ids begin with its code, labels are as they were."""

    def translate(value: Any) -> Any:
        return [translate(item) for item in value] if isinstance(value, list) else texts.get(value, value)

    columns = table.to_pydict()
    columns["id"] = [f"{language}-{name.removeprefix(f'{SOURCE_LANGUAGE}-')}" for name in columns["id"]]
    columns["language"] = [language] * table.num_rows
    for name in (name for name in TEXTS if name in columns):
        columns[name] = [translate(value) for value in columns[name]]
    return pa.table(columns, schema=table.schema)


class Parts:
    """Finished translations on disk, in parts of `PART` texts.

    Args:
        folder: of this very run and language.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def translate(self, texts: Sequence[str], folder: Path, beams: int, bar: Progress, done: int) -> Texts:
        """Return the translations of all texts by text; only those that are not on disk are made.

        Args:
            texts: what to translate.
            folder: the translation model; loaded only if something is left to do.
            beams: hypotheses of its beam search.
            bar: is told of every part, counted from `done` texts on.
            done: texts before these.
        """
        translator, found = None, []
        for start in range(0, len(texts), PART):
            part, path = texts[start : start + PART], self.folder / f"{start // PART:06}.parquet"
            if path.is_file():
                found += [Translation(**row) for row in read_table(path).to_pylist()]
            else:
                translator = translator or Translator(folder, beams=beams, device=select_device())
                made = translator.translate(part)
                write_table(path, pa.Table.from_pylist([asdict(translation) for translation in made]))
                found += made
            bar.update(done + len(found), len(part))
        return dict(zip(texts, found, strict=True))


def find_models(cards: Sequence[Path], task: Task) -> dict[str, Checkpoint]:
    """Return the translation model of every language of a task.

    Args:
        cards: run cards `<language>/run.json` of the models, which stand beside them.
        task: the translated task.

    Raises:
        UserError: a language has none.
    """
    given = {card.parent.name: card.parent for card in cards}
    for language in task.train_languages:
        if language not in given:
            raise UserError(
                f"'{task.name}' has no translation model for '{language}'; there are models for "
                f"{', '.join(given) or 'no language'}.{nearest(language, given)} Name one with the config key "
                f"translation.models.{language}"
            )
    return {code: find_checkpoint({}, given[code], None, Path(), Path()) for code in task.train_languages}


def run_identity(arguments: argparse.Namespace) -> str:
    """Return a name for the translation of this very table: a hash of its content and of the specification."""
    facts = [arguments.task, arguments.split, arguments.spec, str(PART), sha256(arguments.source)]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def model_identity(language: str, folder: Path) -> str:
    """Return a name for the translation into one language: its code and a hash of the model's files."""
    names = needed_files([path.name for path in folder.iterdir()], str(folder))
    return f"{language}-{hashlib.sha256(''.join(sha256(folder / name) for name in names).encode()).hexdigest()[:16]}"


def describe(model: Checkpoint, texts: Texts) -> dict[str, Any]:
    """Return what a statistics file says of the translation into one language: model, texts, and what went wrong."""
    return {
        **model.facts,
        "sha256": {path.name: sha256(path) for path in weight_files(model.folder)},
        "texts": len(texts),
        "cut": sum(found.cut for found in texts.values()),
        "unfinished": sum(found.unfinished for found in texts.values()),
        "empty": sum(not found.text for found in texts.values()),
    }


def repairs(described: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Return the numbers of texts, over all languages, that are not whole translations, by reason."""
    reasons = {
        "cut": "texts cut before translation, because the model takes no longer ones",
        "unfinished": "translations cut at their greatest length",
        "empty": "texts kept in English, because their translation is empty",
    }
    counts: Counter[str] = Counter()
    for facts in described.values():
        counts.update({reason: facts[name] for name, reason in reasons.items()})
    return {reason: count for reason, count in sorted(counts.items()) if count}


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the program's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", required=True, help="name of the translated task")
    parser.add_argument("--split", required=True, choices=("train", "dev"))
    parser.add_argument("--spec", required=True, help="run specification (JSON)")
    parser.add_argument("--source", required=True, type=Path, help="canonical Parquet file with the English rows")
    parser.add_argument("--models", required=True, nargs="*", type=Path, help="run cards <language>/run.json of models")
    parser.add_argument("--state", required=True, type=Path, help="folder of the states of unfinished runs")
    parser.add_argument("--table", required=True, type=Path, help="canonical Parquet file to write")
    parser.add_argument("--statistics", required=True, type=Path, help="JSON file of counts to write")
    add_log_argument(parser)
    return parser.parse_args(argv)


def translate(
    arguments: argparse.Namespace, task: Task, english: pa.Table, beams: int, state: Path
) -> tuple[pa.Table, Described]:
    """Return the rows in all languages of a task, and what there is to say of each language's translation."""
    texts, tables, described = distinct_texts(english), [], {}
    models = find_models(arguments.models, task)
    with Progress(len(models) * len(texts), what="text", unit="texts") as bar:
        for number, (code, model) in enumerate(models.items()):
            parts = Parts(state / model_identity(code, model.folder))
            found = parts.translate(texts, model.folder, beams, bar, number * len(texts))
            described[code] = describe(model, found)
            tables.append(translated_rows(english, code, {text: made.text or text for text, made in found.items()}))
    return pa.concat_tables(tables), described


def inherited(source: Path) -> dict[str, Any]:
    """Return warnings and origins of the data that were translated, from the statistics beside them."""
    path = source.with_suffix(".json")
    known = read_json(path) if path.is_file() else {}
    return {"warnings": known.get("warnings", []), "origins": known.get("origins", [])}


def write_translation(
    arguments: argparse.Namespace, task: Task, english: pa.Table, beams: int, state: Path
) -> dict[str, Any]:
    """Translate, write the table and its statistics, and return these."""
    table, described = translate(arguments, task, english, beams, state)
    languages = select_languages(task.train_languages, NATURAL_LANGUAGES)
    missing = canonical.check_table(task, arguments.split, table, languages, lenient=False)
    write_table(arguments.table, table)
    facts = {
        "task": task.name,
        "split": arguments.split,
        "task_version": task.version,
        "sha256": sha256(arguments.table),
        **statistics(task, table),
        "repairs": repairs(described),
        "missing_languages": missing,
        **inherited(arguments.source),
        "translation": described,
    }
    write_json(arguments.statistics, facts)
    return facts


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    arguments = parse_arguments(argv)
    log = configure(arguments.log, f"translation {arguments.task} {arguments.split}")
    spec = decode(arguments.spec)
    task = restore_task(arguments.task, spec["task"]) if "task" in spec else find_task(arguments.task)
    check_task(task)
    english = english_rows(arguments.source, task.family)
    state = arguments.state / run_identity(arguments)
    with locked(state, f"the translation of '{arguments.task}'"):
        facts = write_translation(arguments, task, english, spec["beams"], state)
        shutil.rmtree(state, ignore_errors=True)
    for reason, count in facts["repairs"].items():
        log.warning("%d %s", count, reason)
    for code, model in facts["translation"].items():
        log.info("%d texts into '%s'", model["texts"], code)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
