import numpy as np
import pytest
from torch import nn

from tests.unit.training.conftest import CLASSES, TOKENS
from workflow.scripts.errors import UserError
from workflow.scripts.features.store import write_features
from workflow.scripts.modeling.heads import MultipleChoiceHead
from workflow.scripts.training.plans import supervised

SPEC = {"epochs": 2, "batch_size": 8, "seed": 1, "head_dropout": 0.0}


@pytest.fixture(scope="module")
def tokens(token_folder, tmp_path_factory):
    """Token files of the toy task, and of a span task whose examples have several windows each."""
    folder = tmp_path_factory.mktemp("windows")
    example = np.repeat(np.arange(30), np.arange(30) % 3 + 1)
    rows = len(example)
    columns = {
        "example": example,
        "input_ids": [[0, 7, 2]] * rows,
        "start": np.zeros(rows),
        "end": np.zeros(rows),
        "context": np.ones(rows),
        "offsets": [[0, 1]] * rows,
    }
    write_features(folder / "windows/train.arrow", columns, family="span", tokens=TOKENS, labels=())
    return [token_folder / "toy/train.arrow", folder / "windows/train.arrow"]


def items_of(tokens, **spec):
    (task,), _ = supervised(SPEC | spec, tokens, 16)
    return task.plan.items


def test_subsets_of_different_sizes_are_nested_and_keep_the_shares_of_labels(tokens):
    (task,), sequence = supervised(SPEC | {"tasks": ["toy"], "examples": 48}, tokens, 16)
    assert len(sequence) == 2 * 48 / 8
    seen = {int(item) for step in range(6) for item in task.plan.batch(step)}
    assert seen == set(task.plan.items)
    assert len(seen) == 48
    labels = task.features.columns["label"]
    whole = labels.mean()
    for size in (12, 24, 48, 96):
        part = items_of(tokens, tasks=["toy"], examples=size)
        assert len(part) == size
        assert labels[part].mean() == pytest.approx(whole, abs=1.5 / size)
        assert set(items_of(tokens, tasks=["toy"], examples=size // 2)) < set(part)


def test_another_seed_takes_other_examples(tokens):
    first = items_of(tokens, tasks=["toy"], examples=20)
    assert set(first) != set(items_of(tokens, tasks=["toy"], examples=20, seed=2))
    assert items_of(tokens, tasks=["toy"], examples=96).tolist() == list(range(96))


def test_an_example_comes_with_all_its_windows(tokens):
    (task,), _ = supervised(SPEC | {"tasks": ["windows"], "examples": 10}, tokens, 16)
    example = task.features.columns["example"]
    chosen = set(example[task.plan.items])
    assert len(chosen) == 10
    assert len(task.plan.items) == sum(number % 3 + 1 for number in chosen)


def test_more_examples_than_there_are_is_an_error(tokens):
    with pytest.raises(UserError, match=r"500 training examples of toy are asked for, it has 96"):
        supervised(SPEC | {"tasks": ["toy"], "examples": 500}, tokens, 16)


def test_a_number_of_steps_takes_the_place_of_epochs(tokens):
    spec = SPEC | {"tasks": ["toy", "windows"], "cap": 40, "sampling": "proportional", "temperature": 2}
    _, short = supervised(spec | {"steps": 30}, tokens, 16)
    _, long = supervised(spec | {"steps": 100}, tokens, 16)
    assert len(short) == 30
    assert long[:30].tolist() == short.tolist()


@pytest.mark.parametrize(("sampling", "share"), [("proportional", 0.6), ("temperature", 0.55), ("uniform", 0.5)])
def test_mixtures_are_drawn_as_they_are_told_to(tokens, sampling, share):
    spec = SPEC | {"tasks": ["toy", "windows"], "sampling": sampling, "temperature": 2, "cap": 90, "steps": 4000}
    _, sequence = supervised(spec, tokens, 16)
    assert (sequence == 0).mean() == pytest.approx(share, abs=0.02)


def test_heads_have_the_classes_of_their_tasks(tokens):
    (task,), _ = supervised(SPEC | {"tasks": ["toy"]}, tokens, 16)
    assert task.features.labels == CLASSES
    assert not isinstance(task.head, MultipleChoiceHead)


@pytest.fixture
def texts(tmp_path):
    """Token files of plain text in three languages, 30, 20 and 10 rows."""
    language = np.repeat([0, 1, 2], [30, 20, 10])
    columns = {"example": np.arange(60), "input_ids": [[0, 7, 2]] * 60, "language": language}
    path = tmp_path / "text/train.arrow"
    write_features(path, columns, family="text", tokens=TOKENS, labels=(), languages=("en", "qaa", "qab"))
    return [path]


TEXT = {"tasks": [], "corpora": {"text": 1}, "corpus_batch_size": 8, "masked": 0.15, "sampling_alpha": 1, "steps": 12}


def drawn(texts, **spec):
    (task,), sequence = supervised(SPEC | TEXT | spec, texts, 16, nn.Linear(16, 60))
    assert sequence.tolist() == [0] * 12
    rows = np.concatenate([task.plan.batch(index) for index in range(task.plan.batches_per_epoch)])
    return np.bincount(task.features.columns["language"][rows], minlength=3).tolist()


def test_a_corpus_alone_is_trained_on_in_some_languages(texts):
    assert drawn(texts) == [30, 20, 10]
    assert drawn(texts, languages=["qab", "qaa"]) == [0, 20, 10]
    assert drawn(texts, languages=["qab", "qaa"], sampling_alpha=0) == [0, 15, 15]


def test_languages_that_a_corpus_has_not_are_an_error(texts):
    with pytest.raises(UserError, match="text has no text in qac; it has en, qaa, qab"):
        drawn(texts, languages=["qaa", "qac"])
