"""Designs: what a configuration amounts to, and what is refused before anything runs."""

import json
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from tests.unit.smoke import edited
from workflow.scripts.designs.announcement import announcement, detectable_effect
from workflow.scripts.designs.design import facts_of, from_facts
from workflow.scripts.designs.kind import Arm, slopes
from workflow.scripts.errors import UserError
from workflow.scripts.layout import Layout
from workflow.scripts.specifications import Specifications
from workflow.scripts.study import Study
from workflow.scripts.study_files import Studies
from workflow.scripts.tasks import TASKS

TINY = yaml.safe_load(Path("tests/config/studies.yaml").read_text())
DURATION = TINY["studies"]["duration"]["factors"]


def changed(name, *path, value=None, delete=False):
    config = deepcopy(TINY)
    config["studies"] = {name: config["studies"][name]}
    return edited(config, ("studies", name, *path), value, delete)


def study(config):
    return Study(config)


def test_durations_are_branches_and_calibrating_runs_beside_none():
    design = study(changed("duration", "factors", "steps", value=[8, 2])).designs[0]
    assert design.sources == ["none", "mnli-s2", "mnli-s8", "mnli-d8"]
    assert design.models == ["nano", "small"]
    assert design.arms[1].values == {"task": "mnli", "steps": 2}
    assert len(design.cells()) == 2 * 4 * 2 * 2  # models, sources, pawsx and tatoeba, seeds


def test_amounts_of_data_are_one_pass_in_whole_batches():
    design = study(TINY).designs[1]
    assert design.sources == [
        "none-t8", "none-t16", "mnli-n64-s4-t8", "mnli-n64-s16-t8", "mnli-n64-s4-t16", "mnli-n64-s16-t16",
    ]  # fmt: skip
    config = changed("nli_scaling", "options", value={"steps": 6, "overlap": True})
    del config["studies"]["nli_scaling"]["factors"]["target_examples"]
    assert study(config).designs[0].sources == ["none", "mnli-n16-s6", "mnli-n64-s6"]


def test_target_examples_change_the_fine_tuning_alone():
    checked = study(TINY)
    specs, files = Specifications(checked), Layout(checked)
    usual = specs.finetuning_spec("nano", "mnli", "1", "mnli-n64-s4")
    assert usual == specs.finetuning_spec("nano", "mnli", "1")
    limited = specs.finetuning_spec("nano", "mnli", "1", "mnli-n64-s4-t8")
    assert '"examples":8' in limited
    assert '"from_end":true' in limited
    assert files.model_directory("nano", "mnli-n64-s4-t8", 1) == files.model_directory("nano", "mnli-n64-s4", 1)
    assert files.model_directory("nano", "none-t8", 1) == files.model_directory("nano", "none", 1)


def test_a_run_of_its_own_is_no_branch():
    checked = study(TINY)
    own, branch = (Specifications(checked).intermediate_spec("nano", f"mnli-{x}8", "1") for x in "ds")
    assert '"steps":8' in own
    assert "schedule" not in own
    assert '"schedule":"cooldown"' in branch
    assert checked.source("mnli-d8").segments() == []


def test_studies_share_runs_with_each_other_and_with_the_main_study():
    config = deepcopy(TINY)
    config["studies"]["nli_scaling"]["factors"] = {
        "models": ["nano", "small"], "tasks": ["mnli"], "examples": [8, 16], "targets": ["pawsx"],
    }  # fmt: skip
    config["studies"]["nli_scaling"]["options"] = {}
    config["studies"]["duration"]["factors"]["steps"] = [2, 4, 8]
    checked = study(config)
    plan = Studies(checked)
    one, other = (set(plan.examples(name)) for name in ("duration", "nli_scaling"))
    assert len(one & other) == 2 * 3 * 2  # models, none and s2 and s4, seeds, on pawsx
    assert checked.every_model() == ["nano", "small", "decoder"]
    assert checked.models == ["nano"]
    assert "small" not in "".join(Layout(checked).score_files())


@pytest.mark.parametrize("place", range(5))
def test_a_design_is_what_its_specification_says(place):
    design = study(TINY).designs[place]
    assert from_facts(json.loads(json.dumps(design.facts))) == design
    whole = from_facts(facts_of(design.name, study(TINY).settings))
    assert (whole.arms, whole.targets, whole.options) == (design.arms, design.targets, design.options)


@pytest.mark.parametrize("path", ["tests/config/studies.yaml", "config/config.yaml"])
def test_a_mixture_that_no_study_has_makes_none_stale(path):
    config = yaml.safe_load(Path(path).read_text())
    more = deepcopy(config)
    more["mixtures"]["unrelated"] = {"tasks": ["qqp", "ccg"]}
    before, after = (Studies(study(one)) for one in (config, more))
    assert [after.spec(name) for name in after.designs] == [before.spec(name) for name in before.designs]


def test_the_main_study_does_not_depend_on_studies():
    without = deepcopy(TINY) | {"studies": {}}
    one, other = (Layout(study(config)) for config in (TINY, without))
    for files in ("score_files", "manifests"):
        assert set(getattr(other, files)()) <= set(getattr(one, files)())
    assert one.score_files() == other.score_files()
    assert one.run_cards(None) == other.run_cards(None)
    assert one.statistics_files(None) == other.statistics_files(None)


@pytest.mark.parametrize("path", sorted([Path("config/config.yaml"), *Path("config/studies").glob("*.yaml")]))
def test_no_specification_is_in_the_plan_twice(path):
    checked = study(yaml.safe_load(path.read_text()))
    specs, files = Specifications(checked), Layout(checked)
    trained, tuned = {}, {}
    for design in checked.designs:
        for model, source, target, seed in design.cells():
            folder = files.model_directory(model, source, seed)
            if checked.source_tasks(source):
                spec = specs.intermediate_spec(model, source, str(seed))
                begins = tuple(checked.sources_before(source))  # as the inputs of the job say, not its specification
                trained.setdefault((model, begins, spec), set()).add(folder)
            for task in TASKS[target].training_tasks(checked.protocol):
                spec = specs.finetuning_spec(model, task, str(seed), source)
                tuned.setdefault((folder, spec), set()).add(source)
    assert checked.designs
    assert all(len(places) == 1 for places in [*trained.values(), *tuned.values()])


BAD = {
    "unknown study": (TINY | {"studies": {"durations": TINY["studies"]["duration"]}}, "Did you mean 'duration'?"),
    "unknown factor": (changed("duration", "factors", "lengths", value=[1]), "no known factor", "models, targets"),
    "missing factor": (changed("duration", "factors", "steps", delete=True), "lacks 'steps'", "optimiser steps"),
    "unknown source": (
        changed("duration", "factors", "tasks", value=["mlni"]),
        "studies.duration.factors.tasks = 'mlni' is no known source",
        "Did you mean 'mnli'?",
    ),
    "unknown model": (
        changed("duration", "factors", "models", value=["nano", "smal"]),
        "'smal' is no known model",
        "Did you mean 'small'?",
    ),
    "unknown target": (changed("duration", "factors", "targets", value=["pawx"]), "Did you mean 'pawsx'?"),
    "unknown option": (changed("duration", "options", "break", value=4), "no known option", "break_at"),
    "unknown contrast": (changed("duration", "primary", value={"contrast": "steps"}), "no known contrast", "size"),
    "unknown secondary contrast": (
        changed("duration", "secondary", value={"a": ["b"]}),
        "studies.duration.secondary.a",
    ),
    "a level that is no number": (changed("duration", "factors", "steps", value=["mnli", 4]), "cannot be compared"),
    "one level": (changed("duration", "factors", "steps", value=[4]), "expected 2 levels or more"),
    "one seed": (changed("duration", "seeds", value=[1]), "one seed", "two at least"),
    "one size": (changed("duration", "factors", "models", value=["nano"]), "cannot be compared by size", "two sizes"),
    "a duration without trunk": (changed("duration", "factors", "steps", value=[1, 8]), "before the cool-down"),
    "calibration of no duration": (
        changed("duration", "options", "calibration", value=[5]),
        "no duration of the study",
    ),
    "break outside": (changed("duration", "options", "break_at", value=8), "no durations on both sides"),
    "twin of no model": (
        changed("duration", "options", "twins", value={"small": "nao"}),
        "twins.small = 'nao' is no model of the study",
        "Did you mean 'nano'?",
    ),
    "twin that is no model": (
        changed("duration", "options", "twins", value={"smal": "nano"}),
        "options.twins",
        "small",
    ),
    "all models but one are twins": (
        changed("duration", "options", "twins", value={"small": "nano"}),
        "cannot be compared by size",
    ),
    "forgetting of a trained target": (changed("duration", "options", "forgetting", value=["xnli"]), "tatoeba"),
    "overlap": (
        changed("duration", "factors", "targets", value=["xnli"]),
        "'xnli', which is fine-tuned on 'mnli'",
        "studies.duration.options.overlap: true",
    ),
    "paragraphs of SQuAD in both": (
        changed(
            "duration",
            "factors",
            value=TINY["studies"]["duration"]["factors"] | {"tasks": ["squad_v2"], "targets": ["xquad"]},
        ),
        "'xquad', which is fine-tuned on 'squad_v1'",
    ),
    "target and intermediate data overlap": (
        changed("nli_scaling", "factors", "target_examples", value=[8, 33]),
        "overlap",
        "'mnli' has 96 training examples",
    ),
    "target data that are all": (changed("nli_scaling", "factors", "target_examples", value=["all"]), "overlap: true"),
    "target examples of what is not fine-tuned": (
        changed("nli_scaling", "factors", "targets", value=["tatoeba"]),
        "'tatoeba' cannot be compared by target_examples",
    ),
    "no whole batch": (changed("nli_scaling", "factors", "examples", value=[16, 30]), "expected 28 or 32"),
    "more than the pool": (changed("nli_scaling", "options", "pool", value=32), "more than options.pool"),
    "more than there is": (changed("nli_scaling", "options", "pool", value=100), "its 96 training examples"),
    "misspelt choice of languages": (
        changed("duration", "options", "languages", value="randon"),
        "options.languages = 'randon' is no known choice",
        "Did you mean 'random'?",
    ),
    "an option of another kind": (
        changed("duration", "options", "calibration", value=8),
        "options.calibration = 8 is no list",
    ),
    "an option that is quoted": (
        changed("duration", "options", "overlap", value="false"),
        "options.overlap = 'false' is no true or false",
    ),
    "no bound of equivalence": (changed("duration", "options", "equivalence", value=0), "expected points above 0"),
    "MNLI within ANLI+": (
        changed("duration", "factors", value=DURATION | {"tasks": ["anli"], "targets": ["xnli"]}),
        "'xnli', which is fine-tuned on 'mnli'",
        "('anli')",
    ),
    "SQuAD under another name": (
        changed("duration", "factors", value=DURATION | {"tasks": ["squad_v1"], "targets": ["lareqa"]}),
        "'lareqa', which is fine-tuned on 'lareqa'",
    ),
    "overlap with what a source comes after": (
        changed("duration", "factors", value=DURATION | {"tasks": ["later"], "targets": ["xnli"]})
        | {"mixtures": {"later": {"tasks": ["qqp"], "after": "mnli-d8"}}},
        "'xnli', which is fine-tuned on 'mnli'",
    ),
    "size of a checkpoint": (
        TINY
        | {"models": TINY["models"] | {"small": {"checkpoint": "xlm-roberta-base", "only_studies": True}}}
        | {"studies": {"duration": TINY["studies"]["duration"]}},
        "size of the checkpoint 'small'",
        "parameters.small",
    ),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_compared_is_told_before_anything_runs(case):
    config, *messages = case
    with pytest.raises(UserError) as error:
        study(config)
    told = str(error.value)
    assert told.startswith("config: studies")
    for message in messages:
        assert message in told


def test_an_overlap_that_is_declared_is_allowed():
    config = changed("duration", "factors", "targets", value=["xnli"])
    config["studies"]["duration"]["options"]["overlap"] = True
    assert study(config).designs[0].targets == ("xnli",)


def test_a_size_that_is_not_known_is_not_taken_for_one():
    """The default contrasts of size are left out where a checkpoint's parameters are not given."""
    config = changed("nli_scaling", "primary", value={"contrast": "data"})
    config["models"] = TINY["models"] | {"small": {"checkpoint": "xlm-roberta-base", "only_studies": True}}
    design = study(config).designs[0]
    assert not design.sized
    assert design.secondary == {"elasticities": (), "interaction": ()}
    assert study(TINY).designs[1].sized


def test_slopes_by_hand():
    arms = [Arm(str(n), f"x-s{d}", {"steps": d}, n) for n in (2, 8) for d in (1, 2, 4)]
    arms.append(Arm("2", "none", {}, 2, "none"))
    found = slopes(arms, "steps")
    scores = [3 * k + 5 * j + 0.5 * (k - 1) * (j - 2) for j in (1, 3) for k in (0, 1, 2)] + [99.0]
    assert sum(w * y for w, y in zip(found["amount"], scores, strict=True)) == pytest.approx(3)
    assert sum(w * y for w, y in zip(found["size"], scores, strict=True)) == pytest.approx(5)
    assert sum(w * y for w, y in zip(found["both"], scores, strict=True)) == pytest.approx(0.5)


def test_the_dry_run_tells_contrast_and_detectable_effect():
    checked = study(TINY)
    told = announcement(checked.designs[0])
    assert "duration_by_size" in told
    assert "2 seeds" in told
    assert f"{detectable_effect(checked.designs[0]):.3g}" in told
    more = study(changed("duration", "seeds", value=[1, 2, 3, 4, 5])).designs[0]
    assert detectable_effect(more) < detectable_effect(checked.designs[0])
    assert Studies(checked, ["snakemake", "-n", "study_duration"]).announcements() == [told]
    assert Studies(checked, ["snakemake", "study_duration"]).announcements() == []
    assert len(Studies(checked, ["snakemake", "-n", "studies"]).announcements()) == len(checked.designs)
