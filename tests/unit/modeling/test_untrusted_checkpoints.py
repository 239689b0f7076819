"""A checkpoint from elsewhere runs no code, reads nothing outside its folder, and names no path outside the results."""

import json
import pickle
import sys
from pathlib import Path

import pytest

from workflow.scripts import fetch_model
from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json, write_json
from workflow.scripts.modeling.checkpoints import load_encoder

CODE = """
from pathlib import Path
Path({marker!r}).touch()
from transformers import BertConfig as EvilConfig, BertForMaskedLM as EvilModel, BertTokenizer as EvilTokenizer
"""


class Payload:
    """Touches a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


@pytest.fixture
def marker(tmp_path):
    """A file that is there as soon as foreign code has run."""
    return tmp_path / "code-has-run"


@pytest.fixture
def evil(bert, marker):
    """A checkpoint with weights as safetensors, and code in every place where libraries look for some."""
    code = CODE.format(marker=str(marker))
    for name in ("modeling_evil", "tokenization_evil", "configuration_evil", "__init__"):
        (bert / f"{name}.py").write_text(code)
    (bert / "custom_generate").mkdir()
    (bert / "custom_generate/generate.py").write_text(code)
    (bert / "pytorch_model.bin").write_bytes(pickle.dumps(Payload(marker)))
    (bert / "training_args.bin").write_bytes(pickle.dumps(Payload(marker)))
    classes = {"AutoConfig": "configuration_evil.EvilConfig", "AutoModel": "modeling_evil.EvilModel"}
    classes |= {"AutoModelForMaskedLM": "modeling_evil.EvilModel", "AutoModelForSeq2SeqLM": "modeling_evil.EvilModel"}
    change(bert / "config.json", auto_map=classes, trust_remote_code=True)
    tokenizer = {"AutoTokenizer": ["tokenization_evil.EvilTokenizer", "tokenization_evil.EvilTokenizer"]}
    change(bert / "tokenizer_config.json", auto_map=tokenizer, trust_remote_code=True)
    return bert


def change(path, **values):
    write_json(path, read_json(path) | values)


@pytest.fixture
def fetch(tmp_path):
    """Return a function that brings a folder in and returns the folder of the study's model."""

    def run(folder, *options):
        target = tmp_path / "models/mine"
        words = ["--model", "mine", "--spec", '{"version":1}', "--checkpoints", json.dumps({"mine": str(folder)})]
        words += ["--run", str(target / "run.json"), "--tokenizer", str(tmp_path / "tokenizers/mine/tokenizer.json")]
        assert fetch_model.main([*words, *options]) == 0
        return target

    return run


def test_the_payload_would_run(marker, evil):
    """Else the other tests would show nothing."""
    pickle.loads((evil / "pytorch_model.bin").read_bytes())
    assert marker.exists()


def test_code_beside_the_weights_is_not_run_and_not_kept(fetch, evil, marker):
    folder = fetch(evil)
    load_encoder(folder)
    assert not marker.exists()
    assert not [name for name in sys.modules if "evil" in name]
    assert "auto_map" not in read_json(folder / "config.json")
    assert "auto_map" not in read_json(folder / "tokenizer_config.json")
    assert {path.suffix for path in folder.iterdir()} == {".json", ".md", ".safetensors"}


@pytest.mark.parametrize("kind", ["encoder", "translator"])
def test_pickled_weights_alone_are_refused(fetch, evil, marker, kind):
    (evil / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"only .*pytorch_model\.bin; pickled weights can run code"):
        fetch(evil, "--kind", kind)
    assert not marker.exists()


def test_a_model_of_its_own_code_is_refused(fetch, evil, marker):
    change(evil / "config.json", model_type="evil")
    with pytest.raises(UserError, match="describes no model that transformers knows by itself"):
        fetch(evil)
    assert not marker.exists()


def test_a_tokenizer_of_its_own_code_is_refused(fetch, evil, marker):
    (evil / "tokenizer.json").unlink()
    change(evil / "tokenizer_config.json", tokenizer_class="EvilTokenizer")
    with pytest.raises(UserError, match=r"has no tokenizer\.json, and its other files could not be converted"):
        fetch(evil)
    assert not marker.exists()


@pytest.mark.parametrize("value", ["someone/kernel", {"": "someone/kernel:flash"}])
def test_compiled_code_from_elsewhere_is_refused(fetch, bert, value):
    change(bert / "config.json", attn_implementation=value)
    with pytest.raises(UserError, match=r"asks for code from elsewhere \('attn_implementation'"):
        fetch(bert)


def test_a_link_out_of_the_folder_is_refused(fetch, bert, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes((bert / "tokenizer_config.json").read_bytes())
    (bert / "tokenizer_config.json").unlink()
    (bert / "tokenizer_config.json").symlink_to(secret)
    with pytest.raises(UserError, match=r"tokenizer_config\.json is a link to .*secret, outside"):
        fetch(bert)
    assert not (tmp_path / "models").exists()


def test_a_snapshot_of_the_hubs_cache_may_link_to_its_blobs(fetch, bert, tmp_path):
    snapshot, blobs = tmp_path / "models--a--b/snapshots/0123", tmp_path / "models--a--b/blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, path in enumerate(sorted(bert.iterdir())):
        path.rename(blobs / str(number))
        (snapshot / path.name).symlink_to(f"../../blobs/{number}")
    assert (fetch(snapshot) / "model.safetensors").is_file()


@pytest.mark.parametrize(
    "told",
    [
        {"repository": "../../outside", "revision": "main", "commit": None},
        {"repository": "/outside", "revision": "main"},
        {"repository": "a/b", "revision": "main\n---\nlicense: mit"},
        {"repository": "a/b", "commit": "`rm -rf`"},
        {"repository": "a/b", "more": "text"},
        "a/b",
    ],
)
def test_what_a_strangers_run_card_says_becomes_no_path(fetch, bert, told):
    write_json(bert / "run.json", {"checkpoint": told})
    assert read_json(fetch(bert) / "run.json")["checkpoint"].keys() == {"name", "sha256"}


@pytest.mark.parametrize("name", ["../..", "..", "../models", ".hidden/x", "a/b/c", "a/..", ""])
def test_a_repository_is_no_way_out_of_a_mirror(name, tmp_path):
    with pytest.raises(UserError, match="no repository '<organisation>/<name>'"):
        fetch_model.find_checkpoint({"checkpoint": name}, None, tmp_path, tmp_path / "lock.yaml", tmp_path)
