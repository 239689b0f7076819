"""Which similarities a configuration asks for, from which files, and what it must not ask for."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from tests.unit.smoke import SMOKE
from workflow.scripts.config_schema import defaults
from workflow.scripts.errors import UserError
from workflow.scripts.runspec import decode
from workflow.scripts.similarity_files import Similarities
from workflow.scripts.study import Study

WILDCARDS = SimpleNamespace(collection="smoke", model="nano", seed="1")


def plan(**keys):
    return Similarities(Study(SMOKE | {"similarity": keys}))


def test_nothing_is_measured_unless_sources_are_named():
    found = Similarities(Study(SMOKE))
    assert found.measured() == found.summary_files == []
    assert found.source_runs(WILDCARDS) == found.target_runs(WILDCARDS) == found.encoder(WILDCARDS) == []


def test_measures_decide_what_is_needed():
    found = plan(sources=["mnli", "multi"], targets=["pawsx", "tatoeba", "xnli"], measures=["class", "size"])
    assert found.source_runs(WILDCARDS) == found.target_runs(WILDCARDS) == found.encoder(WILDCARDS) == []
    found = plan(sources=["mnli", "multi"], targets=["pawsx", "tatoeba", "xnli"], measures=["task_embedding"])
    assert found.source_runs(WILDCARDS) == [
        f"results/smoke/intermediate/nano/{name}/seed1/run.json" for name in ("mnli", "multi")
    ]
    assert found.target_runs(WILDCARDS) == [
        f"results/smoke/finetuned/nano/none/seed1/{name}/run.json" for name in ("pawsx", "mnli")
    ]
    assert found.encoder(WILDCARDS) == []
    names = ("mnli/train", "hellaswag/train", "squad_v2/train", "pawsx/train", "tatoeba/test")
    assert found.tokens(WILDCARDS) == [f"results/smoke/tokens/subwords/{name}.arrow" for name in names]
    assert plan(sources=["mnli"], measures=["text_embedding"]).encoder(WILDCARDS) == [
        "results/smoke/models/nano/run.json"
    ]


def test_targets_are_all_of_the_study_unless_named():
    found = plan(sources=["mnli"])
    assert found.targets == SMOKE["targets"]
    spec = decode(found.spec(), defaults("similarity"))
    assert spec["sources"] == {"mnli": ["mnli"]}
    assert spec["targets"]["xnli"] == "mnli"
    assert spec["targets"]["tatoeba"] is None
    assert spec["examples"] == 500


def test_what_is_only_another_default_changes_no_identity():
    assert plan(sources=["mnli"]).spec() == plan(sources=["mnli"], examples=500, fisher="exact").spec()
    assert plan(sources=["mnli"]).spec() != plan(sources=["mnli"], examples=400).spec()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"sources": ["mnl"]}, r"similarity\.sources = 'mnl'.*Did you mean 'mnli'"),
        ({"sources": ["none"]}, r"similarity\.sources = 'none'"),
        ({"sources": ["mnli"], "targets": ["xnl"]}, r"similarity\.targets = 'xnl'.*Did you mean 'xnli'"),
        ({"sources": ["mnli"], "measures": ["logm"]}, r"similarity\.measures = 'logm'.*Did you mean 'logme'"),
        ({"sources": ["mnli"], "measures": ["sentence_embedding"]}, r"sentence_encoder = '' is no model of the study"),
        (
            {"sources": ["mnli"], "measures": ["sentence_embedding"], "sentence_encoder": "nan"},
            r"sentence_encoder = 'nan'.*Did you mean 'nano'",
        ),
    ],
)
def test_what_the_study_does_not_have_is_refused(keys, message):
    with pytest.raises(UserError, match=message):
        plan(**keys)


def test_adapters_have_no_task_vectors():
    models = {"nano": SMOKE["models"]["nano"] | {"adapter": {"rank": 2}}}
    with pytest.raises(UserError, match="'nano' trains an adapter"):
        Similarities(Study(SMOKE | {"models": models, "similarity": {"sources": ["mnli"]}}))


def test_a_study_alone_reads_its_smallest_budget_and_is_no_part_of_the_main_study():
    config = yaml.safe_load(Path("tests/config/studies.yaml").read_text())
    plan = Similarities(Study(config))
    assert plan.sources == ["mnli-s4", "qqp-s4", "ccg-s4"]
    assert plan.targets == ["pawsx", "udpos", "panx"]
    assert [Path(path).name for path in plan.measured()] == ["seed1.parquet", "seed2.parquet"]
    assert plan.summary_files
    assert plan.main_files == []
    config["similarity"]["sources"] = ["mnli-s8", "qqp-s8", "ccg-s8"]
    named = Similarities(Study(config))
    assert named.main_files == named.summary_files != []
