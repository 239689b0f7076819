"""Checkpoints from a folder, a mirror and the Hub become model folders that everything downstream reads."""

import json
import shutil
from dataclasses import dataclass

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoTokenizer, BartConfig, BartForConditionalGeneration

from tests.checkpoints import save_bert, save_xlmr
from workflow.scripts import fetch_model
from workflow.scripts.errors import UserError
from workflow.scripts.features.segments import Segmenter
from workflow.scripts.files import read_json, sha256, write_json
from workflow.scripts.modeling.checkpoints import load_encoder, load_language_model
from workflow.scripts.runspec import spec_hash

COMMIT = "0123456789" * 4
SPEC = '{"checkpoint":"someone/bert","revision":"main","version":1}'
FOLDER_SPEC = '{"version":1}'
OUTPUTS = {"README.md", "config.json", "model.safetensors", "run.json", "tokenizer.json", "tokenizer_config.json"}


@pytest.fixture(scope="module")
def texts(world):
    return [row["text_a"] for row in world.rows("documents", split="train", languages=["en"], examples=60)]


@pytest.fixture(scope="module")
def bert(texts, tmp_path_factory):
    return save_bert(tmp_path_factory.mktemp("checkpoint") / "bert", texts)


@pytest.fixture
def fetch(tmp_path):
    """Return a function that runs the program and returns the model folder and its run card."""

    def run(spec, *options):
        folder = tmp_path / "models/mine"
        given = ["--model", "mine", "--spec", spec, "--run", str(folder / "run.json")]
        words = [*options]
        if "--checkpoints" in words:
            place = words.index("--checkpoints") + 1
            words[place] = json.dumps({"mine": str(words[place])})
        given += map(str, words)
        if "--kind" not in options:
            given += ["--tokenizer", str(tmp_path / "tokenizers/mine/tokenizer.json")]
        assert fetch_model.main([*given, "--lock", str(tmp_path / "lock.yaml")]) == 0
        return folder, read_json(folder / "run.json")

    return run


@dataclass
class Files:
    files: tuple[str, ...]
    commit: str = COMMIT


class FakeHub:
    """A Hub whose cache is spread over several folders; remembers what was asked of it."""

    def __init__(self, source, cache):
        self.source, self.cache, self.asked = source, cache, []

    def resolve(self, kind, repository, revision):
        self.asked.append((kind, repository, revision))
        return Files((*sorted(path.name for path in self.source.iterdir()), "onnx/model.onnx", "rust_model.ot"))

    def download(self, kind, files, path):
        self.asked.append(path)
        (self.cache / path).mkdir(parents=True)
        return shutil.copy(self.source / path, self.cache / path / "blob") and self.cache / path / "blob"


@pytest.fixture
def hub(bert, tmp_path, monkeypatch):
    fake = FakeHub(bert, tmp_path / "cache")
    monkeypatch.setattr(fetch_model, "open_hub", lambda lock: fake)
    return fake


@pytest.mark.parametrize("save", [save_bert, save_xlmr])
def test_a_folder_becomes_a_model_of_the_study(save, texts, fetch, tmp_path):
    source = save(tmp_path / "source", texts)
    folder, card = fetch(FOLDER_SPEC, "--checkpoints", source)
    assert {path.name for path in folder.iterdir()} == OUTPUTS
    ids = torch.tensor([[2, 9, 8, 3]])
    with torch.no_grad():
        assert torch.equal(load_encoder(folder).eval()(ids)[0], load_encoder(source).eval()(ids)[0])
        assert torch.equal(
            load_language_model(folder).eval()(ids).logits, load_language_model(source).eval()(ids).logits
        )
    written = tmp_path / "tokenizers/mine/tokenizer.json"
    theirs = AutoTokenizer.from_pretrained(folder)(texts[0], texts[1])["input_ids"]
    assert Tokenizer.from_file(str(written)).encode(texts[0], texts[1]).ids == theirs
    assert Segmenter(written).token_ids().mask == 4
    assert card["stage"] == "pretrained"
    assert card["model"]["layers"] == 2
    assert card["files"] == {name: sha256(folder / name) for name in OUTPUTS - {"README.md", "run.json"}}


def test_the_content_of_a_folder_is_its_identity(bert, fetch, tmp_path):
    copy = shutil.copytree(bert, tmp_path / "elsewhere")
    cards = [fetch(FOLDER_SPEC, "--checkpoints", folder)[1] for folder in (bert, copy)]
    assert cards[0]["spec"] == {"version": 1, "sha256": sha256(bert / "model.safetensors")} == cards[1]["spec"]
    assert cards[0]["spec_hash"] == cards[1]["spec_hash"] != spec_hash(FOLDER_SPEC)
    assert [card["checkpoint"]["name"] for card in cards] == ["bert", "elsewhere"]
    assert str(tmp_path) not in str(cards)


def test_a_repository_comes_from_the_hub_and_only_what_is_read(bert, fetch, hub):
    (folder, card), names = fetch(SPEC), {path.name for path in bert.iterdir()}
    assert hub.asked[0] == ("model", "someone/bert", "main")
    assert set(hub.asked[1:]) == names
    assert card["checkpoint"] == {
        "repository": "someone/bert",
        "revision": "main",
        "commit": COMMIT,
        "sha256": sha256(bert / "model.safetensors"),
    }
    assert not any(path.is_symlink() for path in folder.iterdir())
    assert f"someone/bert, commit {COMMIT}" in (folder / "README.md").read_text()


def test_where_a_fetched_model_is_from_stays_known(fetch, hub, tmp_path):
    folder, card = fetch(SPEC)
    again = shutil.copytree(folder, tmp_path / "copy")
    assert fetch(FOLDER_SPEC, "--checkpoints", again)[1]["checkpoint"] == card["checkpoint"]


def test_a_mirror_goes_before_the_hub(bert, fetch, hub, tmp_path):
    clone = shutil.copytree(bert, tmp_path / "mirror/models/someone/bert")
    _, card = fetch(SPEC, "--mirror", tmp_path / "mirror")
    assert hub.asked == []
    assert card["checkpoint"]["commit"] is None
    known = {"repository": "someone/bert", "revision": "main", "commit": COMMIT}
    write_json(clone / "run.json", {"checkpoint": known})
    _, card = fetch(SPEC, "--mirror", tmp_path / "mirror")
    assert card["checkpoint"]["commit"] == COMMIT
    with pytest.raises(UserError, match="is revision 'main' of 'someone/bert', but 'refs/pr/1' is asked for"):
        fetch(SPEC.replace('"main"', '"refs/pr/1"'), "--mirror", tmp_path / "mirror")
    shutil.rmtree(clone)
    fetch(SPEC, "--mirror", tmp_path / "mirror")
    assert hub.asked


def test_where_a_checkpoint_was_looked_for_is_told(fetch, hub, tmp_path):
    def refuse(*_):
        raise UserError("no network")

    hub.resolve = refuse
    with pytest.raises(UserError, match=r"mirror/models/someone/bert has no config\.json, .*: no network"):
        fetch(SPEC, "--mirror", tmp_path / "mirror")
    with pytest.raises(UserError, match=r"is no checkpoint: it has no config\.json"):
        fetch(FOLDER_SPEC, "--checkpoints", tmp_path)
    with pytest.raises(UserError, match=r"'/not/there' is no folder .* no repository"):
        fetch('{"checkpoint":"/not/there","version":1}')


def test_a_repository_with_pickles_alone_is_refused_before_the_download(fetch, hub, bert, tmp_path):
    hub.source = shutil.copytree(bert, tmp_path / "pickled")
    (hub.source / "model.safetensors").rename(hub.source / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"'someone/bert' \(revision 'main'\) has no weights as safetensors"):
        fetch(SPEC)
    assert len(hub.asked) == 1
    assert not (tmp_path / "models/mine/run.json").exists()


def test_a_translator_keeps_its_tokenizer_files(fetch, bert, tmp_path):
    source = tmp_path / "translator"
    shape = {"encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 1, "decoder_attention_heads": 1}
    BartForConditionalGeneration(BartConfig(vocab_size=50, d_model=8, **shape)).save_pretrained(source)
    (source / "source.spm").write_bytes(b"pieces")
    (source / "notes.txt").write_text("left behind")
    folder, card = fetch(FOLDER_SPEC, "--kind", "translator", "--checkpoints", source)
    assert (folder / "source.spm").read_bytes() == b"pieces"
    assert (folder / "generation_config.json").is_file()
    assert not (folder / "notes.txt").exists()
    assert card["stage"] == "translator"
    assert set(card["files"]) == {"config.json", "model.safetensors", "source.spm", "generation_config.json"}
    with pytest.raises(UserError, match="is of a 'bert' model; expected a sequence-to-sequence model"):
        fetch(FOLDER_SPEC, "--kind", "translator", "--checkpoints", bert)


def test_an_encoder_needs_a_place_for_its_tokenizer(bert, tmp_path):
    with pytest.raises(SystemExit):
        fetch_model.main(
            ["--model", "m", "--spec", FOLDER_SPEC, "--checkpoints", str(bert), "--run", str(tmp_path / "run.json")]
        )
