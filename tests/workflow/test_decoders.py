"""A study of decoders from text to report: two settings of attention, one of them with an adapter."""

import json

import pytest

from tests.workflow.conftest import copy_tree

STUDY = ("--configfile", "tests/config/decoder.yaml", "--cores", "2")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    tree = copy_tree(tmp_path_factory.mktemp("decoders") / "tree")
    tree.printed = tree.run(*STUDY)
    return tree


def test_every_score_is_there_and_nothing_is_left_to_do(study):
    folder = study.root / "results/decoder"
    assert len(list(folder.glob("scores/*/*/seed1/*.json"))) == 2 * 2 * 3
    assert (folder / "report.html").is_file()
    assert study.jobs(*STUDY) == {}


def test_every_folder_of_a_model_says_how_it_attends(study):
    folder = study.root / "results/decoder"
    for name in ("causal", "echo"):
        config = json.loads((folder / f"models/{name}/config.json").read_text())
        assert (config["model_type"], config["transfer_attention"]) == ("llama", name)
        assert "AutoModelForCausalLM" in (folder / f"models/{name}/README.md").read_text()
    trained = folder / "intermediate/causal/mixed/seed1"
    assert json.loads((trained / "config.json").read_text())["transfer_attention"] == "causal"
    adapter = json.loads((folder / "intermediate/echo/mixed/seed1/adapter_config.json").read_text())
    assert adapter["target_modules"] == ["q_proj", "v_proj"]
    assert adapter["base_model_name_or_path"] == "results/decoder/models/echo"


def test_another_setting_trains_again_but_keeps_the_tokens(study, tmp_path):
    config = (study.root / STUDY[1]).read_text().replace("attention: causal", "attention: unlocked")
    (study.root / "tests/config/unlocked.yaml").write_text(config)
    jobs = study.jobs("--configfile", "tests/config/unlocked.yaml")
    assert "tokenize_task" not in jobs
    assert (jobs["pretrain_model"], jobs["train_intermediate"], jobs["predict_target"]) == (1, 1, 6)
