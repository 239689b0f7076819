"""The diagonal of the Fisher information against gradients that are computed in another way; ranks by hand."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from workflow.scripts.features.collation import collate
from workflow.scripts.modeling.encoders import encode
from workflow.scripts.modeling.heads import make_head
from workflow.scripts.similarities.fisher import (
    component_cosines,
    components,
    diagonal_fisher,
    fuse_ranks,
    mean_fisher,
    trained_parameters,
)

CPU = torch.device("cpu")
ITEMS = np.arange(6)


@pytest.fixture
def head():
    torch.manual_seed(3)
    return make_head("classification", 8, 2, dropout=0.5)


def gradients_by_example(encoder, head, features):
    """Return the gradient of every example's log-likelihood, from one padded batch of all of them."""
    encoder.eval()
    head.eval()
    batch = collate(features, ITEMS)
    likelihoods = functional.log_softmax(head(encode(encoder, batch)[0], batch), dim=-1)
    chosen = likelihoods[torch.arange(len(ITEMS)), batch.tensors["label"]]
    parameters = trained_parameters(encoder)
    found = [
        torch.autograd.grad(value, list(parameters.values()), retain_graph=True, allow_unused=True) for value in chosen
    ]
    return {name: [rows[place] for rows in found] for place, name in enumerate(parameters)}


def test_exact_is_the_mean_squared_gradient_of_examples(encoder, head, features):
    expected = gradients_by_example(encoder, head, features["mnli"])
    found = diagonal_fisher(encoder, head, features["mnli"], ITEMS, CPU)
    assert list(found) == list(expected)
    for name, rows in expected.items():
        if rows[0] is None:
            assert not found[name].any()
        else:
            torch.testing.assert_close(found[name], torch.stack(rows).square().mean(0), rtol=1e-4, atol=1e-9)


def test_reference_squares_the_mean_gradient_of_batches(encoder, head, features):
    """Two batches of four and two examples; the sum of their squares over the number of examples."""
    rows = gradients_by_example(encoder, head, features["mnli"])
    found = diagonal_fisher(encoder, head, features["mnli"], ITEMS, CPU, "reference", batch_size=4)
    for name, gradients in rows.items():
        if gradients[0] is not None:
            stacked = torch.stack(gradients)
            expected = (stacked[:4].mean(0).square() + stacked[4:].mean(0).square()) / 6
            torch.testing.assert_close(found[name], expected, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("task", ["udpos", "squad_v1", "hellaswag"])
def test_every_family_with_a_loss_has_one(encoder, features, task):
    read = features[task]
    head = make_head(read.family, 8, len(read.labels), dropout=0.0)
    found = diagonal_fisher(encoder, head, read, np.arange(len(read)), CPU)
    assert all(bool((part >= 0).all()) and bool(part.isfinite().all()) for part in found.values())
    assert found["encoder.layer.0.output.dense.weight"].any()


def test_the_same_twice_and_the_model_as_it_was(encoder, head, features):
    encoder.requires_grad_(True)
    before = [parameter.clone() for parameter in encoder.parameters()]
    first, second = (diagonal_fisher(encoder, head, features["mnli"], ITEMS, CPU) for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert all(torch.equal(*pair) for pair in zip(before, encoder.parameters(), strict=True))
    assert all(parameter.requires_grad and parameter.grad is None for parameter in encoder.parameters())


def test_word_embeddings_are_left_out(encoder):
    names = set(trained_parameters(encoder))
    assert "embeddings.word_embeddings.weight" not in names
    assert "embeddings.position_embeddings.weight" in names


def test_what_has_no_information_is_refused(encoder, head, features):
    for task, items, mode in (("tatoeba", ITEMS, "exact"), ("mnli", ITEMS[:0], "exact"), ("mnli", ITEMS, "fast")):
        with pytest.raises(ValueError, match="no Fisher information"):
            diagonal_fisher(encoder, head, features[task], items, CPU, mode)


def test_a_mixture_is_the_mean_of_diagonals_with_equal_traces():
    one, other = {"a": torch.tensor([1.0, 3.0])}, {"a": torch.tensor([0.0, 0.1])}
    assert mean_fisher([one, other])["a"].tolist() == pytest.approx([0.125, 0.875])
    with pytest.raises(ValueError, match="none of them 0"):
        mean_fisher([one, {"a": torch.zeros(2)}])


def test_components_and_their_cosines():
    assert components(["a.weight", "a.bias", "b.weight"]) == {"a": ["a.weight", "a.bias"], "b": ["b.weight"]}
    one = {"a.weight": torch.tensor([3.0]), "a.bias": torch.tensor([4.0]), "b.weight": torch.zeros(2)}
    other = {"a.weight": torch.tensor([4.0]), "a.bias": torch.tensor([3.0]), "b.weight": torch.zeros(2)}
    assert component_cosines(one, other) == {"a": pytest.approx(24 / 25)}


def test_ranks_are_fused_by_hand():
    """Three sources; in the first component ranks 1, 2, 3, in the second 2.5, 1, 2.5."""
    found = fuse_ranks([[0.9, 0.5, 0.1], [0.2, 0.8, 0.2]])
    assert found == pytest.approx([1 / 61 + 1 / 62.5, 1 / 62 + 1 / 61, 1 / 63 + 1 / 62.5])
