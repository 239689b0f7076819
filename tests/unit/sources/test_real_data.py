"""The shipped study on real data reads every task that it needs; skipped where no mirror is at hand."""

from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.real_data import MIRROR, needs_mirror
from workflow.scripts.sources import canonical, mirror, providers
from workflow.scripts.study import Study
from workflow.scripts.tasks import TASKS, Family
from workflow.scripts.tasks.languages import select_languages

pytestmark = needs_mirror

CONFIG = yaml.safe_load(Path("config/mini.yaml").read_text()) | {"mirror": str(MIRROR)}
SLOW = ("sentences",)


@cache
def study():
    return Study(CONFIG)


NAMES = [task.name for task in study().needed_tasks() if task.name not in SLOW] if MIRROR.is_dir() else []


def read(name, split, root):
    """Return reader and rows of one split, as `fetch_dataset` and `prepare_task` make them."""
    task = study().task(name)
    languages = providers.languages_of(task, "mirror", providers.AVAILABLE)
    manifest = providers.bring(task, mirror.Clones(MIRROR), languages, root, lenient=True)
    reader = canonical.Reader(task, split, canonical.split_languages(task, split, languages))
    rows = canonical.join_gold(list(reader.rows(root, manifest["files"])), reader.repairs)
    return reader, rows


@pytest.mark.parametrize("name", NAMES)
def test_every_task_of_the_study_is_read(name, tmp_path):
    task = study().task(name)
    split = task.splits[-1]
    reader, rows = read(name, split, tmp_path)
    table = canonical.to_table(task.family, rows)
    canonical.check_table(task, split, table, [], lenient=True)
    assert sum(reader.repairs.values()) < 0.3 * table.num_rows
    assert set(table["language"].unique().to_pylist()) <= {*task.languages, *task.train_languages}
    if task.labels and task.family is Family.CLASSIFICATION:
        assert set(table["label"].unique().to_pylist()) == set(task.labels)
    assert all((MIRROR / path.relative_to(tmp_path)).samefile(path) for path in tmp_path.rglob("*.parquet"))


def test_tydiqa_trains_on_english_and_counts_what_it_corrects(tmp_path):
    reader, rows = read("tydiqa", "train", tmp_path)
    assert {row["language"] for row in rows} == {"en"}
    published = TASKS["tydiqa"].sizes["train"]
    assert published - 50 < len(rows) <= published
    assert reader.repairs["corrected: answer offset that did not match the text"] > 100
    for row in rows:
        assert all(row["context"].startswith(answer["text"], answer["start"]) for answer in row["answers"])


def test_snli_rows_without_a_label_are_left_out(tmp_path):
    _, rows = read("anli", "train", tmp_path)
    assert len(rows) == 10_000 + 19_999
    assert {row["id"].split("-")[1] for row in rows} == {"0", "1"}


def test_supertags_have_their_names(tmp_path):
    _, rows = read("ccg", "train", tmp_path)
    assert {"n", "np/n"} <= {tag for row in rows for tag in row["tags"]}


def test_the_pool_of_bucc_has_its_gold_pairs(tmp_path):
    _, rows = read("bucc2018", "test", tmp_path)
    foreign = [row for row in rows if row["side"] == "foreign"]
    assert len(foreign) == 8_624
    assert len(rows) - len(foreign) == 13_589
    assert sum(len(row["gold"]) for row in foreign) == 257


def test_parts_of_the_pawsx_development_set_do_not_meet(tmp_path):
    train, dev = (
        [(row["text_a"], row["text_b"]) for row in read("pawsx", s, tmp_path / s)[1]] for s in ("train", "dev")
    )
    assert (len(train), len(dev)) == (1_500, 500)
    assert len({*train} & {*dev}) == 2  # two pairs stand twice in the original


def test_languages_that_the_mirror_lacks_are_missing_and_no_more(tmp_path):
    _, rows = read("tatoeba", "test", tmp_path)
    found = {row["language"] for row in rows}
    folders = {path.name.removeprefix("tatoeba.") for path in (MIRROR / "google/xtreme").glob("tatoeba.*")}
    known = select_languages(TASKS["tatoeba"].languages, providers.known_languages("mirror"))
    assert found == {language.code for language in known if language.iso639_3 in folders}
    assert not any(row["text_a"].endswith("\n") or row["text_b"].endswith("\n") for row in rows)
