"""Checkpoints of a collection in another one, out to the Hub's form, and back as a source."""

import json
import shutil

import yaml

SMOKE = ("--configfile", "tests/config/smoke.yaml", "--cores", "2")
MADE = ("repositories", "data", "tokenizers", "tokens")
"""What another collection would make itself, bit by bit."""


def test_a_second_collection_trains_nothing_that_the_first_has_trained(smoke):
    first, second = (smoke.root / "results" / name for name in ("smoke", "second"))
    for part in MADE:
        shutil.copytree(first / part, second / part, symlinks=True)
    tuned = "finetuned/nano/mnli/seed1/pawsx"
    damaged = first / tuned / "model.safetensors"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    times = {path: path.stat().st_mtime_ns for path in first.rglob("*.safetensors")}
    asked = (f"results/second/{tuned}/run.json", *SMOKE, "--config", "collection=second", "reuse=[results/smoke]")
    assert smoke.jobs(*asked) == {"pretrain_model": 1, "train_intermediate": 1, "finetune_target": 1, "total": 3}
    printed = smoke.run(*asked)
    assert printed.count("taken over from the collection smoke") == 2
    assert "model.safetensors is damaged (sha256" in printed
    assert (second / tuned / "model.safetensors").read_bytes() == whole  # trained, to the same bits
    assert "reused" not in json.loads((second / tuned / "run.json").read_text())
    taken = second / "intermediate/nano/mnli/seed1"
    card = json.loads((taken / "run.json").read_text())
    assert card["reused"] == {"collection": "smoke", "folder": "intermediate/nano/mnli/seed1"}
    assert 'from_pretrained("results/second/intermediate/nano/mnli/seed1")' in (taken / "README.md").read_text()
    assert smoke.jobs(*asked) == {}
    assert {path: path.stat().st_mtime_ns for path in first.rglob("*.safetensors")} == times


def test_a_published_checkpoint_comes_back_as_a_source(smoke):
    chosen = ("publish", *SMOKE, "--config", "publish={source: mnli}")
    smoke.run(*chosen)
    assert smoke.jobs(*chosen) == {}
    folder = smoke.root / "results/smoke/published/nano/mnli/seed1"
    assert [path.parent for path in folder.parents[2].rglob("SHA256SUMS")] == [folder]
    card = (folder / "README.md").read_text()
    assert "| XNLI | accuracy |" in card
    assert "generated or private data" in card
    shutil.move(folder, smoke.root / "theirs")
    config = yaml.safe_load((smoke.root / SMOKE[1]).read_text())
    config |= {"sources": ["none", "theirs"], "imported": {"theirs": {"nano": {"checkpoint": "theirs"}}}}
    (smoke.root / "study.yaml").write_text(yaml.safe_dump(config))
    study = ("--configfile", "study.yaml", "--cores", "2")
    tuned = "results/smoke/finetuned/nano/{}/seed1/pawsx"
    smoke.run(f"{tuned.format('theirs')}/run.json", *study)
    weights = [(smoke.root / tuned.format(source) / "model.safetensors").read_bytes() for source in ("theirs", "mnli")]
    assert weights[0] == weights[1]
    planned = smoke.jobs(*study)
    assert not {"train_intermediate", "import_checkpoint", "tokenize_task"} & set(planned)
    assert planned["finetune_target"] == 3
