"""The program: all measures of one source and three targets."""

import json

import pyarrow.parquet as pq
import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.measure_similarity import main
from workflow.scripts.similarity_measures import MEASURES

SPEC = {
    "stage": "similarity",
    "version": 1,
    "sources": {"mnli": ["mnli"]},
    "targets": {"pawsx": "pawsx", "udpos": "udpos", "tatoeba": None},
    "measures": ["class", "text_embedding", "task_embedding", "task_embedding_fused", "logme", "task_vectors", "size"],
    "examples": 8,
    "fisher_examples": 4,
}


@pytest.fixture
def measure(tokens, checkpoints, tmp_path):
    """Return a function that runs the program and returns its rows by measure, source and target."""
    runs = {"--source-runs": [checkpoints / "intermediate/tiny/mnli/seed1/run.json"]}
    runs["--target-runs"] = [checkpoints / f"finetuned/tiny/none/seed1/{task}/run.json" for task in ("pawsx", "udpos")]
    runs["--encoder"] = runs["--sentence-run"] = [checkpoints / "models/tiny/run.json"]
    runs["--tokens"] = runs["--sentence-tokens"] = [path for task, path in tokens.items() if task != "squad_v1"]

    def call(out="table.parquet", left_out=(), **changes):
        arguments = ["--spec", json.dumps(SPEC | changes), "--model", "tiny", "--seed", "1"]
        for name, paths in runs.items():
            arguments += [] if name in left_out else [name, *map(str, paths)]
        assert main([*arguments, "--out", str(tmp_path / out)]) == 0
        rows = pq.read_table(tmp_path / out).to_pylist()
        return {(row["measure"], row["source"], row["target"]): row for row in rows}

    return call


def test_every_pair_has_every_measure(measure):
    found = measure()
    assert len(found) == len(SPEC["measures"]) * 3
    undefined = {(name, target) for (name, _, target), row in found.items() if row["similarity"] is None}
    supervised = {name for name in SPEC["measures"] if MEASURES[name].target_data or MEASURES[name].target_model}
    assert undefined == {(name, "tatoeba") for name in supervised}
    assert found["class", "mnli", "pawsx"]["similarity"] == 1
    assert found["size", "mnli", "udpos"]["similarity"] == pytest.approx(3.584962500721156)  # log2 of 12 rows
    assert -1 <= found["task_vectors", "mnli", "pawsx"]["similarity"] <= 1
    # one source: in every component it has the first rank
    fused = {found["task_embedding_fused", "mnli", target]["similarity"] for target in ("pawsx", "udpos")}
    assert len(fused) == 1


def test_a_task_is_most_similar_to_itself(measure):
    found = measure(targets={"xnli": "mnli"}, measures=["text_embedding"])
    assert found["text_embedding", "mnli", "xnli"]["similarity"] == pytest.approx(1)


def test_costs_are_those_of_what_is_run(measure):
    few, many = (measure(examples=count, measures=["class", "logme", "text_embedding"]) for count in (4, 8))
    assert few["class", "mnli", "pawsx"]["source_flops"] == few["class", "mnli", "pawsx"]["target_flops"] == 0
    for name, cost in (("logme", "source_flops"), ("text_embedding", "target_flops")):
        assert 0 < few[name, "mnli", "pawsx"][cost] < many[name, "mnli", "pawsx"][cost]


def test_the_same_again_gives_the_same_bytes(measure, tmp_path):
    measure("one.parquet")
    measure("two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_the_reference_fisher_is_another(measure):
    exact, reference = (measure(fisher=mode, measures=["task_embedding"]) for mode in ("exact", "reference"))
    key = ("task_embedding", "mnli", "pawsx")
    assert exact[key]["similarity"] != reference[key]["similarity"]


def test_a_sentence_encoder_has_its_own_tokens(measure):
    found = measure(measures=["text_embedding", "sentence_embedding"])
    values = [found[name, "mnli", "pawsx"]["similarity"] for name in ("text_embedding", "sentence_embedding")]
    assert values[0] == values[1]  # here the same model


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("task_embedding", "--source-runs"),
        ("logme", "--source-runs"),
        ("text_embedding", "--encoder"),
        ("sentence_embedding", "--sentence-run"),
    ],
)
def test_a_file_that_is_missing_is_named(measure, name, argument):
    with pytest.raises(UserError, match=argument):
        measure(measures=[name], left_out=(argument,))


def test_tokens_that_are_missing_are_named(measure):
    with pytest.raises(UserError, match="no token file of 'squad_v1'"):
        measure(measures=["text_embedding"], targets={"xquad": "squad_v1"})
