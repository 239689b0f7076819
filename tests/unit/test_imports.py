"""The keys `imported`, `publish` and `reuse`: what they name is there, and what they demand of each other is told."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.unit.smoke import SMOKE
from workflow.scripts.errors import UserError
from workflow.scripts.layout import Layout
from workflow.scripts.publications import Publications
from workflow.scripts.runspec import decode
from workflow.scripts.specifications import Specifications
from workflow.scripts.study import Study
from workflow.scripts.study_values import trained_names

ROOT = Path(__file__).resolve().parents[2]
THEIRS = {"nano": {"checkpoint": "someone/nano-mnli-{seed}", "revision": "abc"}}


def study(imported=None, **keys):
    return Study(SMOKE | {"imported": {"theirs": THEIRS} if imported is None else imported} | keys)


def test_a_source_from_elsewhere_needs_no_data_and_no_training():
    found = study(sources=["none", "theirs", "mnli"], seeds=[1, 2])
    assert found.source_data("theirs") == []
    assert trained_names(found) == ["mnli"]
    assert {task.name for task in found.needed_tasks()} == {
        task.name for task in study({}, sources=["none", "mnli"]).needed_tasks()
    }
    assert Layout(found).imported_checkpoints() == [
        f"results/smoke/intermediate/nano/theirs/seed{seed}/run.json" for seed in (1, 2)
    ]
    spec = decode(Specifications(found).import_spec("nano", "theirs", "2"))
    assert spec == {"checkpoint": "someone/nano-mnli-2", "revision": "abc", "version": 1}


def test_a_folder_is_known_by_its_weights_and_not_by_its_card(tmp_path):
    def spec():
        found = study({"theirs": {"nano": {"checkpoint": str(tmp_path)}}}, sources=["none", "theirs"])
        return Specifications(found).import_spec("nano", "theirs", "1")

    (tmp_path / "model.safetensors").write_text("weights")
    first = spec()
    (tmp_path / "README.md").write_text("card")
    assert spec() == first
    assert str(tmp_path) not in first
    (tmp_path / "model.safetensors").write_text("other weights")
    assert spec() != first


def test_a_mixture_may_come_after_it():
    found = study(
        sources=["none", "more"], mixtures={"more": {"tasks": ["mnli"], "after": "theirs"}}, imported={"theirs": THEIRS}
    )
    assert found.every_source() == ["none", "more", "theirs"]
    assert trained_names(found) == ["more"]


WRONG = {
    "model that is none": ({"theirs": {"nani": THEIRS["nano"]}}, {}, "imported.theirs.nani", "Did you mean 'nano'"),
    "name of a task": ({"mnli": THEIRS}, {}, "imported.mnli has the name of another source", "their_mnli"),
    "name of the baseline": ({"none": THEIRS}, {}, "imported.none has the name of another source", "their_mnli"),
    "name of a mixture": ({"multi": THEIRS}, {}, "imported.multi has the name of another source", "their_mnli"),
    "name of a size": ({"theirs-n8": THEIRS}, {}, "imported.theirs-n8 has the name of a size", "letters"),
    "name that is none": ({"their/mnli": THEIRS}, {}, "imported.their/mnli has the name", "letters"),
    "duration": (
        {"theirs": THEIRS},
        {"sources": ["none", "theirs-s64"]},
        "is imported, not trained",
        "expected 'theirs'",
    ),
    "another model": (
        {"theirs": THEIRS},
        {"sources": ["none", "theirs"], "models": SMOKE["models"] | {"other": SMOKE["models"]["nano"]}},
        "has no checkpoint of the model 'other'",
        "add imported.theirs.other",
    ),
    "adapters": (
        {"theirs": THEIRS},
        {"models": {"nano": SMOKE["models"]["nano"] | {"adapter": {"rank": 2}}}},
        "imported.theirs.nano is not possible",
        "adapters",
    ),
    "no checkpoint": ({"theirs": {"nano": {}}}, {}, "lacks the key 'checkpoint'", "Hub repository"),
}


@pytest.mark.parametrize(("imported", "keys", "found", "advice"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_told(imported, keys, found, advice):
    with pytest.raises(UserError) as error:
        study(imported, **keys)
    assert found in str(error.value)
    assert advice in str(error.value)


def test_trained_sources_are_published_and_no_others():
    found = Publications(study(sources=["none", "theirs", "mnli"], seeds=[1, 2]))
    assert found.sums(None) == [f"results/smoke/published/nano/mnli/seed{seed}/SHA256SUMS" for seed in (1, 2)]
    chosen = Publications(study({}, sources=["none", "mnli", "ccg"], publish={"source": "ccg"}))
    assert chosen.sums(None) == ["results/smoke/published/nano/ccg/seed1/SHA256SUMS"]
    with pytest.raises(UserError, match=r"publish\.source = 'none' is no source of the study"):
        Publications(study({}, publish={"source": "none"}))


def test_generated_data_are_not_named_after_the_repositories_whose_layout_they_have():
    generated = study({}, sources=["none", "mnli"])
    wanted = SimpleNamespace(model="nano", source="mnli", seed="1")
    assert Publications(generated).statistics(wanted) == []
    generated.provider = "hub"
    assert Publications(generated).statistics(wanted) == ["results/smoke/data/mnli/train.json"]


def test_where_checkpoints_come_from_and_go_to_is_no_identity(tmp_path):
    plain, reusing = (Specifications(study({}, **keys)) for keys in ({}, {"reuse": [str(tmp_path)]}))
    assert reusing.report_spec() == plain.report_spec()
    assert reusing.intermediate_spec("nano", "mnli", "1") == plain.intermediate_spec("nano", "mnli", "1")
    shown = decode(plain.report_spec())["config"]
    assert not {"reuse", "imported", "publish"} & set(shown)


def test_a_collection_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UserError, match=r"reuse = .*gone.*expected the results folder"):
        Layout(study({}, reuse=[str(tmp_path / "gone")]))
