"""Tags score what seqeval gives in both versions, and what XTREME's program gives with them (tests/golden/metrics)."""

import random
import warnings
from typing import Any

import pytest

from tests.unit.metrics.official import equal, golden
from workflow.scripts.metrics.tagging import chunk_f1, chunk_f1_seqeval_0_0_12, token_accuracy

Case = dict[str, Any]
TAGS = ["ADJ", "CCONJ", "SCONJ", "SYM", "X", "NOUN", "INTJ", "B-PER", "I-PER", "B-LOC", "I-LOC", "O", "E-LOC", "S-PER"]


@pytest.mark.parametrize("case", golden("tagging"))
def test_chunk_f1_is_that_of_seqeval_1_2_2(case: Case) -> None:
    assert chunk_f1(case["gold"], case["predicted"])["f1"] == equal(case["official"]["1.2.2"]["f1"])


@pytest.mark.parametrize("case", golden("tagging"))
def test_chunk_f1_of_the_old_version_is_that_of_seqeval_0_0_12(case: Case) -> None:
    found = chunk_f1_seqeval_0_0_12(case["gold"], case["predicted"])
    assert found == {"f1_seqeval_0_0_12": equal(case["official"]["0.0.12"]["f1"])}


@pytest.mark.parametrize("case", golden("tagging"))
def test_token_accuracy_is_that_of_seqeval(case: Case) -> None:
    assert token_accuracy(case["gold"], case["predicted"])["accuracy"] == equal(case["official"]["1.2.2"]["accuracy"])


def test_the_two_versions_differ_on_parts_of_speech_but_not_on_entities() -> None:
    different = {
        case["name"]
        for parameter in golden("tagging")
        for case in parameter.values
        if case["official"]["1.2.2"]["f1"] != case["official"]["0.0.12"]["f1"]
    }
    assert "conjunctions" in different
    assert not any(name.startswith("panx") for name in different)


def test_chunk_f1_has_the_bits_of_the_installed_seqeval() -> None:
    """Counting all tokens at once must not change a published bit, so its version stays 1."""
    from seqeval.metrics import f1_score

    draw = random.Random(0)
    for _ in range(100):
        gold = [[draw.choice(TAGS) for _ in range(draw.randint(1, 9))] for _ in range(draw.randint(1, 9))]
        predicted = [[tag if draw.random() < 0.7 else draw.choice(TAGS) for tag in tags] for tags in gold]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = 100.0 * float(f1_score(gold, predicted, zero_division=0))
        assert chunk_f1(gold, predicted)["f1"] == expected
