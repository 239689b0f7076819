"""A checkpoint takes the place of the pretrained model by one line of the configuration."""

import json
import shutil

import pytest

from benchmarks.source_tree import ROOT
from tests.checkpoints import save_bert, save_xlmr
from tests.workflow.conftest import copy_tree
from workflow.scripts.laboratory.world import World

MODEL = "  nano:\n"


@pytest.fixture(scope="module")
def texts():
    rows = World(seed=7).rows("documents", split="train", languages=["en", "qaa"], examples=40, stream="s")
    return [row["text_a"] for row in rows]


ALL = ["xnli", "pawsx", "udpos", "xquad", "bucc2018", "tatoeba"]


@pytest.mark.parametrize(("save", "targets"), [(save_bert, ["udpos", "tatoeba"]), (save_xlmr, ALL)])
def test_one_line_replaces_the_pretrained_model(save, targets, texts, tmp_path):
    tree = copy_tree(tmp_path / "tree")
    save(tree.root / "checkpoints/mine", texts)
    config = (ROOT / "tests/config/smoke.yaml").read_text()
    config = config.replace(MODEL, f"{MODEL}    checkpoint: checkpoints/mine\n").replace(
        "    tokenizer: subwords\n", ""
    )
    config = config.replace(
        "max_length: 128, max_question_length: 32, stride: 32", "max_length: 64, max_question_length: 24, stride: 16"
    )
    config = config.replace("[none, mnli, ccg, multi]", "[none, mnli-mlm]").replace(
        "mixtures:\n", "mixtures:\n  mnli-mlm: {tasks: [mnli], corpora: {wikipedia: 0.5}, corpus_batch_size: 4}\n"
    )
    config = config.replace(f"[{', '.join(ALL)}]", f"[{', '.join(targets)}]")
    (tree.root / "study.yaml").write_text(config)
    study = ("--configfile", "study.yaml", "--cores", "2")
    planned = tree.jobs(*study)
    assert planned["fetch_model"] == 1
    assert not {"pretrain_model", "train_tokenizer"} & set(planned)
    tree.run(*study)
    folder = tree.root / "results/smoke"
    card = json.loads((folder / "models/nano/run.json").read_text())
    assert card["stage"] == "pretrained"
    mixed = json.loads((folder / "intermediate/nano/mnli-mlm/seed1/run.json").read_text())
    assert mixed["spec"]["corpora"] == {"wikipedia": 0.5}
    for target in targets:
        scores = json.loads((folder / f"scores/nano/mnli-mlm/seed1/{target}.json").read_text())
        assert scores["languages"]
    assert "Pretrained elsewhere" in (folder / "report.html").read_text()
    assert tree.jobs(*study) == {}
    # another place is the same checkpoint, other content is not
    shutil.move(tree.root / "checkpoints", tree.root / "moved")
    (tree.root / "study.yaml").write_text(config.replace("checkpoints/mine", "moved/mine"))
    assert "fetch_model" not in tree.jobs(*study)
    save(tree.root / "moved/mine", texts, seed=9)
    assert tree.jobs(*study)["fetch_model"] == 1


def test_a_checkpoint_that_is_none_is_told(tmp_path):
    tree = copy_tree(tmp_path / "tree")
    (tree.root / "empty").mkdir()
    config = (ROOT / "tests/config/smoke.yaml").read_text().replace("    tokenizer: subwords\n", "")
    (tree.root / "study.yaml").write_text(config.replace(MODEL, f"{MODEL}    checkpoint: empty\n"))
    printed = tree.run(
        "--configfile", "study.yaml", "--cores", "1", "--", "results/smoke/models/nano/run.json", check=False
    )
    assert "empty is no checkpoint: it has no config.json" in printed
