"""A task, a language and a model are each added in one place (docs/how-to/extend.md)."""

import json
import re
from pathlib import Path
from textwrap import dedent

import pyarrow.parquet as pq
import yaml

PAGE = Path("docs/how-to/extend.md").read_text(encoding="utf-8")
SMOKE = ("--configfile", "tests/config/smoke.yaml", "--cores", "2")


def example(heading):
    """Return the first block of Python of a section of the page."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return dedent(re.search(r"```python\n(.*?) *```", section, flags=re.DOTALL)[1])


def change(tree, update):
    file = tree.root / "tests/config/smoke.yaml"
    config = yaml.safe_load(file.read_text())
    update(config)
    file.write_text(yaml.safe_dump(config))


def test_a_task_is_one_literal(smoke):
    file = smoke.root / "workflow/scripts/tasks/intermediate.py"
    literal = example("A task").partition("\nINTERMEDIATE_TASKS")[0]
    text = file.read_text()
    text = text.replace("\nINTERMEDIATE_TASKS = (", f"\n{literal}\nINTERMEDIATE_TASKS = (SNLI, ")
    file.write_text(text)

    def update(config):
        config["sources"].append("snli")
        config["laboratory"]["examples"]["snli"] = {"train": 32, "dev": 8}

    change(smoke, update)
    jobs = smoke.jobs(*SMOKE)
    assert jobs["train_intermediate"] == 1
    assert jobs["finetune_target"] == 4
    assert "pretrain_model" not in jobs
    smoke.run(*SMOKE)
    scores = pq.read_table(smoke.root / "results/smoke/scores.parquet").to_pandas()
    assert len(scores[scores["source"] == "snli"]) == len(scores[scores["source"] == "mnli"])
    assert "SNLI" in (smoke.root / "results/smoke/tables/transfer.md").read_text()


def test_a_language_of_the_world_is_one_row(tree):
    file = tree.root / "workflow/scripts/laboratory/languages.py"
    row = example("A language of the laboratory").strip()[1:-2] + ",\n        "  # without the tuple's parentheses
    text = file.read_text()
    file.write_text(text.replace('Language(\n            code="qay"', f'{row}Language(\n            code="qay"', 1))

    def update(config):
        config["languages"].append("qah")
        config["laboratory"]["languages"].append("qah")

    change(tree, update)
    tree.run(
        "results/smoke/scores/nano/none/seed1/xnli.json", "results/smoke/scores/nano/none/seed1/tatoeba.json",
        "results/smoke/languages.json", *SMOKE,
    )  # fmt: skip
    scores = json.loads((tree.root / "results/smoke/scores/nano/none/seed1/xnli.json").read_text())
    assert set(scores["languages"]) == {"en", "qaa", "qaf", "qah"}


def test_a_model_is_one_entry_of_the_configuration(smoke):
    def update(config):
        small = json.loads(json.dumps(config["models"]["nano"]))
        small["architecture"]["layers"] = 2
        config["models"]["small"] = small
        config["sources"] = ["none", "mnli"]
        config["targets"] = ["xnli", "tatoeba"]

    change(smoke, update)
    jobs = smoke.jobs(*SMOKE)
    assert jobs["pretrain_model"] == jobs["train_intermediate"] == 1
    assert jobs["finetune_target"] == 2
    assert "tokenize_task" not in jobs
    smoke.run(*SMOKE)
    scores = pq.read_table(smoke.root / "results/smoke/scores.parquet").to_pandas()
    assert set(scores["model"]) == {"nano", "small"}
    assert "small" in (smoke.root / "results/smoke/tables/transfer.md").read_text()
