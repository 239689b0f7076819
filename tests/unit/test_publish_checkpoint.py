"""A published checkpoint is whole, loads without a network and says what it is."""

import shutil
import subprocess

import pytest
import torch
from huggingface_hub import ModelCard
from transformers import AutoModel, AutoTokenizer

from tests.checkpoints import save_xlmr
from workflow.scripts import publish_checkpoint
from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json, write_json
from workflow.scripts.modeling import adapters
from workflow.scripts.modeling.checkpoints import load_encoder, load_head, save_checkpoint
from workflow.scripts.modeling.heads import make_head
from workflow.scripts.training.card import run_card

SPEC = '{"after":"qqp","epochs":2,"seed":1,"tasks":["mnli"],"version":1}'
IDS = torch.tensor([[0, 7, 8, 9, 2]])


@pytest.fixture(scope="module")
def made(world, tmp_path_factory):
    """An intermediate checkpoint, as training writes it."""
    root = tmp_path_factory.mktemp("study")
    texts = [row["text_a"] for row in world.rows("documents", split="train", languages=["en"], examples=60)]
    pretrained = save_xlmr(root / "models/xlmr", texts)
    torch.manual_seed(1)
    card = run_card(
        "intermediate", SPEC, {"steps": 9}, {"mnli": {"accuracy": 50.0}}, base="FacebookAI/xlm-roberta-base"
    )
    folder = root / "intermediate/xlmr/mnli/seed1"
    head = make_head("classification", 16, 3, 0.1)
    save_checkpoint(folder, load_encoder(pretrained), {"mnli": head}, pretrained, "# card\n", card)
    return folder


@pytest.fixture
def checkpoint(made, tmp_path):
    """A copy that a test may change."""
    return shutil.copytree(made, tmp_path / "intermediate/xlmr/mnli/seed1")


def score(root, source, english, german, control=99.0):
    """Write the scores of a target, as `score` does."""
    languages = {"en": english, "de": german, "qaz": control, "fr": german + 2}
    values = {code: {"n": 5, "metrics": {"accuracy": value, "other": 0.0}} for code, value in languages.items()}
    path = root / f"{source}.json"
    write_json(path, {"target": "xnli", "source": source, "main_metrics": ["accuracy"], "languages": values})
    return path


def publish(checkpoint, root, *options):
    folder = root / "published"
    words = ["--run", checkpoint / "run.json", "--model", "xlmr", "--source", "mnli", "--seed", "1", *options]
    assert publish_checkpoint.main([*map(str, words), "--out", str(folder / "SHA256SUMS")]) == 0
    return folder


def test_the_folder_loads_without_a_network_and_its_sums_hold(checkpoint, tmp_path):
    folder = publish(checkpoint, tmp_path)
    assert {path.name for path in folder.iterdir()} == {
        "README.md", "SHA256SUMS", "config.json", "head.safetensors", "model.safetensors", "run.json", "tokenizer.json",
        "tokenizer_config.json",
    }  # fmt: skip
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=True)
    assert checked.stdout.count(": OK") == 7
    with torch.no_grad():
        states = [AutoModel.from_pretrained(place).eval()(IDS).last_hidden_state for place in (folder, checkpoint)]
    assert torch.equal(*states)
    assert AutoTokenizer.from_pretrained(folder).mask_token_id == 4
    load_head(folder, "mnli", make_head("classification", 16, 3, 0.1))
    assert "classifier" not in (folder / "config.json").read_text().replace("classifier_dropout", "")


def test_the_card_tells_data_licences_scores_and_limits(checkpoint, tmp_path):
    statistics = tmp_path / "train.json"
    write_json(statistics, {"origins": [{"repository": "nyu-mll/glue", "revision": "main"}]})
    scores = [score(tmp_path, "mnli", 80.0, 60.0), score(tmp_path, "none", 75.0, 50.0)]
    text = (publish(checkpoint, tmp_path, "--statistics", statistics, "--scores", *scores) / "README.md").read_text()
    facts = ModelCard(text, ignore_metadata_errors=False).data.to_dict()
    assert facts["datasets"] == ["nyu-mll/glue"]
    assert facts["base_model"] == "FacebookAI/xlm-roberta-base"
    assert {"intermediate-task-transfer", "mnli"} <= set(facts["tags"])
    assert (facts["language"], facts["license"]) == (["en"], "other")
    for line in (
        "# xlmr after mnli (seed 1)",
        "| XNLI | accuracy | 80.0 | 61.0 | 2 | 51.0 |",
        "| mnli | accuracy | 50.0 |",
        "| epochs | 2 |",
        "| batch_size | 32 |",
        "  mnli-imported: {xlmr: {checkpoint: <folder or repository>}}",
        "* Languages and targets other than those of the table were not tested.",
    ):
        assert line in text.splitlines(), line
    assert "OANC" in text
    assert "It was trained after `qqp`." in text
    assert str(tmp_path) not in text


def test_a_card_says_no_more_than_is_known(checkpoint, tmp_path):
    text = (publish(checkpoint, tmp_path) / "README.md").read_text()
    assert "Scores after fine-tuning" not in text
    assert "No target was scored with it" in text
    assert "generated or private data" in text
    assert "datasets" not in ModelCard(text).data.to_dict()


def test_a_file_that_changed_is_not_published(checkpoint, tmp_path):
    weights = checkpoint / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match="is not what was written"):
        publish(checkpoint, tmp_path)
    assert not (tmp_path / "published/SHA256SUMS").exists()
    (checkpoint / "head.safetensors").unlink()
    with pytest.raises(UserError, match="which its run card lists, is missing"):
        publish_checkpoint.copy_files({"files": {"head.safetensors": "0"}}, checkpoint, tmp_path / "published")


def test_a_checkpoint_of_an_earlier_version_is_published_without_a_comparison(checkpoint, tmp_path):
    card = read_json(checkpoint / "run.json")
    write_json(checkpoint / "run.json", {name: value for name, value in card.items() if name != "files"})
    assert read_json(publish(checkpoint, tmp_path) / "run.json")["files"] == card["files"]


def test_an_adapter_names_its_model_on_the_hub(tmp_path):
    write_json(tmp_path / adapters.CONFIG, {"r": 2, "base_model_name_or_path": "results/laboratory/models/tiny"})
    publish_checkpoint.name_base(tmp_path, "FacebookAI/xlm-roberta-base")
    assert read_json(tmp_path / adapters.CONFIG)["base_model_name_or_path"] == "FacebookAI/xlm-roberta-base"
    with pytest.raises(UserError, match="a model that is not on the Hub"):
        publish_checkpoint.name_base(tmp_path, "")
