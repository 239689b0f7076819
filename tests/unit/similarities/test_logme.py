"""LogME against the evidence of a normal distribution, maximised by another method."""

import numpy as np
import pytest
from scipy import optimize, stats

from workflow.scripts.similarities.logme import logme

RNG = np.random.default_rng


def best_evidence(features, column):
    """Return the highest log density of y ~ N(0, I / β + F Fᵀ / α) per example, over α and β."""

    def loss(logs):
        alpha, beta = np.exp(logs)
        covariance = np.eye(len(column)) / beta + features @ features.T / alpha
        return -stats.multivariate_normal.logpdf(column, np.zeros(len(column)), covariance)

    found = optimize.minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
    return -found.fun / len(column)


@pytest.mark.parametrize(("examples", "width"), [(30, 4), (12, 20)])
def test_logme_is_the_highest_evidence(examples, width):
    rng = RNG(width)
    features = rng.standard_normal((examples, width))
    labels = features[:, :2] @ [1.0, -0.5] + 0.7 * rng.standard_normal(examples)
    assert logme(features, labels[:, None]) == pytest.approx(best_evidence(features, labels), abs=1e-6)


def test_classes_are_indicator_columns():
    rng = RNG(0)
    features, labels = rng.standard_normal((40, 3)), rng.integers(0, 3, 40)
    columns = [best_evidence(features, (labels == label).astype(float)) for label in range(3)]
    assert logme(features, labels) == pytest.approx(np.mean(columns), abs=1e-6)


def test_features_that_tell_the_labels_are_more_similar():
    rng = RNG(1)
    labels = rng.integers(0, 2, 200)
    telling = labels[:, None] + 0.3 * rng.standard_normal((200, 5))
    assert logme(telling, labels) > logme(rng.standard_normal((200, 5)), labels) + 0.2


def test_a_column_without_noise_stays_finite():
    features = RNG(2).standard_normal((20, 3))
    assert np.isfinite(logme(features, features[:, :1]))
    assert np.isfinite(logme(features, np.zeros((20, 1))))


@pytest.mark.parametrize(
    ("features", "labels"),
    [(np.ones((3, 2)), np.ones(4)), (np.ones((0, 2)), np.ones(0)), (np.full((3, 2), np.nan), np.ones(3))],
)
def test_what_does_not_fit_is_refused(features, labels):
    with pytest.raises(ValueError, match=r"fit|finite"):
        logme(features, labels)
