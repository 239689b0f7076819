"""The plan of the study `domain`, and its contrasts of slices and languages by hand."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.unit.studies.planted import domain_design
from workflow.scripts.designs.domain import differences, first_parts, pairs, scale, weights
from workflow.scripts.designs.domain_sources import add_sources, corpus_steps
from workflow.scripts.errors import UserError
from workflow.scripts.statistics import Measurements
from workflow.scripts.statistics.contrasts import contrast_interval
from workflow.scripts.studies.domain_contrasts import Piece, crossed, difference
from workflow.scripts.study import Study

TINY = yaml.safe_load(Path("tests/config/studies.yaml").read_text())
FACTORS = {
    "tasks": ["mnli"],
    "domains": ["news", "legal"],
    "placements": ["before", "mixed", "after"],
    "shares": [50],
    "targets": ["pawsx"],
}


def study(factors=None, **options):
    given = {"steps": 64, "general": "sentences", "covered": ["qaa"]} | options
    return domain_design(FACTORS | (factors or {}), **given)


def test_arms_are_the_task_alone_with_general_text_and_with_that_of_each_domain():
    sources = [arm.source for arm in study().arms]
    assert sources[:2] == ["none", "mnli-d64"]
    assert set(sources[2:]) == {
        f"mnli-{text}50-{placement}-d{steps}"
        for text in ("sentences", "news", "legal")
        for placement, steps in (("before", 64), ("mixed", 128), ("after", 64))
    }


def test_general_text_is_in_the_languages_of_its_domain():
    design = study({"placements": ["mixed"]}, covered={"news": ["qaa", "qab"], "legal": ["qaa"]})
    named = {arm.source for arm in design.arms if arm.values.get("domain") == "general"}
    assert named == {"mnli-sentences.news50-mixed-d128", "mnli-sentences.legal50-mixed-d128"}
    for own, general in pairs(design.arms).items():
        assert design.arms[own].values["coverage"] == design.arms[general].values["coverage"]


def test_a_corpus_has_its_share_of_all_steps():
    assert [corpus_steps(96, share) for share in (25, 50, 75)] == [32, 96, 288]


def test_the_mixtures_of_a_study_are_those_of_its_sources():
    config = deepcopy(TINY) | {"intermediate": {"mnli": {"learning_rate": 2e-3}}}
    config["studies"]["domain"]["options"] |= {"corpora": {"batch_size": 24}, "training": {"frozen_layers": 0}}
    made = add_sources(config)
    mixed = made["mixtures"]["mnli-news50-mixed"]
    assert mixed["corpora"] == {"news": 0.5}
    assert mixed["corpus_batch_size"] == 24
    assert mixed["languages"] == ["qaa"]
    assert made["mixtures"]["mnli-news50-before"] == {"tasks": ["mnli"], "after": "news-text-d2"}
    assert made["mixtures"]["mnli-sentences50-after"]["after"] == "mnli-d2"
    assert made["intermediate"]["mnli-news50-before"] == {"learning_rate": 2e-3}
    assert made["intermediate"]["mnli-news50-after"] == made["intermediate"]["news-text"] == {"frozen_layers": 0}
    (design,) = (one for one in Study(config).designs if one.name == "domain")
    steps = first_parts(design)
    assert steps["mnli-news50-before-d2"] == "news-text-d2"
    assert steps["mnli-news50-after-d2"] == "mnli-d2"
    assert "mnli-news50-mixed-d4" not in steps


def test_a_configuration_without_the_study_stays_as_it_is():
    config = {"sources": ["none"], "mixtures": {"multi": {"tasks": ["mnli", "ccg"]}}}
    assert add_sources(config) == config


@pytest.mark.parametrize(
    ("factors", "options", "message"),
    [
        ({"domains": ["newz"]}, {}, "factors.domains = 'newz' is no corpus.*Did you mean 'news'"),
        ({}, {"general": "news"}, "'news' is a domain of the study"),
        ({}, {"general": ""}, "options.general = '' is no corpus"),
        ({}, {"steps": 0}, "options.steps = 0; expected the steps"),
        ({"placements": ["between"]}, {}, "placements = 'between' is not known"),
        ({"shares": [100]}, {}, "expected per cent of all steps, from 1 to 99"),
        ({}, {"slices": {"sentences": {"topic": ["town"]}}}, "options.slices has 'sentences'"),
        ({}, {"corpora": {"batch": 8}}, "options.corpora has 'batch'.*Did you mean 'batch_size'"),
        ({}, {"covered": {"medical": ["qaa"]}}, "options.covered has 'medical'"),
        ({"targets": ["xnli"]}, {}, "fine-tuned on 'mnli'"),
    ],
)
def test_designs_that_compare_nothing_are_refused(factors, options, message):
    with pytest.raises(UserError, match=message):
        study(factors, **options)


def test_the_contrast_is_the_mean_over_pairs_and_sums_to_nothing():
    design = study()
    row = weights(design.arms, "domain_minus_general")
    of = {arm.source: weight for arm, weight in zip(design.arms, row, strict=True)}
    assert of["mnli-news50-mixed-d128"] == pytest.approx(1 / 6)
    assert of["mnli-sentences50-mixed-d128"] == pytest.approx(-2 / 6)  # of both domains
    assert of["none"] == of["mnli-d64"] == 0
    assert sum(row) == pytest.approx(0)
    assert scale(design) == pytest.approx(6 / 36 + 3 * 4 / 36)
    chosen = differences(design.arms, {"domain": "legal", "placement": "after"})
    assert sorted(weight for weight in chosen if weight) == [-1, 1]


def test_size_is_a_slope_per_doubling():
    arms = [
        *study({"placements": ["mixed"], "domains": ["news"]}).arms,
    ]
    large = [type(arm)("large", arm.source, arm.values, 8000, arm.baseline) for arm in arms]
    row = weights([*arms, *large], "domain_by_size")
    values = np.array([0, 50, 60, 62, 0, 70, 80, 88])  # none, task, general, news: +2 and, 3 doublings on, +8
    assert [arm.values.get("domain") for arm in arms] == [None, "without", "general", "news"]
    assert np.dot(row, values) == pytest.approx((8 - 2) / 3)


def measurements(languages, examples=60, seeds=3, arms=3, parallel=False, families=(), seed=0):
    rng = np.random.default_rng(seed)
    tops = [rng.integers(0, 2, (arms, seeds, examples)).astype(float) for _ in languages]
    return Measurements(tops, [np.ones_like(top) for top in tops], languages, families, parallel)


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("languages", ["fixed", "random"])
def test_all_examples_of_all_languages_are_the_linear_contrast(parallel, languages):
    codes, families = ["qaa", "qab", "qac", "qad"], ["f", "f", "g", "h"]
    measured = measurements(codes, parallel=parallel, families=families)
    whole = np.ones(60, dtype=bool)
    pieces = [Piece("t", code, whole, [1, -0.5, -0.5], 0.25) for code in codes]
    found = difference({"t": measured}, pieces, languages)
    expected = contrast_interval([measured], [1, -0.5, -0.5], languages)
    assert found.estimate == pytest.approx(expected.estimate)
    assert found.standard_error == pytest.approx(expected.standard_error)
    assert found.degrees == pytest.approx(expected.degrees)


def test_slices_of_one_seed_are_two_samples():
    measured = measurements(["qaa"], examples=1000, seeds=1)
    inside = np.arange(1000) < 300
    pieces = crossed("t", {"qaa": {1: inside, -1: ~inside}}, {1: ["qaa"]}, [1, -1, 0], 1.0)
    found = difference({"t": measured}, pieces)
    gain = 100 * (measured.numerators[0][0, 0] - measured.numerators[0][1, 0])
    assert found.estimate == pytest.approx(gain[inside].mean() - gain[~inside].mean())
    error = np.sqrt(gain[inside].var() / 300 + gain[~inside].var() / 700)
    assert found.standard_error == pytest.approx(error, rel=1e-3)


def test_translations_of_an_example_do_not_count_as_different_ones():
    """The same answers in two languages: with and without text nothing differs, and nothing is uncertain."""
    one = measurements(["qaa"], seeds=2).numerators[0]
    both = [
        Measurements([one, one], [np.ones_like(one)] * 2, ["qaa", "qab"], (), parallel) for parallel in (True, False)
    ]
    whole = {1: np.ones(60, dtype=bool)}
    pieces = crossed("t", {"qaa": whole, "qab": whole}, {1: ["qaa"], -1: ["qab"]}, [1, -1, 0], 1.0)
    same, other = (difference({"t": measured}, pieces) for measured in both)
    assert same.estimate == other.estimate == 0
    assert same.standard_error == 0
    assert other.standard_error > 5


def test_groups_without_enough_examples_have_no_pieces():
    few = {1: np.array([True, False, False]), -1: np.array([False, True, True])}
    assert crossed("t", {"qaa": few}, {1: ["qaa"]}, [1, -1], 1.0) == []
    assert crossed("t", {}, {1: ["qaa"]}, [1, -1], 1.0) == []


def control_study(control):
    config = deepcopy(TINY)
    config["studies"]["domain"]["factors"]["models"] = ["nano", "small", "decoder"]
    config["studies"]["domain"]["options"]["control_models"] = control
    config["studies"]["domain"]["primary"] = {"contrast": "domain_by_size"}
    (design,) = (one for one in Study(config).designs if one.name == "domain")
    return design


def test_a_control_model_is_in_no_comparison_of_sizes():
    design = control_study(["decoder"])
    row = weights(design.arms, "domain_by_size")
    assert {arm.model for arm, weight in zip(design.arms, row, strict=True) if weight} == {"nano", "small"}
    mean = weights(design.arms, "domain_minus_general")
    assert {arm.model for arm, weight in zip(design.arms, mean, strict=True) if weight} == {"nano", "small", "decoder"}
    with pytest.raises(UserError, match="control_models"):
        control_study(["deocder"])
    with pytest.raises(UserError, match="cannot be compared by size"):
        control_study(["decoder", "small"])
