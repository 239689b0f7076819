"""Sources that begin after others, and corpora in some languages or without a task."""

from copy import deepcopy
from types import SimpleNamespace

import pytest

from tests.unit.smoke import SMOKE
from workflow.scripts.errors import UserError
from workflow.scripts.layout import Layout
from workflow.scripts.runspec import decode
from workflow.scripts.specifications import Specifications
from workflow.scripts.study import Study

CHAIN = {
    "text": {"corpora": {"opus100": 1}, "languages": ["qaa"]},
    "late": {"tasks": ["mnli"], "after": "text-d8"},
    "later": {"corpora": {"opus100": 1}, "after": "late-s4"},
}


def config(mixtures, sources=("none",)):
    found = deepcopy(SMOKE) | {"sources": list(sources)}
    found["mixtures"] = mixtures
    return found


@pytest.mark.parametrize(
    ("mixtures", "message"),
    [
        ({"empty": {}}, "mixtures.empty has neither tasks nor corpora"),
        ({"one": {"tasks": ["mnli"]}}, "one task and no corpora"),
        ({"full": {"tasks": ["mnli"], "corpora": {"opus100": 1}}}, "add up to 1; expected less than 1"),
        ({"one": {"tasks": ["mnli"], "after": "qqp", "languages": ["qaa"]}}, "limits corpora, of which it has none"),
        ({"one": {"tasks": ["mnli"], "after": "qpq"}}, "mixtures.one.after = 'qpq' is no known source"),
        ({"one": {"tasks": ["mnli"], "after": "one-d4"}}, "'one' comes after itself"),
        (
            {"one": {"tasks": ["mnli"], "after": "two"}, "two": {"tasks": ["qqp"], "after": "one"}},
            "'one' comes after itself (one after two after one)",
        ),
        (CHAIN | {"late": {"tasks": ["mnli"], "after": "text"}}, "the source 'text' has corpora and no tasks"),
    ],
)
def test_mixtures_that_say_nothing_are_refused(mixtures, message):
    with pytest.raises(UserError, match=message.replace("(", r"\(").replace(")", r"\)")):
        Study(config(mixtures))


def test_a_source_without_tasks_needs_its_steps():
    with pytest.raises(UserError, match=r"'text' has corpora and no tasks.*as text-d1000"):
        Study(config(CHAIN, ["none", "text"]))


def test_a_source_begins_with_the_weights_of_the_one_before_it():
    study = Study(config(CHAIN, ["none", "later-d2"]))
    files = Layout(study)
    folder = "results/smoke/intermediate/nano"
    for source, before in (
        ("later-d2", f"{folder}/late-s4/seed1/model.safetensors"),
        ("late-s4", f"{folder}/text-d8/seed1/model.safetensors"),
        ("text-d8", "results/smoke/models/nano/model.safetensors"),
    ):
        wildcards = SimpleNamespace(model="nano", source=source, seed=1)
        assert files.pretrained_weights(wildcards) == before
        needs_head = source == "later-d2"  # its corpora need the head, which the source before it has not
        assert bool(files.language_model(wildcards)) == needs_head


def test_sources_before_others_are_run_and_their_data_are_read():
    study = Study(config(CHAIN, ["none", "later-d2"]))
    assert study.every_source() == ["none", "later-d2", "late-s4", "text-d8"]
    assert study.trunk_segments() == ["late-s4"]
    assert {"mnli", "opus100"} <= {task.name for task in study.needed_tasks()}
    assert study.sources == ["none", "later-d2"]


def test_languages_and_corpora_are_a_part_of_what_a_source_is_where_they_are_given():
    study = Study(config(CHAIN, ["none", "late-d4"]))
    spec = decode(Specifications(study).intermediate_spec("nano", "text-d8", "1"))
    assert (spec["tasks"], spec["corpora"], spec["languages"]) == ([], {"opus100": 1}, ["qaa"])
    late = decode(Specifications(study).intermediate_spec("nano", "late-d4", "1"))
    plain = decode(Specifications(study).intermediate_spec("nano", "mnli-d4", "1"))
    assert late == plain | {"after": "text-d8"}
