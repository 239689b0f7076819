"""A study on a mirror of Hub repositories, from its files to the scores; what changes there makes only that stale."""

import json
import shutil

import pytest
import yaml

from tests.checkpoints import save_translator
from tests.workflow.conftest import Tree, copy_tree
from tests.workflow.small_mirror import build

CONFIG = {
    "collection": "mirrored",
    "provider": "mirror",
    "mirror": "clones",
    "languages": "available",
    "sources": ["none", "mnli-mlm", "qqp-translated"],
    "targets": ["xnli", "xquad", "tatoeba"],
    "mixtures": {
        "mnli-mlm": {"tasks": ["mnli"], "corpora": {"sentences": 0.5}, "corpus_batch_size": 4, "sampling_alpha": 0.3}
    },
    "origins": {"mnli": {"dev": [{"repository": "nyu-mll/glue", "config": "mnli", "split": "train[80%:]"}]}},
    "translation": {"models": dict.fromkeys(("de", "ru", "sw"), "translator"), "beams": 1},
    "limits": {"xnli": {"test": 6}},
    "tokenizers": {"subwords": {"vocabulary_size": 500, "corpora": ["sentences"], "rows_per_language": 60}},
    "models": {
        "nano": {
            "tokenizer": "subwords",
            "architecture": {"hidden_size": 16, "layers": 1, "attention_heads": 2, "feed_forward_size": 16},
            "pretraining": {"corpora": {"sentences": 1.0}, "sampling_alpha": 0.3, "steps": 4, "batch_size": 4},
        }
    },
    "tokenization": {"max_length": 128, "max_question_length": 32, "stride": 32},
    "training": {"epochs": 1, "learning_rate": 1.0e-3},
    "retrieval": {"layer": 1},
}


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory):
    """A tree with a mirror in which the study has run to its end."""
    tree = copy_tree(tmp_path_factory.mktemp("mirrored") / "tree")
    build(tree.root / "clones")
    save_translator(tree.root / "translator", 1)
    (tree.root / "study.yaml").write_text(yaml.safe_dump(CONFIG))
    tree.printed = tree.run(*STUDY)
    return tree


STUDY = ("--configfile", "study.yaml", "--cores", "2")


@pytest.fixture
def tree(mirrored, tmp_path):
    shutil.copytree(mirrored.root, tmp_path / "tree", symlinks=True, copy_function=shutil.copy2)
    return Tree(tmp_path / "tree")


def described(tree, task, split):
    return json.loads((tree.root / f"results/mirrored/data/{task}/{split}.json").read_text())


def test_every_language_of_the_mirror_is_tested_and_no_other(mirrored):
    scores = mirrored.root / "results/mirrored/scores/nano/mnli-mlm/seed1"
    assert set(json.loads((scores / "xnli.json").read_text())["languages"]) == {"en", "de", "sw"}
    assert set(json.loads((scores / "tatoeba.json").read_text())["languages"]) == {"de", "sw"}
    # XQuAD has no Swahili, so it is not read although the mirror has it
    assert set(json.loads((scores / "xquad.json").read_text())["languages"]) == {"en", "de"}


def test_statistics_tell_what_is_not_as_published(mirrored):
    xnli = described(mirrored, "xnli", "test")
    assert xnli["languages"] == {"de": 6, "en": 6, "sw": 6}
    assert "ar" in xnli["missing_languages"]
    assert any("a sample of 6 rows of each language of 36" in sentence for sentence in xnli["warnings"])
    dev = described(mirrored, "mnli", "dev")
    assert dev["rows"] == 12
    assert any("not the benchmark's own origin" in sentence for sentence in dev["warnings"])
    report = (mirrored.root / "results/mirrored/report.html").read_text()
    assert "a sample of 6 rows of each language" in report


def test_translated_data_train_in_other_languages_than_english(mirrored):
    train = described(mirrored, "qqp-translated", "train")
    assert train["languages"] == {"de": 24, "ru": 24, "sw": 24}
    assert set(train["translation"]) == {"de", "ru", "sw"}
    card = json.loads((mirrored.root / "results/mirrored/intermediate/nano/qqp-translated/seed1/run.json").read_text())
    assert card["examples"] == 72
    assert "accuracy" in card["dev"]["qqp-translated"]


def test_a_second_run_does_nothing(mirrored):
    assert mirrored.jobs("--configfile", "study.yaml") == {}


def test_a_moved_mirror_computes_nothing_anew(tree):
    (tree.root / "clones").rename(tree.root / "elsewhere")
    printed = tree.run(*STUDY, env={"MIRROR": "elsewhere"})
    assert "prepare_task" not in printed
    assert tree.jobs("--configfile", "study.yaml", "--config", "mirror=elsewhere") == {}


def test_a_language_that_is_added_to_the_mirror_is_picked_up(tree):
    folder = tree.root / "clones/google/xtreme"
    shutil.copytree(folder / "XQuAD.de", folder / "XQuAD.el")
    entry = "- config_name: XQuAD.el\n  data_files:\n  - split: validation\n    path: XQuAD.el/validation-*\n"
    readme = folder / "README.md"
    readme.write_text(readme.read_text().replace("configs:\n", f"configs:\n{entry}", 1))
    planned = tree.jobs("--configfile", "study.yaml")
    assert "pretrain_model" not in planned
    assert "train_intermediate" not in planned
    assert "finetune_target" not in planned
    tree.run(*STUDY)
    found = json.loads((tree.root / "results/mirrored/scores/nano/none/seed1/xquad.json").read_text())
    assert set(found["languages"]) == {"en", "de", "el"}


def test_what_a_mirror_lacks_is_told_before_anything_runs(tree):
    shutil.rmtree(tree.root / "clones/rajpurkar")
    printed = tree.run(*STUDY, check=False)
    assert "has no repository 'rajpurkar/squad'" in printed
    assert "hf download" in printed
    assert "Traceback" not in printed
    printed = tree.run(*STUDY, "--config", "mirror=nowhere", check=False)
    assert "mirror = 'nowhere' is no folder" in printed
