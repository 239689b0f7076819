"""The program: a Parquet file in, a token file out, the same whatever is in memory at once."""

import json

import pytest

from tests.unit.features.real_rows import SENTENCES, TAGGED
from workflow.scripts import tokenize_task
from workflow.scripts.errors import UserError
from workflow.scripts.features.store import Features
from workflow.scripts.files import write_table
from workflow.scripts.sources.canonical import to_table
from workflow.scripts.tasks import TASKS


@pytest.fixture
def tokenize(tokenizer_paths, tmp_path):
    """Return a function that writes rows of a task, runs the program and returns the token file."""

    def run(name, rows, *more):
        table, features = tmp_path / "train.parquet", tmp_path / "train.arrow"
        numbered = [{"language": "en", "id": str(number), **row} for number, row in enumerate(rows)]
        write_table(table, to_table(TASKS[name].family, numbered))
        spec = json.dumps({"version": 1, "max_length": 64})
        files = ["--tokenizer", str(tokenizer_paths["word_pieces"]), "--table", str(table)]
        tokenize_task.main(["--task", name, "--spec", spec, *files, "--features", str(features), *more])
        return features

    return run


TEXTS = [{"language": code, "text_a": text} for code, text in SENTENCES.items()] * 3
PAIRS = [{"text_a": text, "text_b": text[::-1]} for text in SENTENCES.values()]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("wikipedia", TEXTS),
        ("opus100", PAIRS),
        ("tatoeba", PAIRS),
        ("panx", [{"tokens": words, "tags": tags} for words, tags in TAGGED.values()] * 2),
        ("xnli", [{**row, "label": "neutral"} for row in PAIRS]),
    ],
)
def test_the_size_of_batches_changes_nothing(tokenize, monkeypatch, name, rows):
    whole = tokenize(name, rows).read_bytes()
    monkeypatch.setattr(tokenize_task, "ROWS", 3)
    assert tokenize(name, rows).read_bytes() == whole


def test_languages_of_text_are_counted_in_alphabetical_order(tokenize):
    features = Features(tokenize("wikipedia", TEXTS))
    assert features.languages == tuple(sorted(SENTENCES))
    codes = [features.languages[index] for index in features.columns["language"]]
    assert codes == [TEXTS[example]["language"] for example in features.columns["example"]]


def test_other_tasks_have_no_languages(tokenize):
    features = Features(tokenize("xnli", [{"text_a": "a", "text_b": "b", "label": "neutral"}]))
    assert features.languages == ()
    assert features.columns["second"].tolist() == [3]


def test_a_missing_column_is_told(tokenize, tmp_path, tokenizer_paths):
    table = to_table(TASKS["xnli"].family, [{"id": "0", "language": "en", "text_a": "a", "label": "neutral"}])
    write_table(tmp_path / "train.parquet", table.drop_columns(["label"]))
    batches = tokenize_task.Batches(tmp_path / "train.parquet", ("text_a", "label"))
    with pytest.raises(UserError, match="lacks the column label; it has id, language, text_a, text_b"):
        list(batches)


@pytest.mark.parametrize(
    ("content", "message"), [(None, "is missing"), (b"PAR1 and more", "cannot be read as Parquet")]
)
def test_a_broken_table_is_told(tmp_path, content, message):
    path = tmp_path / "train.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        list(tokenize_task.Batches(path, ("text_a",)))


def test_a_tag_set_is_read_from_the_training_rows(tokenize, tmp_path):
    words, tags = TAGGED["he"]
    train = to_table(TASKS["ccg"].family, [{"id": "0", "language": "en", "tokens": words, "tags": tags}])
    write_table(tmp_path / "tags.parquet", train)
    rows = [{"tokens": ["a", "b"], "tags": ["O", "X"]}]
    features = Features(tokenize("ccg", rows, "--training-table", str(tmp_path / "tags.parquet")))
    assert features.labels == ("B-PER", "I-PER", "O")
    assert features.columns["labels"][0].tolist() == [2, -1]
