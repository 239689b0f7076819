"""Weights as files: copied, merged, and refused where they are not whole or not safe."""

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from workflow.scripts.errors import UserError
from workflow.scripts.files import sha256, write_json
from workflow.scripts.modeling import weights
from workflow.scripts.modeling.checkpoints import load_language_model

IDS = torch.tensor([[2, 9, 8, 7, 3]])


def logits(folder):
    with torch.no_grad():
        return load_language_model(folder).eval()(IDS).logits


def shard(folder, parts):
    """Cut the weights of a checkpoint into shards with an index; as the Hub's large checkpoints have them."""
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    placed = {}
    for number in range(parts):
        name = f"model-{number + 1:05}-of-{parts:05}.safetensors"
        part = dict(list(tensors.items())[number::parts])
        save_file(part, folder / name, metadata={"format": "pt"})
        placed |= dict.fromkeys(part, name)
    write_json(folder / "model.safetensors.index.json", {"metadata": {}, "weight_map": placed})


def test_a_single_file_is_copied_byte_by_byte(original, tmp_path):
    digest = weights.write_weights(weights.weight_files(original), tmp_path / "model.safetensors")
    assert (tmp_path / "model.safetensors").read_bytes() == (original / "model.safetensors").read_bytes()
    assert digest == weights.write_weights(weights.weight_files(original), tmp_path / "again.safetensors")


def test_shards_become_one_file_that_loads_to_the_same_model(bert, tmp_path):
    def mixed(tensors):
        # types of several widths: a narrow one before a wide one would leave the wide one unaligned
        return {name: tensor.half() if "bias" in name else tensor for name, tensor in tensors.items()}

    tensors = mixed(load_file(bert / "model.safetensors")) | {"bert.flag": torch.tensor([True])}
    save_file(tensors, bert / "model.safetensors", metadata={"format": "pt"})
    expected = logits(bert)
    shard(bert, 3)
    target = shutil.copytree(bert, tmp_path / "merged", ignore=shutil.ignore_patterns("model*"))
    digest = weights.write_weights(weights.weight_files(bert), target / "model.safetensors")
    merged = load_file(target / "model.safetensors")
    assert merged.keys() == tensors.keys()
    assert all(torch.equal(merged[name], tensor) for name, tensor in tensors.items())
    assert torch.equal(logits(target), expected)
    assert digest == sha256(target / "model.safetensors")
    header = weights.read_header(target / "model.safetensors")
    widths = {"F32": 4, "F16": 2, "BOOL": 1}
    assert header.start % 8 == 0
    assert all(tensor["data_offsets"][0] % widths[tensor["dtype"]] == 0 for tensor in header.tensors.values())


def test_a_missing_shard_is_told(bert):
    shard(bert, 3)
    (bert / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(UserError, match=r"lacks model-00002-of-00003\.safetensors, of 3"):
        weights.weight_files(bert)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda whole: whole[:-100], r"bytes where its header says"),
        (lambda whole: whole[:50], "is cut short"),
        (lambda whole: b"", "is cut short"),
        (lambda whole: b"version https://git-lfs.example/spec/v1\noid sha256:0\n", "Git LFS pointer"),
    ],
)
def test_weights_that_are_not_whole_are_told(bert, change, message):
    path = bert / "model.safetensors"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(UserError, match=message):
        weights.read_shapes(weights.weight_files(bert))


def test_pickles_are_not_read_and_the_way_out_is_told(bert):
    (bert / "model.safetensors").rename(bert / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"only pytorch_model\.bin; pickled weights .*refs/pr/.*save_pretrained"):
        weights.weight_files(bert)
    (bert / "pytorch_model.bin").unlink()
    with pytest.raises(UserError, match=r"has no model\.safetensors; it has config\.json, "):
        weights.weight_files(bert)
