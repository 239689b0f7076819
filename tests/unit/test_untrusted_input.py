"""Names, paths and files from configurations and data sets: what could lead out of the results, or run, is refused."""

import json
import pickle
import struct
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from tests.unit.smoke import SMOKE
from workflow.scripts.bundle_inputs import Bundle, Item
from workflow.scripts.errors import UserError
from workflow.scripts.files import write_json
from workflow.scripts.logs import mask
from workflow.scripts.modeling.weights import read_header, weight_files
from workflow.scripts.settings import load_settings
from workflow.scripts.sources import canonical, providers
from workflow.scripts.sources.mirror import Clones, MissingDataError
from workflow.scripts.tasks import TASKS, Origin
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES

NANO = SMOKE["models"]["nano"]
NAMES = ["../x", "a/b", "x;rm -rf", "/absolute", "..", ".hidden", "-option", "a b", "a\nb", "a'b", "$(x)", "{a,b}", ""]
SECRET = "a-token-of-another-form"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("models", NANO),
        ("mixtures", {"tasks": ["mnli", "ccg"]}),
        ("tokenizers", {}),
    ],
)
def test_a_name_that_becomes_a_folder_has_harmless_characters(key, value, name):
    config = SMOKE | {key: SMOKE[key] | {name: value}}
    with pytest.raises(UserError) as caught:
        load_settings(config)
    assert str(caught.value).startswith(f"config: {key} has the name '{name}', which is not possible; expected string ")
    assert "Letters, digits, '.', '_' and '-'" in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_so_has_the_language_of_a_translation_model(name):
    with pytest.raises(UserError, match=r"config: translation\.models has the name"):
        load_settings(SMOKE | {"translation": {"models": {name: "someone/model"}}})


@pytest.mark.parametrize("name", NAMES)
def test_so_have_the_collection_and_what_is_chosen_from_a_list(name):
    for config in (
        SMOKE | {"collection": name},
        SMOKE | {"targets": [name]},
        SMOKE | {"sources": ["none", name]},
        SMOKE | {"mixtures": {"multi": {"tasks": ["mnli", name]}}},
    ):
        with pytest.raises(UserError, match=r"config: (collection|targets|sources|mixtures\.multi\.tasks)"):
            load_settings(config)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("repository", "../../x"),
        ("repository", "/x/y"),
        ("repository", "a/../b"),
        ("config", ".."),
        ("config", "a/../../b"),
        ("split", "../train"),
        ("split", "a\\b"),
    ],
)
def test_an_origin_names_no_path(part, value):
    origin = {"repository": "a/b", "config": "c", "split": "train"} | {part: value}
    with pytest.raises(UserError, match=rf"config: origins\.mnli\.train\[0\]\.{part} = "):
        load_settings(SMOKE | {"origins": {"mnli": {"train": [origin]}}})


# data sets


class Payload:
    """Touches a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def repository(root, readme, rows, name="someone/set"):
    """Write a repository with one Parquet file."""
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump(readme)}---\n")
    pq.write_table(pa.Table.from_pylist(rows), folder / "train.parquet")
    return folder


def configured(path):
    return {"configs": [{"config_name": "c", "data_files": [{"split": "train", "path": path}]}]}


ORIGIN = Origin(repository="someone/set", config="c", split="train")


def test_code_and_pickles_of_a_data_set_are_not_run(tmp_path):
    marker = tmp_path / "code-has-run"
    folder = repository(tmp_path, configured("*"), [{"x": 1}])
    for name in ("set.py", "__init__.py", "dataset_infos.py"):
        (folder / name).write_text(f"from pathlib import Path\nPath({str(marker)!r}).touch()\n")
    for name in ("train.pkl", "train.pt", "train.npy"):
        (folder / name).write_bytes(pickle.dumps(Payload(marker)))
    clones = Clones(tmp_path)
    assert clones.find(ORIGIN) == ["train.parquet"]
    (folder / "train.parquet").write_bytes((folder / "train.pkl").read_bytes())
    with pytest.raises(UserError, match="cannot be read as Parquet"):
        canonical._read_file(clones.fetch(ORIGIN, "train.parquet"), tmp_path)
    assert not marker.exists()


@pytest.mark.parametrize("path", ["../../outside.parquet", "/outside.parquet", "../../**/*.parquet", "./../../*"])
def test_a_list_of_files_names_none_outside_its_repository(path, tmp_path):
    repository(tmp_path / "mirror", configured(path), [{"x": 1}])
    pq.write_table(pa.table({"x": [2]}), tmp_path / "outside.parquet")
    try:
        found = Clones(tmp_path / "mirror").find(ORIGIN)
    except MissingDataError:
        found = []
    assert set(found) <= {"train.parquet"}


def test_a_readme_is_only_data(tmp_path):
    repository(tmp_path, {}, [{"x": 1}])
    marker = tmp_path / "code-has-run"
    (tmp_path / "someone/set/README.md").write_text(
        f"---\nconfigs: !!python/object/apply:pathlib.Path.touch [{marker}]\n---\n"
    )
    with pytest.raises(Exception, match="python/object/apply"):
        Clones(tmp_path).find(ORIGIN)
    assert not marker.exists()


@pytest.mark.parametrize("name", ["train.parquet", "README.md"])
def test_a_link_out_of_a_repository_is_refused(name, tmp_path):
    folder = repository(tmp_path / "mirror", configured("*"), [{"x": 1}])
    (folder / name).rename(tmp_path / "outside")
    (folder / name).symlink_to(tmp_path / "outside")
    clones = Clones(tmp_path / "mirror")
    with pytest.raises(UserError, match=rf"{name} is a link to .*outside, outside"):
        clones.fetch(ORIGIN, clones.find(ORIGIN)[0])


def test_languages_and_texts_from_data_are_never_names_of_files(tmp_path):
    """Rows in unknown languages are left out, whatever these are called; texts stay texts."""
    task, english = TASKS["xnli"], NATURAL_LANGUAGES["en"]
    reader = canonical.Reader(task, "test", [english])
    for language in ("../x", "/absolute", "en/../x", "..", "en\n"):
        assert list(reader._identified({"language": language, "text_a": "../../x"}, None, 0)) == []
    (row,) = reader._identified({"language": "en", "text_a": "../../x"}, None, 0)
    assert row["text_a"] == "../../x"


@pytest.mark.parametrize("code", ["../x", "/x", "en/../x"])
def test_a_language_that_is_none_is_refused(code):
    with pytest.raises(UserError, match="is no language of the collection"):
        providers.check_codes(["en", code], "languages", NATURAL_LANGUAGES)


@pytest.mark.parametrize("path", ["../x", "/x", "models/../../x"])
def test_nothing_is_bundled_outside_the_bundle(path, tmp_path):
    with pytest.raises(UserError, match="would be outside the bundle"):
        Bundle().add(path, Item(tmp_path / "x", "0", tmp_path / "manifest.json"))


# weights


def weights(path, header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def entry(**changes):
    return {"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} | changes}


@pytest.mark.parametrize(
    "header",
    [
        [],
        "text",
        b"{",
        b"[" * 100_000,
        {"w": []},
        {"w": {}},
        entry(data_offsets=[4, 0]),
        entry(data_offsets=[-4, 0]),
        entry(data_offsets=[0, 1 << 62]),
        entry(data_offsets="04"),
        entry(data_offsets=[0]),
        entry(shape=[-1]),
        entry(shape={}),
        entry(shape=[1.5]),
        entry(dtype=7),
    ],
    ids=str,
)
def test_a_wrong_header_of_weights_is_told(header, tmp_path):
    path = weights(tmp_path / "model.safetensors", header, b"0000")
    with pytest.raises(UserError, match=r"no safetensors file|where its header says"):
        read_header(path)


def test_a_header_of_a_huge_length_is_told(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
    with pytest.raises(UserError, match="cut short or no safetensors file"):
        read_header(path)


@pytest.mark.parametrize("name", ["../outside.safetensors", "/outside.safetensors", "model.bin", ""])
def test_an_index_names_files_beside_it(name, tmp_path):
    weights(tmp_path / "model-00001-of-00001.safetensors", entry(), b"0000")
    write_json(tmp_path / "model.safetensors.index.json", {"weight_map": {"w": name}})
    with pytest.raises(UserError, match="as a file of weights; expected names like"):
        weight_files(tmp_path)


@pytest.mark.parametrize("content", [[], {}, {"weight_map": ["x"]}])
def test_an_index_that_is_none_is_told(content, tmp_path):
    weights(tmp_path / "model-00001-of-00001.safetensors", entry(), b"0000")
    write_json(tmp_path / "model.safetensors.index.json", content)
    with pytest.raises(UserError, match="has no 'weight_map'"):
        weight_files(tmp_path)


# secrets


@pytest.mark.parametrize("name", ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "AWS_SECRET_ACCESS_KEY"])
def test_a_secret_of_any_form_is_masked(name, monkeypatch):
    monkeypatch.setenv(name, f" {SECRET}\n")
    assert mask(f"refused: '{SECRET}'") == "refused: '***'"


def test_a_password_in_an_address_is_masked():
    assert mask("http://me:pass@host:8080/x, https://host/a:b@c") == "http://***@host:8080/x, https://host/a:b@c"


def test_what_is_too_short_for_a_secret_is_no_secret(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "train")
    assert mask("training") == "training"
