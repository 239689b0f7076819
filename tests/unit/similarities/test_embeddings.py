"""Embeddings of inputs, task vectors, and what LogME reads, by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.unit.similarities.conftest import new_model
from workflow.scripts.features.collation import collate_rows
from workflow.scripts.modeling.encoders import encode
from workflow.scripts.similarities.readings import MOST_UNITS, chosen_items, read_examples
from workflow.scripts.similarities.task_vectors import task_vector, vector_cosine
from workflow.scripts.similarities.text_embedding import cosine, sample_items, sample_rows, text_vector

CPU = torch.device("cpu")


def hidden(encoder, features, row):
    """Return the last hidden states of one sequence by itself."""
    with torch.inference_mode():
        return encode(encoder.eval(), collate_rows(features, np.array([row])))[0][0]


def test_a_task_is_the_mean_over_examples_of_means_over_tokens(encoder, features):
    rows = np.array([0, 3, 7])
    expected = torch.stack([hidden(encoder, features["mnli"], row).mean(0) for row in rows]).mean(0)
    whole = text_vector(encoder, features["mnli"], rows, CPU)
    assert whole == pytest.approx(expected.numpy(), abs=1e-5)
    assert text_vector(encoder, features["mnli"], rows, CPU, budget=1) == pytest.approx(whole, abs=1e-5)


def test_examples_are_drawn_once_and_the_same_again(features):
    drawn = sample_items(features["mnli"], 5, 0)
    assert len(set(drawn.tolist())) == 5
    assert sample_items(features["mnli"], 5, 0).tolist() == drawn.tolist() == sorted(drawn)
    assert sample_items(features["mnli"], 99, 0).tolist() == list(range(12))
    assert set(sample_rows(features["tatoeba"], 99, 0).tolist()) == {1, 3, 5, 7, 9, 11}  # the English side
    assert len(sample_rows(features["hellaswag"], 2, 0)) == 6  # three choices each


def test_cosines_by_hand():
    assert cosine([3.0, 4.0], [4.0, 3.0]) == pytest.approx(24 / 25)
    assert cosine([0.0, 0.0], [1.0, 0.0]) == 0


def test_task_vectors_by_hand():
    pretrained, one, other = (torch.nn.Linear(2, 1, bias=True) for _ in range(3))
    changes = ([3.0, 0.0], 4.0), ([0.0, 5.0], 12.0)
    with torch.no_grad():
        for model, (weight, bias) in zip((one, other), changes, strict=True):
            model.weight.copy_(pretrained.weight + torch.tensor([weight]))
            model.bias.copy_(pretrained.bias + bias)
    vectors = [task_vector(model, pretrained) for model in (one, other)]
    assert vector_cosine(*vectors) == pytest.approx(4 * 12 / (5 * 13), abs=1e-6)
    assert vector_cosine(vectors[0], vectors[0]) == pytest.approx(1)
    assert vector_cosine(vectors[0], task_vector(pretrained, pretrained)) == 0


def test_task_vectors_need_the_same_parameters():
    with pytest.raises(ValueError, match="same parameters"):
        task_vector(torch.nn.Linear(2, 1), torch.nn.Linear(3, 1))


def found(units, labels, state):
    """Return the label of the unit that is a state; units come in batches of similar lengths, not in order."""
    distances = np.abs(units - state.numpy()).max(1)
    assert distances.min() < 1e-5
    return labels[distances.argmin()].tolist()


def test_units_of_classification_and_choices(encoder, features):
    read = features["mnli"]
    units, labels = read_examples(encoder, read, np.arange(4), CPU)
    assert len(units) == 4
    for row in range(4):
        assert found(units, labels, hidden(encoder, read, row).mean(0)) == read.columns["label"][row]
    read = features["hellaswag"]
    units, labels = read_examples(encoder, read, np.arange(2), CPU)
    assert units.shape == (6, 8)
    for row in range(6):
        assert found(units, labels, hidden(encoder, read, row).mean(0)) == (row % 3 == read.columns["label"][row])


def test_units_of_tagging_are_words_with_a_tag(encoder, features):
    read = features["udpos"]
    units, labels = read_examples(encoder, read, np.arange(2), CPU)
    assert len(units) == sum(int((read.columns["labels"][row] >= 0).sum()) for row in range(2))
    states = hidden(encoder, read, 0)
    assert found(units, labels, states[2]) == read.columns["labels"][0][1]
    assert np.abs(units - states[1].numpy()).max(1).min() > 1e-3  # the first word has no tag


def test_units_of_spans_are_tokens(encoder, features):
    read = features["squad_v1"]
    units, labels = read_examples(encoder, read, np.arange(3), CPU)
    assert len(units) == len(labels) == read.input_ids.lengths[:3].sum()
    assert labels.sum(0).tolist() == [3, 3]
    states = hidden(encoder, read, 0)
    assert [found(units, labels, states[place]) for place in (0, 1, 2)] == [[0, 0], [1, 0], [0, 1]]


@pytest.mark.parametrize(("family", "tokens"), [("span", 300), ("tagging", 300), ("classification", 1)])
def test_examples_are_drawn_until_their_units_are_enough(family, tokens):
    """Neither the longest ones, nor as many as a device holds."""
    lengths = np.sort(np.random.default_rng(0).integers(30, 570, 30_000))
    read = SimpleNamespace(family=family, item_tokens=lengths)
    chosen = chosen_items(read, np.arange(30_000))
    units = lengths[chosen].sum() if tokens > 1 else len(chosen)
    assert MOST_UNITS - 600 < units <= MOST_UNITS
    assert lengths[chosen].mean() == pytest.approx(300, abs=60)
    assert chosen_items(read, np.arange(20)).tolist() == list(range(20))


def test_retrieval_has_no_labels(encoder, features):
    with pytest.raises(ValueError, match="no labels"):
        read_examples(encoder, features["tatoeba"], np.arange(2), CPU)


def test_another_model_gives_another_vector(features):
    vectors = [text_vector(new_model(seed).base_model, features["mnli"], np.arange(4), CPU) for seed in (1, 1, 2)]
    assert vectors[0].tolist() == vectors[1].tolist() != vectors[2].tolist()
